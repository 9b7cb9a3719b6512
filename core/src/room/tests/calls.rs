//! Calls of two.

use proptest::prelude::*;
use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{Effect, World, sdp};

#[test]
fn the_creator_owns_the_call_and_the_second_publishes() {
    let mut world = World::new(RoomType::P2p);
    assert_eq!(world.join(1, "ann", true)["b"]["pt"], "admin");
    let ack = world.join(2, "bob", false);
    assert_eq!((&ack["c"], &ack["b"]["pt"], &ack["b"]["sq"]), (&json!(200), &json!("publisher"), &json!(0)));
    let ids: Vec<_> = ack["b"]["pps"].as_array().unwrap().iter().map(|who| who["userId"].clone()).collect();
    assert_eq!(ids, ["ann", "bob"]);
    assert_eq!(world.join(3, "eve", false)["c"], 4025);
}

#[test]
fn offers_reach_the_other_with_a_number_in_front() {
    let mut world = World::call();
    world.say(1, "ann", "offer", &sdp("hello"));
    world.say(1, "ann", "iceCandidate", &json!({"sdp": {"candidate": "c"}, "to": "bob"}));
    let heard = world.heard(2);
    assert_eq!((&heard[0]["sdp"], &heard[0]["ss"]["userId"]), (&json!("hello"), &json!("ann")));
    assert!(heard[0].get("c").is_none());
    assert_eq!(heard[1]["sq"].as_u64(), heard[0]["sq"].as_u64().map(|sq| sq + 1));
    assert!(world.heard(1).is_empty());
}

#[test]
fn signals_without_a_recipient_are_refused() {
    let mut world = World::new(RoomType::P2p);
    world.join(1, "ann", true);
    for (action, code) in [("offer", 4003), ("iceCandidate", 4003), ("answer", 4024)] {
        world.say(1, "ann", action, &sdp("x"));
        let heard = world.heard(1);
        let error = heard.iter().find(|heard| heard["c"] == code).expect("refused");
        assert_eq!(error["b"]["req"]["action"], action);
    }
}

#[test]
fn who_leaves_is_gone_from_the_list_and_the_next_oldest_owns_the_room() {
    let mut world = World::call();
    world.say(1, "ann", "leave", &json!({}));
    world.wait(150);
    let heard = world.heard(2);
    assert_eq!(heard[0]["b"]["pps"][0]["role"], "admin");
    assert_eq!(heard[0]["b"]["pps"][0]["userId"], "bob");
    world.say(2, "bob", "leave", &json!({}));
    assert!(world.room.is_closed(), "an empty room goes at once");
    assert!(matches!(world.effects.last(), Some(Effect::Closed)));
}

proptest! {
    #[test]
    fn no_sequence_of_events_breaks_a_call(steps in proptest::collection::vec((0_u8..8, 0_u64..5, 0_usize..3, 0_u64..4000), 1..80)) {
        let mut world = World::new(RoomType::P2p);
        for (what, connection, user, pause) in steps {
            let user = ["ann", "bob", "eve"][user];
            match what {
                0 | 1 => { world.join(connection, user, what == 0); }
                2 => world.say(connection, user, "leave", &json!({})),
                3 => world.say(connection, user, "offer", &sdp("x")),
                4 => world.say(connection, user, "heartbeat", &json!({"bid": "b", "sq": pause})),
                5 => world.lose(connection),
                6 => world.wait(pause),
                _ => world.say(connection, user, "updateVideo", &json!({"ve": pause > 2000, "ae": true})),
            }
            let users: std::collections::HashSet<_> = world.members().into_iter().map(|key| key.user_id.clone()).collect();
            prop_assert!(users.len() <= 2);
            prop_assert_eq!(world.publishers().len(), world.members().len());
            if world.room.is_closed() {
                break;
            }
        }
        world.wait(12_000);
        prop_assert!(world.room.is_closed(), "silence empties a room");
    }
}

#[test]
fn each_user_of_a_call_may_add_one_screen() {
    let mut world = World::call();
    assert_eq!(world.join(3, "ann/screen", false)["b"]["pt"], "publisher");
    assert_eq!(world.join(4, "ann/2", false)["c"], 4025, "a second camera");
    assert_eq!(world.join(5, "bob/screen", false)["c"], 200);
    assert_eq!(world.join(6, "eve/screen", false)["c"], 4025, "a third user");
    world.wait(150);
    world.sent.clear();
    world.say(1, "ann", "offer", &sdp("x"));
    assert_eq!((world.names(2).len(), world.names(5).len(), world.names(3).len()), (1, 1, 0));
}
