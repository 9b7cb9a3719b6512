//! Tests that a user who is kicked on one node is out on all.

use roomcast_tests::member::{TestMember, all_know};
use serde_json::json;

use super::scene::{Group, Scene, m2m};

async fn refused(scene: &Scene, node: usize, name: &str) -> serde_json::Value {
    TestMember::try_join(&scene.nodes[node], m2m(name), false).await.expect_err("kicked")["c"].clone()
}

#[tokio::test]
async fn a_kick_reaches_every_node_and_holds_on_every_node() {
    let scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let second = TestMember::join(&scene.nodes[2], m2m("bob/2")).await;
    all_know(&group.members(), &["ann-1", "bob-1", "bob-2"]).await;
    group.ann.say("kick", "KICK", json!({"to": "bob"}));
    for bob in [&group.bob, &second] {
        bob.until("the kick", |state| state.named("KICK").any(|kick| kick["ss"]["userId"] == "ann")).await;
        bob.until("to be out", |state| state.errors().contains(&4002)).await;
    }
    all_know(&[&group.ann, &group.carl, &group.dave], &["ann-1"]).await;
    for node in 0..3 {
        assert_eq!(refused(&scene, node, "bob").await, 4051, "on node {node}");
        assert_eq!(refused(&scene, node, "bob/3").await, 4051, "on node {node}");
    }
}

#[tokio::test]
async fn a_kick_holds_when_the_node_that_carried_it_out_dies_and_ends_on_all() {
    // Longer than the takeover of the room takes.
    let mut scene = Scene::start_with(&["--kick-duration", "20s"]).await;
    let group = Group::gather(&scene.nodes).await;
    group.ann.say("kick", "KICK", json!({"to": "carl"}));
    group.carl.until("the kick", |state| state.named("KICK").count() > 0).await;
    scene.nodes.kill(0).await;
    assert_eq!(refused(&scene, 1, "carl").await, 4051);
    assert_eq!(refused(&scene, 2, "carl").await, 4051);
    let back = async {
        while let Err(ack) = TestMember::try_join(&scene.nodes[1], m2m("carl"), false).await {
            assert_eq!(ack["c"], 4051);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    roomcast_tests::with_timeout("the end of the kick", back).await;
}

#[tokio::test]
async fn who_was_kicked_while_away_is_told_and_stays_out() {
    let scene = Scene::start().await;
    let Group { ann, bob, carl, dave } = Group::gather(&scene.nodes).await;
    let bob = bob.lose();
    ann.say("kick", "KICK", json!({"to": "bob"}));
    all_know(&[&ann, &carl, &dave], &["ann-1"]).await;
    for node in 0..3 {
        let ack = bob.clone().resume(&scene.nodes[node]).await.expect_err("kicked");
        assert_eq!(ack["c"], 4051);
    }
}
