package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;

/** What to do about refused signals, by the published table of codes. */
final class Refusals {
    private final Client client;
    private final Membership room;
    private final Map<String, Integer> retried = new HashMap<>();

    Refusals(Client client, Membership room) {
        this.client = client;
        this.room = room;
    }

    /** Says the signal again where its code permits; whether the application has to be told. */
    boolean tells(Ack error) {
        String of = error.s().equals("HEARTBEAT") ? "heartbeat" : error.s().equals("JOIN") ? "join" : "other";
        String reaction = client.protocol.reaction(error.c(), of);
        JsonNode data = error.b().req() == null ? Protocol.JSON.createObjectNode() : error.b().req().path("data");
        if (reaction.equals("retry") && of.equals("other") && data.has("s") && again(error.c(), data)) {
            return false;
        }
        return !reaction.equals("ignore") && !reaction.equals("rejoin") && !of.equals("join");
    }

    /** A signal that is said again is a new one: it gets a number of its own. */
    private boolean again(int code, JsonNode data) {
        String what = ((ObjectNode) data.deepCopy()).without("n").toString();
        int times = retried.merge(what, 1, Integer::sum);
        if (times > client.protocol.retries(code, "other")) {
            return false;
        }
        Signal signal = Client.read(Protocol.parse(what), Signal.class);
        client.later(client.protocol.delay(times - 1, Math.random()), () -> {
            if (!room.isOver()) {
                room.say(signal);
            }
        });
        return true;
    }
}
