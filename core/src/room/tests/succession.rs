//! Tests of the succession of a room's owner, and of rooms without an owner.

use roomcast_protocol::ack::Role;
use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{World, to};

/// A group with publishers ann, bob and eve, in that order, and the viewer joe.
fn group() -> World {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "eve", "joe"]);
    for user in ["bob", "eve"] {
        world.say(1, "ann", "publishAccept", &to(user));
    }
    world.wait(150);
    world.sent.clear();
    world
}

#[test]
fn the_next_oldest_publisher_owns_the_room_whichever_way_the_owner_goes() {
    let mut world = group();
    world.say(1, "ann", "leave", &json!({}));
    assert_eq!(world.role("bob-1"), Some(Role::Admin));
    world.lose(2);
    world.wait_with(12_000, &[(3, "eve"), (4, "joe")]);
    assert_eq!(world.publishers(), ["eve-1"]);
    let list = world.heard(4).pop().unwrap();
    assert_eq!((&list["s"], &list["b"]["pps"][0]["role"]), (&json!("PUBLISH_LIST_CHANGED"), &json!("admin")));
}

#[test]
fn while_somebody_publishes_who_comes_back_is_a_viewer() {
    let mut world = group();
    world.say(1, "ann", "leave", &json!({}));
    assert_eq!(world.join(1, "ann", false)["b"]["pt"], "viewer");
    assert_eq!(world.publishers(), ["bob-1", "eve-1"]);
}

#[test]
fn a_room_left_by_its_publishers_is_anyones_who_published_shortly_before() {
    let mut world = group();
    world.say(1, "ann", "leave", &json!({}));
    world.wait_with(31_000, &[(2, "bob"), (3, "eve"), (4, "joe")]);
    world.say(2, "bob", "leave", &json!({}));
    world.wait_with(29_000, &[(3, "eve"), (4, "joe")]);
    world.say(3, "eve", "leave", &json!({}));
    assert_eq!(world.join(8, "ann", false)["b"]["pt"], "viewer", "ann went too long ago");
    assert_eq!(world.join(9, "bob", false)["b"]["pt"], "admin");
    assert_eq!(world.join(10, "eve", false)["b"]["pt"], "viewer", "somebody publishes again");
    world.wait_with(40_000, &[(9, "bob"), (4, "joe")]);
    assert!(!world.room.is_closed());
}

#[test]
fn a_group_without_publisher_closes_after_its_linger() {
    let mut world = World::with(RoomType::A2m, &["ann", "joe"]);
    world.say(1, "ann", "leave", &json!({}));
    world.wait_with(29_999, &[(2, "joe")]);
    assert!(!world.room.is_closed());
    world.wait(1);
    let closed = world.heard(2).pop().unwrap();
    assert_eq!((&closed["s"], &closed["b"]["reason"]), (&json!("ROOM_CLOSED"), &json!("ended")));
    assert_eq!(world.deadline(), None);
}

#[test]
fn the_last_one_out_closes_the_room_even_while_it_waits() {
    let mut world = World::with(RoomType::M2m, &["ann", "joe"]);
    world.say(1, "ann", "leave", &json!({}));
    world.say(2, "joe", "leave", &json!({}));
    assert!(world.room.is_closed());
}
