package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The membership in one room: feeds the state machine and carries out what it says. Runs on the loop of its client. */
final class Membership implements Delivery.Speaker {
    private final Client client;
    private final Room.Wish wish;
    private final Consumer<Room.Event> events;
    private final Delivery delivery;
    private final Offers offers = new Offers();
    private final Beats beats;
    private final Refusals refusals;
    private final Recipe recipe;
    private final Voice voice;
    private Machine machine;
    private boolean video;
    private boolean audio;
    private boolean joining;
    private boolean ended;
    private CompletableFuture<Ack> joined = new CompletableFuture<>();

    Membership(Client client, Room.Wish wish, Consumer<Room.Event> events) {
        this.client = client;
        this.wish = wish;
        this.events = events;
        video = wish.video();
        audio = wish.audio();
        // With a token of its own a first JOIN whose ack was lost may be said again: the server knows who says it.
        delivery = new Delivery(client.protocol, UUID.randomUUID().toString(), System.currentTimeMillis(), this);
        beats = new Beats(client, this);
        refusals = new Refusals(client, this);
        recipe = new Recipe(wish.creates());
        voice = new Voice(client, wish);
    }

    Room.Wish wish() {
        return wish;
    }

    CompletableFuture<Ack> joined() {
        return joined;
    }

    String state() {
        return machine.state();
    }

    int unconfirmed() {
        return delivery.out.kept().size();
    }

    Room.Seat seat() {
        return delivery.seat();
    }

    CompletableFuture<Ack> rejoin() {
        joined = new CompletableFuture<>();
        sendJoin();
        return joined;
    }

    void leave() {
        if (machine.step("leave", client.now()).contains("sendLeave")) {
            voice.write(Signal.of("LEAVE"));
        }
        end("left");
    }

    void say(Signal signal) {
        if (ended) {
            throw new IllegalStateException("the membership is over");
        }
        int size = voice.size(signal);
        if (signal.s.equals("UPDATE")) {
            video = signal.ve;
            audio = signal.ae;
        }
        delivery.say(signal, size);
    }

    @Override
    public void first(Signal signal) {
        voice.write(signal);
        if (signal.s.equals("OFFER")) {
            offers.said(signal.to);
            step(Client.on("offerSent"));
        }
        beats.hurry(unconfirmed());
    }

    @Override
    public void again(Signal signal) {
        voice.write(signal);
    }

    @Override
    public void acknowledge() {
        beats.beat(false);
    }

    boolean isJoined() {
        return machine.is("joined");
    }

    boolean isOver() {
        return ended;
    }

    void sendBeat(Signal beat) {
        beat.sq = delivery.highest();
        delivery.beaten();
        voice.write(beat);
        if (beat.send_ack == null) {
            step(Client.on("heartbeatSent"));
        }
    }

    // Joining

    void start(Room.Seat seat) {
        if (seat != null) {
            delivery.take(seat);
        }
        begin();
        client.connect(this);
    }

    private void begin() {
        joining = false;
        machine = new Machine(client.protocol.machine(), wish.ch(), "viewer", wish.session().key());
        machine.step("joinSent", client.now());
    }

    /** Tells the machine of all JOINs but the first, which it heard of before the dial. */
    void sendJoin() {
        if (joining) {
            machine.step("joinResent", client.now());
        }
        joining = true;
        Signal join = Signal.of("JOIN").media(video, audio);
        join.op = delivery.join(recipe.isCreating());
        voice.write(join);
    }

    private void accepted(JsonNode message, int bytes, Ack ack) {
        step(Machine.message(message, 0));
        if (!isJoined()) {
            return;
        }
        recipe.accepted();
        if (!ack.b().resumed()) {
            offers.clear();
        }
        machine.heartbeatInterval(ack.b().hb().interval());
        client.accepted();
        update(ack.b());
        delivery.receive(message, bytes);
        beats.start(ack.b().hb().interval());
        events.accept(new Room.Event("joined", message, null, ack));
        joined.complete(ack);
    }

    /** A JOIN that resumes leaves the list as it is: what changed goes behind the repetitions, before the queue. */
    private void update(Ack.Body body) {
        boolean repeated = delivery.out.kept().stream()
                .anyMatch(kept -> kept.s.equals("UPDATE") && (body.n() == null || kept.n > body.n()));
        boolean differs = body.pps().stream().anyMatch(own -> own.key().equals(wish.session().key())
                && (own.video() != video || own.audio() != audio));
        if (differs && !repeated) {
            delivery.out.queueFirst(Signal.of("UPDATE").media(video, audio));
        }
    }

    /** A refusal is the end of a machine, but for what the recipe of joining or creating makes of it. */
    private void refused(JsonNode message, Ack refusal) {
        long pause = recipe.refused(refusal.c(), delivery.isNewcomer());
        if (pause == Recipe.NONE) {
            events.accept(new Room.Event("told", message, null, refusal));
            step(Machine.message(message, 0));
            return;
        }
        begin();
        client.later(pause, () -> {
            if (!ended && !isJoined()) {
                sendJoin();
            }
        });
    }

    // Receiving

    void receive(JsonNode message, int bytes) {
        boolean join = message.path("s").asText().equals("JOIN") && message.has("c");
        if (ended || join && !delivery.isAsked()) {
            return;
        }
        if (join && message.get("c").asInt() == 200) {
            accepted(message, bytes, Client.read(message, Ack.class));
        } else if (join && message.get("c").asInt() != 503) {
            refused(message, Client.read(message, Ack.class));
        } else if (delivery.receive(message, bytes) == Delivery.Took.DELIVERED) {
            if (message.has("c")) {
                own(message, Client.read(message, Ack.class));
            } else {
                forwarded(message, Client.read(message, Signal.class));
            }
        }
    }

    private void forwarded(JsonNode message, Signal signal) {
        if (signal.s.equals("ANSWER")) {
            offers.answered(signal.ss.key());
        }
        events.accept(new Room.Event("signal", message, signal, null));
        step(Machine.message(message, offers.size()));
    }

    private void own(JsonNode message, Ack own) {
        step(Machine.message(message, offers.size()));
        if (ended) {
            return;
        }
        if (own.c() != 200) {
            refusedSignal(message, own);
            return;
        }
        switch (own.s()) {
            case "HEARTBEAT" -> events.accept(new Room.Event("beat", message, null, own));
            case "PUBLISH_LIST_CHANGED" -> events.accept(new Room.Event("list", message, null, own));
            case "GAP" -> events.accept(new Room.Event("gap", message, null, own));
            default -> {
            }
        }
    }

    private void refusedSignal(JsonNode message, Ack error) {
        if (error.s().equals("OFFER")) {
            offers.refused(message.path("b").path("req").path("data").path("to"));
            if (offers.size() == 0) {
                step(Client.on("answerReceived"));
            }
        }
        if (refusals.tells(error)) {
            events.accept(new Room.Event("told", message, null, error));
        }
    }

    /** Tells the machine, and does what it says. */
    void step(ObjectNode step) {
        if (ended) {
            return;
        }
        String before = machine.state();
        List<String> outcomes = machine.step(step, client.now());
        if (!isJoined()) {
            beats.stop();
        }
        if (before.equals("joined") && !isJoined()) {
            delivery.lost();
        }
        for (String outcome : outcomes) {
            String over = outcome.equals("ignored") ? "none" : machine.over(outcome, before);
            if (over.equals("same")) {
                sendJoin();
            } else if (over.equals("new")) {
                client.reconnect();
            }
        }
        if (machine.is("failed")) {
            JsonNode cause = step.path("message");
            end(cause.isMissingNode() ? step.toString() : cause.path("s").asText());
        }
    }

    private void end(String why) {
        if (!ended) {
            ended = true;
            beats.stop();
            delivery.left();
            client.remove(this);
            joined.completeExceptionally(new IllegalStateException(why));
            events.accept(new Room.Event("ended", Protocol.JSON.createObjectNode().put("why", why), null, null));
        }
    }
}
