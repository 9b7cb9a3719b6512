package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;

/** An upload of a broadcast. `version`, `timestamp` and dates may be texts or numbers. */
public record DataSignal(String action, JsonNode version, String id, JsonNode timestamp, Long numbytes,
                         Payload payload) {
    public record Payload(Playlist playlist, Track variant, Track rendition, Segment segment, Part part) {
    }

    public record Playlist(String id, JsonNode version) {
    }

    /** A variant, a rendition, or the name of one. */
    public record Track(String id, String codecs, Long bandwidth, String audio, JsonNode version, Double targetDuration,
                        Double targetPartDuration, String resolution, Double frameRate, Boolean independentSegments,
                        String type, String groupId, String name, String language, Boolean isDefault,
                        Boolean autoSelect, String channels) {
        public static Track ref(String id) {
            return variant(id, null, null, null, null);
        }

        public static Track variant(String id, String codecs, Long bandwidth, Double target, Double part) {
            return new Track(id, codecs, bandwidth, null, null, target, part, null, null, null, null, null, null, null,
                    null, null, null);
        }
    }

    public record Segment(String id, Long sequence, Double duration, Boolean discontinuity, JsonNode programDateTime,
                          Init map, String data) {
        public static Segment head(String id, long sequence) {
            return new Segment(id, sequence, null, null, null, null, null);
        }
    }

    public record Init(String id, String data) {
    }

    public record Part(String id, Long sequence, Double duration, Boolean independent, Boolean gap, String data) {
    }
}
