//! Heartbeats that a connection answers without the room.

use roomcast_protocol::signal::{RoomType, decode};
use serde_json::{Value, json};

use super::super::{Effect, HeartbeatResponder};
use super::{Instant, World};

/// A heartbeat of a member of the room.
fn beat(world: &World, who: &str, more: &Value) -> roomcast_protocol::signal::Signal {
    let mut data = json!({"s": "HEARTBEAT", "ch": world.room_type, "rid": "demo", "bid": "b", "ss": {"userId": who,
        "sessionId": format!("{who}-1"), "category": "stream", "host": "Web", "deviceId": "d"}});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    decode(json!({"action": "heartbeat", "data": data}).to_string()).unwrap()
}

/// The answers of a connection by itself; none where the room has to answer.
fn answer(world: &World, responder: &HeartbeatResponder, who: &str, more: &Value) -> Option<Vec<Value>> {
    let mut said = Vec::new();
    let say = |text: std::sync::Arc<str>| said.push(serde_json::from_str(&text).unwrap());
    responder.answer(world.now, &beat(world, who, more), say).then_some(said)
}

/// Has a member send a heartbeat to the room; returns the heartbeat responder that its connection gets.
fn responder_of(world: &mut World, connection: u64, who: &str) -> Option<HeartbeatResponder> {
    world.effects.clear();
    world.say(connection, who, "heartbeat", &json!({"bid": "first"}));
    world.effects.drain(..).find_map(|effect| match effect {
        Effect::AnswerHeartbeats { responder, .. } => Some(responder),
        _ => None,
    })
}

#[test]
fn a_connection_answers_as_the_room_does_and_keeps_the_member() {
    let mut world = World::call();
    let responder = responder_of(&mut world, 1, "ann").expect("the first heartbeat gives it");
    assert!(responder_of(&mut world, 1, "ann").is_none(), "it is given once");
    let by_room = world.heard(1).pop().unwrap();
    for _ in 0..5 {
        world.wait(3000);
        let mut alone = answer(&world, &responder, "ann", &json!({"bid": "first"}));
        if alone.is_none() {
            // Bob was silent, so the list has changed: the room tells it once.
            assert!(world.publishers().len() < 2);
            world.say(1, "ann", "heartbeat", &json!({"bid": "first"}));
            alone = answer(&world, &responder, "ann", &json!({"bid": "first"}));
        } else if world.publishers().len() == 2 {
            assert_eq!(alone, Some(vec![by_room.clone()]));
        }
        assert!(alone.is_some());
    }
    assert_eq!(world.publishers(), ["ann-1"], "bob was silent");
    assert_eq!(answer(&world, &responder, "ann", &json!({"send_ack": false})), Some(vec![]));
}

#[test]
fn the_room_answers_what_is_new_to_it() {
    let mut world = World::call();
    world.say(2, "bob", "offer", &json!({"sdp": "v=0"}));
    let last = world.heard(1).iter().filter_map(|heard| heard["sq"].as_u64()).max().unwrap();
    let responder = responder_of(&mut world, 1, "ann").unwrap();
    let plain = json!({});
    assert!(answer(&world, &responder, "ann", &plain).is_some());
    // Another type of room, a number that it did not know.
    assert_eq!(answer(&world, &responder, "ann", &json!({"ch": "m2m"})), None);
    assert_eq!(answer(&world, &responder, "ann", &json!({"sq": last})), None);
    world.say(1, "ann", "heartbeat", &json!({"bid": "b", "sq": last}));
    assert!(answer(&world, &responder, "ann", &json!({"sq": last})).is_some());
    assert_eq!(answer(&world, &responder, "ann", &json!({"sq": last + 1})), None);
    // A list that has changed.
    world.say(1, "ann", "updateVideo", &json!({"ve": false, "ae": true}));
    assert_eq!(answer(&world, &responder, "ann", &plain), None);
    world.say(1, "ann", "heartbeat", &json!({"bid": "b"}));
    let told = answer(&world, &responder, "ann", &plain).unwrap();
    assert_eq!(told[0]["b"]["pps"][0]["video"], false);
}

#[test]
fn a_number_that_was_only_written_is_new_once_the_client_says_it() {
    let mut world = World::call();
    world.say(2, "bob", "offer", &json!({"sdp": "v=0"}));
    let responder = responder_of(&mut world, 1, "ann").unwrap();
    let last = world.heard(1).iter().filter_map(|heard| heard["sq"].as_u64()).max().unwrap();
    assert_eq!(answer(&world, &responder, "ann", &json!({"sq": last})), None);
}

#[test]
fn nobody_answers_for_a_member_that_is_gone() {
    for gone in ["leaves", "lost", "silent", "elsewhere", "anew"] {
        let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
        let responder = responder_of(&mut world, 1, "ann").unwrap();
        match gone {
            "leaves" => world.say(1, "ann", "leave", &json!({})),
            "lost" => world.lose(1),
            "silent" => world.wait(11_000),
            "elsewhere" => _ = world.join(3, "ann", false),
            _ => _ = world.join(1, "ann", false),
        }
        // The list is known again.
        world.join(9, "dan", false);
        world.say(9, "dan", "heartbeat", &json!({"bid": "b"}));
        assert_eq!(answer(&world, &responder, "ann", &json!({})), None, "{gone}");
    }
}

#[test]
fn signs_of_life_count_from_when_they_were_heard() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    let [ann, bob] =
        [(1, "ann"), (2, "bob")].map(|(connection, who)| responder_of(&mut world, connection, who).unwrap());
    for _ in 0..3 {
        world.wait(4000);
        assert!(answer(&world, &ann, "ann", &json!({})).is_some());
        assert!(answer(&world, &bob, "bob", &json!({})).is_some());
    }
    let heard = world.now.0;
    world.wait(4000);
    assert!(answer(&world, &ann, "ann", &json!({})).is_some());
    world.wait(6000);
    assert_eq!((world.now, world.members().len()), (Instant(heard + 10_000), 2));
    world.wait(1);
    assert_eq!(world.publishers(), ["ann-1"]);
}
