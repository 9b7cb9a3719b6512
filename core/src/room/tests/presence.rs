//! Heartbeats, silence, and the list.

use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{Instant, World};

#[test]
fn a_heartbeat_is_answered_with_the_list_and_keeps_the_member() {
    let mut world = World::call();
    for beat in 0..5 {
        world.wait(3000);
        world.say(1, "ann", "heartbeat", &json!({"bid": beat.to_string()}));
        let ack = world.heard(1).into_iter().find(|heard| heard["s"] == "HEARTBEAT").unwrap();
        assert_eq!(ack["b"]["bid"], beat.to_string());
    }
    assert_eq!(world.publishers().len(), 1, "bob was silent");
    world.say(1, "ann", "heartbeat", &json!({"bid": "x", "send_ack": false}));
    assert!(world.names(1).iter().all(|name| name != "HEARTBEAT"));
}

#[test]
fn silence_removes_a_member_and_a_lost_socket_alone_does_not() {
    let mut world = World::call();
    world.lose(2);
    world.wait(9_700);
    world.say(1, "ann", "heartbeat", &json!({"bid": "1"}));
    assert_eq!(world.heard(1)[0]["b"]["pps"].as_array().unwrap().len(), 2);
    world.wait(1_500);
    let heard = world.heard(1);
    assert_eq!(heard[0]["s"], "PUBLISH_LIST_CHANGED");
    assert_eq!(heard[0]["b"]["pps"].as_array().unwrap().len(), 1);
}

#[test]
fn list_changes_are_told_at_most_once_per_100_ms_and_the_last_state_is_certain() {
    let mut world = World::call();
    for video in [false, true, false] {
        world.say(1, "ann", "updateVideo", &json!({"ve": video, "ae": true}));
    }
    world.wait(300);
    let lists: Vec<_> = world.heard(2).into_iter().map(|heard| heard["b"]["pps"][0]["video"].clone()).collect();
    assert!(lists.len() <= 2, "{lists:?}");
    assert_eq!(lists.last(), Some(&json!(false)));
}

#[test]
fn a_member_is_removed_in_the_very_millisecond_after_its_time() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    let heard = world.now.0;
    world.say(1, "ann", "heartbeat", &json!({"bid": "1"}));
    world.say(2, "bob", "heartbeat", &json!({"bid": "1"}));
    world.wait(3000);
    world.say(1, "ann", "heartbeat", &json!({"bid": "2"}));
    world.wait(7000);
    assert_eq!((world.now, world.members().len()), (Instant(heard + 10_000), 2));
    world.wait(1);
    assert_eq!(world.members().len(), 1);
}

#[test]
fn heartbeats_do_not_bring_the_deadline_nearer_and_a_room_is_rarely_woken() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    let mut wakings = 0;
    for _ in 0..600 {
        let due = world.deadline().unwrap();
        world.now = Instant(world.now.0 + 100);
        if due <= world.now {
            wakings += 1;
            world.step(super::Input::Tick);
        }
        let due = world.deadline();
        if world.now.0 % 3000 < 100 {
            world.say(1, "ann", "heartbeat", &json!({"bid": "1"}));
            world.say(2, "bob", "heartbeat", &json!({"bid": "1"}));
        }
        assert!(world.deadline() >= due);
    }
    assert_eq!(world.members().len(), 2);
    assert!(wakings <= 12, "{wakings} in a minute");
}

#[test]
fn all_who_are_told_one_version_of_the_list_are_told_the_same_text() {
    let mut world = World::with(RoomType::M2m, &["ann"]);
    let first = world.list_text();
    world.join(2, "bob", false);
    world.say(1, "ann", "heartbeat", &json!({"bid": "1"}));
    world.wait(500);
    assert!(std::sync::Arc::ptr_eq(&first, &world.list_text()));
    world.say(1, "ann", "updateVideo", &json!({"ve": false, "ae": true}));
    world.say(1, "ann", "heartbeat", &json!({"bid": "2"}));
    assert!(!std::sync::Arc::ptr_eq(&first, &world.list_text()));
}
