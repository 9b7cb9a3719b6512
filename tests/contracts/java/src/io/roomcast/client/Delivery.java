package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The books of one membership in both directions: which messages are new, which signals may have to be said again. */
final class Delivery {
    /** What becomes of a received message. */
    enum Took { DELIVERED, DROPPED, REFUSED }

    /** Whoever writes what the books ask for. */
    interface Speaker {
        void first(Signal signal);

        void again(Signal signal);

        /** A heartbeat that wants no ack. */
        void acknowledge();
    }

    private static final long ABOVE_ALL_NUMBERS = 1L << 53;
    /** The members without which an ack is none. A member of a wrong type is as good as absent. */
    private static final Map<String, Map<String, Predicate<JsonNode>>> NEEDED = Map.of(
            "JOIN", Map.of("rt", JsonNode::isTextual, "sq", Delivery::isNumber, "resumed", JsonNode::isBoolean,
                    "n", Delivery::isCount),
            "HEARTBEAT", Map.of("n", Delivery::isCount),
            "GAP", Map.of("to", Delivery::isNumber),
            "RESEND", Map.of("n", Delivery::isNumber));

    final Outbox out;
    private final Speaker speaker;
    private final int mostMessages;
    private final int mostBytes;
    private final Map<String, Long> senders;
    private final String firstToken;
    private String token;
    private Long highest;
    private boolean asked;
    private boolean joined;
    private int messages;
    private int bytes;

    /** Books of a new member: `token` is what its first JOIN brings, `last` the number below its first signal. */
    Delivery(Protocol protocol, String token, long last, Speaker speaker) {
        out = new Outbox(protocol, last);
        this.speaker = speaker;
        this.firstToken = token;
        this.token = token;
        mostMessages = protocol.limit("receivedMessages");
        mostBytes = protocol.limit("receivedBytes");
        int mostSenders = protocol.limit("rememberedSenders");
        senders = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                return size() > mostSenders;
            }
        };
    }

    Long highest() {
        return highest;
    }

    Room.Seat seat() {
        return new Room.Seat(token, highest == null ? 0 : highest, out.below());
    }

    /** Goes on where another process stood. */
    void take(Room.Seat seat) {
        token = seat.token();
        highest = seat.highest();
    }

    boolean isAsked() {
        return asked;
    }

    boolean isNewcomer() {
        return highest == null;
    }

    Signal.Options join(boolean creating) {
        asked = true;
        joined = false;
        return options(creating);
    }

    Signal.Options options(boolean creating) {
        return Signal.Options.join(creating, highest, token, out.below());
    }

    void lost() {
        asked = false;
        joined = false;
    }

    void left() {
        lost();
        token = firstToken;
        highest = null;
        out.drop();
        beaten();
    }

    /** A heartbeat goes out: it acknowledges all that was received. */
    void beaten() {
        messages = 0;
        bytes = 0;
    }

    /** Says a signal, or keeps it until the room is there; fails where that is too much. */
    void say(Signal signal, int size) {
        if (!joined) {
            out.queue(signal, size);
        } else if (out.hasRoom()) {
            speaker.first(out.number(signal));
        } else {
            throw new Outbox.Full("too much is unconfirmed");
        }
    }

    private void goOn(List<Signal> again) {
        again.forEach(speaker::again);
        while (joined && out.waiting() > 0 && out.hasRoom()) {
            speaker.first(out.number(out.next()));
        }
    }

    /** Takes a message with the name that `Protocol.named` gives it. */
    Took receive(JsonNode message, int size) {
        boolean numbered = message.has("sq");
        boolean needsNumber = !message.has("c") || message.path("s").asText().equals("PUBLISH_LIST_CHANGED");
        if (!message.path("s").isTextual() || numbered && !isNumber(message.get("sq")) || needsNumber && !numbered
                || message.has("c") && !isNumber(message.get("c"))) {
            return Took.REFUSED;
        }
        if (numbered && !isNew(message.get("sq").asLong(), size)) {
            return Took.DROPPED;
        }
        if (!message.has("c")) {
            return isRepetition(message) ? Took.DROPPED : Took.DELIVERED;
        }
        return acknowledged(message.path("s").asText(), message.path("c").asInt(), message.path("b"));
    }

    private boolean isNew(long sq, int size) {
        boolean isNew = highest == null || sq > highest;
        if (isNew && highest != null) {
            highest = sq;
        }
        messages++;
        bytes += size;
        if (joined && (messages >= mostMessages || bytes >= mostBytes)) {
            speaker.acknowledge();
        }
        return isNew;
    }

    /** A sender says a signal again that it is not sure of: with its number, under another `sq`. */
    private boolean isRepetition(JsonNode message) {
        JsonNode n = message.path("n");
        JsonNode session = message.path("ss");
        boolean isNamed = session.path("userId").isTextual() && session.path("sessionId").isTextual();
        if (!isNumber(n) || n.asLong() == 0 || !isNamed) {
            return false;
        }
        String sender = session.path("userId") + " " + session.path("sessionId");
        long before = senders.getOrDefault(sender, 0L);
        senders.put(sender, Math.max(before, n.asLong()));
        return n.asLong() <= before;
    }

    private Took acknowledged(String name, int code, JsonNode body) {
        if (name.equals("JOIN") && !asked) {
            return Took.DROPPED;
        }
        if (code != 200) {
            return Took.DELIVERED;
        }
        boolean isWhole = NEEDED.getOrDefault(name, Map.of()).entrySet().stream()
                .allMatch(member -> member.getValue().test(body.path(member.getKey())));
        if (!isWhole) {
            return Took.REFUSED;
        }
        switch (name) {
            case "JOIN" -> accepted(body);
            case "HEARTBEAT" -> {
                out.confirm(number(body.path("n")));
                goOn(List.of());
            }
            case "GAP" -> highest = Math.max(highest == null ? 0 : highest, body.path("to").asLong());
            case "RESEND" -> {
                if (joined) {
                    out.confirm(number(body.path("n")));
                    goOn(out.kept());
                }
            }
            default -> {
            }
        }
        return Took.DELIVERED;
    }

    /** A server that knows of less than the client says those numbers once more. */
    private void accepted(JsonNode body) {
        asked = false;
        joined = true;
        token = body.path("rt").asText();
        long sq = body.path("sq").asLong();
        long mine = highest == null ? 0 : highest;
        highest = body.path("resumed").asBoolean() ? Math.min(mine, sq) : sq;
        goOn(out.accepted(number(body.path("n"))));
    }

    private static Long number(JsonNode value) {
        return isNumber(value) ? value.asLong() : null;
    }

    private static boolean isCount(JsonNode value) {
        return value.isMissingNode() || value.isNull() || isNumber(value);
    }

    static boolean isNumber(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToLong() && value.asLong() >= 0
                && value.asLong() < ABOVE_ALL_NUMBERS;
    }
}
