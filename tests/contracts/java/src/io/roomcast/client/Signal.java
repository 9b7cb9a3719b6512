package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;

/** The `data` of every message of a client, and every signal of another member. Absent members are null. */
public final class Signal {
    /** Lists of values may grow, so `category` and `host` are texts: what is not known is kept and decides nothing. */
    public record Session(String userId, String sessionId, String category, String host, String deviceId) {
        public JsonNode key() {
            return Protocol.JSON.createObjectNode().put("userId", userId).put("sessionId", sessionId);
        }
    }

    public record Options(Boolean roomCreating, Boolean userFaking, Long resumeFrom, String resumeToken, Long n,
                          Boolean restarting, Boolean hlsForwarding) {
        static Options join(boolean creating, Long resumeFrom, String resumeToken, long n) {
            return new Options(creating, null, resumeFrom, resumeToken, n, null, null);
        }
    }

    public record Envelope(String action, Signal data) {
    }

    public Long sq;
    public String s;
    public String ch;
    public String rid;
    public Session ss;
    public JsonNode to;
    public JsonNode sdp;
    public Boolean ve;
    public Boolean ae;
    public String eg;
    public Options op;
    public String bid;
    public Boolean send_ack;
    public String msg;
    public Boolean revoke;
    public String token;
    public Long n;

    public static Signal of(String s) {
        Signal signal = new Signal();
        signal.s = s;
        return signal;
    }

    /** To one session (`Session.key()`), or to all sessions of a user. */
    public Signal to(JsonNode session) {
        to = session;
        return this;
    }

    public Signal to(String userId) {
        return to(TextNode.valueOf(userId));
    }

    public Signal sdp(String text) {
        sdp = TextNode.valueOf(text);
        return this;
    }

    public Signal candidate(String candidate, String mid, int line) {
        sdp = Protocol.JSON.createObjectNode().put("candidate", candidate).put("sdpMid", mid)
                .put("sdpMLineIndex", line);
        return this;
    }

    public Signal media(boolean video, boolean audio) {
        ve = video;
        ae = audio;
        return this;
    }
}
