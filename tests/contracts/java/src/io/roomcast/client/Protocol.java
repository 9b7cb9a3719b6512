package io.roomcast.client;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The published tables, and JSON as the protocol wants it: unknown members are ignored, no nulls are written. */
public record Protocol(JsonNode machine, JsonNode codes, JsonNode limits) {
    public static final ObjectMapper JSON = new ObjectMapper()
            .setSerializationInclusion(JsonInclude.Include.NON_NULL)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    public static Protocol load(Path folder) {
        return new Protocol(read(folder.resolve("state-machine.json")), read(folder.resolve("codes.json")),
                read(folder.resolve("limits.json")));
    }

    public static JsonNode read(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A message with the name of its ack as signals have it: a reader also takes `JOIN_ACK` for `JOIN`. */
    static JsonNode named(JsonNode message) {
        if (message instanceof ObjectNode ack && ack.has("c")) {
            ack.put("s", ack.path("s").asText().replaceFirst("_ACK$", ""));
        }
        return message;
    }

    public static String write(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The length of a text in UTF-8, as the server counts. */
    static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** What a client does about a code; `of` is join, heartbeat, other, dial or upload. */
    public String reaction(int code, String of) {
        for (JsonNode ack : codes.get("ack")) {
            if (ack.get("code").asInt() == code) {
                return ack.get("client").get(of).asText();
            }
        }
        return of.equals("join") ? "fail" : "tell";
    }

    /** How often a code has a signal said again; 0: never, Integer.MAX_VALUE: without end. */
    public int retries(int code, String of) {
        for (JsonNode ack : codes.get("ack")) {
            for (JsonNode retry : ack.get("retry")) {
                if (ack.get("code").asInt() == code && retry.get("of").asText().equals(of)) {
                    return retry.get("times").asInt(Integer.MAX_VALUE);
                }
            }
        }
        return 0;
    }

    public String action(String s) {
        for (JsonNode signal : codes.get("signals")) {
            if (signal.get("s").asText().equals(s)) {
                return signal.get("action").asText();
            }
        }
        throw new IllegalArgumentException("there is no signal " + s);
    }

    public int limit(String name) {
        for (JsonNode limit : limits.get("limits")) {
            if (limit.get("name").asText().equals(name)) {
                return limit.get("value").asInt();
            }
        }
        throw new IllegalArgumentException("there is no limit " + name);
    }

    /** The delay before dial number n (from 0) in milliseconds. */
    public double delay(int n, double random) {
        JsonNode r = machine.get("reconnect");
        return random * Math.min(r.get("max").asDouble(), r.get("base").asDouble() * Math.pow(2, n));
    }

    /** Whether a word of a step is an outcome, and not `ignored` or what leaving asks for. */
    public boolean isOutcome(String word) {
        return Machine.rows(machine.get("outcomes")).anyMatch(one -> one.get("name").asText().equals(word));
    }

    public boolean settled(long held) {
        return held >= machine.get("reconnect").get("settledAfter").asLong();
    }
}
