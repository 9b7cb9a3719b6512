package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The published vectors: messages, traces of the state machine, delays, codes. */
final class Vectors {
    private final Protocol protocol;
    private final Path folder;

    Vectors(Protocol protocol, Path folder) {
        this.protocol = protocol;
        this.folder = folder;
    }

    void run() {
        messages("client-messages", Signal.Envelope.class);
        messages("data-signals", DataSignal.class);
        messages("server-messages", null);
        JsonNode machine = Protocol.read(folder.resolve("vectors/state-machine.json"));
        check("traces: there are some", !machine.get("traces").isEmpty(), machine);
        machine.get("traces").forEach(this::trace);
        delays(machine.get("delays"));
        codes();
        JsonNode odd = Protocol.parse("{\"sq\":7,\"s\":\"HOLOGRAM\",\"ch\":\"p2p\",\"rid\":\"r\",\"new\":1,\"ss\":"
                + "{\"userId\":\"a\",\"sessionId\":\"b\",\"category\":\"x\",\"host\":\"Fridge\",\"deviceId\":\"\"}}");
        check("unknown values and members are read", Client.read(odd, Signal.class).ss.host().equals("Fridge"), odd);
    }

    private void trace(JsonNode trace) {
        StringBuilder wrong = new StringBuilder();
        Machine client = new Machine(protocol.machine(), trace.get("room").asText(), trace.get("role").asText(),
                trace.path("me"));
        for (JsonNode step : trace.get("steps")) {
            String before = client.state();
            List<String> done = client.step(step, step.get("at").asLong());
            List<String> wanted = new ArrayList<>();
            step.get("do").forEach(one -> wanted.add(one.asText()));
            String over = done.stream().filter(protocol::isOutcome).map(outcome -> client.over(outcome, before))
                    .findFirst().orElse("");
            if (!done.equals(wanted) || !client.is(step.get("state").asText())
                    || !over.equals(step.path("over").asText())) {
                wrong.append(step).append(" gave ").append(done).append(' ').append(client.state()).append("; ");
            }
        }
        check("trace: " + trace.get("name").asText(), wrong.isEmpty(), wrong);
    }

    private void delays(JsonNode delays) {
        int n = 0;
        boolean same = true;
        for (JsonNode one : delays) {
            n = !one.get("held").isNull() && protocol.settled(one.get("held").asLong()) ? 0 : n;
            same &= protocol.delay(n++, one.get("random").asDouble()) == one.get("delay").asDouble();
        }
        check("delays", same && n > 0, delays);
    }

    private void codes() {
        boolean all = true;
        for (JsonNode ack : protocol.codes().get("ack")) {
            for (String of : List.of("join", "heartbeat", "other", "dial", "upload")) {
                String reaction = protocol.reaction(ack.get("code").asInt(), of);
                all &= List.of("goOn", "tell", "retry", "ignore", "rejoin", "restore", "reconnect", "fail")
                        .contains(reaction);
                all &= !reaction.equals("retry") || protocol.retries(ack.get("code").asInt(), of) > 0;
            }
        }
        check("codes: each has a reaction for each signal", all, protocol.codes());
    }

    /** Valid ones survive decoding and encoding; invalid ones are refused by the schema that live messages must fit. */
    private void messages(String file, Class<?> type) {
        Schema schema = new Schema(Protocol.read(folder.resolve(file + ".schema.json")));
        for (JsonNode group : Protocol.read(folder.resolve("vectors/" + file + ".json")).get("vectors")) {
            StringBuilder wrong = new StringBuilder();
            for (JsonNode valid : group.get("valid")) {
                JsonNode again = again(valid, type != null ? type : valid.has("c") ? Ack.class : Signal.class);
                if (!same(known(valid), again) || !schema.valid(valid)) {
                    wrong.append(again).append(" of ").append(valid).append("; ");
                }
            }
            for (JsonNode invalid : group.get("invalid")) {
                if (schema.valid(invalid.get("value"))) {
                    wrong.append("taken: ").append(invalid.get("reason")).append("; ");
                }
            }
            check(file + ": " + group.get("message").asText(), wrong.isEmpty(), wrong);
        }
    }

    private static JsonNode again(JsonNode value, Class<?> type) {
        return Protocol.JSON.valueToTree(Client.read(value, type));
    }

    /** Without the members that vectors have to be ignored. */
    private static JsonNode known(JsonNode valid) {
        JsonNode known = valid.deepCopy();
        if (known.path("data") instanceof ObjectNode data) {
            data.remove(List.of("uid", "newer"));
        }
        return known;
    }

    /** Whether two values are the same, where 1 and 1.0 are. */
    static boolean same(JsonNode a, JsonNode b) {
        return a.equals((x, y) -> x.isNumber() && y.isNumber() ? x.decimalValue().compareTo(y.decimalValue())
                : x.equals(y) ? 0 : 1, b);
    }
}
