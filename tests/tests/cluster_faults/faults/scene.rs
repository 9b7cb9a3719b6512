//! Three nodes on one Redis and a group whose members are spread over them.

use std::time::{Duration, Instant};

use roomcast_tests::member::{State, TestMember, Who, all_know};
use roomcast_tests::nodes::Nodes;
use roomcast_tests::redis::Redis;
use serde_json::{Value, json};

/// Redis and three nodes.
pub struct Scene {
    pub redis: Redis,
    pub nodes: Nodes,
}

impl Scene {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(flags: &[&str]) -> Self {
        let redis = Redis::start().await;
        let nodes = Nodes::start(3, &redis.url(), flags).await;
        Self { redis, nodes }
    }
}

/// A duration of `count` seconds.
pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A member of group `demo`.
pub fn m2m(name: &str) -> Who {
    Who::new(name, "m2m")
}

/// Publishers ann on node 0, the owner, and bob on node 1; viewers carl on node 2 and dave on node 0.
pub struct Group {
    pub ann: TestMember,
    pub bob: TestMember,
    pub carl: TestMember,
    pub dave: TestMember,
}

/// The list of a group of which nothing has changed.
pub const LIST: [&str; 2] = ["ann-1", "bob-1"];

impl Group {
    pub async fn gather(nodes: &Nodes) -> Self {
        let last = nodes.count() - 1;
        let ann = TestMember::create(&nodes[0], m2m("ann")).await;
        let bob = TestMember::join(&nodes[1], m2m("bob")).await;
        let carl = TestMember::join(&nodes[last], m2m("carl")).await;
        let dave = TestMember::join(&nodes[0], m2m("dave")).await;
        ann.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": "bob"}));
        let group = Self { ann, bob, carl, dave };
        all_know(&group.members(), &LIST).await;
        for member in group.members() {
            // Known from an answer, it may still be told.
            let told = |list: &Value| list["b"]["pps"].as_array().is_some_and(|list| list.len() == LIST.len());
            member.until("the list", |state| state.named("PUBLISH_LIST_CHANGED").any(told)).await;
        }
        group
    }

    pub fn members(&self) -> [&TestMember; 4] {
        [&self.ann, &self.bob, &self.carl, &self.dave]
    }

    /// Holds that all connections stay open for a time.
    pub async fn stays_open(&self, time: Duration) {
        let stay =
            self.members().map(|member| member.stays(time, "it stays connected", |state| state.closed.is_none()));
        futures_util::future::join_all(stay).await;
    }

    /// Holds that since then no member was told of a list that lacks one of the publishers, and of new lists at most
    /// so many.
    pub fn nobody_left_since(&self, then: Instant, lists: usize) {
        for member in self.members() {
            member.look(|state| {
                nobody_is_missing(state, then, &LIST);
                let told = lists_since(state, then);
                assert!(told <= lists, "{told} lists: {}", state.summary());
            });
        }
    }
}

/// Number of list changes since then.
pub fn lists_since(state: &State, then: Instant) -> usize {
    let later = state.heard.iter().filter(|heard| heard.at > then);
    later.filter(|heard| heard.value["s"] == "PUBLISH_LIST_CHANGED").count()
}

/// Holds that every list that came since then, of whatever message, names these sessions.
pub fn nobody_is_missing(state: &State, then: Instant, sessions: &[&str]) {
    for heard in state.heard.iter().filter(|heard| heard.at > then) {
        if let Some(list) = heard.value["b"]["pps"].as_array() {
            for session in sessions {
                let there = list.iter().any(|entry| entry["id"] == *session);
                assert!(there, "{session} is missing {:?} after: {}", heard.at - then, state.summary());
            }
        }
    }
}
