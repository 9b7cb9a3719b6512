//! `PUBLISH_REQUEST`, `PUBLISH_ACCEPT` and `PUBLISH_REJECT`.

use roomcast_protocol::ack::Role;
use roomcast_protocol::signal::RoomType;
use serde_json::{Value, json};

use super::{World, session, to};

fn ask(video: bool) -> Value {
    json!({"ve": video, "ae": false, "msg": "please"})
}

#[test]
fn a_request_reaches_the_owner_and_the_answer_makes_a_publisher() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "eve"]);
    world.say(2, "bob", "publishRequest", &ask(false));
    let heard = world.heard(1);
    assert_eq!((&heard[0]["s"], &heard[0]["msg"]), (&json!("PUBLISH_REQUEST"), &json!("please")));
    world.say(1, "ann", "publishAccept", &to("bob"));
    let heard = world.heard(2);
    assert_eq!(heard[0]["s"], "PUBLISH_ACCEPT");
    let last = &heard[1]["b"]["pps"][1];
    assert_eq!((&heard[1]["s"], &last["userId"]), (&json!("PUBLISH_LIST_CHANGED"), &json!("bob")));
    assert_eq!((&last["video"], &last["audio"], &last["role"]), (&json!(false), &json!(false), &json!("publisher")));
    assert_eq!(world.names(3), ["PUBLISH_LIST_CHANGED"]);
}

#[test]
fn who_did_not_ask_begins_with_what_it_joined_with() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    world.say(1, "ann", "publishAccept", &to("bob"));
    assert_eq!(world.heard(2)[1]["b"]["pps"][1]["video"], true);
}

#[test]
fn a_rejected_viewer_is_told_and_stays_one() {
    let mut world = World::with(RoomType::A2m, &["ann", "bob"]);
    world.say(1, "ann", "publishReject", &to(session("bob", "1")));
    assert_eq!(world.names(2), ["PUBLISH_REJECT"]);
    assert_eq!(world.role("bob-1"), Some(Role::Viewer));
}

#[test]
fn publishers_do_not_ask_and_nobody_asks_an_empty_chair() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    world.say(1, "ann", "publishRequest", &ask(true));
    assert_eq!(world.code(1), 4023);
    world.say(1, "ann", "leave", &json!({}));
    world.say(2, "bob", "publishRequest", &ask(true));
    assert_eq!(world.code(2), 4024);
}

#[test]
fn only_the_owner_answers_and_only_other_members() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "ann/2"]);
    for action in ["publishAccept", "publishReject"] {
        world.say(2, "bob", action, &to("bob"));
        assert_eq!(world.code(2), 4051);
        world.say(3, "ann/2", action, &to("bob"));
        assert_eq!(world.code(3), 4051, "the owner is one session");
        for nobody in [json!("joe"), session("bob", "7"), session("ann", "1")] {
            world.say(1, "ann", action, &to(nobody));
            assert_eq!(world.code(1), 4002);
        }
    }
    assert_eq!(world.publishers(), ["ann-1", "ann-2"]);
}

#[test]
fn a_user_named_alone_means_every_session_of_it() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "bob/2", "bobby"]);
    world.say(1, "ann", "publishAccept", &to("bob"));
    assert_eq!(world.publishers(), ["ann-1", "bob-1", "bob-2"]);
}

#[test]
fn accepting_a_publisher_again_tells_it_so_and_changes_nothing() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    world.say(1, "ann", "publishAccept", &to("bob"));
    world.wait(150);
    world.heard(2);
    world.say(1, "ann", "publishAccept", &to("bob"));
    world.wait(150);
    assert_eq!(world.names(2), ["PUBLISH_ACCEPT"]);
    assert_eq!(world.publishers(), ["ann-1", "bob-1"]);
}

#[test]
fn a_tenth_publisher_is_refused_and_so_are_two_for_one_place() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob", "bob/2", "joe"]);
    for place in 2..=8 {
        world.join(10 + place, &format!("ann/{place}"), false);
    }
    world.say(1, "ann", "publishAccept", &to("bob"));
    assert_eq!((world.code(1), world.publishers().len()), (4025, 8));
    world.say(1, "ann", "publishAccept", &to(session("bob", "2")));
    world.say(1, "ann", "publishAccept", &to("joe"));
    assert_eq!((world.code(1), world.publishers().len()), (4025, 9));
    assert_eq!(world.role("joe-1"), Some(Role::Viewer));
}

#[test]
fn a_request_that_is_refused_leaves_no_wish_behind() {
    let mut world = World::with(RoomType::M2m, &["ann", "bob"]);
    world.say(1, "ann", "leave", &json!({}));
    world.say(2, "bob", "publishRequest", &ask(false));
    world.join(3, "ann", false);
    world.say(3, "ann", "publishAccept", &to("bob"));
    let list = world.join(4, "eve", false)["b"]["pps"].clone();
    assert_eq!((&list[1]["userId"], &list[1]["video"]), (&json!("bob"), &json!(true)));
}
