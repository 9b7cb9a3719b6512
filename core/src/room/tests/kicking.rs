//! `KICK`: who may, whom, and for how long.

use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{World, session, to};
use crate::cluster::ClusterSettings;

#[test]
fn a_kicked_viewer_stays_out_for_a_minute() {
    let mut world = World::new(RoomType::P2m);
    world.join(1, "ann", true);
    world.join(2, "bob", false);
    world.say(1, "ann", "kick", &json!({"to": "bob"}));
    assert_eq!(world.names(2).last().map(String::as_str), Some("KICK"));
    assert_eq!(world.join(2, "bob", false)["c"], 4051);
    for _ in 0..21 {
        world.wait(3000);
        world.say(1, "ann", "heartbeat", &json!({"bid": "1"}));
    }
    assert_eq!(world.join(2, "bob", false)["c"], 200);
}

#[test]
fn publishers_kick_anyone_but_the_owner() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "joe", "ann/2", "eve"]);
    world.say(1, "ann", "publishAccept", &to("bob"));
    world.say(3, "joe", "kick", &to("bob"));
    assert_eq!(world.code(3), 4051, "a viewer");
    for owner in [json!("ann"), session("ann", "1"), session("ann", "2")] {
        world.say(2, "bob", "kick", &to(owner));
        assert_eq!(world.code(2), 4051);
    }
    for nobody in [json!("nil"), session("ann", "7")] {
        world.say(2, "bob", "kick", &to(nobody));
        assert_eq!(world.code(2), 4002);
    }
    assert_eq!(world.members().len(), 5);
    world.say(2, "bob", "kick", &to("joe"));
    world.say(1, "ann", "kick", &to("bob"));
    assert_eq!(world.names(2).last().map(String::as_str), Some("KICK"));
    assert_eq!(world.publishers(), ["ann-1", "ann-2"]);
    world.say(2, "bob", "heartbeat", &json!({"bid": "1"}));
    assert_eq!(world.code(2), 4002);
}

#[test]
fn a_user_kicked_by_one_session_may_not_join_but_its_others_stay_and_resume() {
    let mut world = World::with(RoomType::P2m, &["ann", "bob", "bob/2"]);
    world.say(1, "ann", "kick", &to(session("bob", "2")));
    assert_eq!(world.join(4, "bob/3", false)["c"], 4051);
    world.say(2, "bob", "heartbeat", &json!({"bid": "1"}));
    assert_eq!(world.join(5, "bob", false)["b"]["resumed"], true);
}

#[test]
fn a_kicked_publisher_is_not_waited_for() {
    let kick_duration = std::time::Duration::from_secs(5);
    let mut world = World::with_rules(RoomType::M2m, ClusterSettings { kick_duration, ..ClusterSettings::default() });
    world.fill(&["ann", "bob", "joe"]);
    world.say(1, "ann", "publishAccept", &to("bob"));
    world.say(1, "ann", "kick", &to("bob"));
    world.wait_with(6_000, &[(1, "ann"), (3, "joe")]);
    world.say(1, "ann", "leave", &json!({}));
    assert_eq!(world.join(2, "bob", false)["b"]["pt"], "viewer");
    assert_eq!(world.join(1, "ann", false)["b"]["pt"], "admin");
}

#[test]
fn a_room_wakes_to_forget_a_kick() {
    let mut world = World::with(RoomType::P2m, &["ann", "bob"]);
    world.say(1, "ann", "kick", &to("bob"));
    let ends = world.now.0 + 60_000;
    world.wait_with(60_000, &[(1, "ann")]);
    assert_eq!(world.now.0, ends);
    assert_eq!(world.owner().unwrap().state().kick_ends(), None);
}
