//! Live broadcasts: their roles and their end.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{World, sdp};

#[test]
fn a_broadcast_has_one_publisher_and_viewers_who_may_not_publish() {
    let mut world = World::new(RoomType::P2m);
    let ack = world.join(1, "ann", true);
    assert_eq!(ack["b"]["hls"]["ingest"]["url"], "/rooms/demo/data");
    let ack = world.join(2, "bob", false);
    assert_eq!((&ack["b"]["pt"], &ack["b"]["hls"]), (&json!("viewer"), &json!({"playlists": []})));
    world.say(2, "bob", "offer", &sdp("x"));
    assert_eq!(world.heard(2).last().unwrap()["c"], 2002);
    world.say(2, "bob", "updateVideo", &json!({"ve": true, "ae": true}));
    assert_eq!(world.heard(2).last().unwrap()["c"], 4051);
}

#[test]
fn a_broadcast_without_publisher_closes_after_its_linger() {
    let mut world = World::new(RoomType::P2m);
    world.join(1, "ann", true);
    world.join(2, "bob", false);
    world.say(1, "ann", "leave", &json!({}));
    for _ in 0..9 {
        world.wait(3000);
        world.say(2, "bob", "heartbeat", &json!({"bid": "1"}));
    }
    assert!(!world.room.is_closed());
    world.heard(2);
    world.wait(3500);
    assert!(world.room.is_closed());
    let closed = world.heard(2).pop().unwrap();
    assert_eq!((&closed["s"], &closed["b"]["reason"]), (&json!("ROOM_CLOSED"), &json!("ended")));
}

#[test]
fn the_streamer_of_an_abandoned_broadcast_may_come_back() {
    let mut world = World::new(RoomType::P2m);
    world.join(1, "ann", true);
    world.join(2, "bob", false);
    world.say(1, "ann", "leave", &json!({}));
    assert_eq!(world.join(3, "eve", false)["b"]["pt"], "viewer");
    assert_eq!(world.join(4, "ann", false)["b"]["pt"], "admin");
}

#[test]
fn a_list_has_at_most_32_participants() {
    let mut world = World::with(RoomType::P2m, &["ann"]);
    for place in 2..=32 {
        assert_eq!(world.join(place, &format!("ann/{place}"), false)["b"]["pt"], "publisher");
    }
    assert_eq!(world.join(33, "ann/33", false)["c"], 4025);
    assert_eq!(world.join(34, "bob", false)["b"]["pps"].as_array().unwrap().len(), 32);
}

#[test]
fn a_publisher_is_foretold_what_its_join_will_bring() {
    let user = |name: &str| UserId::parse(name).unwrap();
    for room_type in [RoomType::P2m, RoomType::P2p, RoomType::M2m] {
        let mut world = World::new(room_type);
        let foretold = |world: &World, name| {
            world.room.may_broadcast(world.context(), &user(name)).map_err(|refusal| refusal.code)
        };
        assert_eq!(foretold(&world, "ann"), Ok(()), "nobody has opened it");
        world.join(1, "ann", true);
        let broadcasts = room_type == RoomType::P2m;
        let refused = Err(AckCode::PermissionNotFound);
        assert_eq!(foretold(&world, "ann"), if broadcasts { Ok(()) } else { refused });
        assert_eq!(foretold(&world, "bob"), refused);
        world.join(2, "eve", false);
        world.say(1, "ann", "leave", &json!({}));
        assert_eq!(foretold(&world, "bob"), refused);
        assert_eq!(foretold(&world, "ann"), if broadcasts { Ok(()) } else { refused }, "a broadcast waits for it");
        world.say(2, "eve", "leave", &json!({}));
        assert_eq!(foretold(&world, "bob"), Ok(()), "the room is over");
    }
}
