//! Uploads through several nodes: in any order, at once, refused, repeated, and read by who comes late.

use futures_util::future::join_all;
use roomcast_core::hls;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;

use super::feed::{bytes, part, part_id, parts, segment, variant};
use super::node::{Node, calls, key, number, until, until_same};
use super::server::Redis;

/// A small generator with a seed, so that a failure can be repeated.
fn shuffled(mut uploads: Vec<Payload>, mut seed: u64) -> Vec<Payload> {
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    let mut keyed: Vec<_> =
        uploads.drain(..).enumerate().map(|(at, upload)| (at as u64 + random() % 4, upload)).collect();
    keyed.sort_by_key(|(at, _)| *at);
    keyed.into_iter().map(|(_, upload)| upload).collect()
}

#[actix_web::test]
async fn uploads_through_two_nodes_in_any_order_make_the_same_playlists_everywhere() {
    for seed in 1..4 {
        let redis = Redis::start(&[]);
        let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
        one.take(variant("init.mp4")).await;
        let uploads = (0..40).flat_map(|msn| parts(msn).chain((msn % 3 == 0).then(|| segment(msn)))).collect();
        for (at, upload) in shuffled(uploads, seed).into_iter().enumerate() {
            let node = if (at as u64 * seed) % 5 < 2 { &one } else { &other };
            node.take(upload).await;
        }
        until_same(&one, &other).await;
        let late = Node::start(&redis).await;
        assert_eq!(late.playlist(), one.playlist());
        assert!(one.playlist().contains("#EXT-X-MEDIA-SEQUENCE:10\n"), "{}", one.playlist());
        let objects = one.objects().await;
        assert_eq!(objects, other.objects().await);
        assert_eq!(objects, late.objects().await);
        let version = number(&redis, &["HGET", &key("h:demo:main"), "v"]);
        assert!((161..=175).contains(&version), "what comes too late is not written: {version}");
        assert!(number(&redis, &["LLEN", &key("hl:demo:main")]) <= 128, "the log is trimmed");
        assert_eq!(*one.playing.borrow(), *other.playing.borrow());
    }
}

#[actix_web::test]
async fn uploads_at_the_same_moment_through_three_nodes_are_all_taken() {
    let redis = Redis::start(&[]);
    let settings = hls::Settings { parts_before_gap: 1000, ..hls::Settings::default() };
    let nodes =
        [Node::with(&redis, settings).await, Node::with(&redis, settings).await, Node::with(&redis, settings).await];
    join_all(nodes.iter().map(|node| node.take(variant("init.mp4")))).await;
    nodes[0].take(part(0, 0)).await;
    for msn in 0..10 {
        let uploads = parts(msn).enumerate().map(|(at, upload)| nodes[at % 3].take(upload));
        join_all(uploads).await;
    }
    for node in &nodes {
        until_same(node, &nodes[0]).await;
        assert_eq!(node.playlist(), nodes[0].playlist());
        assert!(!node.playlist().contains("GAP"));
        assert_eq!(node.object("s3.m4s").await, [12, 13, 14, 15].map(|n| bytes(&format!("p{n}.m4s"))).concat());
    }
}

#[actix_web::test]
async fn what_is_refused_or_repeated_writes_nothing() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    assert_eq!(one.try_take(part(0, 0)).await.unwrap_err().code, AckCode::TrackNotFound);
    assert_eq!(redis.ask(&["KEYS", "*:m:*"]).trim(), "");
    one.take(variant("init.mp4")).await;
    // The other may not have heard of it yet.
    other.take(part(0, 0)).await;
    one.until_listed(&part_id(0, 0)).await;
    let kept = || redis.ask(&["KEYS", "*demo*"]).lines().count();
    let (keys, written) = (kept(), calls(&redis, "rpush"));
    let Payload::Part(mut bad) = part(0, 0) else { unreachable!() };
    bad.part.data.0 = bytes("x");
    assert_eq!(one.try_take(Payload::Part(bad)).await.unwrap_err().code, AckCode::SequenceConflict);
    let Payload::Part(mut lost) = part(0, 1) else { unreachable!() };
    lost.segment.sequence = 5000;
    assert_eq!(other.try_take(Payload::Part(lost)).await.unwrap_err().code, AckCode::InvalidSignal);
    one.take(part(0, 0)).await;
    other.take(variant("init.mp4")).await;
    assert_eq!((kept(), calls(&redis, "rpush")), (keys, written));
}

#[actix_web::test]
async fn an_upload_costs_two_round_trips() {
    let redis = Redis::start(&[]);
    let (one, _other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    let before = (calls(&redis, "evalsha"), calls(&redis, "set"));
    one.take_all((0..5).flat_map(parts)).await;
    let after = (calls(&redis, "evalsha"), calls(&redis, "set"));
    // The lease of two nodes is renewed by scripts, too.
    assert_eq!(after.1 - before.1, 20);
    assert!(after.0 - before.0 < 40, "{before:?} {after:?}");
}

#[actix_web::test]
async fn a_room_has_no_more_playlists_than_it_may_whichever_nodes_make_them() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    let named = |name: &str| {
        let Payload::Variant(mut update) = variant("init.mp4") else { unreachable!() };
        update.playlist.id = super::feed::id(name);
        Payload::Variant(update)
    };
    one.take(named("a")).await;
    other.take(named("b")).await;
    let refusals = join_all([one.try_take(named("c")), other.try_take(named("d"))]).await;
    assert!(refusals.iter().all(|taken| taken.as_ref().unwrap_err().code == AckCode::RoomFull));
    one.take(named("b")).await;
}

#[actix_web::test]
async fn the_end_reaches_all_and_a_room_that_was_closed_begins_anew() {
    let redis = Redis::start(&[]);
    let (one, other) = (Node::start(&redis).await, Node::start(&redis).await);
    one.take(variant("init.mp4")).await;
    one.take_all(parts(0)).await;
    other.until_listed(&part_id(0, 3)).await;
    assert!(other.broadcasts.playing()[0].1);
    other.broadcasts.end_all().await.unwrap();
    until("ended", || one.playlist().ends_with("#EXT-X-ENDLIST\n")).await;
    until("told", || one.playing.borrow().last().is_some_and(|playing| !playing[0].1)).await;
    assert_eq!(one.playlist(), other.playlist());
    one.take(variant("new.mp4")).await;
    other.take_all(parts(1)).await;
    one.until_listed(&part_id(1, 3)).await;
    assert!(one.playlist().contains("#EXT-X-DISCONTINUITY\n"));
    other.broadcasts.stop();
    one.broadcasts.stop();
    one.broadcasts.begin().await.unwrap();
    let later = Node::start(&redis).await;
    assert_eq!(later.playlist(), "");
    later.take(variant("init.mp4")).await;
    later.take_all(parts(0)).await;
    assert!(!later.playlist().contains("DISCONTINUITY"));
}
