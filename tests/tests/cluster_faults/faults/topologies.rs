//! Redis under Sentinels and as a cluster, and what users see when a master is lost.

use std::time::{Duration, Instant};

use roomcast_tests::member::{TestMember, Who};
use roomcast_tests::nodes::Nodes;
use roomcast_tests::redis::cluster::RedisCluster;
use roomcast_tests::redis::sentinel::Sentinels;

use super::scene::{Group, m2m};

#[tokio::test]
async fn a_fail_over_of_sentinels_loses_nobody_and_nothing() {
    let mut redis = Sentinels::start().await;
    let nodes = Nodes::start(2, &redis.url(), &[]).await;
    let group = Group::gather(&nodes).await;
    let then = Instant::now();
    group.ann.relay(&group.bob.who, 0..50);
    redis.servers[0].process().kill().await;
    group.ann.relay(&group.bob.who, 50..100);
    group.bob.relay(&group.dave.who, 0..50);
    redis.failed_over().await;
    group.bob.hears(&group.ann, 0..100).await;
    group.dave.hears(&group.bob, 0..50).await;
    nodes.become_ready(true).await;
    let eve = TestMember::join(&nodes[1], m2m("eve")).await;
    eve.relay(&group.ann.who, 0..10);
    group.ann.hears(&eve, 0..10).await;
    group.stays_open(Duration::from_secs(7)).await;
    group.nobody_left_since(then, 1);
}

/// A call in a room of its own, between two nodes.
struct Pair {
    ann: TestMember,
    bob: TestMember,
}

impl Pair {
    async fn start(nodes: &Nodes, room: usize) -> Self {
        let who = |name: &str| Who::new(name, "p2p").in_room(&format!("room-{room}"));
        let ann = TestMember::create(&nodes[room % 2], who("ann")).await;
        let bob = TestMember::join(&nodes[(room + 1) % 2], who("bob")).await;
        ann.until_list(&["ann-1", "bob-1"]).await;
        Self { ann, bob }
    }

    async fn all(nodes: &Nodes) -> Vec<Self> {
        let mut pairs = Vec::new();
        for room in 0..12 {
            pairs.push(Self::start(nodes, room).await);
        }
        pairs
    }

    fn relay(&self, numbers: std::ops::Range<u64>) {
        self.ann.relay(&self.bob.who, numbers.clone());
        self.bob.relay(&self.ann.who, numbers);
    }

    async fn hear(&self, numbers: std::ops::Range<u64>) {
        self.bob.hears(&self.ann, numbers.clone()).await;
        self.ann.hears(&self.bob, numbers).await;
        for member in [&self.ann, &self.bob] {
            member.look(|state| {
                assert_eq!(state.list(), ["ann-1", "bob-1"]);
                assert_eq!(state.closed, None);
            });
        }
    }
}

#[tokio::test]
async fn a_cluster_that_replaces_a_master_loses_nothing() {
    let mut redis = RedisCluster::start(true).await;
    let nodes = Nodes::start(2, &redis.url(), &[]).await;
    let pairs = Pair::all(&nodes).await;
    for pair in &pairs {
        pair.relay(0..20);
        pair.hear(0..20).await;
    }
    redis.servers[1].process().kill().await;
    pairs.iter().for_each(|pair| pair.relay(20..40));
    redis.replaced(1).await;
    for pair in &pairs {
        pair.hear(0..40).await;
    }
    nodes.become_ready(true).await;
    for room in 0..12 {
        let who = Who::new("eve", "p2p").in_room(&format!("room-{room}"));
        let full = TestMember::try_join(&nodes[room % 2], who, false).await.expect_err("full");
        assert_eq!(full["c"], 4025, "room {room} is what it was");
    }
}

/// Signals between nodes go over the master with the channel of the receiving node, which may be the lost one: they wait.
/// Between members of the owner's node they need no master, whichever holds their room.
#[tokio::test]
async fn a_cluster_that_lost_a_master_for_a_while_delays_what_goes_over_it_and_nothing_else() {
    let mut redis = RedisCluster::start(false).await;
    let nodes = Nodes::start(2, &redis.url(), &[]).await;
    let pairs = Pair::all(&nodes).await;
    let mut here = Vec::new();
    for room in 0..12 {
        let who = |name| Who::new(name, "p2p").in_room(&format!("here-{room}"));
        let ann = TestMember::create(&nodes[0], who("ann")).await;
        here.push((ann, TestMember::join(&nodes[0], who("bob")).await));
    }
    redis.servers[2].process().kill().await;
    pairs.iter().for_each(|pair| pair.relay(0..20));
    nodes.become_ready(false).await;
    for (ann, bob) in &here {
        ann.relay(&bob.who, 0..20);
        bob.hears(ann, 0..20).await;
    }
    redis.servers[2].restart().await;
    for pair in &pairs {
        pair.hear(0..20).await;
    }
    nodes.become_ready(true).await;
}
