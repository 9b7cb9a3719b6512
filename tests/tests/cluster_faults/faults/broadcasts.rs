//! A broadcast outlives its nodes and what Redis knew of it; every node has the same playlists, and all that they name.

use std::time::{Duration, Instant};

use roomcast_tests::broadcast::{Streamer, get, part_bytes};
use roomcast_tests::client::Client;
use roomcast_tests::media;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::json;

use super::scene::Scene;

const PLAYLIST: &str = "/live/demo/main/v0/playlist.m3u8";

/// A streamer on node 0 that uploads through every node in turn.
async fn begin(scene: &Scene, segments: u64) -> Streamer {
    let mut streamer = Streamer::start(&scene.nodes[0]).await;
    assert_eq!(streamer.variant().await.0, 200);
    go_on(scene, &mut streamer, 0, segments, &[0, 1, 2]).await;
    streamer
}

async fn go_on(scene: &Scene, streamer: &mut Streamer, first: u64, last: u64, nodes: &[usize]) {
    for sequence in first..last {
        for index in 0..2 {
            let node = nodes[usize::try_from(sequence * 2 + index).expect("few") % nodes.len()];
            streamer.url = scene.nodes[node].url("/rooms/demo/data");
            let (status, answer) = streamer.part(sequence, index).await;
            assert_eq!(status, 200, "part {index} of {sequence} through node {node}: {answer}");
        }
    }
}

/// The playlist of a node, once it contains this.
async fn listing(node: &Server, query: &str, wanted: &str) -> String {
    let url = node.url(&format!("{PLAYLIST}{query}"));
    let listed = async {
        loop {
            let text = get(&url).await.text().await.expect("text");
            if text.contains(wanted) {
                return text;
            }
        }
    };
    with_timeout(wanted, listed).await
}

/// The playlist of a node, once it lists the last part of this segment.
async fn playlist(node: &Server, sequence: u64) -> String {
    let name = format!("p{}.m4s\"", sequence * 2 + 1);
    listing(node, &format!("?_HLS_msn={sequence}&_HLS_part=1"), &name).await
}

/// Holds that nodes list the same, and have all that is listed.
async fn all_have_all(scene: &Scene, nodes: &[usize], last: u64) {
    let first = playlist(&scene.nodes[nodes[0]], last).await;
    for node in nodes.iter().map(|node| &scene.nodes[*node]) {
        assert_eq!(playlist(node, last).await, first);
        let quoted = first.split('"').filter(|text| text.ends_with(".m4s") || text.ends_with(".mp4"));
        let plain = first.lines().filter(|line| line.ends_with(".m4s"));
        let hint =
            first.lines().find_map(|line| line.split_once("PRELOAD-HINT")?.1.split('"').nth(1)).unwrap_or_default();
        for name in quoted.chain(plain).filter(|name| *name != hint) {
            let response = get(&node.url(&format!("/live/demo/main/v0/{name}"))).await;
            assert_eq!(response.status(), 200, "{name}");
            assert!(!response.bytes().await.expect("a body").is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn uploads_through_all_nodes_make_the_same_playlists_on_all() {
    let scene = Scene::start().await;
    let _streamer = begin(&scene, 5).await;
    all_have_all(&scene, &[0, 1, 2], 4).await;
}

#[tokio::test]
async fn a_hinted_part_is_waited_for_on_another_node() {
    let scene = Scene::start().await;
    let mut streamer = begin(&scene, 4).await;
    for node in 0..3 {
        playlist(&scene.nodes[node], 3).await;
    }
    let hinted = [1, 2].map(|node| scene.nodes[node].url("/live/demo/main/v0/p8.m4s"));
    let waiting = hinted.map(|url| tokio::spawn(async move { get(&url).await }));
    // A request behind them, on a connection of its own, has been answered: those are waiting.
    assert_eq!(get(&scene.nodes[1].url(PLAYLIST)).await.status(), 200);
    streamer.url = scene.nodes[0].url("/rooms/demo/data");
    assert_eq!(streamer.part(4, 0).await.0, 200);
    for waiter in waiting {
        let answer = with_timeout("the hinted part", waiter).await.expect("a task");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.bytes().await.expect("a body"), part_bytes(4, 0));
    }
}

#[tokio::test]
async fn a_broadcast_goes_on_when_the_node_of_its_streamer_is_killed() {
    let mut scene = Scene::start().await;
    let mut streamer = begin(&scene, 4).await;
    playlist(&scene.nodes[2], 3).await;
    let resumed = json!({"roomCreating": false, "resumeFrom": 0});
    scene.nodes.kill(0).await;
    let mut client = Client::connect(&scene.nodes[1], "ann", "p2m").await;
    let ack = client.join_with(resumed).await;
    assert_eq!((&ack["c"], &ack["b"]["resumed"]), (&json!(200), &json!(true)), "{ack}");
    streamer.client = client;
    // Also the token before is good: uploads may be under way with it.
    go_on(&scene, &mut streamer, 4, 5, &[1, 2]).await;
    streamer.token = ack["b"]["hls"]["ingest"]["token"].as_str().expect("a token").to_owned();
    go_on(&scene, &mut streamer, 5, 7, &[2, 1]).await;
    all_have_all(&scene, &[1, 2], 6).await;
}

#[tokio::test]
async fn an_encoder_goes_on_through_another_node_when_its_own_is_shut_down() {
    const PUSH: &str = "/rooms/demo/ingest/main/v0";
    let mut scene = Scene::start().await;
    let pieces = media::pieces(&media::bytes("v a"));
    let mut first = Raw::put(&scene.nodes[0].address, PUSH).await;
    first.chunk(&pieces[..9].concat()).await;
    // It begins the third segment.
    listing(&scene.nodes[2], "", "-p6.m4s\",INDEPENDENT=YES").await;
    scene.nodes[0].terminate().await;
    assert_eq!(first.answer().await.0, 503);
    assert!(scene.nodes[0].ended().await.success());
    let again = reqwest::Client::new().put(scene.nodes[1].url(PUSH)).body(pieces.concat());
    assert_eq!(with_timeout("the answer", again.send()).await.expect("an answer").status(), 200);
    for node in [1, 2] {
        let whole = listing(&scene.nodes[node], "", "#EXT-X-ENDLIST").await;
        let (before, behind) = whole.split_once("#EXT-X-DISCONTINUITY\n").unwrap_or_else(|| panic!("{whole}"));
        assert_eq!((before.matches("#EXTINF").count(), behind.matches("#EXTINF").count()), (3, 6), "{whole}");
        assert!(!whole.contains("GAP"), "{whole}");
        for name in whole.lines().filter(|line| line.ends_with(".m4s")) {
            assert_eq!(
                get(&scene.nodes[node].url(&format!("/live/demo/main/v0/{name}"))).await.status(),
                200,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_redis_that_forgets_is_told_the_broadcast_again() {
    // The streamer sends no heartbeats while its uploads are refused.
    let scene = Scene::start_with(&["--heartbeat-timeout", "1m"]).await;
    let mut streamer = begin(&scene, 4).await;
    all_have_all(&scene, &[0, 1], 3).await;
    scene.redis.flush().await;
    // Until the nodes have put back what they know, uploads are refused for now, and sent again.
    let end = Instant::now() + Duration::from_secs(15);
    while streamer.part(4, 0).await.0 != 200 {
        assert!(Instant::now() < end, "no upload is taken any more");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    go_on(&scene, &mut streamer, 4, 6, &[1, 0]).await;
    // The third node knew nothing: all that it has comes from what was put back.
    all_have_all(&scene, &[0, 1, 2], 5).await;
}

#[tokio::test]
async fn what_has_ended_is_watched_to_its_end_on_a_node_that_never_had_it() {
    let scene = Scene::start().await;
    let mut streamer = Streamer::start(&scene.nodes[0]).await;
    assert_eq!(streamer.variant().await.0, 200);
    go_on(&scene, &mut streamer, 0, 4, &[0]).await;
    streamer.client.signal("leave", "LEAVE", json!({})).await;
    let first = listing(&scene.nodes[0], "", "#EXT-X-ENDLIST").await;
    let response = get(&scene.nodes[2].url(PLAYLIST)).await;
    assert_eq!((response.status().as_u16(), response.text().await.expect("text")), (200, first));
    let media = get(&scene.nodes[2].url("/live/demo/main/v0/p7.m4s")).await;
    assert_eq!(media.bytes().await.expect("a body"), part_bytes(3, 1));
}

/// A viewer that asks while the last member leaves gets what there is, and then the end.
#[tokio::test]
async fn what_ends_while_a_node_reads_it_is_not_lost_for_who_asked() {
    let scene = Scene::start().await;
    for room in (0..20).map(|round| format!("round-{round}")) {
        let mut streamer = Streamer::start_in(&scene.nodes[0], &room).await;
        assert_eq!(streamer.variant().await.0, 200);
        for index in 0..2 {
            assert_eq!(streamer.part(0, index).await.0, 200);
        }
        streamer.client.signal("leave", "LEAVE", json!({})).await;
        let watched = [1, 2].map(|node| {
            let url = scene.nodes[node].url(&format!("/live/{room}/main/v0/playlist.m3u8"));
            async move {
                loop {
                    let response = get(&url).await;
                    assert_eq!(response.status(), 200, "{url}");
                    if response.text().await.expect("text").contains("#EXT-X-ENDLIST") {
                        return;
                    }
                }
            }
        });
        with_timeout("the end", futures_util::future::join_all(watched)).await;
    }
}

/// Holds that a broadcast has ended on a node, without gap or break, and that all of its media is there.
async fn is_whole(node: &Server, playlist: &str, segments: usize) {
    let base = node.url(&format!("/live/demo/{playlist}/v0"));
    let ended = async {
        loop {
            let text = get(&format!("{base}/playlist.m3u8")).await.text().await.expect("text");
            if text.contains("#EXT-X-ENDLIST") {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let whole = with_timeout("the end", ended).await;
    assert_eq!(whole.matches("#EXTINF").count(), segments, "{whole}");
    assert!(!whole.contains("GAP") && !whole.contains("DISCONTINUITY\n"), "{whole}");
    let map = whole.split("#EXT-X-MAP:URI=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a map");
    for name in whole.lines().filter(|line| line.ends_with(".m4s")).chain([map]) {
        assert_eq!(get(&format!("{base}/{name}")).await.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn a_push_goes_on_over_two_seconds_without_redis() {
    let mut scene = Scene::start().await;
    let pieces = media::pieces(&media::bytes("v a"));
    let mut push = Raw::put(&scene.nodes[0].address, "/rooms/demo/ingest/main/v0").await;
    push.chunk(&pieces[..9].concat()).await;
    listing(&scene.nodes[2], "", "-p6.m4s\",INDEPENDENT=YES").await;
    scene.redis.process().kill().await;
    push.chunk(&pieces[9..12].concat()).await;
    // The outage itself.
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.redis.restart().await;
    push.chunk(&pieces[12..].concat()).await;
    push.chunk(b"").await;
    let (status, head) = push.answer().await;
    assert_eq!(status, 200, "{head}");
    for node in 0..3 {
        is_whole(&scene.nodes[node], "main", 6).await;
    }
}

#[tokio::test]
async fn a_push_goes_on_when_the_owner_of_its_room_is_killed() {
    let mut scene = Scene::start().await;
    let pieces = media::pieces(&media::bytes("v a"));
    let mut first = Raw::put(&scene.nodes[0].address, "/rooms/demo/ingest/main/v0").await;
    first.chunk(&pieces[..9].concat()).await;
    listing(&scene.nodes[2], "", "-p6.m4s\",INDEPENDENT=YES").await;
    let mut push = Raw::put(&scene.nodes[1].address, "/rooms/demo/ingest/side/v0").await;
    push.chunk(&pieces[..9].concat()).await;
    let side = scene.nodes[2].url("/live/demo/side/v0/playlist.m3u8");
    let listed = async {
        while !get(&side).await.text().await.expect("text").contains("-p6.m4s\",INDEPENDENT=YES") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    with_timeout("its third segment", listed).await;
    scene.nodes.kill(0).await;
    push.chunk(&pieces[9..].concat()).await;
    push.chunk(b"").await;
    let (status, head) = push.answer().await;
    assert_eq!(status, 200, "{head}");
    for node in [1, 2] {
        is_whole(&scene.nodes[node], "side", 6).await;
    }
}

#[tokio::test]
async fn a_node_that_took_a_broadcast_over_puts_its_init_section_back() {
    let mut scene = Scene::start_with(&["--heartbeat-timeout", "1m"]).await;
    let mut streamer = Streamer::start(&scene.nodes[0]).await;
    assert_eq!(streamer.variant().await.0, 200);
    go_on(&scene, &mut streamer, 0, 2, &[0]).await;
    scene.nodes.kill(0).await;
    let mut client = Client::connect(&scene.nodes[1], "ann", "p2m").await;
    let ack = client.join_with(json!({"roomCreating": false, "resumeFrom": 0})).await;
    assert_eq!(ack["c"], 200, "{ack}");
    streamer.client = client;
    go_on(&scene, &mut streamer, 2, 4, &[1]).await;
    scene.redis.flush().await;
    let init = scene.nodes[2].url("/live/demo/main/v0/init.mp4");
    let there = async {
        while get(&init).await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), there).await.expect("the init section is put back");
}
