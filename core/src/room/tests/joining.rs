//! Creating and joining, and what a member may say.

use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{ConnectionId, Effect, World, sdp, to};

#[test]
fn a_room_is_joined_only_when_it_exists_and_created_only_once() {
    let mut world = World::new(RoomType::P2p);
    assert_eq!(world.join(1, "ann", false)["c"], 4001);
    let mut world = World::call();
    assert_eq!(world.join(3, "eve", true)["c"], 4022);
}

#[test]
fn only_the_connection_that_joined_speaks_for_a_member() {
    let mut world = World::call();
    world.say(2, "ann", "offer", &sdp("forged"));
    assert_eq!(world.heard(2)[0]["c"], 4002);
    world.say(9, "eve", "heartbeat", &json!({"bid": "1"}));
    assert_eq!(world.heard(9)[0]["c"], 4002);
}

#[test]
fn a_signal_that_this_type_of_room_has_not_is_refused_and_still_a_sign_of_life() {
    let mut world = World::call();
    for _ in 0..4 {
        world.wait(3000);
        world.say(1, "ann", "watch", &to("bob"));
        assert_eq!(world.code(1), 2002);
        world.say(1, "ann", "offer", &json!({"sdp": "x", "ch": "m2m", "to": "bob"}));
        assert_eq!(world.code(1), 2002);
    }
    assert_eq!(world.publishers(), ["ann-1"], "bob was silent");
}

#[test]
fn a_connection_is_forgotten_with_its_last_member() {
    let mut world = World::with(RoomType::M2m, &["ann"]);
    world.join(2, "bob", false);
    world.join(2, "bob/2", false);
    world.effects.clear();
    world.say(2, "bob", "leave", &json!({}));
    assert!(world.effects.is_empty());
    world.say(2, "bob/2", "leave", &json!({}));
    assert!(matches!(world.effects[..], [Effect::Forget { connection: ConnectionId(2) }]));
}

#[test]
fn signals_after_the_end_of_a_room_are_told_that_it_does_not_exist() {
    let mut world = World::with(RoomType::P2p, &["ann"]);
    world.say(1, "ann", "leave", &json!({}));
    world.say(1, "ann", "offer", &sdp("late"));
    assert_eq!(world.code(1), 4001);
}
