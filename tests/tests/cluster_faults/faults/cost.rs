//! Tests of the calls to Redis that operations make or avoid, and of the order of relayed signals under load.

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_tests::broadcast::{Streamer, get};
use roomcast_tests::member::TestMember;
use roomcast_tests::with_timeout;

use super::scene::{Group, Scene, m2m};

/// Calls between two counts, without those of an idle node.
pub fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let more = |(name, count): (&String, &u64)| (name.clone(), count - before.get(name).unwrap_or(&0));
    after.iter().map(more).filter(|(_, count)| *count > 0).collect()
}

async fn during(scene: &Scene, what: impl Future<Output = ()>) -> BTreeMap<String, u64> {
    let before = scene.redis.commands().await;
    what.await;
    difference(&before, &scene.redis.commands().await)
}

pub fn scripts(calls: &BTreeMap<String, u64>) -> u64 {
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

/// Messages between nodes.
fn packets(calls: &BTreeMap<String, u64>) -> u64 {
    ["publish", "spublish"].iter().filter_map(|name| calls.get(*name)).sum()
}

/// The scripts and packets that one operation takes at most.
struct Cost {
    scripts: u64,
    packets: u64,
}

/// Does something so many times, one after the other, and holds that it costs no more. Beside it each of three nodes
/// renews its lease, looks after the eras and sends itself a packet each second, and acknowledges what it had from each
/// other at most four times a second.
async fn costs(scene: &Scene, what: &str, times: u64, each: Cost, work: impl Future<Output = ()>) {
    let begun = std::time::Instant::now();
    let calls = during(scene, work).await;
    let seconds = begun.elapsed().as_secs() + 2;
    let (scripts, packets) = (scripts(&calls), packets(&calls));
    let most = (each.scripts * times + 6 * seconds, each.packets * times + (3 + 2 * 4) * seconds);
    assert!(times > 11 * seconds, "{what}: too slow to tell, {seconds} s");
    assert!(scripts <= most.0 && packets <= most.1, "{what}: {times} in {seconds} s took {calls:?}, at most {most:?}");
}

#[tokio::test]
async fn a_room_costs_one_script_to_create_and_a_member_one_to_join() {
    const ROOMS: u64 = 100;
    let scene = Scene::start_with(&["--rate-limit", "off"]).await;
    let room = |number: u64, name: &str| m2m(name).in_room(&format!("room-{number}"));
    let mut members = Vec::new();
    costs(&scene, "create", ROOMS, Cost { scripts: 1, packets: 0 }, async {
        for number in 0..ROOMS {
            members.push(TestMember::create(&scene.nodes[0], room(number, "ann")).await);
        }
    })
    .await;
    costs(&scene, "join at the owner", ROOMS, Cost { scripts: 1, packets: 0 }, async {
        for number in 0..ROOMS {
            members.push(TestMember::join(&scene.nodes[0], room(number, "bob")).await);
        }
    })
    .await;
    // The look and the journal; the attachment with the JOIN, the answers to both, which the journal divides, and the
    // first heartbeat of the member.
    costs(&scene, "first join elsewhere", ROOMS, Cost { scripts: 2, packets: 4 }, async {
        for number in 0..ROOMS {
            members.push(TestMember::join(&scene.nodes[1], room(number, "carl")).await);
        }
    })
    .await;
    costs(&scene, "join at an attached edge", ROOMS, Cost { scripts: 1, packets: 3 }, async {
        for number in 0..ROOMS {
            members.push(TestMember::join(&scene.nodes[1], room(number, "dave")).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_signal_costs_a_packet_for_each_way_between_nodes_and_no_script() {
    const SIGNALS: u64 = 200;
    let scene = Scene::start_with(&["--rate-limit", "off"]).await;
    let group = Group::gather(&scene.nodes).await;
    let relay = async |from: &TestMember, to: &TestMember| {
        let session = from.who.session.clone();
        for number in 0..SIGNALS {
            from.relay(&to.who, number..number + 1);
            to.until("it", |state| state.numbers(&session).len() as u64 == number + 1).await;
        }
    };
    let none = |packets| Cost { scripts: 0, packets };
    costs(&scene, "at the owner", SIGNALS, none(0), relay(&group.ann, &group.dave)).await;
    costs(&scene, "from the owner", SIGNALS, none(1), relay(&group.ann, &group.bob)).await;
    costs(&scene, "to the owner", SIGNALS, none(1), relay(&group.bob, &group.dave)).await;
    costs(&scene, "between edges", SIGNALS, none(2), relay(&group.bob, &group.carl)).await;
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
    with_timeout("the end", ended).await;
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
    let eve = TestMember::join(&scene.nodes[1], m2m("eve")).await;
    let all: Vec<&TestMember> = group.members().into_iter().chain([&eve]).collect();
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
