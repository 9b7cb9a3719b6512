package io.roomcast.client;

import static io.roomcast.client.Conversations.inject;
import static io.roomcast.client.RoomcastTests.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** Groups with roles, and the codes of refused signals. */
final class Groups {
    private final Conversations all;

    Groups(Conversations all) {
        this.all = all;
    }

    Map<String, RoomcastTests.Scenario> scenarios() {
        return Map.of("group", this::group, "codes", this::codes);
    }

    private void group() throws Exception {
        try (Member ann = all.member("m2m", "group", "ann", true)) {
            ann.room.joined().get();
            try (Member bob = all.member("m2m", "group", "bob", false)) {
                Ack viewer = bob.room.joined().get();
                check("group: the second is a viewer", viewer.b().pt().equals("viewer"), viewer);
                watch(ann, bob);
                publish(ann, bob);
                kick(bob);
                ann.room.leave().get();
                check("group: the next owns it", bob.list(1).ack().b().pps().get(0).role().equals("admin"), "");
                bob.room.leave().get();
            }
        }
    }

    private void watch(Member ann, Member bob) throws Exception {
        bob.room.say(Signal.of("WATCH").to(ann.session().key()));
        JsonNode asker = ann.signal("WATCH").ss.key();
        ann.room.say(Signal.of("OFFER").to(asker).sdp("media"));
        bob.room.say(Signal.of("ANSWER").to(bob.signal("OFFER").ss.key()).sdp("take"));
        check("group: watch, offer, answer", ann.signal("ANSWER").sdp.asText().equals("take"), "");
        bob.room.say(Signal.of("OFFER").to(ann.session().key()).sdp("mine"));
        check("group: a viewer may not offer, 4051", bob.told() == 4051, "");
    }

    private void publish(Member ann, Member bob) throws Exception {
        Signal request = Signal.of("PUBLISH_REQUEST").media(true, false);
        request.msg = "May I?";
        bob.room.say(request);
        Signal asked = ann.signal("PUBLISH_REQUEST");
        ann.room.say(Signal.of("PUBLISH_REJECT").to(asked.ss.key()));
        check("group: request and reject", bob.signal("PUBLISH_REJECT") != null && asked.msg.equals("May I?"), "");
        bob.room.say(Signal.of("PUBLISH_REQUEST").media(true, false));
        ann.room.say(Signal.of("PUBLISH_ACCEPT").to(ann.signal("PUBLISH_REQUEST").ss.key()));
        bob.signal("PUBLISH_ACCEPT");
        check("group: accepted is in the list", !bob.list(2).ack().b().pps().get(1).audio(), "");
        bob.room.say(Signal.of("OFFER").to(ann.session().key()).sdp("mine"));
        check("group: now an offer goes", ann.signal("OFFER").sdp.asText().equals("mine"), "");
        bob.room.say(Signal.of("PUBLISH_REQUEST").media(true, true));
        check("group: asking again is 4023", bob.told() == 4023, "");
    }

    private void kick(Member bob) throws Exception {
        Member carol = all.member("m2m", "group", "carol", false);
        carol.room.joined().get();
        bob.room.say(Signal.of("KICK").to("carol"));
        check("group: kicked", carol.ended().contains("KICK"), "");
        carol.close();
        Member again = all.member("m2m", "group", "carol", false);
        check("group: the kicked one is refused, 4051", again.told() == 4051, "");
        again.close();
        String kick = bob.messages(">", "\"s\":\"KICK\"").get(0).substring(1);
        inject(bob, "{\"c\":503,\"s\":\"KICK\",\"b\":{\"msg\":\"\",\"req\":" + kick + "}}");
        check("group: 503 to a kick says it again, with a number of its own", bob.told() == 4002, "");
        bob.room.say(Signal.of("KICK").to("ann"));
        check("group: the owner is not kicked, 4051", bob.told() == 4051, "");
    }

    private void codes() throws Exception {
        try (Member ann = all.member("p2p", "codes", "ann", true)) {
            ann.room.joined().get();
            ann.room.say(Signal.of("OFFER").to("nobody").sdp("v=0"));
            check("codes: 4003 for an offer to nobody", ann.told() == 4003, "");
            ann.room.say(Signal.of("WATCH").to("nobody"));
            check("codes: 2002 for a signal of another type of room", ann.told() == 2002, "");
            ann.room.say(Signal.of("ANSWER").to("nobody").sdp("v=0"));
            check("codes: 4024 for an answer to nobody", ann.told() == 4024, "");
            ann.await("joined");
            inject(ann, "{\"c\":4002,\"s\":\"HEARTBEAT\",\"b\":{\"msg\":\"\"}}");
            check("codes: 4002 to a heartbeat joins again", ann.await("joined").ack().b().resumed(), "");
            check("codes: none ended anything", ann.room.state().get().equals("joined"), "");
            Member none = all.member("m2m", "nowhere", "ann", false);
            check("codes: 4001 where nothing may be created", none.told() == 4001, "");
            none.ended();
            none.close();
            Member other = all.member("m2m", "codes", "bob", false);
            int c = other.told();
            check("codes: the wrong type of room is refused, 2002", c == 2002, c);
            other.close();
            ann.room.say(Signal.of("ICE").to(ann.session().key()).candidate("to myself", "0", 0));
            check("codes: nobody else is there, 4003", ann.told() == 4003, "");
        }
    }
}
