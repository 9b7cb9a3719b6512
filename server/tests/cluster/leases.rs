//! Tests of the leases of nodes, of eras, and of the ends of a node.

use std::time::Duration;

use roomcast_core::cluster::BootId;
use roomcast_server::cluster::Receipt;

use super::proxy::Proxy;
use super::rooms::{Node, Rooms, Told, message, room, settings, until};
use super::server::Redis;

fn is_dead(told: &Told, node: BootId) -> bool {
    matches!(told, Told::Dead(dead, _) if *dead == node)
}

async fn wait_dead(rooms: &Rooms, node: BootId) -> Duration {
    match rooms.wait("a death", |told| is_dead(told, node)).await {
        Told::Dead(_, age) => age,
        told => panic!("{told:?} is no death"),
    }
}

fn alive(node: &Node) -> usize {
    node.transport.nodes().lease().alive().count()
}

fn eras(rooms: &Rooms) -> usize {
    rooms.told().iter().filter(|told| matches!(told, Told::Era(..))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_died_is_told_once_with_its_age() {
    let redis = Redis::start(&[]);
    let url = redis.url();
    let (one, two, dead) = (Node::ready(&url).await, Node::ready(&url).await, Node::ready(&url).await);
    let boot = dead.boot();
    until("all know of all", || alive(&one) == 3 && alive(&two) == 3).await;
    assert_eq!(one.transport.nodes().lease().version(), u16::from(roomcast_server::cluster::VERSION));
    one.send(&dead, &room("here"), 1);
    drop(dead);
    let lease = settings(&url).lease;
    for node in [&one, &two] {
        assert!(wait_dead(&node.rooms, boot).await >= lease, "not before its lease has ended");
        assert!(node.transport.nodes().is_dead(boot));
        assert_eq!(node.transport.send(boot, &message(&room("here"), 2), Receipt::Unwanted), None);
    }
    // Several renewals later.
    one.send(&two, &room("here"), 3);
    two.rooms.wait_number(3).await;
    let known = one.transport.nodes().lease();
    until("a renewal", || one.transport.nodes().lease().last_renewal(boot) != known.last_renewal(boot)).await;
    assert_eq!(one.rooms.told().iter().filter(|told| is_dead(told, boot)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_drained_is_dead_at_once() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let boot = two.boot();
    until("all know of all", || alive(&one) == 2).await;
    two.send(&one, &room("here"), 7);
    two.transport.leave().await.expect("it leaves");
    one.rooms.wait_number(7).await;
    assert!(wait_dead(&one.rooms, boot).await < settings(&redis.url()).lease);
    assert!(!two.transport.nodes().is_ready());
    assert!(!two.rooms.told().iter().any(|told| matches!(told, Told::Deposed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_node_goes_on_under_another_boot_id() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let former = one.boot();
    one.send(&two, &room("here"), 1);
    two.rooms.wait_number(1).await;
    let now = redis.ask(&["EVAL", "return redis.call('TIME')[1] .. '000'", "0"]);
    redis.ask(&["HSET", "rc:{L}:nodes", &format!("d:{:016x}", former.0), now.trim()]);
    let told = one.rooms.wait("its deposition", |told| matches!(told, Told::Deposed(_))).await;
    assert_ne!(one.boot(), former);
    assert_eq!(told, Told::Deposed(one.boot()));
    wait_dead(&two.rooms, former).await;
    one.wait_ready().await;
    two.rooms.forget();
    two.send(&one, &room("here"), 2);
    one.rooms.wait_number(2).await;
    one.send(&two, &room("here"), 3);
    two.rooms.wait_number(3).await;
    assert_eq!(two.rooms.numbers(), [Some(3)], "a pair of its own, without doubt");
    assert_eq!(one.rooms.told().iter().filter(|told| matches!(told, Told::Deposed(_))).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_an_emptied_redis_forgot_is_dead_for_those_who_depend_on_it() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let boots = (one.boot(), two.boot());
    until("all know of all", || alive(&one) == 2).await;
    one.rooms.peers.lock().expect("a list").push(boots.1);
    drop(two);
    redis.ask(&["FLUSHALL"]);
    wait_dead(&one.rooms, boots.1).await;
    assert_eq!(one.boot(), boots.0, "who lives is not deposed");
    assert_eq!(eras(&one.rooms), 64, "the data of all partitions is another");
    one.wait_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_started_anew_begins_another_era() {
    let mut redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let boots = [one.boot(), two.boot()];
    redis.kill();
    until("away", || !one.transport.nodes().is_ready() && !two.transport.nodes().is_ready()).await;
    redis.run();
    for node in [&one, &two] {
        node.rooms
            .wait_all("all eras", |told| {
                (told.iter().filter(|told| matches!(told, Told::Era(..))).count() == 64).then_some(())
            })
            .await;
        node.wait_ready().await;
    }
    assert_eq!([one.boot(), two.boot()], boots);
    one.send(&two, &room("here"), 1);
    two.rooms.wait_number(1).await;
    assert_eq!([eras(&one.rooms), eras(&two.rooms)], [64, 64], "each is told once");
    assert!(!one.rooms.told().iter().any(|told| matches!(told, Told::Dead(..))));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_dead_because_redis_was_away() {
    let redis = Redis::start(&[]);
    let ways = [Proxy::start(redis.port).await, Proxy::start(redis.port).await];
    let (one, two) = (Node::ready(&ways[0].url()).await, Node::ready(&ways[1].url()).await);
    until("all know of all", || alive(&one) == 2 && alive(&two) == 2).await;
    let boots = [one.boot(), two.boot()];
    ways.iter().for_each(Proxy::cut);
    until("not fresh", || !one.transport.nodes().is_fresh() && !two.transport.nodes().is_fresh()).await;
    ways[0].mend();
    one.wait_ready().await;
    ways[1].mend();
    two.wait_ready().await;
    for node in [&one, &two] {
        node.rooms.wait("an amnesty", |told| *told == Told::Amnesty).await;
        assert!(!node.rooms.told().iter().any(|told| matches!(told, Told::Dead(..) | Told::Deposed(_))));
    }
    assert_eq!([one.boot(), two.boot()], boots);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_the_former_design_are_not_joined() {
    let redis = Redis::start(&[]);
    redis.ask(&["ZADD", "rc:{L}:lease", "1000", "dead-for-long"]);
    let joins = Node::ready(&redis.url()).await;
    redis.ask(&["ZADD", "rc:{L}:lease", "99999999999999", "alive"]);
    let refused = Node::start(&redis.url());
    let told = refused.rooms.wait("a refusal", |told| matches!(told, Told::Refused(_))).await;
    assert!(matches!(told, Told::Refused(reason) if reason.contains("stop all of them first")));
    assert!(!refused.transport.nodes().is_fresh());
    assert_eq!(alive(&joins), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_count_by_the_clock_of_redis() {
    let redis = Redis::start(&[]);
    let node = Node::ready(&redis.url()).await;
    let told = redis.ask(&["TIME"]);
    let seconds: u64 = told.lines().next().expect("seconds").parse().expect("a number");
    let shared = node.transport.nodes().lease().shared(node.clock.now());
    assert!(shared.0.abs_diff(seconds * 1000) < 5000, "{shared:?} and {seconds} s");
}
