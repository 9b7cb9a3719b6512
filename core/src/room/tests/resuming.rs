//! Coming back after a lost connection, and taking a session over.

use roomcast_protocol::signal::RoomType;
use serde_json::{Value, json};

use super::{ConnectionId, Effect, World, sdp, to};

fn back(op: Value) -> Value {
    json!({"ve": true, "ae": true, "op": op})
}

#[test]
fn a_session_that_comes_back_gets_what_it_missed_and_nobody_else_notices() {
    let mut world = World::call();
    world.lose(2);
    world.say(1, "ann", "offer", &sdp("missed"));
    let ack = world.join(7, "bob", true);
    assert_eq!((&ack["c"], &ack["b"]["resumed"]), (&json!(200), &json!(true)));
    world.say(1, "ann", "offer", &sdp("live"));
    let mut sdps: Vec<_> = world.heard(7).into_iter().map(|heard| heard["sdp"].clone()).collect();
    // The missed offer was sent with the ack, which `join` has read already.
    assert_eq!(sdps.pop(), Some(json!("live")));
    world.wait(500);
    assert!(world.heard(1).is_empty());
}

#[test]
fn resuming_from_a_number_sends_everything_after_it() {
    let mut world = World::call();
    for text in ["one", "two"] {
        world.say(1, "ann", "offer", &sdp(text));
    }
    let first = world.heard(2)[0]["sq"].as_u64().unwrap();
    world.say(7, "bob", "join", &json!({"ve": true, "ae": true, "op": {"resumeFrom": first}}));
    let sdps: Vec<_> = world.heard(7).iter().filter_map(|heard| heard["sdp"].as_str().map(str::to_owned)).collect();
    assert_eq!(sdps, ["two"]);
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::Close { connection: ConnectionId(2), .. })));
}

#[test]
fn a_session_with_a_token_is_taken_over_only_with_it() {
    let mut world = World::new(RoomType::P2p);
    let op = |token: &str| json!({"ve": true, "ae": true, "op": {"roomCreating": true, "resumeToken": token}});
    world.say(1, "ann", "join", &op(""));
    let token = world.heard(1)[0]["b"]["rt"].as_str().unwrap().to_owned();
    world.say(2, "ann", "join", &op("guess"));
    assert_eq!(world.heard(2)[0]["c"], 4051);
    world.say(3, "ann", "join", &op(&token));
    assert_eq!(world.heard(3)[0]["b"]["resumed"], true);
}

#[test]
fn a_token_whose_ack_was_lost_is_good_until_the_new_one_is_used() {
    let mut world = World::new(RoomType::P2p);
    let op = |token: &str| json!({"ve": true, "ae": true, "op": {"roomCreating": true, "resumeToken": token}});
    world.say(1, "ann", "join", &op(""));
    let token = world.heard(1)[0]["b"]["rt"].as_str().unwrap().to_owned();
    world.say(2, "ann", "join", &op(&token));
    world.say(3, "ann", "join", &op(&token));
    assert_eq!(world.heard(3)[0]["b"]["resumed"], true, "the ack of 2 was lost");
    world.say(3, "ann", "heartbeat", &json!({"bid": "1"}));
    world.say(4, "ann", "join", &op(&token));
    assert_eq!(world.heard(4)[0]["c"], 4051);
}

#[test]
fn a_token_is_good_while_ack_after_ack_is_lost() {
    let mut world = World::new(RoomType::P2p);
    world.say(1, "ann", "join", &back(json!({"roomCreating": true, "resumeToken": ""})));
    let token = world.heard(1)[0]["b"]["rt"].as_str().unwrap().to_owned();
    for connection in 2..6 {
        world.say(connection, "ann", "join", &back(json!({"resumeToken": token})));
        assert_eq!(world.heard(connection)[0]["b"]["resumed"], true, "{connection}");
    }
}

#[test]
fn a_resumed_member_goes_on_as_it_was() {
    let mut world = World::call();
    world.say(7, "bob", "join", &json!({"ve": false, "ae": false, "op": {"roomCreating": true}}));
    let ack = world.heard(7).remove(0);
    assert_eq!((&ack["b"]["resumed"], &ack["b"]["pps"][1]["video"]), (&json!(true), &json!(true)));
    world.wait(500);
    assert!(world.heard(1).is_empty(), "nobody else is told");
    assert!(matches!(world.effects[..], [Effect::Close { connection: ConnectionId(2), .. }]));
    world.say(2, "bob", "heartbeat", &json!({"bid": "1"}));
    assert_eq!(world.code(2), 4002, "the old connection speaks for nobody");
}

#[test]
fn a_refused_takeover_is_no_sign_of_life_and_leaves_the_connection() {
    let mut world = World::call();
    world.say(2, "bob", "join", &back(json!({"resumeToken": ""})));
    for connection in 3..5 {
        world.wait_with(3_500, &[(1, "ann")]);
        world.say(connection, "bob", "join", &back(json!({"resumeToken": "guess"})));
        assert_eq!(world.code(connection), 4051);
    }
    world.say(1, "ann", "offer", &sdp("x"));
    assert_eq!(world.heard(2).last().unwrap()["sdp"], "x");
    world.wait_with(3_500, &[(1, "ann")]);
    assert_eq!(world.publishers(), ["ann-1"], "bob was silent");
}

#[test]
fn a_loss_is_announced_before_what_is_left() {
    let mut world = World::call();
    world.lose(2);
    for number in 0..130 {
        world.say(1, "ann", "offer", &sdp(&number.to_string()));
    }
    world.say(7, "bob", "join", &back(json!({"resumeFrom": 1})));
    let heard = world.heard(7);
    assert_eq!((&heard[0]["s"], &heard[1]["s"]), (&json!("JOIN"), &json!("GAP")));
    let (from, to) = (heard[1]["b"]["from"].as_u64().unwrap(), heard[1]["b"]["to"].as_u64().unwrap());
    assert_eq!(from, 2);
    assert!(to < heard[2]["sq"].as_u64().unwrap());
    let offers: Vec<_> = heard.iter().filter_map(|heard| heard["sdp"].as_str()).collect();
    assert_eq!((offers.len(), offers.last()), (128, Some(&"129")));
}

#[test]
fn what_a_heartbeat_confirms_is_kept_no_more() {
    let mut world = World::call();
    world.say(1, "ann", "offer", &sdp("one"));
    world.say(1, "ann", "offer", &sdp("two"));
    let last = world.heard(2).last().unwrap()["sq"].as_u64().unwrap();
    world.say(2, "bob", "heartbeat", &json!({"bid": "1", "sq": last}));
    world.say(2, "bob", "heartbeat", &json!({"bid": "1", "sq": 4_000_000_000_u64}));
    world.say(7, "bob", "join", &back(json!({"resumeFrom": last - 1})));
    let heard = world.heard(7);
    assert_eq!((&heard[1]["s"], &heard[1]["b"]["to"]), (&json!("GAP"), &json!(last)));
    assert_eq!(heard.len(), 2);
}

#[test]
fn a_superseded_list_is_skipped_without_a_gap() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    let before = world.join(2, "bob", false)["b"]["sq"].as_u64().unwrap();
    world.lose(2);
    for video in [false, true, false] {
        world.say(1, "ann", "updateVideo", &json!({"ve": video, "ae": true}));
        world.wait(150);
    }
    world.say(1, "ann", "publishAccept", &to("bob"));
    world.wait(150);
    world.say(7, "bob", "join", &back(json!({"resumeFrom": before})));
    let numbers: Vec<_> = world.heard(7).iter().skip(1).map(|heard| heard["sq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [before + 4, before + 5], "the accept and the newest list");
}

#[test]
fn who_was_removed_counts_on_and_may_lose_the_ack_of_its_return() {
    let mut world = World::call();
    let op = json!({"resumeFrom": 7, "resumeToken": "from before"});
    world.say(2, "bob", "leave", &json!({}));
    world.say(3, "bob", "join", &back(op.clone()));
    let ack = world.heard(3).remove(0);
    let counts_above = (json!(false), json!(8));
    assert_eq!((&ack["b"]["resumed"], &ack["b"]["sq"]), (&counts_above.0, &counts_above.1));
    world.say(1, "ann", "offer", &sdp("x"));
    world.say(4, "bob", "join", &back(op));
    let heard = world.heard(4);
    // It speaks of its earlier membership still, so that it is told of the new one, and gets all of that.
    assert_eq!((&heard[0]["b"]["resumed"], &heard[0]["b"]["sq"]), (&counts_above.0, &counts_above.1));
    let offer = heard.iter().find(|heard| heard["s"] == "OFFER").unwrap();
    assert!(offer["sq"].as_u64().unwrap() > 8);
}

#[test]
fn tokens_are_kept_as_hashes() {
    let mut world = World::new(RoomType::P2m);
    world.say(1, "ann", "join", &back(json!({"roomCreating": true, "resumeToken": "mine"})));
    let body = world.heard(1)[0]["b"].clone();
    let kept = format!("{:?}", world.room.site());
    for token in [&body["rt"], &body["hls"]["ingest"]["token"], &json!("mine")] {
        let token = token.as_str().unwrap();
        assert!(!kept.contains(&format!("\"{token}\"")), "{token} is kept");
        assert!(token == "mine" || kept.contains(&crate::room::message::token_hash(token)), "{token} is not known");
    }
}
