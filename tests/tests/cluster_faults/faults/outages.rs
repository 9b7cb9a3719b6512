//! Redis is away for a time: calls go on, nobody leaves, nothing is lost.

use std::time::{Duration, Instant};

use roomcast_tests::member::{TestMember, all_know};
use roomcast_tests::redis::Redis;

use super::scene::{Group, LIST, Scene, m2m, seconds};

/// Runs an outage of Redis of this length, and checks what users notice.
async fn outage(begins: impl AsyncFnOnce(&mut Redis), time: Duration, ends: impl AsyncFnOnce(&mut Redis)) {
    let mut scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    begins(&mut scene.redis).await;

    group.ann.relay(&group.dave.who, 0..20);
    group.dave.hears(&group.ann, 0..20).await;
    assert!(then.elapsed() < seconds(2), "relay on one node waits for nobody: {:?}", then.elapsed());
    scene.nodes.become_ready(false).await;
    let asked = Instant::now();
    for (node, who, creating) in [(1, m2m("eve"), false), (2, m2m("eve").in_room("other"), true)] {
        let refused = TestMember::try_join(&scene.nodes[node], who, creating).await.err();
        assert_eq!(refused.map(|ack| ack["c"].clone()), Some(503.into()));
    }
    assert!(asked.elapsed() < seconds(8), "{:?}", asked.elapsed());
    group.ann.relay(&group.bob.who, 0..100);
    group.bob.relay(&group.carl.who, 0..100);
    group.stays_open((then + time).saturating_duration_since(Instant::now())).await;
    ends(&mut scene.redis).await;

    scene.nodes.become_ready(true).await;
    group.bob.hears(&group.ann, 0..100).await;
    group.carl.hears(&group.bob, 0..100).await;
    for node in 0..3 {
        // Eve's join, which nobody could answer, may have been carried out late.
        let creator = TestMember::try_join(&scene.nodes[node], m2m("frank"), true).await.err();
        assert_eq!(creator.map(|ack| ack["c"].clone()), Some(4022.into()), "no room is created twice");
    }
    let eve = TestMember::join(&scene.nodes[1], m2m("eve")).await;
    eve.relay(&group.carl.who, 0..10);
    group.carl.hears(&eve, 0..10).await;
    all_know(&[&eve], &LIST).await;
    // A member taken for dead would go in these seconds.
    group.stays_open(seconds(4)).await;
    all_know(&group.members(), &LIST).await;
    group.nobody_left_since(then, 1);
}

async fn killed(redis: &mut Redis) {
    redis.process().kill().await;
}

async fn restarted_empty(redis: &mut Redis) {
    redis.restart().await;
}

#[tokio::test]
async fn redis_is_killed_and_comes_back_empty() {
    outage(killed, seconds(5), restarted_empty).await;
}

#[tokio::test]
async fn redis_is_killed_and_comes_back_empty_after_a_minute() {
    outage(killed, seconds(60), restarted_empty).await;
}

#[tokio::test]
async fn redis_stands_still_and_goes_on() {
    outage(async |redis| redis.process().pause().await, seconds(6), async |redis| redis.process().resume().await).await;
}

#[tokio::test]
async fn redis_stands_still_and_goes_on_after_a_minute() {
    outage(async |redis| redis.process().pause().await, seconds(60), async |redis| redis.process().resume().await)
        .await;
}

#[tokio::test]
async fn redis_hangs_for_seconds() {
    let scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    let hang = scene.redis.hang(seconds(4));
    let meanwhile = async {
        tokio::task::yield_now().await;
        group.ann.relay(&group.bob.who, 0..100);
        group.dave.relay(&group.carl.who, 0..100);
    };
    tokio::join!(hang, meanwhile);
    group.bob.hears(&group.ann, 0..100).await;
    group.carl.hears(&group.dave, 0..100).await;
    scene.nodes.become_ready(true).await;
    group.nobody_left_since(then, 1);
}

#[tokio::test]
async fn redis_forgets_everything_and_the_nodes_tell_it_again() {
    let scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    for round in 0..3 {
        let numbers = round * 50..(round + 1) * 50;
        scene.redis.flush().await;
        group.ann.relay(&group.bob.who, numbers.clone());
        group.bob.relay(&group.carl.who, numbers.clone());
        group.bob.hears(&group.ann, 0..numbers.end).await;
        group.carl.hears(&group.bob, 0..numbers.end).await;
    }
    let creator = TestMember::try_join(&scene.nodes[2], m2m("eve"), true).await.err();
    assert_eq!(creator.map(|ack| ack["c"].clone()), Some(4022.into()));
    let eve = TestMember::join(&scene.nodes[1], m2m("eve")).await;
    all_know(&[&eve], &LIST).await;
    all_know(&group.members(), &LIST).await;
    group.nobody_left_since(then, 3);
}

#[tokio::test]
async fn what_was_said_before_a_kill_is_not_lost_and_members_may_leave_meanwhile() {
    let mut scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    group.ann.relay(&group.bob.who, 0..200);
    group.bob.relay(&group.ann.who, 0..200);
    scene.redis.process().kill().await;
    group.bob.say("leave", "LEAVE", serde_json::json!({}));
    group.carl.relay(&group.ann.who, 0..50);
    scene.redis.restart().await;
    group.ann.hears(&group.bob, 0..200).await;
    group.ann.hears(&group.carl, 0..50).await;
    all_know(&[&group.ann, &group.carl, &group.dave], &["ann-1"]).await;
}
