//! `m2m` and `a2m`: who publishes, who watches, and what passes between them.

use roomcast_protocol::ack::Role;
use roomcast_protocol::signal::RoomType;
use serde_json::json;

use super::{World, session, to};

#[test]
fn the_creator_owns_a_group_and_who_joins_watches() {
    for room_type in [RoomType::M2m, RoomType::A2m] {
        let mut world = World::new(room_type);
        assert_eq!(world.join(1, "ann", true)["b"]["pt"], "admin");
        let ack = world.join(2, "bob", false);
        assert_eq!((&ack["b"]["pt"], ack["b"]["pps"].as_array().unwrap().len()), (&json!("viewer"), 1));
        assert!(ack["b"].get("hls").is_none());
    }
}

#[test]
fn a_further_session_of_a_publishers_user_publishes_until_there_are_nine() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    for place in 2..=9 {
        assert_eq!(world.join(10 + place, &format!("ann/{place}"), false)["b"]["pt"], "publisher");
    }
    assert_eq!(world.join(30, "ann/10", false)["c"], 4025);
    assert_eq!(world.join(31, "bob/2", false)["b"]["pt"], "viewer");
    assert_eq!(world.publishers().len(), 9);
}

#[test]
fn a_group_without_video_reports_none() {
    let mut world = World::with(RoomType::A2m, &["ann", "bob"]);
    let video = |world: &mut World| {
        world.join(9, "eve", false)["b"]["pps"].as_array().unwrap().last().unwrap()["video"].clone()
    };
    assert_eq!(video(&mut world), false);
    world.say(1, "ann", "updateVideo", &json!({"ve": true, "ae": true}));
    world.wait(150);
    assert!(world.names(2).is_empty(), "nothing changed that is reported");
    world.say(2, "bob", "publishRequest", &json!({"ve": true, "ae": true}));
    world.say(1, "ann", "publishAccept", &to("bob"));
    assert_eq!(video(&mut world), false);
}

#[test]
fn watch_goes_to_the_publishing_sessions_of_a_user_and_to_no_others() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "ann/2", "eve"]);
    world.say(2, "bob", "watch", &to("ann"));
    assert_eq!((world.names(1), world.names(3)), (vec!["WATCH".to_owned()], vec!["WATCH".to_owned()]));
    world.say(2, "bob", "watch", &to(session("ann", "2")));
    assert_eq!((world.names(1).len(), world.names(3).len()), (0, 1));
    for nobody in [json!("eve"), json!("joe"), json!("bob"), session("ann", "9")] {
        world.say(2, "bob", "watch", &to(nobody));
        assert_eq!(world.code(2), 4024);
    }
}

#[test]
fn publishers_offer_and_viewers_answer() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    world.say(1, "ann", "offer", &json!({"sdp": "o", "to": "bob"}));
    world.say(2, "bob", "answer", &json!({"sdp": "a", "to": "ann"}));
    world.say(2, "bob", "iceCandidate", &json!({"sdp": "c", "to": session("ann", "1")}));
    assert_eq!(world.names(2), ["OFFER"]);
    assert_eq!(world.names(1), ["ANSWER", "ICE"]);
    world.say(2, "bob", "offer", &json!({"sdp": "o", "to": "ann"}));
    assert_eq!(world.code(2), 4051);
    for (action, code) in [("offer", 4003), ("iceCandidate", 4003), ("answer", 4024)] {
        for nobody in ["joe", "ann"] {
            world.say(1, "ann", action, &json!({"sdp": "x", "to": nobody}));
            assert_eq!(world.code(1), code, "{action} to {nobody}");
        }
    }
}

#[test]
fn a_viewer_has_nothing_to_switch() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    world.say(2, "bob", "updateVideo", &json!({"ve": false, "ae": true}));
    assert_eq!((world.code(2), world.role("bob-1")), (4051, Some(Role::Viewer)));
}
