//! Media on nodes it was not uploaded to.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::feed::{bytes, id, part, part_id, parts, segment, variant};
use super::node::{Fetches, Node, key, number, until};
use super::server::Redis;

#[actix_web::test]
async fn media_is_fetched_once_for_all_who_ask_and_then_kept() {
    let (fetches, _guard) = Fetches::count();
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0).chain([segment(0)]).chain(parts(1)).chain([part(2, 0)])).await;
    other.until_listed(&part_id(2, 0)).await;
    let name = part_id(1, 2);
    for node in [&one, &other] {
        let all = join_all((0..50).map(|_| node.object(&name))).await;
        assert!(all.iter().all(|got| *got == bytes(&name)));
    }
    assert_eq!(fetches.now(), 1);
    // A segment that was made of its parts is them.
    assert_eq!(other.object("s1.m4s").await, (4..8).map(|n| bytes(&format!("p{n}.m4s"))).collect::<Vec<_>>().concat());
    assert_eq!(fetches.now(), 4);
    assert_eq!(other.object("s0.m4s").await, bytes("s0.m4s"));
    let tag = |node: &Node| {
        let stored = node.live.track(&id("main"), &id("v0")).object(&id("s1.m4s")).unwrap();
        async move { stored.tag(&stored.bytes().await.unwrap()) }
    };
    assert_eq!(tag(&one).await, tag(&other).await);
}

#[actix_web::test]
async fn what_viewers_will_want_is_fetched_when_it_is_heard_of() {
    let (fetches, _guard) = Fetches::count();
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take(part(0, 0)).await;
    other.until_listed(&part_id(0, 0)).await;
    assert_eq!(fetches.now(), 0, "nobody watches");
    other.live.track(&id("main"), &id("v0")).note_viewer();
    one.take_all([part(0, 1), part(0, 2)]).await;
    until("fetched", || fetches.now() == 2).await;
    other.until_listed(&part_id(0, 2)).await;
    assert_eq!(other.object(&part_id(0, 1)).await, bytes(&part_id(0, 1)));
    assert_eq!(fetches.now(), 2);
}

#[actix_web::test]
async fn media_that_is_lost_is_refused_in_time_and_found_when_it_is_back() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take(part(0, 0)).await;
    other.until_listed(&part_id(0, 0)).await;
    let lost = redis.ask(&["KEYS", &key("m:demo:main:v0:*").replace(['{', '}'], "?")]);
    lost.lines().for_each(|key| drop(redis.ask(&["DEL", key])));
    assert_eq!(lost.lines().count(), 2);
    let stored = other.live.track(&id("main"), &id("v0")).object(&id(&part_id(0, 0))).unwrap();
    let asked = Instant::now();
    assert!(stored.bytes().await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(6));
    let (back, ()) = futures_util::future::join(stored.bytes(), async { one.broadcasts.reset() }).await;
    assert_eq!(back.unwrap().len(), 1000, "who has it puts it back");
}

#[actix_web::test]
async fn media_lasts_longer_than_playlists_name_it() {
    let redis = Redis::start(&[]);
    let one = Node::start(&redis).await;
    one.take(variant("init.mp4")).await;
    one.take(part(0, 0)).await;
    for key in redis.ask(&["KEYS", "*:m:*"]).lines() {
        let left = number(&redis, &["PTTL", key]);
        assert!((122_000..=132_000).contains(&left), "{left}");
        redis.ask(&["PEXPIRE", key, "60000"]);
    }
    redis.ask(&["HDEL", &key("h:demo:main"), "r"]);
    let young = || redis.ask(&["KEYS", "*:m:*"]).lines().all(|key| number(&redis, &["PTTL", key]) > 100_000);
    assert!(!young());
    // The node looks every ten seconds.
    until("prolonged", young).await;
}
