package io.roomcast.client;

import static io.roomcast.client.Conversations.ice;
import static io.roomcast.client.Conversations.inject;
import static io.roomcast.client.Conversations.range;
import static io.roomcast.client.Conversations.say;
import static io.roomcast.client.RoomcastTests.check;

import java.util.List;
import java.util.Map;

/** Lines that break, fall silent or lose what was said. */
final class Faults {
    private final Conversations all;

    Faults(Conversations all) {
        this.all = all;
    }

    Map<String, RoomcastTests.Scenario> scenarios() {
        return Map.of("first", this::first, "cut", this::cut, "silence", this::silence, "gap", this::gap);
    }

    /** The ack of the first JOIN is lost: by its token the server knows that the next one is the same client. */
    private void first() throws Exception {
        try (Proxy proxy = new Proxy(all.server); Member ann = all.member("p2p", "first", "ann", true)) {
            ann.room.joined().get();
            proxy.muteNext();
            Member bob = all.member(proxy.address(), "p2p", "first", "bob", false);
            ann.list(2);
            proxy.cut();
            Room.Event joined = bob.await("joined");
            check("first: the member of the lost ack goes on", joined.ack().b().resumed() && proxy.lines() == 2,
                    joined.message());
            bob.close();
        }
    }

    /** A line through a proxy: what was swallowed is said again, once and in order. */
    private void cut() throws Exception {
        try (Proxy proxy = new Proxy(all.server); Member ann = all.member("p2p", "cut", "ann", true)) {
            ann.room.joined().get();
            Member bob = all.member(proxy.address(), "p2p", "cut", "bob", false);
            bob.await("joined");
            bob.await("beat");
            say(bob, 0, 10);
            check("cut: before", ice(ann, 10).equals(range(0, 10)), "");
            bob.forget();
            proxy.hold();
            say(bob, 10, 50);
            proxy.awaitHeld(40 * 200);
            ann.room.say(Signal.of("ICE").candidate("missed", "0", 0));
            proxy.cut();
            bob.room.say(Signal.of("UPDATE").media(false, true));
            say(bob, 50, 60);
            Room.Event back = bob.await("joined");
            check("cut: resumed", back.ack().b().resumed(), back.message());
            check("cut: what was missed comes", bob.signal("ICE").sdp.get("candidate").asText().equals("missed"), "");
            List<String> got = ice(ann, 50);
            check("cut: 50 held back and queued, once and in order", got.equals(range(10, 60)), got);
            ann.await("list", event -> event.ack().b().pps().stream().anyMatch(p -> !p.video()));
            for (int i = 0; i < 4 && bob.room.unconfirmed().get() > 0; i++) {
                bob.await("beat");
            }
            check("cut: all is confirmed", bob.room.unconfirmed().get() == 0, bob.room.unconfirmed().get());
            bob.close();
        }
    }

    /** A line that stays open and carries nothing: the heartbeat rule finds out, before the seat is lost. */
    private void silence() throws Exception {
        try (Proxy proxy = new Proxy(all.server); Member ann = all.member("p2p", "silence", "ann", true)) {
            ann.room.joined().get();
            Member bob = all.member(proxy.address(), "p2p", "silence", "bob", false);
            bob.await("joined");
            proxy.hold();
            say(bob, 0, 256);
            Throwable full = bob.room.say(Signal.of("ICE").candidate("one more", "0", 0)).handle((ok, e) -> e).get();
            check("silence: more than 256 unconfirmed fail", full instanceof Outbox.Full, full);
            long below = bob.room.seat().get().below();
            inject(bob, "{\"c\":200,\"s\":\"RESEND\",\"b\":{\"rid\":\"%s\",\"n\":" + below + "}}");
            int said = bob.messages(">", "\"s\":\"ICE\"").size();
            check("silence: RESEND has all of them said again", said == 512, said);
            Room.Event back = bob.await("joined");
            check("silence: noticed, resumed", back.ack().b().resumed() && proxy.lines() == 2, proxy.lines());
            check("silence: 256 once and in order", ice(ann, 256).equals(range(0, 256)), "");
            repetitions(ann, bob);
            bob.close();
        }
    }

    private void repetitions(Member ann, Member bob) throws Exception {
        inject(ann, "{\"sq\":99998,\"c\":200,\"s\":\"NEWS\",\"b\":{\"rid\":\"%s\"}}");
        check("silence: an unknown message counts", ann.room.seat().get().highest() == 99998, "");
        inject(ann, "{\"sq\":99999,\"s\":\"ICE\",\"ch\":\"p2p\",\"rid\":\"%s\",\"ss\":" + Protocol.write(bob.session())
                + ",\"sdp\":\"late\",\"n\":" + bob.room.seat().get().below() + "}");
        check("silence: a repetition with another sq is dropped",
                ann.events.stream().noneMatch(event -> event.kind().equals("signal")), "");
    }

    private void gap() throws Exception {
        try (Proxy proxy = new Proxy(all.server); Member bob = all.member("p2p", "gap", "bob", true)) {
            bob.room.joined().get();
            Member ann = all.member(proxy.address(), "p2p", "gap", "ann", false);
            ann.room.joined().get();
            bob.list(2);
            ann.list(2);
            proxy.hold();
            say(bob, 0, 140);
            bob.room.say(Signal.of("OFFER").to("nobody").sdp("v=0")); // refused behind all the others
            bob.told();
            proxy.cut();
            Room.Event gap = ann.await("gap");
            check("gap: told", gap.ack().b().from() <= gap.ack().b().to(), gap.message());
            List<String> rest = ice(ann, 128);
            check("gap: the last 128 come", rest.equals(range(12, 140)), rest);
            ann.close();
        }
    }
}
