package io.roomcast.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A client of the tests with one room, whose events are awaited. */
final class Member implements AutoCloseable {
    static final HttpClient HTTP = HttpClient.newHttpClient();
    /** Only a test that fails waits so long. */
    private static final long SECONDS = 60;

    final LinkedBlockingQueue<Room.Event> events = new LinkedBlockingQueue<>();
    final Client client;
    final Room room;
    private final List<Room.Event> passed = new ArrayList<>();
    private final List<String> messages = new ArrayList<>();

    Member(Conversations all, URI server, Room.Wish wish, Room.Seat seat, Supplier<String> tokens) {
        client = new Client(all.protocol, HTTP, server, tokens, (way, text) -> {
            all.messages.add(way + text);
            synchronized (messages) {
                messages.add(way + text);
                messages.notifyAll();
            }
        });
        room = client.join(wish, seat, events::add);
    }

    static Signal.Session session(String user) {
        return new Signal.Session(user, UUID.randomUUID().toString(), "stream", "Server", "test");
    }

    Signal.Session session() {
        return room.wish().session();
    }

    /** The messages that were said (">") or heard ("<") so far, with that in them. */
    List<String> messages(String way, String text) {
        synchronized (messages) {
            return messages.stream().filter(m -> m.startsWith(way) && m.contains(text)).toList();
        }
    }

    void awaitMessages(String way, String text, int count) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        synchronized (messages) {
            while (messages(way, text).size() < count) {
                if (System.nanoTime() > end) {
                    throw new TimeoutException(session().userId() + " waited for " + text + " in vain");
                }
                messages.wait(1000);
            }
        }
    }

    /** The first event of that kind that was not awaited yet. */
    Room.Event await(String kind, Predicate<Room.Event> wanted) throws Exception {
        for (Room.Event event : passed) {
            if (event.kind().equals(kind) && wanted.test(event)) {
                passed.remove(event);
                return event;
            }
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            Room.Event event = events.poll(left, TimeUnit.NANOSECONDS);
            if (event != null && event.kind().equals(kind) && wanted.test(event)) {
                return event;
            } else if (event != null) {
                passed.add(event);
            }
        }
        throw new TimeoutException(session().userId() + " waited for " + kind + " in vain");
    }

    Room.Event await(String kind) throws Exception {
        return await(kind, event -> true);
    }

    Signal signal(String s) throws Exception {
        return await("signal", event -> event.signal().s.equals(s)).signal();
    }

    Room.Event list(int size) throws Exception {
        return await("list", event -> event.ack().b().pps().size() == size);
    }

    void forget() {
        passed.clear();
        events.clear();
    }

    int told() throws Exception {
        return await("told").ack().c();
    }

    String ended() throws Exception {
        return await("ended").message().toString();
    }

    @Override
    public void close() {
        client.close();
    }
}
