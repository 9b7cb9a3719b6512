package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A client's books, and what they have it send. */
final class Books implements Delivery.Speaker {
    private final Protocol protocol;
    private final Delivery delivery;
    private ArrayNode sends;
    private boolean connected;

    Books(Protocol protocol, String token, long last) {
        this.protocol = protocol;
        delivery = new Delivery(protocol, token, last, this);
    }

    JsonNode step(JsonNode step) {
        sends = Protocol.JSON.createArrayNode();
        String took = "";
        for (int more = 0; more < step.path("times").asInt(1); more++) {
            took = once(step, more);
        }
        ObjectNode did = Protocol.JSON.createObjectNode().put("took", took);
        did.set("sends", sends);
        did.set("after", after());
        return did;
    }

    private String once(JsonNode step, int more) {
        switch (step.get("on").asText()) {
            case "message" -> {
                JsonNode message = Protocol.named(grown(step.get("message"), more));
                return delivery.receive(message, Protocol.bytes(Protocol.write(message))).name().toLowerCase();
            }
            case "say" -> {
                return say(step.get("signal"));
            }
            case "close" -> {
                connected = false;
                delivery.lost();
            }
            case "leave" -> leave();
            case "beat" -> beat(true);
            default -> join();
        }
        return "";
    }

    /** A message that comes several times has numbers of its own each time. */
    private static JsonNode grown(JsonNode message, int more) {
        JsonNode copy = message.deepCopy();
        for (String name : List.of("sq", "n")) {
            if (more > 0 && copy.has(name)) {
                ((ObjectNode) copy).put(name, copy.get(name).asLong() + more);
            }
        }
        return copy;
    }

    private void join() {
        connected = true;
        Signal join = Signal.of("JOIN");
        join.op = delivery.join(false);
        ObjectNode sent = Protocol.JSON.valueToTree(join);
        ((ObjectNode) sent.get("op")).remove("roomCreating");
        sends.add(sent);
    }

    private void leave() {
        if (connected) {
            sends.add(Protocol.JSON.valueToTree(Signal.of("LEAVE")));
        }
        connected = false;
        delivery.left();
    }

    private void beat(boolean wanted) {
        sends.addObject().put("s", "HEARTBEAT").put("sq", delivery.highest()).put("send_ack", wanted);
        delivery.beaten();
    }

    private String say(JsonNode signal) {
        int before = delivery.out.waiting();
        try {
            delivery.say(Client.read(signal, Signal.class), 0);
        } catch (Outbox.Full e) {
            return "fails";
        }
        return delivery.out.waiting() > before ? "waits" : "said";
    }

    private ObjectNode after() {
        ObjectNode after = Protocol.JSON.createObjectNode().put("highest", delivery.highest());
        List<Signal> kept = delivery.out.kept();
        if (kept.isEmpty()) {
            after.putNull("kept");
        } else {
            after.putObject("kept").put("first", kept.get(0).n).put("last", kept.get(kept.size() - 1).n);
        }
        after.put("waiting", delivery.out.waiting());
        after.put("hurry", kept.size() >= protocol.limit("hurryingSignals"));
        ObjectNode join = Protocol.JSON.valueToTree(delivery.options(false));
        join.remove("roomCreating");
        after.set("join", join);
        return after;
    }

    @Override
    public void first(Signal signal) {
        sends.add(Protocol.JSON.<JsonNode>valueToTree(signal));
    }

    @Override
    public void again(Signal signal) {
        sends.add(Protocol.JSON.<JsonNode>valueToTree(signal));
    }

    @Override
    public void acknowledge() {
        beat(false);
    }
}
