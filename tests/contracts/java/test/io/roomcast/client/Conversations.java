package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

/** A running server, and what all scenarios say to it and hear from it. */
final class Conversations {
    final Protocol protocol;
    final Path folder;
    final URI server;
    final Queue<String> messages = new ConcurrentLinkedQueue<>();

    Conversations(Protocol protocol, Path folder, URI server) {
        this.protocol = protocol;
        this.folder = folder;
        this.server = server;
    }

    Member member(String ch, String room, String user, boolean creates) {
        return member(server, ch, room, user, creates);
    }

    Member member(URI at, String ch, String room, String user, boolean creates) {
        Room.Wish wish = new Room.Wish(ch, room, Member.session(user), creates, true, true);
        return new Member(this, at, wish, null, () -> null);
    }

    /** As if the server had said it. */
    static void inject(Member to, String text) throws Exception {
        String message = text.replace("%s", to.room.wish().rid());
        to.client.call(() -> {
            to.client.route(Protocol.parse(message), Protocol.bytes(message));
            return null;
        }).get();
    }

    static void say(Member who, int from, int to) {
        IntStream.range(from, to).forEach(i -> who.room.say(Signal.of("ICE").candidate("c" + i, "0", 0)));
    }

    static List<String> range(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "c" + i).toList();
    }

    static List<String> ice(Member who, int count) throws Exception {
        List<String> got = new ArrayList<>();
        while (got.size() < count) {
            got.add(who.signal("ICE").sdp.get("candidate").asText());
        }
        return got;
    }

    /** Every message of all conversations fits the schemas, but what a scenario said in the wrong type of room. */
    void conforming() {
        Schema ours = new Schema(Protocol.read(folder.resolve("client-messages.schema.json")));
        Schema theirs = new Schema(Protocol.read(folder.resolve("server-messages.schema.json")));
        String bad = messages.stream()
                .filter(m -> !m.startsWith("<close") && !m.contains("\"s\":\"WATCH\",\"ch\":\"p2p\""))
                .filter(m -> !(m.startsWith(">") ? ours : theirs).valid(Protocol.parse(m.substring(1))))
                .map(m -> m.substring(0, Math.min(300, m.length()))).findFirst().orElse("");
        check("all " + messages.size() + " messages fit the schemas", bad.isEmpty() && !messages.isEmpty(), bad);
    }
}
