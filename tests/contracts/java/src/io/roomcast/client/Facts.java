package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;

/** What the lines of `wire` ask of a message or of a failed dial. */
final class Facts {
    private final Map<String, JsonNode> known = new HashMap<>();

    Facts(JsonNode step, JsonNode me) {
        if (step.get("on").asText().equals("dial")) {
            known.put("dial", BooleanNode.TRUE);
            known.put("status", IntNode.valueOf(step.path("status").asInt()));
            return;
        }
        JsonNode message = step.get("message");
        known.put("open", IntNode.valueOf(step.path("open").asInt()));
        put("s", message.path("s"), JsonNode::isTextual);
        put("c", message.path("c"), Delivery::isNumber);
        put("pt", message.path("b").path("pt"), JsonNode::isTextual);
        recipient(message.path("to"), me);
        participants(message.path("b"), me);
    }

    /** A member of a wrong type is as absent. */
    private void put(String name, JsonNode value, Predicate<JsonNode> fits) {
        if (fits.test(value)) {
            known.put(name, value);
        }
    }

    private void recipient(JsonNode to, JsonNode me) {
        if (to.isTextual()) {
            known.put("self", BooleanNode.valueOf(to.equals(me.get("userId"))));
        } else if (to.isObject()) {
            known.put("self", BooleanNode.valueOf(to.path("userId").equals(me.get("userId"))
                    && (!to.path("sessionId").isTextual() || to.get("sessionId").equals(me.get("sessionId")))));
        }
    }

    private void participants(JsonNode body, JsonNode me) {
        if (body.path("pps").isArray()) {
            List<JsonNode> users = Machine.rows(body.get("pps")).filter(p -> p.path("userId").isTextual()).toList();
            List<JsonNode> own = users.stream().filter(p -> p.get("userId").equals(me.get("userId"))).toList();
            known.put("me", BooleanNode.valueOf(
                    own.stream().anyMatch(p -> p.path("sessionId").equals(me.get("sessionId")))));
            known.put("others", BooleanNode.valueOf(own.size() < users.size()));
        }
    }

    boolean meet(JsonNode when) {
        return when.has("dial") == known.containsKey("dial")
                && StreamSupport.stream(((Iterable<String>) when::fieldNames).spliterator(), false)
                        .allMatch(name -> meets(name, when.get(name)));
    }

    /** `notC` holds of a message that has a `c`, and another one. */
    private boolean meets(String name, JsonNode wanted) {
        boolean not = name.startsWith("not");
        JsonNode fact = known.get(not ? name.substring(3).toLowerCase() : name);
        boolean is = wanted.isArray() ? Machine.rows(wanted).anyMatch(one -> one.equals(fact)) : wanted.equals(fact);
        return not ? !is && fact != null : is;
    }
}
