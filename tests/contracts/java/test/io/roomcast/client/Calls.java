package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** Calls of two: joining, what is passed on, taking over a seat. */
final class Calls {
    private final Conversations all;

    Calls(Conversations all) {
        this.all = all;
    }

    Map<String, RoomcastTests.Scenario> scenarios() {
        return Map.of("stay", this::stay, "call", this::call, "takeover", this::takeover, "rooms", this::rooms);
    }

    private void stay() throws Exception {
        try (Member ann = all.member("p2p", "stay", "ann", true)) {
            Ack created = ann.room.joined().get();
            check("stay: created after 4001", created.b().pt().equals("admin")
                    && ann.messages(">", "\"s\":\"JOIN\"").size() >= 2, created);
            for (int i = 0; i < 4; i++) { // 12 s, longer than hb.timeout
                ann.await("beat");
            }
            check("stay: beats keep the seat past the timeout", ann.room.state().get().equals("joined"), "");
            ann.room.leave().get();
            check("stay: leaving", ann.room.state().get().equals("leaved"), ann.room.state().get());
        }
    }

    private void call() throws Exception {
        try (Member ann = all.member("p2p", "call", "ann", true)) {
            ann.room.joined().get();
            try (Member bob = all.member("p2p", "call", "bob", true)) {
                Ack.Participant other = bob.room.joined().get().b().pps().get(0);
                check("call: the later one finds the other", other.userId().equals("ann"), other);
                negotiate(ann, bob, other.key());
                longTexts(ann, bob, other.key());
                Member carl = all.member("p2p", "call", "carl", false);
                check("call: a third is refused 4025", carl.told() == 4025, "");
                carl.ended();
                carl.close();
                ann.forget();
                bob.room.leave().get();
                check("call: leaving is heard", ann.list(1) != null, "");
            }
        }
    }

    private void negotiate(Member ann, Member bob, JsonNode other) throws Exception {
        bob.room.say(Signal.of("OFFER").to(other).sdp("v=0\r\nthe offer"));
        Signal offer = ann.signal("OFFER");
        check("call: offer", offer.sdp.asText().equals("v=0\r\nthe offer") && offer.n != null, offer.sdp);
        ann.room.say(Signal.of("ANSWER").to(offer.ss.key()).sdp("v=0\r\nthe answer"));
        check("call: answer", bob.signal("ANSWER").sdp.asText().equals("v=0\r\nthe answer"), "");
        bob.room.say(Signal.of("ICE").candidate("candidate:1", "0", 0));
        check("call: candidate without `to`", ann.signal("ICE").sdp.get("sdpMid").asText().equals("0"), "");
        ann.room.say(Signal.of("ICE").to(offer.ss.key()).candidate("candidate:2", "0", 0));
        check("call: candidate back", bob.signal("ICE").sdp.get("candidate").asText().equals("candidate:2"), "");
        ann.room.say(Signal.of("UPDATE").media(false, true));
        bob.await("list", event -> !event.ack().b().pps().get(0).video());
    }

    private void longTexts(Member ann, Member bob, JsonNode other) throws Exception {
        String sdp = "v=0\r\n" + "é".repeat(50_000);
        bob.room.say(Signal.of("OFFER").to(other).sdp(sdp));
        check("call: 100 KB arrive", ann.signal("OFFER").sdp.asText().equals(sdp), "");
        Throwable error = bob.room.say(Signal.of("OFFER").sdp(sdp + sdp)).handle((ok, failure) -> failure).get();
        check("call: too long is not sent", error instanceof IllegalArgumentException, error);
    }

    private void takeover() throws Exception {
        try (Member first = all.member("p2p", "takeover", "ann", true)) {
            first.room.joined().get();
            Room.Wish wish = first.room.wish();
            Member thief = new Member(all, all.server, wish, new Room.Seat("a guess", 0, 0), () -> null);
            check("takeover: refused without the token", thief.told() == 4051, "");
            thief.close();
            Member second = new Member(all, all.server, wish, first.room.seat().get(), () -> null);
            check("takeover: resumed with the token", second.await("joined").ack().b().resumed(), "");
            String why = first.ended();
            check("takeover: 4000 stops the first", why.contains("4000"), why);
            check("takeover: and it stays away", first.room.state().get().equals("failed"), "");
            second.await("beat");
            second.close();
        }
    }

    private void rooms() throws Exception {
        try (Client client = new Client(all.protocol, Member.HTTP, all.server, () -> null,
                (way, text) -> all.messages.add(way + text))) {
            Signal.Session session = Member.session("ann");
            List<Room> rooms = List.of("one", "two").stream().map(rid -> client.join(
                    new Room.Wish("p2p", rid, session, true, true, true), null, event -> { })).toList();
            String one = rooms.get(0).joined().get().b().rid();
            String two = rooms.get(1).joined().get().b().rid();
            check("rooms: two over one connection", one.equals("one") && two.equals("two"), one + two);
            rooms.get(0).leave().get();
            Ack again = rooms.get(1).rejoin().get();
            check("rooms: one goes, the other stays", again.b().resumed(), again);
        }
    }
}
