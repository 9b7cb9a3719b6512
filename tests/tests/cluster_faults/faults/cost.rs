//! What costs Redis something and what does not, and the order of what is relayed under load.

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_tests::broadcast::{Streamer, get};
use roomcast_tests::member::Member;
use roomcast_tests::soon;

use super::scene::{Group, Scene, m2m};

/// What was called between two counts, without what an idle node calls.
fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let more = |(name, count): (&String, &u64)| (name.clone(), count - before.get(name).unwrap_or(&0));
    after.iter().map(more).filter(|(_, count)| *count > 0).collect()
}

async fn during(scene: &Scene, what: impl Future<Output = ()>) -> BTreeMap<String, u64> {
    let before = scene.redis.commands().await;
    what.await;
    difference(&before, &scene.redis.commands().await)
}

fn scripts(calls: &BTreeMap<String, u64>) -> u64 {
    calls.iter().filter(|(name, _)| name.starts_with("eval") || name.starts_with("fcall")).map(|(_, count)| count).sum()
}

#[tokio::test]
async fn heartbeats_and_relay_on_one_node_cost_redis_nothing() {
    let scene = Scene::start_with(&["--rate-limit", "off"]).await;
    let group = Group::gather(&scene.nodes).await;
    let watched = async |work: bool| {
        during(&scene, async {
            for round in 0..20 {
                if work {
                    for _ in 0..25 {
                        group.ann.say("heartbeat", "HEARTBEAT", serde_json::json!({"bid": "many"}));
                    }
                    group.ann.relay(&group.dave.who, round * 25..(round + 1) * 25);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
    };
    let idle = watched(false).await;
    let busy = watched(true).await;
    group.dave.hears(&group.ann, 0..500).await;
    // Leases and beats come each second, so that a second more or less of them is the difference.
    assert!(scripts(&busy) <= scripts(&idle) + 12, "500 heartbeats and 500 signals: {busy:?}, idle: {idle:?}");
}

#[tokio::test]
async fn relay_to_another_node_costs_one_call_each() {
    let scene = Scene::start_with(&["--rate-limit", "off"]).await;
    let group = Group::gather(&scene.nodes).await;
    let calls = during(&scene, async {
        for number in 0..200 {
            group.ann.relay(&group.bob.who, number..number + 1);
            group.bob.until("it", |state| state.numbers("ann-1").len() as u64 == number + 1).await;
        }
    })
    .await;
    // Besides: each node's lease, once per second.
    assert!(scripts(&calls) <= 200 + 40, "{calls:?}");
}

#[tokio::test]
async fn what_has_ended_is_looked_for_once_in_a_while_however_many_watch_it() {
    const TIMES: u64 = 200;
    let scene = Scene::start().await;
    let mut streamer = Streamer::start(&scene.nodes[0]).await;
    assert_eq!(streamer.variant().await.0, 200);
    assert_eq!(streamer.part(0, 0).await.0, 200);
    streamer.client.signal("leave", "LEAVE", serde_json::json!({})).await;
    let playlist = [0, 1].map(|node| scene.nodes[node].url("/live/demo/main/v0/playlist.m3u8"));
    let ended = async { while !get(&playlist[0]).await.text().await.expect("text").contains("#EXT-X-ENDLIST") {} };
    soon("the end", ended).await;
    let begun = std::time::Instant::now();
    let calls = during(&scene, async {
        for time in 0..TIMES {
            assert_eq!(get(&playlist[(time % 2) as usize]).await.status(), 200);
        }
    })
    .await;
    // Each node looks once a second, with a few calls, and renews its lease.
    assert!(scripts(&calls) <= 20 * (begun.elapsed().as_secs() + 2), "{calls:?}");
}

#[tokio::test]
async fn who_lost_its_connection_comes_back_on_another_node_with_one_call() {
    const TIMES: u64 = 40;
    let scene = Scene::start_with(&["--rate-limit", "off"]).await;
    let Group { ann, bob, .. } = Group::gather(&scene.nodes).await;
    let mut away = Some(bob);
    let begun = std::time::Instant::now();
    let calls = during(&scene, async {
        for time in 0..TIMES {
            let memory = away.take().expect("it came back").lose();
            // The node before has noticed: signals wait where all find them.
            ann.relay(&memory.who, time..time + 1);
            ann.beat().await;
            let back = memory.resume(&scene.nodes[(time % 3) as usize]).await.expect("it comes back");
            back.until("it", |state| state.numbers("ann-1").len() as u64 == time + 1).await;
            away = Some(back);
        }
    })
    .await;
    // One notes what the lost connection has not got, one relays, one joins; each node renews its lease.
    let leases = 3 * (begun.elapsed().as_secs() + 2);
    assert!(scripts(&calls) <= 3 * TIMES + leases + TIMES / 8, "{calls:?}");
    away.expect("it came back").hears(&ann, 0..TIMES).await;
}

#[tokio::test]
async fn under_load_the_order_of_each_pair_holds() {
    const SIGNALS: u64 = 1500;
    let scene = Scene::start_with(&["--rate-limit", "off"]).await;
    let group = Group::gather(&scene.nodes).await;
    let eve = Member::join(&scene.nodes[1], m2m("eve")).await;
    let all: Vec<&Member> = group.members().into_iter().chain([&eve]).collect();
    for batch in 0..SIGNALS / 50 {
        for from in &all {
            for to in all.iter().filter(|to| to.who.session != from.who.session) {
                from.relay(&to.who, batch * 50..(batch + 1) * 50);
            }
        }
        // In a batch all talk at once; what is ahead of the slowest is bounded.
        for from in &all {
            from.beat().await;
        }
    }
    for to in &all {
        for from in all.iter().filter(|from| from.who.session != to.who.session) {
            to.hears(from, 0..SIGNALS).await;
        }
        assert!(to.look(roomcast_tests::member::State::errors).is_empty());
    }
}
