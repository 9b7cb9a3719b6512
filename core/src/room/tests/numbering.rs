//! Members that number what they say, and those that do not.

use roomcast_protocol::signal::{RefusedNumber, RoomType, SignalKind};
use serde_json::{Value, json};

use super::{ConnectionId, Input, World, sdp};

/// A call in which `ann`, over connection 1, numbers what she says above 100.
fn numbered_call() -> World {
    let mut world = World::new(RoomType::P2p);
    world.say(1, "ann", "join", &joining(100));
    assert_eq!(world.heard(1)[0]["b"]["n"], 100);
    world.join(2, "bob", false);
    world.wait(150);
    world.sent.clear();
    world
}

fn joining(n: u64) -> Value {
    json!({"ve": true, "ae": true, "op": {"roomCreating": true, "n": n}})
}

fn offer(n: u64) -> Value {
    json!({"sdp": n.to_string(), "n": n})
}

/// The numbers of the offers that a connection was sent.
fn offers(world: &mut World, connection: u64) -> Vec<u64> {
    world
        .heard(connection)
        .iter()
        .filter(|heard| heard["s"] == "OFFER")
        .filter_map(|heard| heard["n"].as_u64())
        .collect()
}

#[test]
fn signals_are_taken_in_the_order_of_their_numbers_and_each_once() {
    let mut world = numbered_call();
    for n in [101, 102, 102, 104, 101, 103, 104] {
        world.say(1, "ann", "offer", &offer(n));
    }
    assert_eq!(offers(&mut world, 2), [101, 102, 103, 104]);
    assert!(world.heard(1).is_empty(), "a repetition has no answer");
}

#[test]
fn a_signal_without_a_number_is_refused_where_its_sender_numbers() {
    let mut world = numbered_call();
    for more in [sdp("x"), json!({"sdp": "x", "n": "101"}), json!({"sdp": "x", "n": 1_u64 << 53})] {
        world.say(1, "ann", "offer", &more);
        let answer = world.heard(1).pop().unwrap();
        assert_eq!((&answer["c"], &answer["b"]["req"]["action"]), (&json!(2001), &json!("offer")));
    }
    world.say(1, "ann", "offer", &offer(101));
    assert_eq!(offers(&mut world, 2), [101], "none was used up");
}

#[test]
fn the_number_of_whoever_does_not_number_is_ignored() {
    let mut world = numbered_call();
    for n in [7, 7, 3] {
        world.say(2, "bob", "offer", &offer(n));
    }
    assert_eq!(offers(&mut world, 1), [7, 7, 3], "and is forwarded as it is");
    world.say(2, "bob", "heartbeat", &json!({"bid": "b"}));
    assert_eq!(world.heard(2).pop().unwrap()["b"].get("n"), None);
}

#[test]
fn a_heartbeat_tells_what_cannot_be_lost_any_more() {
    let mut world = numbered_call();
    world.say(1, "ann", "offer", &offer(101));
    let told = |world: &mut World| {
        world.say(1, "ann", "heartbeat", &json!({"bid": "b"}));
        world.heard(1).pop().unwrap()["b"]["n"].as_u64().unwrap()
    };
    assert_eq!(told(&mut world), 100, "bob may not have it yet");
    world.wait(2500);
    assert_eq!(told(&mut world), 101, "it was written to bob's socket");
}

#[test]
fn a_refused_number_is_used_up() {
    let mut world = numbered_call();
    let wrong_type = json!({"n": 101, "ch": "m2m", "to": "bob"});
    world.say(1, "ann", "watch", &wrong_type);
    assert_eq!(world.code(1), 2002);
    let text = json!({"rid": "demo", "ss": {"userId": "ann", "sessionId": "ann-1"}, "n": 102}).to_string();
    let numbered: RefusedNumber = serde_json::from_str(&text).unwrap();
    world.step(Input::Refused { connection: ConnectionId(1), kind: SignalKind::Offer, numbered });
    world.say(1, "ann", "offer", &offer(103));
    assert_eq!(offers(&mut world, 2), [103]);
}

#[test]
fn after_a_lost_line_signals_are_taken_from_where_they_were_lost() {
    let mut world = numbered_call();
    world.say(1, "ann", "offer", &offer(101));
    world.lose(1);
    world.say(7, "ann", "join", &joining(100));
    let n = world.heard(7)[0]["b"]["n"].as_u64().unwrap();
    assert!((100..=101).contains(&n));
    for n in [101, 102, 103] {
        world.say(7, "ann", "offer", &offer(n));
    }
    assert_eq!(offers(&mut world, 2), [101, 102, 103]);
}
