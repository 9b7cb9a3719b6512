//! What Redis may lose: messages, everything, the last second, itself.

use futures_util::FutureExt as _;
use roomcast_protocol::code::AckCode;

use super::feed::{bytes, end, part, part_id, parts, variant};
use super::node::{Node, key, number, until, until_same};
use super::server::Redis;

#[actix_web::test]
async fn news_that_were_missed_are_read() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    other.until_listed(&part_id(0, 3)).await;
    other.leave().await;
    one.take_all(parts(1)).await;
    other.register().await;
    one.take(part(2, 0)).await;
    other.until_listed(&part_id(2, 0)).await;
    assert_eq!(one.playlist(), other.playlist());
    // More than the log keeps.
    other.leave().await;
    one.take_all((2..60).flat_map(parts)).await;
    other.register().await;
    one.take(part(60, 0)).await;
    other.until_listed(&part_id(60, 0)).await;
    assert_eq!(one.playlist(), other.playlist());
    assert_eq!(one.objects().await, other.objects().await);
}

#[actix_web::test]
async fn a_node_that_missed_everything_still_uploads() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    other.leave().await;
    one.take_all((0..3).flat_map(parts)).await;
    other.take_all((3..6).flat_map(parts)).await;
    until_same(&one, &other).await;
    assert!(!one.playlist().contains("GAP"));
}

#[actix_web::test]
async fn an_empty_redis_is_filled_again_by_those_who_know() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all((0..3).flat_map(parts)).await;
    other.take_all((3..6).flat_map(parts)).await;
    until_same(&one, &other).await;
    let before = one.playlist();
    redis.ask(&["FLUSHALL"]);
    one.broadcasts.reset();
    other.broadcasts.reset();
    one.register().await;
    other.register().await;
    until("restored", || redis.ask(&["HGET", &key("h:demo:main"), "v"]).trim() == "25").await;
    until("media stored", || redis.ask(&["KEYS", "*:m:*"]).lines().count() == 25).await;
    let late = Node::start(&redis).await;
    assert_eq!(late.playlist(), before);
    assert_eq!(late.objects().await, one.objects().await);
    assert_eq!(one.playlist(), before);
    late.take_all(parts(6)).await;
    one.take_all(parts(7)).await;
    other.until_listed(&part_id(7, 3)).await;
    assert_eq!(late.playlist(), one.playlist());
    assert_eq!(other.playlist(), one.playlist());
}

#[actix_web::test]
async fn an_upload_finds_redis_empty_and_nothing_is_lost() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    other.until_listed(&part_id(0, 3)).await;
    redis.ask(&["FLUSHALL"]);
    other.take(part(1, 0)).await;
    one.take(part(1, 1)).await;
    let late = Node::start(&redis).await;
    assert_eq!(late.playlist(), one.playlist());
    assert!(late.playlist().contains(&part_id(1, 1)) && late.playlist().contains(&part_id(0, 0)));
}

#[actix_web::test]
async fn without_redis_uploads_are_refused_with_503_and_go_on_when_it_is_back() {
    let mut redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    other.until_listed(&part_id(0, 3)).await;
    redis.kill();
    assert_eq!(one.try_take(part(1, 0)).await.unwrap_err().code, AckCode::Unavailable);
    assert_eq!(one.object(&part_id(0, 0)).await, bytes(&part_id(0, 0)), "what is here is served");
    redis.run();
    until("ready", || one.backplane.is_ready() && other.backplane.is_ready()).await;
    one.register().await;
    other.register().await;
    for upload in parts(1) {
        one.take(upload).await;
    }
    other.until_listed(&part_id(1, 3)).await;
    assert_eq!(one.playlist(), other.playlist());
    assert_eq!(other.object(&part_id(0, 2)).await, bytes(&part_id(0, 2)), "put back by the node that has it");
}

#[actix_web::test]
async fn a_write_that_got_no_answer_is_found_and_not_repeated() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    // The script runs when its caller has given it up, and before the caller has read what became of it.
    redis.ask(&["CLIENT", "PAUSE", "700"]);
    one.take(end()).await;
    assert_eq!(number(&redis, &["HGET", &key("h:demo:main"), "v"]), 6);
    until_same(&one, &other).await;
    assert!(one.playlist().ends_with("#EXT-X-ENDLIST\n"));
}

#[actix_web::test]
async fn who_uploads_and_goes_away_is_still_heard() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    for upload in parts(0) {
        assert!(one.try_take(upload).now_or_never().is_none());
    }
    for node in [&one, &other] {
        node.until_listed(&part_id(0, 3)).await;
    }
}

/// Copies what is kept of the stream aside, or back.
fn copy(redis: &Redis, from: &str, to: &str) {
    for kind in ["h", "hl"] {
        let name = |suffix: &str| key(&format!("{kind}:demo:main{suffix}"));
        redis.ask(&["COPY", &name(from), &name(to), "REPLACE"]);
    }
}

#[actix_web::test]
async fn a_redis_that_lost_its_last_second_gets_it_back() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    copy(&redis, "", ".before");
    one.take_all(parts(1)).await;
    other.until_listed(&part_id(1, 3)).await;
    let before = one.playlist();
    copy(&redis, ".before", "");
    assert_eq!(number(&redis, &["HGET", &key("h:demo:main"), "v"]), 5);
    one.broadcasts.reset();
    other.broadcasts.reset();
    until("put back", || number(&redis, &["HGET", &key("h:demo:main"), "v"]) == 9).await;
    assert_eq!((one.playlist(), other.playlist()), (before.clone(), before));
    other.take(part(2, 0)).await;
    one.until_listed(&part_id(2, 0)).await;
    assert_eq!(one.playlist(), other.playlist());
}

#[actix_web::test]
async fn logs_that_went_apart_become_one_with_the_uploads_of_both() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    other.until_listed(&part_id(0, 3)).await;
    copy(&redis, "", ".before");
    other.leave().await;
    one.take_all([part(1, 0), part(1, 1)]).await;
    copy(&redis, ".before", "");
    // The media is lost as well.
    for name in redis.ask(&["KEYS", "*:m:*"]).lines() {
        redis.ask(&["DEL", name]);
    }
    one.leave().await;
    other.take_all([part(1, 2), part(1, 3)]).await;
    one.register().await;
    other.register().await;
    one.broadcasts.reset();
    other.broadcasts.reset();
    other.until_listed(&part_id(1, 3)).await;
    until_same(&one, &other).await;
    assert!(!one.playlist().contains("GAP"), "{}", one.playlist());
    assert_eq!(other.object(&part_id(1, 1)).await, bytes(&part_id(1, 1)));
    assert_eq!(one.object(&part_id(1, 2)).await, bytes(&part_id(1, 2)));
}
