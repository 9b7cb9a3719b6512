package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;

/** The offers that have no answer yet, by recipient; the machine joins again where one stays without. */
final class Offers {
    private final Set<String> open = new HashSet<>();

    void said(JsonNode to) {
        open.add(to == null ? "" : to.toString());
    }

    /** Any session of a user answers an offer to that user, and anybody one to all. */
    void answered(JsonNode by) {
        if (!open.remove(by.toString()) && !open.remove(by.path("userId").toString())) {
            open.remove("");
        }
    }

    void refused(JsonNode to) {
        open.remove(to.toString());
    }

    int size() {
        return open.size();
    }

    void clear() {
        open.clear();
    }
}
