package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** What the server itself says: acks, its own messages and errors. Values of open lists are texts. */
public record Ack(Long sq, int c, String s, Body b) {
    /** The members of every body; those of other messages are null. */
    public record Body(String rid, List<Participant> pps, String pt, String eg, Boolean resumed, Long sq, String rt,
                       Times hb, Engine es, Hls hls, Limits lim, Long n, String bid, Long exp, Long ts, String reason,
                       Long from, Long to, JsonNode req, String msg) {
    }

    public record Participant(String id, String role, boolean video, boolean audio, Boolean publish, String userId,
                              String sessionId, String host, String category, String deviceId, String hls,
                              String name) {
        public JsonNode key() {
            return Protocol.JSON.createObjectNode().put("userId", userId).put("sessionId", sessionId);
        }
    }

    public record Times(long interval, long timeout) {
    }

    public record Limits(long frame, long message) {
    }

    public record Engine(Ice icfg) {
    }

    public record Ice(List<String> is, List<IceServer> iceServers) {
    }

    public record IceServer(List<String> urls, String username, String credential) {
    }

    public record Hls(Ingest ingest, List<String> playlists) {
    }

    public record Ingest(String url, String token, long expires) {
    }
}
