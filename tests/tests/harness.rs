//! Tests of the test kit for several nodes: Redis servers, their faults, and the network between.

use std::time::{Duration, Instant};

use roomcast_tests::member::{TestMember, Who, all_know};
use roomcast_tests::proxy::{Flow, Proxy};
use roomcast_tests::redis::Redis;
use roomcast_tests::redis::cluster::RedisCluster;
use roomcast_tests::redis::resp::{Connection, Reply};
use roomcast_tests::redis::sentinel::Sentinels;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;

fn text(text: &str) -> Reply {
    Reply::Text(text.to_owned())
}

async fn answers(connection: &mut Connection) -> bool {
    tokio::time::timeout(Duration::from_millis(300), connection.call(&["PING"]))
        .await
        .is_ok_and(|answer| answer.is_ok())
}

#[tokio::test]
async fn a_redis_that_was_killed_comes_back_empty_on_its_port() {
    let mut redis = Redis::start().await;
    redis.call(&["SET", "key", "value"]).await;
    assert_eq!(redis.call(&["GET", "key"]).await, text("value"));
    redis.process().kill().await;
    assert!(Connection::open(&redis.address()).await.is_err());
    redis.restart().await;
    assert_eq!(redis.call(&["GET", "key"]).await, Reply::Nil);
    redis.call(&["SET", "key", "value"]).await;
    redis.flush().await;
    assert_eq!(redis.call(&["GET", "key"]).await, Reply::Nil);
    assert_eq!(redis.commands().await["get"], 2);
}

#[tokio::test]
async fn a_redis_that_stands_still_answers_when_it_goes_on() {
    let mut redis = Redis::start().await;
    let mut connection = Connection::open(&redis.address()).await.unwrap();
    redis.process().pause().await;
    assert!(!answers(&mut connection).await);
    redis.process().resume().await;
    assert_eq!(redis.call(&["PING"]).await, text("PONG"));
    let hung = Instant::now();
    redis.hang(Duration::from_millis(300)).await;
    assert!(hung.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn subscribers_are_cut_off_and_others_are_not() {
    let redis = Redis::start().await;
    let mut subscriber = Connection::open(&redis.address()).await.unwrap();
    let mut other = Connection::open(&redis.address()).await.unwrap();
    subscriber.call(&["SUBSCRIBE", "news"]).await.unwrap();
    assert_eq!(redis.kill_subscribers().await, 1);
    assert!(with_timeout("the end", subscriber.call(&["PING"])).await.is_err());
    assert!(answers(&mut other).await);
}

#[tokio::test]
async fn sentinels_promote_the_replica_of_a_killed_master() {
    let mut sentinels = Sentinels::start().await;
    sentinels.servers[0].call(&["SET", "key", "value"]).await;
    assert_eq!(sentinels.servers[0].call(&["WAIT", "1", "2000"]).await, Reply::Int(1));
    sentinels.servers[0].process().kill().await;
    sentinels.failed_over().await;
    assert_eq!(sentinels.servers[1].call(&["GET", "key"]).await, text("value"));
}

#[tokio::test]
async fn a_cluster_replaces_a_killed_master() {
    let mut cluster = RedisCluster::start(true).await;
    let owned = |reply: Reply| !matches!(reply, Reply::Error(_));
    let mut homes = Vec::new();
    for server in &cluster.servers[..3] {
        homes.push(owned(server.call(&["GET", "{06}"]).await));
    }
    assert_eq!(homes.iter().filter(|home| **home).count(), 1, "each slot has one home");
    cluster.servers[1].process().kill().await;
    cluster.replaced(1).await;
}

#[tokio::test]
async fn a_cluster_without_replicas_goes_on_with_the_slots_it_has() {
    let mut cluster = RedisCluster::start(false).await;
    cluster.servers[2].process().kill().await;
    let mut there = 0;
    for slot in 0..64 {
        let key = format!("{{{slot:02}}}");
        for server in &cluster.servers[..2] {
            there += u32::from(server.call(&["SET", &key, "x"]).await == text("OK"));
        }
    }
    assert!((20..64).contains(&there), "{there} of 64");
}

/// Redis behind a proxy, and a connection through it.
async fn behind_a_proxy() -> (Redis, Proxy, Connection) {
    let redis = Redis::start().await;
    let proxy = Proxy::start(&redis.address()).await;
    let mut connection = Connection::open(proxy.address()).await.expect("the proxy takes a connection");
    assert!(answers(&mut connection).await);
    (redis, proxy, connection)
}

#[tokio::test]
async fn what_is_held_comes_late_and_what_is_lost_never() {
    for requests in [true, false] {
        let (redis, proxy, mut connection) = behind_a_proxy().await;
        let flow = |flow| proxy.set(|faults| *if requests { &mut faults.requests } else { &mut faults.replies } = flow);
        flow(Flow::Held);
        let mut called = Box::pin(connection.call(&["INCR", "n"]));
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut called).await.is_err());
        let carried_out = redis.call(&["GET", "n"]).await;
        assert_eq!(carried_out, if requests { Reply::Nil } else { text("1") });
        proxy.heal();
        assert_eq!(with_timeout("what was held", &mut called).await.unwrap(), Reply::Int(1));
        drop(called);

        flow(Flow::Lost);
        assert!(!answers(&mut connection).await);
        proxy.heal();
        assert!(
            with_timeout("the end", connection.call(&["PING"])).await.is_err(),
            "what has a hole passes never again"
        );
        let mut next = Connection::open(proxy.address()).await.unwrap();
        assert!(answers(&mut next).await);
    }
}

#[tokio::test]
async fn the_fault_of_subscribers_spares_others() {
    let (redis, proxy, mut other) = behind_a_proxy().await;
    let mut subscriber = Connection::open(proxy.address()).await.unwrap();
    subscriber.call(&["SUBSCRIBE", "news"]).await.unwrap();
    proxy.set(|faults| (faults.subscribers_only, faults.replies) = (true, Flow::Lost));
    assert!(answers(&mut other).await && !answers(&mut subscriber).await);
    assert_eq!(redis.call(&["PUBSUB", "NUMSUB", "news"]).await.list()[1], Reply::Int(1), "it seems well");
}

#[tokio::test]
async fn connections_are_delayed_cut_and_refused() {
    let (_redis, proxy, mut connection) = behind_a_proxy().await;
    proxy.set(|faults| faults.delay = Duration::from_millis(100));
    let called = Instant::now();
    connection.call(&["PING"]).await.unwrap();
    assert!(called.elapsed() >= Duration::from_millis(200));
    proxy.cut();
    assert!(with_timeout("the end", connection.call(&["PING"])).await.is_err());
    proxy.heal();
    let mut second = Connection::open(proxy.address()).await.unwrap();
    assert!(answers(&mut second).await);
    proxy.close();
    assert!(with_timeout("the end", second.call(&["PING"])).await.is_err());
    let refused = async { Connection::open(proxy.address()).await?.call(&["PING"]).await };
    assert!(with_timeout("the refusal", refused).await.is_err());
    proxy.heal();
    let mut third = Connection::open(proxy.address()).await.unwrap();
    assert!(answers(&mut third).await);
}

#[tokio::test]
async fn a_member_beats_hears_and_comes_back_with_what_it_knew() {
    let server = Server::alone(&["--heartbeat-timeout", "6s"]).await;
    let ann = TestMember::create(&server, Who::new("ann", "m2m")).await;
    let bob = TestMember::join(&server, Who::new("bob", "m2m")).await;
    let refused = TestMember::try_join(&server, Who::new("eve", "m2m"), true).await.err();
    assert_eq!(refused.map(|ack| ack["c"].clone()), Some(4022.into()));
    ann.relay(&bob.who, 0..50);
    bob.hears(&ann, 0..50).await;
    let memory = bob.lose();
    ann.relay(&memory.who, 50..100);
    ann.beat().await;
    let bob = memory.resume(&server).await.unwrap();
    bob.hears(&ann, 0..100).await;
    let newer = bob.resume(&server).await;
    assert_eq!(bob.closed().await, 4000);
    newer.stays(Duration::from_secs(7), "who beats stays", |state| state.closed.is_none()).await;
    all_know(&[&ann, &newer], &["ann-1"]).await;
}
