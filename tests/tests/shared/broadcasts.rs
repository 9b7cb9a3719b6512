//! Broadcasts over HTTP: data signals in, playlists and media out.

use roomcast_tests::broadcast::{Streamer, get, part_bytes};
use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::json;

const MEDIA: &str = "/live/demo/main/v0/playlist.m3u8";

#[tokio::test]
async fn uploaded_parts_and_segments_are_listed_and_served() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    assert_eq!(get(&server.url("/live/demo/main/playlist.m3u8")).await.status(), 404);
    let (status, answer) = streamer.variant().await;
    assert_eq!((status.as_u16(), &answer["s"]), (200, &json!("UPDATE_VARIANT")), "{answer}");
    assert!(answer["b"]["delay"].as_i64().is_some_and(|delay| delay > 0));
    for sequence in 0..3 {
        assert_eq!(streamer.part(sequence, 0).await.0, 200);
        assert_eq!(streamer.part(sequence, 1).await.0, 200);
        assert_eq!(streamer.segment(sequence).await.0, 200);
    }
    assert_eq!(streamer.part(3, 0).await.0, 200);

    let multivariant = "/live/demo/main/playlist.m3u8";
    server.text(multivariant).await;
    let response = get(&server.url(multivariant)).await;
    assert_eq!(response.headers()["content-type"], "application/vnd.apple.mpegurl");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let multivariant = m3u8_rs::parse_master_playlist_res(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(multivariant.variants[0].uri, "v0/playlist.m3u8");

    let text = server.text(MEDIA).await;
    let playlist = m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap();
    let names: Vec<_> = playlist.segments.iter().map(|segment| segment.uri.as_str()).collect();
    assert_eq!(names, ["s0.m4s", "s1.m4s", "s2.m4s"]);
    for line in [
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,",
        "#EXT-X-PART-INF:PART-TARGET=0.5",
        "URI=\"p6.m4s\"",
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p7.m4s\"",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    for (name, bytes) in [
        ("init.mp4", b"init".to_vec()),
        ("p6.m4s", part_bytes(3, 0)),
        ("s1.m4s", [part_bytes(1, 0), part_bytes(1, 1)].concat()),
    ] {
        let response = get(&server.url(&format!("/live/demo/main/v0/{name}"))).await;
        assert_eq!(response.headers()["content-type"], "video/mp4", "{name}");
        assert_eq!(response.bytes().await.unwrap(), bytes, "{name}");
    }
    assert_eq!(get(&server.url("/live/demo/main/v0/p99.m4s")).await.status(), 404);
    assert_eq!(get(&server.url("/live/demo/main/v9/playlist.m3u8")).await.status(), 404);
    let head = with_timeout("HEAD", reqwest::Client::new().head(server.url("/live/demo/main/v0/p6.m4s")).send())
        .await
        .unwrap();
    assert_eq!(head.headers()["content-length"], part_bytes(3, 0).len().to_string().as_str());
}

#[tokio::test]
async fn what_was_never_announced_is_4005_for_streamers_and_players() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    let (status, answer) = streamer.part(0, 0).await;
    assert_eq!((status.as_u16(), &answer["c"], &answer["s"]), (404, &json!(4005), &json!("UPDATE_PART")), "{answer}");
    for path in
        ["/live/demo/main/playlist.m3u8", MEDIA, "/live/demo/main/v0/p0.m4s", "/live/nowhere/main/playlist.m3u8"]
    {
        let response = get(&server.url(path)).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.json::<serde_json::Value>().await.unwrap()["c"], 4005, "{path}");
    }
}

#[tokio::test]
async fn a_blocking_reload_is_answered_by_the_part_it_waits_for() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    server.text(MEDIA).await;
    let waiting = tokio::spawn(get_text(server.url(&format!("{MEDIA}?_HLS_msn=0&_HLS_part=1"))));
    let hinted = tokio::spawn(get_text(server.url("/live/demo/main/v0/p1.m4s")));
    // A later request is answered first: so the two above have nothing to be answered with yet.
    assert!(!server.text(MEDIA).await.contains("URI=\"p1.m4s\",INDEPENDENT") && !waiting.is_finished());
    streamer.part(0, 1).await;
    assert!(with_timeout("the reload", waiting).await.unwrap().contains("#EXT-X-PART:DURATION=0.5,URI=\"p1.m4s\""));
    assert_eq!(with_timeout("the hinted part", hinted).await.unwrap().into_bytes(), part_bytes(0, 1));
}

#[tokio::test]
async fn reloads_that_make_no_sense_are_refused() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    server.text(MEDIA).await;
    for query in ["_HLS_part=1", "_HLS_msn=9", "_HLS_msn=x", "_HLS_msn=0&_HLS_part=40"] {
        assert_eq!(get(&server.url(&format!("{MEDIA}?{query}"))).await.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn a_reload_whose_part_never_comes_ends_with_503() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    server.text(MEDIA).await;
    assert_eq!(get(&server.url(&format!("{MEDIA}?_HLS_msn=0&_HLS_part=1"))).await.status(), 503);
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_other_bytes_conflict() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    let before = server.text(MEDIA).await;
    assert_eq!(streamer.part(0, 0).await.0, 200);
    assert_eq!(server.text(MEDIA).await, before);
    let other = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"}, "segment": {"id": "s0.m4s", "sequence": 0},
        "part": {"id": "p0.m4s", "sequence": 0, "duration": 0.5, "independent": true, "data": "AAAA"}});
    let (status, answer) = streamer.upload("updatePart", 3, other).await;
    assert_eq!((status.as_u16(), &answer["c"]), (409, &json!(4026)));
}

#[tokio::test]
async fn viewers_learn_when_a_broadcast_is_playable_and_when_it_ends() {
    let server = Server::start(&["--room-linger", "1s"]).await;
    let mut streamer = Streamer::start(&server).await;
    let (mut viewer, ack) = Client::join(&server, "bob", "p2m", false).await;
    assert_eq!((&ack["b"]["pt"], &ack["b"]["hls"]), (&json!("viewer"), &json!({"playlists": []})));
    streamer.variant().await;
    streamer.part(0, 0).await;
    let playable = async {
        loop {
            let list = viewer.hear("PUBLISH_LIST_CHANGED").await;
            if list["b"]["pps"][0]["hls"].is_string() {
                return list;
            }
        }
    };
    let list = with_timeout("the broadcast to be playable", playable).await;
    assert_eq!(list["b"]["pps"][0]["hls"], "/live/demo/main/playlist.m3u8");
    let (mut late, ack) = Client::join(&server, "eve", "p2m", false).await;
    if server.is_alone() || ack["b"]["hls"]["playlists"] != json!([]) {
        assert_eq!(ack["b"]["hls"]["playlists"], json!(["/live/demo/main/playlist.m3u8"]));
    } else {
        // The news of the part was still on its way to the node.
        let list = late.hear("PUBLISH_LIST_CHANGED").await;
        assert_eq!(list["b"]["pps"][0]["hls"], "/live/demo/main/playlist.m3u8");
    }

    streamer.client.signal("leave", "LEAVE", json!({})).await;
    assert_eq!(viewer.hear("ROOM_CLOSED").await["b"]["reason"], "ended");
    let text = server.text(MEDIA).await;
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "the playlist outlives the room:\n{text}");
}

#[tokio::test]
async fn the_end_of_a_stream_wakes_who_waits() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    streamer.part(0, 0).await;
    streamer.part(0, 1).await;
    server.text(MEDIA).await;
    let waiting = tokio::spawn(get_text(server.url(&format!("{MEDIA}?_HLS_msn=1&_HLS_part=0"))));
    assert_eq!(streamer.end().await.1["s"], "END_STREAM");
    assert!(with_timeout("the reload", waiting).await.unwrap().contains("#EXT-X-ENDLIST"));
}

async fn get_text(url: String) -> String {
    get(&url).await.text().await.expect("a playlist is text")
}
