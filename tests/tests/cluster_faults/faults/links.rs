//! The network between one node and Redis fails, or only a part of it.

use std::time::{Duration, Instant};

use roomcast_tests::member::{TestMember, all_know};
use roomcast_tests::nodes::Nodes;
use roomcast_tests::proxy::{Flow, Proxy};
use roomcast_tests::redis::Redis;
use serde_json::json;

use super::scene::{Group, LIST, Scene, m2m, nobody_is_missing, seconds};

/// Three nodes, of which node 1, bob's, reaches Redis through a proxy.
struct Cut {
    _redis: Redis,
    proxy: Proxy,
    nodes: Nodes,
    group: Group,
}

impl Cut {
    async fn start() -> Self {
        let redis = Redis::start().await;
        let proxy = Proxy::start(&redis.address()).await;
        let nodes = Nodes::start_each(vec![redis.url(), proxy.url(), redis.url()], &[]).await;
        let group = Group::gather(&nodes).await;
        Self { _redis: redis, proxy, nodes, group }
    }

    /// Relays to and from the node behind the proxy.
    fn relay(&self, numbers: std::ops::Range<u64>) {
        self.group.ann.relay(&self.group.bob.who, numbers.clone());
        self.group.bob.relay(&self.group.carl.who, numbers);
    }

    async fn all_came(&self, numbers: std::ops::Range<u64>) {
        self.group.bob.hears(&self.group.ann, numbers.clone()).await;
        self.group.carl.hears(&self.group.bob, numbers).await;
    }
}

#[tokio::test]
async fn subscribers_are_cut_off_and_nothing_is_lost() {
    let scene = Scene::start().await;
    let group = Group::gather(&scene.nodes).await;
    let then = Instant::now();
    for round in 0..5 {
        let numbers = round * 40..(round + 1) * 40;
        group.ann.relay(&group.bob.who, numbers.start..numbers.start + 20);
        assert!(scene.redis.kill_subscribers().await > 0, "each node subscribes");
        group.ann.relay(&group.bob.who, numbers.start + 20..numbers.end);
        let sent = Instant::now();
        group.bob.hears(&group.ann, 0..numbers.end).await;
        assert!(sent.elapsed() < seconds(4), "at most 3 s of delay, not {:?}", sent.elapsed());
    }
    let eve = TestMember::join(&scene.nodes[2], m2m("eve")).await;
    group.ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "eve"}));
    scene.redis.kill_subscribers().await;
    all_know(&group.members(), &["ann-1", "bob-1", "eve-1"]).await;
    all_know(&[&eve], &["ann-1", "bob-1", "eve-1"]).await;
    group.members().iter().for_each(|member| member.look(|state| nobody_is_missing(state, then, &LIST)));
}

#[tokio::test]
async fn a_subscription_that_is_silently_dead_delays_by_seconds_and_loses_nothing() {
    let cut = Cut::start().await;
    let then = Instant::now();
    cut.proxy.set(|faults| (faults.subscribers_only, faults.replies) = (true, Flow::Lost));
    cut.relay(0..50);
    // A new subscription is as dead as the old one, so the fault must end for its end to be seen.
    cut.nodes[1].becomes_ready(false).await;
    assert!(then.elapsed() < seconds(5), "readiness tells it: {:?}", then.elapsed());
    cut.proxy.heal();
    let healed = Instant::now();
    cut.all_came(0..50).await;
    assert!(healed.elapsed() < seconds(4), "{:?}", healed.elapsed());
    cut.nodes[1].becomes_ready(true).await;
    cut.group.nobody_left_since(then, 1);
}

#[tokio::test]
async fn replies_are_lost_and_nothing_is_done_twice() {
    let cut = Cut::start().await;
    let then = Instant::now();
    cut.proxy.set(|faults| faults.replies = Flow::Lost);
    cut.relay(0..50);
    let join = TestMember::try_join(&cut.nodes[1], m2m("eve"), false).await;
    if let Err(ack) = &join {
        assert_eq!(ack["c"], 503, "{ack}");
    }
    cut.group.stays_open((then + seconds(4)).saturating_duration_since(Instant::now())).await;
    cut.proxy.heal();
    cut.all_came(0..50).await;
    cut.nodes[1].becomes_ready(true).await;
    cut.group.nobody_left_since(then, 1);
    drop(join);
    let eve = TestMember::join(&cut.nodes[1], m2m("eve")).await;
    all_know(&[&eve], &LIST).await;
}

#[tokio::test]
async fn a_node_whose_requests_vanish_for_a_while_loses_nobody() {
    let cut = Cut::start().await;
    let then = Instant::now();
    cut.proxy.set(|faults| faults.requests = Flow::Held);
    cut.relay(0..50);
    cut.group.stays_open(seconds(3)).await;
    cut.proxy.heal();
    cut.all_came(0..50).await;
    cut.group.stays_open(seconds(4)).await;
    cut.group.nobody_left_since(then, 1);
}

/// Its members were removed meanwhile, so it has nobody to bring back: they are closed with 1012 and join anew.
#[tokio::test]
async fn members_of_a_node_that_is_cut_off_for_long_are_removed_and_join_anew() {
    for held in [true, false] {
        let cut = Cut::start().await;
        cut.group.ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "carl"}));
        all_know(&cut.group.members(), &["ann-1", "bob-1", "carl-1"]).await;
        let then = Instant::now();
        if held {
            cut.proxy.set(|faults| faults.requests = Flow::Held);
        } else {
            cut.proxy.close();
        }
        let others = [&cut.group.ann, &cut.group.carl, &cut.group.dave];
        all_know(&others, &["ann-1", "carl-1"]).await;
        assert!(then.elapsed() > seconds(4), "not at once: {:?}", then.elapsed());
        assert!(then.elapsed() < seconds(12), "within 11 s: {:?}", then.elapsed());
        assert!(cut.group.bob.is_open(), "its own sockets stay");
        cut.proxy.heal();
        assert_eq!(cut.group.bob.closed().await, 1012);
        let bob = TestMember::join(&cut.nodes[1], m2m("bob")).await;
        cut.group.ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "bob"}));
        let [ann, _, carl, dave] = cut.group.members();
        all_know(&[ann, carl, dave, &bob], &["ann-1", "carl-1", "bob-1"]).await;
        let sent = 1000..1050;
        ann.relay(&bob.who, sent.clone());
        bob.relay(&ann.who, sent.clone());
        bob.hears(ann, sent.clone()).await;
        ann.hears(&bob, sent).await;
        assert!([ann, carl, dave, &bob].iter().all(|member| member.is_open()));
    }
}

#[tokio::test]
async fn a_slow_network_to_redis_keeps_the_order() {
    let cut = Cut::start().await;
    let then = Instant::now();
    cut.proxy.set(|faults| faults.delay = Duration::from_millis(150));
    cut.relay(0..300);
    let eve = TestMember::join(&cut.nodes[1], m2m("eve")).await;
    cut.all_came(0..300).await;
    all_know(&[&eve], &LIST).await;
    cut.group.nobody_left_since(then, 0);
}

#[tokio::test]
async fn connections_to_redis_are_cut_again_and_again() {
    let cut = Cut::start().await;
    let then = Instant::now();
    // Together no more than is kept for one who gets nothing all the while.
    for round in 0..10 {
        cut.relay(round * 12..(round + 1) * 12);
        cut.proxy.cut();
        // The next cut comes at any point of the connection's life.
        tokio::time::sleep(Duration::from_millis(37 * round)).await;
    }
    cut.all_came(0..120).await;
    cut.nodes[1].becomes_ready(true).await;
    cut.group.nobody_left_since(then, 1);
}
