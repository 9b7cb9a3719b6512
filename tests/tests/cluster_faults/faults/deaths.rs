//! Nodes are killed, stand still, and are shut down.

use std::time::{Duration, Instant};

use roomcast_tests::member::{TestMember, all_know};
use serde_json::json;

use super::scene::{Group, LIST, Scene, lists_since, m2m, nobody_is_missing, seconds};

#[tokio::test]
async fn members_of_a_killed_node_are_gone_within_ten_seconds() {
    let mut scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    scene.nodes.kill(1).await;
    let others = [&group.ann, &group.carl, &group.dave];
    all_know(&others, &["ann-1"]).await;
    assert!(then.elapsed() < seconds(10), "{:?}", then.elapsed());
    for member in others {
        assert_eq!(member.look(|state| lists_since(state, then)), 1, "without flapping");
    }
    group.ann.say("iceCandidate", "ICE", json!({"sdp": "0", "to": "bob"}));
    group.ann.until("the refusal", |state| state.errors().contains(&4003)).await;
    scene.nodes.restart(1).await;
    let bob = group.bob.lose().resume(&scene.nodes[1]).await.expect("bob comes in anew");
    assert!(bob.look(|state| state.named("JOIN").next_back().is_some_and(|ack| ack["b"]["resumed"] == false)));
    bob.relay(&group.ann.who, 0..10);
    group.ann.hears(&bob, 0..10).await;
}

#[tokio::test]
async fn who_resumes_elsewhere_in_time_is_not_missed_and_misses_nothing() {
    let mut scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    group.ann.relay(&group.bob.who, 0..50);
    group.bob.hears(&group.ann, 0..50).await;
    let then = Instant::now();
    scene.nodes.kill(1).await;
    let Group { ann, bob, carl, dave } = group;
    assert_eq!(bob.closed().await, 1006);
    ann.relay(&bob.who, 50..100);
    carl.relay(&bob.who, 0..50);
    ann.beat().await;
    let bob = bob.lose().resume(&scene.nodes[2]).await.expect("bob comes back");
    assert!(bob.look(|state| state.named("JOIN").next_back().is_some_and(|ack| ack["b"]["resumed"] == true)));
    ann.relay(&bob.who, 100..150);
    bob.hears(&ann, 0..150).await;
    bob.hears(&carl, 0..50).await;
    bob.relay(&ann.who, 0..10);
    ann.hears(&bob, 0..10).await;
    // Now the dead node is cleared away.
    ann.stays(seconds(11), "the list", |state| state.list() == LIST).await;
    for member in [&ann, &carl, &dave] {
        member.look(|state| {
            nobody_is_missing(state, then, &LIST);
            assert_eq!(lists_since(state, then), 0, "nothing at all: {}", state.summary());
        });
    }
    assert_eq!(bob.state().named("GAP").count(), 0);
}

#[tokio::test]
async fn when_the_owners_node_dies_the_next_oldest_owns_the_room() {
    let mut scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    group.ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "carl"}));
    all_know(&group.members(), &["ann-1", "bob-1", "carl-1"]).await;
    scene.nodes.kill(0).await;
    all_know(&[&group.bob, &group.carl], &["bob-1", "carl-1"]).await;
    let roles = |state: &roomcast_tests::member::State| {
        state.entries().iter().map(|entry| entry["role"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for member in [&group.bob, &group.carl] {
        assert_eq!(member.look(roles), ["admin", "publisher"]);
    }
    let eve = TestMember::join(&scene.nodes[2], m2m("eve")).await;
    group.bob.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "eve"}));
    all_know(&[&group.bob, &group.carl, &eve], &["bob-1", "carl-1", "eve-1"]).await;
}

#[tokio::test]
async fn a_room_whose_nodes_all_died_is_closed_and_can_be_created_anew() {
    let mut scene = Scene::start_with(&["--room-linger", "2s"]).await;
    let ann = TestMember::create(&scene.nodes[0], m2m("ann")).await;
    let carl = TestMember::join(&scene.nodes[2], m2m("carl")).await;
    scene.nodes.kill(0).await;
    carl.until("the end of the room", |state| state.named("ROOM_CLOSED").count() > 0).await;
    drop((ann, carl));
    let eve = TestMember::create(&scene.nodes[1], m2m("eve")).await;
    scene.nodes.kill(1).await;
    drop(eve);
    let again = async {
        while TestMember::try_join(&scene.nodes[2], m2m("joe"), true).await.is_err() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    roomcast_tests::with_timeout("the empty room to be gone", again).await;
}

/// The room went on without them, so they are no members any more: closed with 1012, they join as anybody does. A node
/// that brought them back by itself would decide about a room that another one owns.
#[tokio::test]
async fn members_of_a_node_that_stood_still_are_sent_away_and_join_anew() {
    let scene = Scene::start().await;
    let Group { ann, bob, carl, dave } = Group::gather(&scene.nodes).await;
    ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "carl"}));
    all_know(&[&ann, &bob, &carl, &dave], &["ann-1", "bob-1", "carl-1"]).await;
    // Frank stays connected to the node that will stand still; bob goes elsewhere meanwhile.
    let frank = TestMember::join(&scene.nodes[1], m2m("frank")).await;
    ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "frank"}));
    all_know(&[&ann, &bob], &["ann-1", "bob-1", "carl-1", "frank-1"]).await;
    scene.nodes_pause(1).await;
    let moved = bob.resume(&scene.nodes[2]).await;
    all_know(&[&ann, &carl, &dave, &moved], &["ann-1", "bob-1", "carl-1"]).await;
    scene.nodes_resume(1).await;
    assert_eq!(bob.closed().await, 4000, "the newer connection wins");
    assert_eq!(frank.closed().await, 1012, "it was removed");
    scene.nodes[1].becomes_ready(true).await;
    let frank = TestMember::join(&scene.nodes[1], m2m("frank")).await;
    ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "frank"}));
    all_know(&[&ann, &carl, &dave, &moved, &frank], &["ann-1", "bob-1", "carl-1", "frank-1"]).await;
    ann.relay(&frank.who, 0..20);
    frank.relay(&moved.who, 0..20);
    frank.hears(&ann, 0..20).await;
    moved.hears(&frank, 0..20).await;
    assert!(frank.is_open());
}

#[tokio::test]
async fn a_node_that_stood_still_for_a_moment_has_lost_nobody() {
    let scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    scene.nodes_pause(1).await;
    group.ann.relay(&group.bob.who, 0..50);
    group.ann.stays(seconds(3), "the list", |state| state.list() == LIST).await;
    scene.nodes_resume(1).await;
    group.bob.hears(&group.ann, 0..50).await;
    group.stays_open(seconds(5)).await;
    group.nobody_left_since(then, 1);
}

#[tokio::test]
async fn members_of_a_node_that_is_shut_down_go_on_elsewhere() {
    let mut scene = Scene::start().await;
    let Group { ann, bob, carl, dave } = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    scene.nodes[1].terminate().await;
    assert_eq!(bob.closed().await, 1012);
    ann.relay(&bob.who, 0..50);
    let bob = bob.lose().resume(&scene.nodes[0]).await.expect("bob comes back");
    bob.hears(&ann, 0..50).await;
    assert!(scene.nodes[1].ended().await.success());
    ann.stays(seconds(8), "the list", |state| state.list() == LIST).await;
    for member in [&ann, &bob, &carl, &dave] {
        member.look(|state| nobody_is_missing(state, then, &LIST));
    }
}

impl Scene {
    async fn nodes_pause(&self, place: usize) {
        self.nodes[place].signal("-STOP").await;
    }

    async fn nodes_resume(&self, place: usize) {
        self.nodes[place].signal("-CONT").await;
    }
}
