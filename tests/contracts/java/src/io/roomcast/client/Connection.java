package io.roomcast.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** One WebSocket. `java.net.http` splits long messages itself, at 16 KiB; it wants one send at a time. */
final class Connection implements WebSocket.Listener {
    interface Owner {
        void text(Connection connection, String text);

        void closed(Connection connection, int code);
    }

    private final Owner owner;
    private final StringBuilder text = new StringBuilder();
    private CompletableFuture<WebSocket> sending;
    private WebSocket socket;

    private Connection(Owner owner) {
        this.owner = owner;
    }

    static CompletableFuture<Connection> dial(HttpClient http, URI address, String token, Duration timeout,
                                              Owner owner) {
        Connection connection = new Connection(owner);
        WebSocket.Builder builder = http.newWebSocketBuilder().subprotocols("roomcast.v1").connectTimeout(timeout);
        if (token != null) {
            builder.header("Authorization", "Bearer " + token);
        }
        return builder.buildAsync(address, connection).orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .thenApply(socket -> connection);
    }

    void send(String message) {
        then(socket -> socket.sendText(message, true));
    }

    /** Closes behind what was sent. */
    void close() {
        then(socket -> socket.sendClose(WebSocket.NORMAL_CLOSURE, ""));
    }

    void abort() {
        socket.abort();
    }

    private void then(Function<WebSocket, CompletionStage<WebSocket>> next) {
        sending = sending.thenCompose(next);
        sending.exceptionally(error -> {
            owner.closed(this, 1006);
            return null;
        });
    }

    @Override
    public void onOpen(WebSocket opened) {
        socket = opened;
        sending = CompletableFuture.completedFuture(opened);
        opened.request(1);
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence piece, boolean last) {
        text.append(piece);
        if (last) {
            owner.text(this, text.toString());
            text.setLength(0);
        }
        from.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        owner.closed(this, code);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        owner.closed(this, 1006);
    }
}
