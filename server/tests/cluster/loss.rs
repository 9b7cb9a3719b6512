//! Packets that are lost: doubt at both ends, and nothing missing without it.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::proxy::Proxy;
use super::rooms::{Node, Told, publish, room, until};
use super::server::Redis;

/// Sends numbers from one on until one arrives.
async fn send_until_one_arrives(one: &Node, two: &Node, mut number: u64) {
    let here = room("here");
    for _ in 0..1000 {
        one.send(two, &here, number);
        let arrived = two.rooms.wait_number(number);
        if tokio::time::timeout(Duration::from_millis(100), arrived).await.is_ok() {
            return;
        }
        number += 1;
    }
    panic!("nothing arrives");
}

/// Holds that a number is followed by the next one, unless there was a doubt.
fn assert_losses_are_doubted(node: &Node) {
    let numbers = node.rooms.numbers();
    for pair in numbers.windows(2) {
        if let [Some(before), Some(after)] = pair {
            assert_eq!(before + 1, *after, "without a doubt in {numbers:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_subscription_is_doubt_at_both_ends() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::start(redis.port).await;
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&proxy.url()).await);
    let here = room("here");
    proxy.mute_subscriptions();
    one.send(&two, &here, 1);
    one.rooms.wait_doubt(two.boot()).await;
    two.rooms.wait("the new subscription", |told| *told == Told::Amnesty).await;
    assert!(two.rooms.numbers().is_empty(), "it is lost");
    let last = one.send(&two, &here, 2);
    two.rooms.wait_number(2).await;
    assert_eq!(two.rooms.numbers(), [None, Some(2)], "doubt comes before the message");
    one.rooms.wait_acked(&here, two.boot(), last).await;
    two.wait_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_without_doubt_while_subscriptions_are_killed() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let here = room("here");
    for number in 0..3000 {
        one.send(&two, &here, number);
        if number % 500 == 250 {
            redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        }
        if number % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    send_until_one_arrives(&one, &two, 3000).await;
    assert_losses_are_doubted(&two);
    one.rooms.wait("the new subscription", |told| *told == Told::Amnesty).await;
    two.rooms.wait("the new subscription", |told| *told == Told::Amnesty).await;
    assert!(!two.rooms.told().iter().any(|told| matches!(told, Told::Dead(..) | Told::Deposed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_loses_nothing_without_doubt() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let here = room("here");
    one.send(&two, &here, 0);
    two.rooms.wait_number(0).await;
    redis.signal(Signal::SIGSTOP);
    for number in 1..100 {
        one.send(&two, &here, number);
    }
    one.rooms.wait_doubt(two.boot()).await;
    until("not fresh", || !one.transport.nodes().is_fresh() && !two.transport.nodes().is_fresh()).await;
    redis.signal(Signal::SIGCONT);
    for node in [&one, &two] {
        node.rooms.wait("an amnesty", |told| *told == Told::Amnesty).await;
        node.wait_ready().await;
    }
    send_until_one_arrives(&one, &two, 100).await;
    assert_losses_are_doubted(&two);
    assert!(!two.rooms.told().iter().any(|told| matches!(told, Told::Dead(..) | Told::Deposed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_forgot_the_pair_is_doubted() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let here = room("here");
    let last = (0..5).map(|number| one.send(&two, &here, number)).max().expect("some were sent");
    one.rooms.wait_acked(&here, two.boot(), last).await;
    // As a node under this boot id that begins to count anew.
    let packet = roomcast_server::cluster::encode_packet(
        one.boot(),
        roomcast_core::cluster::peers::Header { counter: 1, had: 0 },
        &roomcast_server::cluster::encode_message(&super::rooms::message(&here, 9)),
    );
    publish(&redis, two.boot(), &packet);
    two.rooms.wait_number(9).await;
    assert_eq!(two.rooms.numbers()[5..], [None, Some(9)]);
}
