package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What the client never says, by a bare socket. */
final class Raw implements WebSocket.Listener {
    private static final int SECONDS = 60;

    private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final WebSocket socket;

    Raw(Conversations all) {
        socket = Member.HTTP.newWebSocketBuilder().subprotocols("roomcast.v1")
                .buildAsync(URI.create("ws://" + all.server.getAuthority() + "/ws"), this).join();
    }

    void run() throws Exception {
        check("raw: the subprotocol is repeated", socket.getSubprotocol().equals("roomcast.v1"), "");
        say("{\"action\":\"dance\",\"data\":{}}");
        JsonNode error = next();
        check("raw: 2001 for an unknown action",
                error.get("c").asInt() == 2001 && error.get("s").asText().equals("UNKNOWN"), error);
        say("{");
        error = next();
        check("raw: no JSON is 2001 without req", error.get("c").asInt() == 2001 && !error.get("b").has("req"), error);
        for (int i = 0; i <= 16; i++) {
            say(join("raw" + i));
        }
        // Answers are in order within a room, not between rooms.
        List<Integer> answers = new ArrayList<>();
        while (answers.size() <= 16) {
            JsonNode answer = next();
            if (answer.path("s").asText().equals("JOIN")) {
                answers.add(answer.get("c").asInt());
            }
        }
        answers.sort(null);
        check("raw: the 17th room of a connection is 4029", answers.get(15) == 200 && answers.get(16) == 4029, answers);
        socket.sendBinary(ByteBuffer.wrap(new byte[]{1}), true);
        check("raw: binary is closed with 1003", closed.get(SECONDS, TimeUnit.SECONDS) == 1003, closed);
    }

    private static String join(String rid) {
        Signal join = Signal.of("JOIN").media(true, true);
        join.ch = "p2p";
        join.rid = rid;
        join.ss = Member.session("raw");
        join.op = Signal.Options.join(true, null, "", 0);
        return Protocol.write(new Signal.Envelope("join", join));
    }

    private void say(String text) {
        socket.sendText(text, true).join();
    }

    private JsonNode next() throws InterruptedException {
        return Protocol.parse(String.valueOf(texts.poll(SECONDS, TimeUnit.SECONDS)));
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
        texts.add(text.toString());
        from.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        closed.complete(code);
        return null;
    }
}
