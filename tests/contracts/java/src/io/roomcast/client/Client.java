package io.roomcast.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A connection for up to 16 rooms, and the dialling that they share. One thread does everything. */
public final class Client implements Connection.Owner, AutoCloseable {
    final Protocol protocol;
    final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "roomcast");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpClient http;
    private final URI address;
    private final Supplier<String> tokens;
    private final BiConsumer<String, String> trace;
    private final Map<String, Membership> rooms = new LinkedHashMap<>();
    private final Renewal renewal;
    private Connection connection;
    private boolean dialling;
    private int dials;
    private Long acceptedAt;
    private boolean renewed;
    private String token;

    /** `tokens` gives the newest access token, or null at an open server; `trace` sees every message, ">" and "<". */
    public Client(Protocol protocol, HttpClient http, URI server, Supplier<String> tokens,
                  BiConsumer<String, String> trace) {
        this.protocol = protocol;
        this.http = http;
        this.address = URI.create(server.toString().replaceFirst("^http", "ws").replaceFirst("/$", "") + "/ws");
        this.tokens = tokens;
        this.trace = trace;
        renewal = new Renewal(loop, tokens, text -> {
            if (connection != null) {
                trace.accept(">", text);
                connection.send(text);
            }
        });
        loop.scheduleAtFixedRate(() -> each(room -> room.step(on("tick"))), 1, 1, TimeUnit.SECONDS);
    }

    public Room join(Room.Wish wish, Room.Seat seat, Consumer<Room.Event> events) {
        Membership member = new Membership(this, wish, events);
        call(() -> {
            if (rooms.putIfAbsent(wish.rid(), member) != null) {
                throw new IllegalStateException("in the room already");
            }
            member.start(seat);
            return null;
        });
        return new Room(this, member);
    }

    /** Ends without leaving: seats are held for `hb.timeout`. */
    @Override
    public void close() {
        call(() -> {
            rooms.clear();
            if (connection != null) {
                connection.close();
            }
            return null;
        }).join();
        loop.shutdown();
    }

    <T> CompletableFuture<T> call(Callable<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                done.complete(work.call());
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    void later(double pause, Runnable work) {
        loop.schedule(work, Math.round(pause), TimeUnit.MILLISECONDS);
    }

    long now() {
        return System.nanoTime() / 1_000_000;
    }

    static <T> T read(JsonNode value, Class<T> type) {
        try {
            return Protocol.JSON.treeToValue(value, type);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ObjectNode on(String event) {
        return Protocol.JSON.createObjectNode().put("on", event);
    }

    private void each(Consumer<Membership> work) {
        List.copyOf(rooms.values()).forEach(work);
    }

    /** A message without a connection is lost; with a number it is said again. */
    void write(Signal.Envelope message) {
        if (connection != null) {
            String text = Protocol.write(message);
            trace.accept(">", text);
            connection.send(text);
        }
    }

    void remove(Membership room) {
        rooms.remove(room.wish().rid(), room);
        if (rooms.isEmpty() && connection != null) {
            connection.close();
            connection = null;
        }
    }

    // Dialling

    /** For a room that begins: over the connection that is there, or the first dial, without a delay. */
    void connect(Membership room) {
        if (connection == null && !dialling) {
            dial(0);
        } else if (connection != null) {
            room.sendJoin();
        }
    }

    void accepted() {
        renewed = false;
        acceptedAt = acceptedAt == null ? Long.valueOf(now()) : acceptedAt;
    }

    /** A new connection in place of what is there, after a delay; other rooms of the old one come along. */
    void reconnect() {
        if (connection != null) {
            connection.abort();
            lost(1006);
        }
        if (!dialling) {
            dial(protocol.delay(dials++, Math.random()));
        }
    }

    private void lost(int code) {
        connection = null;
        renewal.stop();
        dials = acceptedAt != null && protocol.settled(now() - acceptedAt) ? 0 : dials;
        acceptedAt = null;
        boolean another = false;
        if (code == 4001 && !renewed) {
            String next = tokens.get();
            another = next != null && !next.equals(token);
            renewed = another;
        }
        ObjectNode close = on("close").put("code", code).put("renewed", another);
        each(room -> room.step(close));
    }

    private void dial(double pause) {
        dialling = true;
        later(pause, () -> {
            token = tokens.get();
            Duration timeout = Duration.ofMillis(protocol.machine().get("reconnect").get("dialTimeout").asLong());
            Connection.dial(http, address, token, timeout, this)
                    .whenComplete((made, error) -> loop.execute(() -> dialled(made, error)));
        });
    }

    private void dialled(Connection made, Throwable error) {
        dialling = false;
        if (error != null) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            int status = cause instanceof WebSocketHandshakeException refused ? refused.getResponse().statusCode() : 0;
            each(room -> room.step(on("dial").put("status", status)));
        } else if (rooms.isEmpty()) {
            made.close();
        } else {
            connection = made;
            renewal.opened(token);
            each(Membership::sendJoin);
        }
    }

    // What the connection says

    @Override
    public void text(Connection from, String text) {
        loop.execute(() -> {
            if (from == connection) {
                trace.accept("<", text);
                route(Protocol.parse(text), Protocol.bytes(text));
            }
        });
    }

    @Override
    public void closed(Connection from, int code) {
        loop.execute(() -> {
            if (from == connection) {
                trace.accept("<", "close " + code);
                lost(code);
            }
        });
    }

    void route(JsonNode read, int bytes) {
        JsonNode message = Protocol.named(read);
        if (message.path("s").asText().equals("RENEW")) {
            renewal.answered(read(message, Ack.class));
            return;
        }
        JsonNode body = message.path("b");
        String asked = body.path("req").path("data").path("rid").asText();
        String rid = message.path("rid").asText(body.path("rid").asText(asked));
        Membership room = rid.isEmpty() && rooms.size() == 1 ? rooms.values().iterator().next() : rooms.get(rid);
        if (room != null) {
            room.receive(message, bytes);
        }
    }
}
