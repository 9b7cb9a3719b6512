//! Viewers of a broadcast on a node that does not own it.

use std::time::{Duration, Instant};

use roomcast_tests::member::{TestMember, Who};
use roomcast_tests::nodes::Nodes;
use roomcast_tests::redis::Redis;
use serde_json::json;

use super::cost::{difference, scripts};
use super::scene::seconds;

const VIEWERS: usize = 50;

fn p2m(name: &str) -> Who {
    Who::new(name, "p2m")
}

/// A broadcast of ann, whose node owns it, and viewers on the other node.
struct Audience {
    redis: Redis,
    nodes: Nodes,
    ann: TestMember,
    viewers: Vec<TestMember>,
}

impl Audience {
    /// Gathers it with one viewer, for whom the second node has attached.
    async fn gather() -> Self {
        let redis = Redis::start().await;
        let nodes = Nodes::start(2, &redis.url(), &["--rate-limit", "off"]).await;
        let ann = TestMember::create(&nodes[0], p2m("ann")).await;
        let viewers = vec![TestMember::join(&nodes[1], p2m("viewer0")).await];
        Self { redis, nodes, ann, viewers }
    }

    async fn fill(&mut self) {
        for number in self.viewers.len()..=VIEWERS {
            self.viewers.push(TestMember::join(&self.nodes[1], p2m(&format!("viewer{number}"))).await);
        }
    }

    /// Switches ann's video off, of which all are told.
    async fn all_are_told(&self) {
        self.ann.say("updateVideo", "UPDATE", json!({"ve": false, "ae": true}));
        for viewer in &self.viewers {
            let told = |list: &serde_json::Value| list["b"]["pps"][0]["video"] == false;
            viewer.within(seconds(30), "the list", |state| state.named("PUBLISH_LIST_CHANGED").any(told)).await;
        }
    }

    /// The scripts and messages of Redis meanwhile.
    async fn calls(&mut self, what: impl AsyncFnOnce(&mut Self)) -> u64 {
        let before = self.redis.commands().await;
        what(self).await;
        let calls = difference(&before, &self.redis.commands().await);
        scripts(&calls) + calls.get("publish").unwrap_or(&0) + calls.get("spublish").unwrap_or(&0)
    }
}

#[tokio::test]
async fn viewers_on_another_node_than_the_owners_cost_redis_nothing() {
    let mut audience = Audience::gather().await;
    let began = Instant::now();
    let busy = audience.calls(async |audience| {
        audience.fill().await;
        for viewer in &audience.viewers {
            viewer.beat().await;
        }
    });
    let busy = busy.await;
    let took = began.elapsed();
    let idle = audience.calls(async |_| tokio::time::sleep(took).await).await;
    // Leases and beats come each second, so that a second more or less of them is the difference.
    assert!(busy <= idle + 16, "{VIEWERS} viewers in {took:?}: {busy} calls, without them {idle}");
    let told = audience.calls(async |audience| audience.all_are_told().await).await;
    assert!(told <= 16 + idle, "one message to all of them: {told}");
}

#[tokio::test]
async fn a_kick_reaches_a_viewer_that_only_its_node_knows() {
    let mut audience = Audience::gather().await;
    audience.fill().await;
    audience.ann.say("kick", "KICK", json!({"to": "viewer7"}));
    let kicked = audience.viewers.remove(7);
    kicked.until("the kick", |state| state.named("KICK").any(|kick| kick["ss"]["userId"] == "ann")).await;
    kicked.until("to be out", |state| state.errors().contains(&4002)).await;
    for node in 0..2 {
        let again = TestMember::try_join(&audience.nodes[node], p2m("viewer7"), false).await;
        assert_eq!(again.expect_err("kicked")["c"], 4051);
    }
    audience.all_are_told().await;
    assert!(audience.viewers.iter().all(TestMember::is_open) && audience.ann.look(|state| state.errors().is_empty()));
}

#[tokio::test]
async fn viewers_stay_when_the_node_of_the_owner_is_killed() {
    let mut audience = Audience::gather().await;
    audience.fill().await;
    let Audience { redis, mut nodes, ann, viewers } = audience;
    nodes.kill(0).await;
    let ann = ann.lose().resume(&nodes[1]).await.expect("ann comes back");
    let audience = Audience { redis, nodes, ann, viewers };
    audience.all_are_told().await;
    for viewer in &audience.viewers {
        viewer.beat().await;
        assert!(viewer.is_open() && viewer.look(|state| state.errors().is_empty()), "{viewer:?}");
    }
    let late = TestMember::join(&audience.nodes[1], p2m("late")).await;
    late.beat().await;
    let back = audience.viewers[3].resume(&audience.nodes[1]).await;
    back.until("its membership", |state| state.named("JOIN").last().is_some_and(|ack| ack["b"]["resumed"] == true))
        .await;
    assert_eq!(audience.viewers[3].closed().await, 4000);
    tokio::time::timeout(Duration::from_secs(1), audience.ann.beat()).await.expect("an answer");
}
