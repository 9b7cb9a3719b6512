package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.CompletableFuture;

/** One room of a client, to be used from any thread: all work is done on the loop of the client. */
public final class Room {
    /** What is asked for: `creates` says whether the room may be opened by this member. */
    public record Wish(String ch, String rid, Signal.Session session, boolean creates, boolean video, boolean audio) {
    }

    /** What another process needs to come back as this session. */
    public record Seat(String token, long highest, long below) {
    }

    /** What happened; `kind` is joined, list, signal, gap, beat, told (a refusal) or ended. */
    public record Event(String kind, JsonNode message, Signal signal, Ack ack) {
    }

    private final Client client;
    private final Membership member;

    Room(Client client, Membership member) {
        this.client = client;
        this.member = member;
    }

    public Wish wish() {
        return member.wish();
    }

    /** The ack of the JOIN that is out, or of the last one. */
    public CompletableFuture<Ack> joined() {
        return client.call(member::joined).thenCompose(ack -> ack);
    }

    public CompletableFuture<String> state() {
        return client.call(member::state);
    }

    public CompletableFuture<Integer> unconfirmed() {
        return client.call(member::unconfirmed);
    }

    public CompletableFuture<Seat> seat() {
        return client.call(member::seat);
    }

    public CompletableFuture<Void> observe(String observation) {
        return run(() -> member.step(Client.on(observation)));
    }

    /** JOIN once more on the same connection: fresh ICE servers, a fresh ingest token. */
    public CompletableFuture<Ack> rejoin() {
        return client.call(member::rejoin).thenCompose(ack -> ack);
    }

    /** Says a signal now, or once the room is there again; fails if it is too long or too much waits. */
    public CompletableFuture<Void> say(Signal signal) {
        return run(() -> member.say(signal));
    }

    public CompletableFuture<Void> leave() {
        return run(member::leave);
    }

    private CompletableFuture<Void> run(Runnable work) {
        return client.call(() -> {
            work.run();
            return null;
        });
    }
}
