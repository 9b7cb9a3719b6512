//! Rooms as their members see them.

use proptest::prelude::*;
use serde_json::{Value, json};

use roomcast_protocol::ack::EngineSettings;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::{RoomType, decode};

use super::{ConnectionId, Effect, Input, Room, Settings, Welcome};
use crate::time::Instant;

/// A room with a clock and what every connection has been sent.
struct World {
    room: Room,
    now: Instant,
    effects: Vec<Effect>,
    token: u32,
}

impl World {
    fn new(room_type: RoomType) -> Self {
        let room = Room::new(RoomId::parse("demo").unwrap(), room_type, Settings::default(), Instant(0));
        Self { room, now: Instant(0), effects: Vec::new(), token: 0 }
    }

    fn kind(&self) -> &'static str {
        if self.room.room_type == RoomType::P2p { "p2p" } else { "p2m" }
    }

    fn say(&mut self, connection: u64, user: &str, action: &str, name: &str, more: &Value) {
        let mut data = json!({"s": name, "ch": self.kind(), "rid": "demo", "ss": {"userId": user, "sessionId": format!("{user}-1"),
            "category": "stream", "host": "Web", "deviceId": "d"}});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let signal = decode(&json!({"action": action, "data": data}).to_string()).unwrap();
        let connection = ConnectionId(connection);
        self.token += 1;
        let welcome = Welcome {
            resume_token: format!("rt{}", self.token),
            ingest_token: format!("it{}", self.token),
            ingest_expires: 0,
            engine_settings: EngineSettings::default(),
        };
        let input = match action {
            "join" => Input::Join { connection, signal, welcome },
            _ => Input::Signal { connection, signal },
        };
        self.effects.extend(self.room.step(self.now, input));
    }

    fn join(&mut self, connection: u64, user: &str, creating: bool) -> Value {
        self.say(connection, user, "join", "JOIN", &json!({"ve": true, "ae": true, "op": {"roomCreating": creating}}));
        self.heard(connection).into_iter().find(|heard| heard["s"] == "JOIN").expect("a join is answered")
    }

    fn wait(&mut self, millis: u64) {
        let end = Instant(self.now.0 + millis);
        while self.now < end {
            self.now = self.room.next_deadline().unwrap_or(end).max(Instant(self.now.0 + 1)).min(end);
            self.effects.extend(self.room.step(self.now, Input::Tick));
        }
    }

    fn lose(&mut self, connection: u64) {
        let input = Input::Disconnected { connection: ConnectionId(connection) };
        self.effects.extend(self.room.step(self.now, input));
    }

    /// What a connection was sent since it was last asked.
    fn heard(&mut self, connection: u64) -> Vec<Value> {
        let mine = |effect: &Effect| matches!(effect, Effect::Send { to, .. } if to.0 == connection);
        let (heard, rest) = std::mem::take(&mut self.effects).into_iter().partition(mine);
        self.effects = rest;
        let text = |effect: Effect| match effect {
            Effect::Send { message, .. } => serde_json::from_str(&message.text()).unwrap(),
            _ => Value::Null,
        };
        heard.into_iter().map(text).collect()
    }

    fn names(&mut self, connection: u64) -> Vec<String> {
        self.heard(connection).iter().map(|heard| heard["s"].as_str().unwrap().to_owned()).collect()
    }

    fn call() -> Self {
        let mut world = Self::new(RoomType::P2p);
        world.join(1, "ann", true);
        world.join(2, "bob", false);
        world.wait(150);
        world.heard(1);
        world.heard(2);
        world
    }
}

fn sdp(text: &str) -> Value {
    json!({"sdp": text})
}

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
fn a_room_is_joined_only_when_it_exists_and_created_only_once() {
    let mut world = World::new(RoomType::P2p);
    assert_eq!(world.join(1, "ann", false)["c"], 4001);
    let mut world = World::call();
    assert_eq!(world.join(3, "eve", true)["c"], 4022);
}

#[test]
fn offers_reach_the_other_with_a_number_in_front() {
    let mut world = World::call();
    world.say(1, "ann", "offer", "OFFER", &sdp("hello"));
    world.say(1, "ann", "iceCandidate", "ICE", &json!({"sdp": {"candidate": "c"}, "to": "bob"}));
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
    for (action, name, code) in [("offer", "OFFER", 4003), ("iceCandidate", "ICE", 4003), ("answer", "ANSWER", 4024)] {
        world.say(1, "ann", action, name, &sdp("x"));
        let heard = world.heard(1);
        let error = heard.iter().find(|heard| heard["c"] == code).expect("refused");
        assert_eq!(error["b"]["req"]["action"], action);
    }
}

#[test]
fn only_the_connection_that_joined_speaks_for_a_member() {
    let mut world = World::call();
    world.say(2, "ann", "offer", "OFFER", &sdp("forged"));
    assert_eq!(world.heard(2)[0]["c"], 4002);
    world.say(9, "eve", "heartbeat", "HEARTBEAT", &json!({"bid": "1"}));
    assert_eq!(world.heard(9)[0]["c"], 4002);
}

#[test]
fn a_heartbeat_is_answered_with_the_list_and_keeps_the_member() {
    let mut world = World::call();
    for beat in 0..5 {
        world.wait(3000);
        world.say(1, "ann", "heartbeat", "HEARTBEAT", &json!({"bid": beat.to_string()}));
        let ack = world.heard(1).into_iter().find(|heard| heard["s"] == "HEARTBEAT").unwrap();
        assert_eq!(ack["b"]["bid"], beat.to_string());
    }
    assert_eq!(world.room.publishers.len(), 1, "bob was silent");
    world.say(1, "ann", "heartbeat", "HEARTBEAT", &json!({"bid": "x", "send_ack": false}));
    assert!(world.names(1).iter().all(|name| name != "HEARTBEAT"));
}

#[test]
fn silence_removes_a_member_and_a_lost_socket_alone_does_not() {
    let mut world = World::call();
    world.lose(2);
    world.wait(9_700);
    world.say(1, "ann", "heartbeat", "HEARTBEAT", &json!({"bid": "1"}));
    assert_eq!(world.heard(1)[0]["b"]["pps"].as_array().unwrap().len(), 2);
    world.wait(1_500);
    let heard = world.heard(1);
    assert_eq!(heard[0]["s"], "PUBLISH_LIST_CHANGED");
    assert_eq!(heard[0]["b"]["pps"].as_array().unwrap().len(), 1);
}

#[test]
fn who_leaves_is_gone_from_the_list_and_the_next_oldest_owns_the_room() {
    let mut world = World::call();
    world.say(1, "ann", "leave", "LEAVE", &json!({}));
    world.wait(150);
    let heard = world.heard(2);
    assert_eq!(heard[0]["b"]["pps"][0]["role"], "admin");
    assert_eq!(heard[0]["b"]["pps"][0]["userId"], "bob");
    world.say(2, "bob", "leave", "LEAVE", &json!({}));
    assert!(world.room.is_closed(), "an empty room goes at once");
    assert!(matches!(world.effects.last(), Some(Effect::Closed)));
}

#[test]
fn a_session_that_comes_back_gets_what_it_missed_and_nobody_else_notices() {
    let mut world = World::call();
    world.lose(2);
    world.say(1, "ann", "offer", "OFFER", &sdp("missed"));
    let ack = world.join(7, "bob", true);
    assert_eq!((&ack["c"], &ack["b"]["resumed"]), (&json!(200), &json!(true)));
    world.say(1, "ann", "offer", "OFFER", &sdp("live"));
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
        world.say(1, "ann", "offer", "OFFER", &sdp(text));
    }
    let first = world.heard(2)[0]["sq"].as_u64().unwrap();
    world.say(7, "bob", "join", "JOIN", &json!({"ve": true, "ae": true, "op": {"resumeFrom": first}}));
    let sdps: Vec<_> = world.heard(7).iter().filter_map(|heard| heard["sdp"].as_str().map(str::to_owned)).collect();
    assert_eq!(sdps, ["two"]);
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::Close { connection: ConnectionId(2), .. })));
}

#[test]
fn a_session_with_a_token_is_taken_over_only_with_it() {
    let mut world = World::new(RoomType::P2p);
    let op = |token: &str| json!({"ve": true, "ae": true, "op": {"roomCreating": true, "resumeToken": token}});
    world.say(1, "ann", "join", "JOIN", &op(""));
    let token = world.heard(1)[0]["b"]["rt"].as_str().unwrap().to_owned();
    world.say(2, "ann", "join", "JOIN", &op("guess"));
    assert_eq!(world.heard(2)[0]["c"], 4051);
    world.say(3, "ann", "join", "JOIN", &op(&token));
    assert_eq!(world.heard(3)[0]["b"]["resumed"], true);
}

#[test]
fn a_token_whose_ack_was_lost_is_good_until_the_new_one_is_used() {
    let mut world = World::new(RoomType::P2p);
    let op = |token: &str| json!({"ve": true, "ae": true, "op": {"roomCreating": true, "resumeToken": token}});
    world.say(1, "ann", "join", "JOIN", &op(""));
    let token = world.heard(1)[0]["b"]["rt"].as_str().unwrap().to_owned();
    world.say(2, "ann", "join", "JOIN", &op(&token));
    world.say(3, "ann", "join", "JOIN", &op(&token));
    assert_eq!(world.heard(3)[0]["b"]["resumed"], true, "the ack of 2 was lost");
    world.say(3, "ann", "heartbeat", "HEARTBEAT", &json!({"bid": "1"}));
    world.say(4, "ann", "join", "JOIN", &op(&token));
    assert_eq!(world.heard(4)[0]["c"], 4051);
}

#[test]
fn list_changes_are_told_at_most_once_per_100_ms_and_the_last_state_is_certain() {
    let mut world = World::call();
    for video in [false, true, false] {
        world.say(1, "ann", "updateVideo", "UPDATE", &json!({"ve": video, "ae": true}));
    }
    world.wait(300);
    let lists: Vec<_> = world.heard(2).into_iter().map(|heard| heard["b"]["pps"][0]["video"].clone()).collect();
    assert!(lists.len() <= 2, "{lists:?}");
    assert_eq!(lists.last(), Some(&json!(false)));
}

#[test]
fn a_broadcast_has_one_publisher_and_viewers_who_may_not_publish() {
    let mut world = World::new(RoomType::P2m);
    let ack = world.join(1, "ann", true);
    assert_eq!(ack["b"]["hls"]["ingest"]["url"], "/rooms/demo/data");
    let ack = world.join(2, "bob", false);
    assert_eq!((&ack["b"]["pt"], &ack["b"]["hls"]), (&json!("viewer"), &json!({"playlists": []})));
    world.say(2, "bob", "offer", "OFFER", &sdp("x"));
    assert_eq!(world.heard(2).last().unwrap()["c"], 2002);
    world.say(2, "bob", "updateVideo", "UPDATE", &json!({"ve": true, "ae": true}));
    assert_eq!(world.heard(2).last().unwrap()["c"], 4051);
}

#[test]
fn a_kicked_viewer_stays_out_for_a_minute() {
    let mut world = World::new(RoomType::P2m);
    world.join(1, "ann", true);
    world.join(2, "bob", false);
    world.say(1, "ann", "kick", "KICK", &json!({"to": "bob"}));
    assert_eq!(world.names(2).last().map(String::as_str), Some("KICK"));
    assert_eq!(world.join(2, "bob", false)["c"], 4051);
    for _ in 0..21 {
        world.wait(3000);
        world.say(1, "ann", "heartbeat", "HEARTBEAT", &json!({"bid": "1"}));
    }
    assert_eq!(world.join(2, "bob", false)["c"], 200);
}

#[test]
fn a_broadcast_without_publisher_closes_after_its_linger() {
    let mut world = World::new(RoomType::P2m);
    world.join(1, "ann", true);
    world.join(2, "bob", false);
    world.say(1, "ann", "leave", "LEAVE", &json!({}));
    for _ in 0..9 {
        world.wait(3000);
        world.say(2, "bob", "heartbeat", "HEARTBEAT", &json!({"bid": "1"}));
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
    world.say(1, "ann", "leave", "LEAVE", &json!({}));
    assert_eq!(world.join(3, "eve", false)["b"]["pt"], "viewer");
    assert_eq!(world.join(4, "ann", false)["b"]["pt"], "admin");
}

proptest! {
    #[test]
    fn no_sequence_of_events_breaks_a_call(steps in proptest::collection::vec((0_u8..8, 0_u64..5, 0_usize..3, 0_u64..4000), 1..80)) {
        let mut world = World::new(RoomType::P2p);
        for (what, connection, user, pause) in steps {
            let user = ["ann", "bob", "eve"][user];
            match what {
                0 | 1 => { world.join(connection, user, what == 0); }
                2 => world.say(connection, user, "leave", "LEAVE", &json!({})),
                3 => world.say(connection, user, "offer", "OFFER", &sdp("x")),
                4 => world.say(connection, user, "heartbeat", "HEARTBEAT", &json!({"bid": "b", "sq": pause})),
                5 => world.lose(connection),
                6 => world.wait(pause),
                _ => world.say(connection, user, "updateVideo", "UPDATE", &json!({"ve": pause > 2000, "ae": true})),
            }
            let users: std::collections::HashSet<_> = world.room.members.iter().map(|(key, _)| key.user_id.clone()).collect();
            prop_assert!(users.len() <= 2);
            prop_assert_eq!(world.room.publishers.len(), world.room.roster().count());
            if world.room.is_closed() {
                break;
            }
        }
        world.wait(12_000);
        prop_assert!(world.room.is_closed() || !world.room.opened, "silence empties a room");
    }
}
