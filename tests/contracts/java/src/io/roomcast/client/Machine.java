package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The state machine of one membership, driven by state-machine.json alone; a port of the published interpreter. */
public final class Machine {
    private final JsonNode table;
    private final String room;
    private final JsonNode me;
    private final Map<String, List<Long>> seen = new HashMap<>();
    private final List<Long> rejoins = new ArrayList<>();
    private int unanswered;
    private String state;
    private String role;
    private long heartbeatAnswer;

    public Machine(JsonNode table, String room, String role, JsonNode me) {
        this.table = table;
        this.room = room;
        this.role = role;
        this.me = me;
        state = table.get("initial").asText();
        heartbeatAnswer = table.get("heartbeat").get("answer").asLong();
    }

    public String state() {
        return state;
    }

    public String role() {
        return role;
    }

    public boolean is(String name) {
        return state.equals(name);
    }

    public void heartbeatInterval(long interval) {
        JsonNode heartbeat = table.get("heartbeat");
        heartbeatAnswer = interval + heartbeat.get("answer").asLong() - heartbeat.get("interval").asLong();
    }

    /** The connection of an outcome (same, new or none), which was decided in the state `before`. */
    public String over(String outcome, String before) {
        return rows(named(table.get("outcomes"), outcome).get("over")).filter(row -> has(row.get("states"), before))
                .map(row -> row.get("connection").asText()).findFirst().orElse("none");
    }

    public List<String> step(String on, long now) {
        return step(Protocol.JSON.createObjectNode().put("on", on), now);
    }

    public List<String> step(JsonNode step, long now) {
        String on = step.get("on").asText();
        switch (on) {
            case "close" -> {
                JsonNode row = rows(table.get("close")).filter(close -> close.path("default").asBoolean()
                        || close.path("code").asInt() == step.get("code").asInt()).findFirst().orElseThrow();
                boolean renewed = step.path("renewed").asBoolean() && row.has("renewed");
                return act(row.get(renewed ? "renewed" : "do").asText(), now, on);
            }
            case "message", "dial" -> {
                return read(step, on, now);
            }
            case "leave" -> {
                return leave(now);
            }
            default -> {
            }
        }
        if (rows(table.get("events")).anyMatch(event -> event.get("name").asText().equals(on))) {
            return event(on, now) ? List.of() : List.of("ignored");
        }
        see(on, now);
        return on.equals("tick") ? tick(now) : List.of();
    }

    private String after(String event) {
        return rows(table.get("moves")).filter(m -> m.get("from").asText().equals(state)
                && m.get("on").asText().equals(event)).map(m -> m.get("to").asText()).findFirst().orElse(null);
    }

    private boolean event(String name, long now) {
        String to = after(name);
        if (to != null) {
            state = to;
            unanswered = name.equals("joinSent") || name.equals("joinAccepted") ? 0 : unanswered;
        }
        see(name, now);
        return to != null;
    }

    private boolean applies(JsonNode rule) {
        return (!rule.has("roomTypes") || has(rule.get("roomTypes"), room))
                && rule.path("role").asText(role).equals(role) && has(rule.get("states"), state);
    }

    private void see(String name, long now) {
        for (JsonNode rule : table.get("watchdog").get("rules")) {
            List<Long> times = seen.computeIfAbsent(rule.get("id").asText(), id -> new ArrayList<>());
            if (!applies(rule) || has(rule.path("cancelledBy"), name) || has(rule.path("reset"), name)) {
                times.clear();
            } else if (rule.path("observation").asText().equals(name)
                    || has(rule.path("start"), name) && times.isEmpty()) {
                times.add(now);
            }
        }
    }

    private List<String> act(String name, long now, String cause) {
        JsonNode join = table.get("joinAck");
        if (rows(join.get("counted")).anyMatch(c -> c.get("cause").asText().equals(cause)
                && has(c.get("states"), state))) {
            unanswered++;
        }
        if (unanswered >= join.get("attempts").asInt() && !name.equals("stop")) {
            name = "fail";
        }
        JsonNode outcome = named(table.get("outcomes"), name);
        if (!has(outcome.get("states"), state)) {
            return List.of("ignored");
        }
        if (name.equals("rejoin")) {
            seen.clear();
            rejoins.add(now);
        }
        if (outcome.path("before").path("state").asText().equals(state)) {
            event(outcome.get("before").get("event").asText(), now);
        }
        List<String> events = rows(outcome.get("events")).map(JsonNode::asText).toList();
        if (!events.isEmpty()) {
            event(events.stream().filter(event -> after(event) != null).findFirst().orElse(events.get(0)), now);
        }
        return List.of(name);
    }

    private List<String> tick(long now) {
        JsonNode dog = table.get("watchdog");
        for (JsonNode rule : dog.get("rules")) {
            if (holds(rule, seen.getOrDefault(rule.get("id").asText(), List.of()), now)) {
                String then = rule.get("then").asText();
                long recent = rejoins.stream().filter(time -> now - time < dog.get("window").asLong()).count();
                boolean full = recent >= dog.get("maxRejoins").asInt() && then.equals("rejoin");
                return act(full ? "fail" : then, now, "tick");
            }
        }
        return List.of();
    }

    private boolean holds(JsonNode rule, List<Long> times, long now) {
        if (rule.get("kind").asText().equals("timeout")) {
            boolean heartbeat = rule.get("id").asText().equals("heartbeat");
            long after = heartbeat ? heartbeatAnswer : rule.get("after").asLong();
            return !times.isEmpty() && now - times.get(0) >= after;
        }
        return times.stream().filter(time -> now - time < rule.get("within").asLong()).count()
                >= rule.get("count").asInt();
    }

    private List<String> read(JsonNode step, String on, long now) {
        JsonNode interval = step.path("message").path("b").path("hb").path("interval");
        if (interval.isNumber()) {
            heartbeatInterval(interval.asLong());
        }
        Facts facts = new Facts(step, me);
        List<String> done = new ArrayList<>();
        for (JsonNode row : table.get("wire")) {
            if (facts.meet(row.get("when"))) {
                if (row.has("event") && !event(row.get("event").asText(), now)) {
                    done.add("ignored");
                }
                if (row.has("outcome")) {
                    done.addAll(act(row.get("outcome").asText(), now, on));
                }
                if (row.has("observation")) {
                    see(row.get("observation").asText(), now);
                }
                role = row.path("role").asText(role);
            }
        }
        return done;
    }

    private List<String> leave(long now) {
        JsonNode row = rows(table.get("leave")).filter(one -> has(one.get("states"), state)).findFirst().orElseThrow();
        List<String> done = new ArrayList<>(rows(row.get("do")).map(JsonNode::asText).toList());
        if (row.has("event") && !event(row.get("event").asText(), now)) {
            done.add("ignored");
        }
        return done;
    }

    static ObjectNode message(JsonNode message, int open) {
        return Protocol.JSON.createObjectNode().put("on", "message").put("open", open).set("message", message);
    }

    static Stream<JsonNode> rows(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    private static boolean has(JsonNode list, String value) {
        return rows(list).anyMatch(one -> one.asText().equals(value));
    }

    private static JsonNode named(JsonNode list, String name) {
        return rows(list).filter(one -> one.get("name").asText().equals(name)).findFirst().orElseThrow();
    }
}
