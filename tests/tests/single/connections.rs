//! The life of a connection: its times, its limits, and peers that misbehave without breaking the protocol.

use std::time::{Duration, Instant};

use roomcast_tests::client::Client;
use roomcast_tests::raw::{CLOSE, PING, PONG, Raw, TEXT, frame};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A short idle timeout, with the pings and keepalives that fit it.
const IDLE: [&str; 6] = ["--idle-timeout", "400ms", "--ping-interval", "130ms", "--keepalive-interval", "200ms"];

async fn open(server: &Server) -> Raw {
    Raw::open(&server.address, "/ws").await
}

fn signal(user: &str, action: &str, name: &str, more: &str) -> String {
    format!(
        r#"{{"action":"{action}","data":{{"s":"{name}","ch":"p2p","rid":"demo","ss":{{"userId":"{user}","sessionId":"{user}-1","category":"stream","host":"Web","deviceId":"t"}}{more}}}}}"#
    )
}

#[tokio::test]
async fn an_idle_connection_is_closed_however_alive_its_peer() {
    let server =
        Server::start(&["--idle-timeout", "1s", "--ping-interval", "200ms", "--keepalive-interval", "300ms"]).await;
    let mut peer = open(&server).await;
    let (mut pings, mut keepalives) = (0, 0);
    let end = loop {
        let heard = peer.next().await.expect("a close frame first");
        match heard.first {
            PING => {
                pings += 1;
                peer.frame(PONG, &heard.payload).await;
            }
            TEXT => {
                let ack: Value = serde_json::from_slice(&heard.payload).unwrap();
                assert_eq!((&ack["c"], &ack["s"]), (&json!(200), &json!("KEEPALIVE")));
                assert!(ack["b"]["ts"].as_u64().is_some_and(|ts| ts > 1_700_000_000_000));
                keepalives += 1;
            }
            _ => break heard,
        }
    };
    assert_eq!((end.first, &*end.payload), (CLOSE, &b"\x03\xe9idle timeout"[..]));
    assert!(pings >= 3 && keepalives >= 2, "{pings} pings, {keepalives} keepalives");
}

#[tokio::test]
async fn messages_keep_a_connection_until_it_is_too_old() {
    let server = Server::start(&[&IDLE[..], &["--max-connection-age", "1500ms"]].concat()).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    let opened = Instant::now();
    let closed = loop {
        client.send(Message::text("{}")).await;
        if let Ok(closed) = tokio::time::timeout(Duration::from_millis(100), client.closed()).await {
            break closed;
        }
    };
    assert_eq!(closed, (1001, "connection too old".to_owned()));
    assert!(opened.elapsed() >= Duration::from_millis(1400));
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dropped() {
    let server = Server::start(&["--ping-interval", "100ms"]).await;
    let mut peer = open(&server).await;
    for _ in 0..3 {
        assert_eq!(peer.next().await.unwrap().first, PING);
    }
    peer.ends().await;
    let mut lively = open(&server).await;
    for _ in 0..8 {
        let ping = lively.next().await.unwrap();
        assert_eq!(ping.first, PING, "who answers is kept");
        lively.frame(PONG, &ping.payload).await;
    }
}

#[tokio::test]
async fn a_close_by_the_server_is_over_as_soon_as_it_is_answered() {
    let server = Server::start(&IDLE).await;
    let mut peer = open(&server).await;
    let close = loop {
        let heard = peer.next().await.expect("a close frame first");
        if heard.first != PING && heard.first != TEXT {
            break heard;
        }
    };
    assert_eq!(close.first, CLOSE);
    let answered = Instant::now();
    peer.frame(CLOSE, &close.payload).await;
    peer.ends().await;
    assert!(answered.elapsed() < Duration::from_millis(500), "{:?}", answered.elapsed());
}

#[tokio::test]
async fn a_member_that_does_not_read_is_cut_off_and_the_others_go_on() {
    let flags = [
        "--max-outbox",
        "64KiB",
        "--max-message",
        "32KiB",
        "--send-buffer",
        "8KiB",
        "--close-timeout",
        "500ms",
        "--rate-limit",
        "off",
    ];
    let server = Server::alone(&flags).await;
    let mut deaf = Raw::narrow(&server.address, "/ws").await;
    let create = signal("deaf", "join", "JOIN", r#","ve":true,"ae":true,"op":{"roomCreating":true}"#);
    deaf.frame(TEXT, create.as_bytes()).await;
    deaf.message().await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", false).await;
    let offer = ann.text("offer", "OFFER", json!({"sdp": "x".repeat(8000)}));
    let before = server.memory();
    for index in 0..200 {
        ann.say(&offer).await;
        ann.signal("heartbeat", "HEARTBEAT", json!({"bid": index.to_string()})).await;
        assert_eq!(ann.hear("HEARTBEAT").await["b"]["bid"], index.to_string(), "the sender waits for nobody");
    }
    assert!(server.memory() < before + 4096, "{} KiB, before {before}", server.memory());
    deaf.until_cut().await;
}

#[tokio::test]
async fn a_slow_consumer_that_reads_at_last_is_told_why() {
    let flags = [
        "--max-outbox",
        "32KiB",
        "--max-message",
        "16KiB",
        "--max-frame",
        "16KiB",
        "--send-buffer",
        "8KiB",
        "--rate-limit",
        "off",
        "--close-timeout",
        "20s",
    ];
    let server = Server::start(&flags).await;
    let mut slow = Raw::narrow(&server.address, "/ws").await;
    let mut bytes = Vec::new();
    while bytes.len() < 4 << 20 {
        bytes.extend(frame(TEXT, &[&b"{\"x\":\""[..], &[b'x'; 4000], b"\"}"].concat()));
    }
    // The server answers each with an error that quotes it, until the answers are too many.
    let closed = slow.closed_after_sending(&bytes, Duration::from_secs(1)).await;
    assert_eq!(closed, (1013, "slow consumer".to_owned()));
}

#[tokio::test]
async fn pings_that_are_not_read_are_bounded_too() {
    let flags = [
        "--max-outbox",
        "16KiB",
        "--max-message",
        "8KiB",
        "--max-frame",
        "8KiB",
        "--send-buffer",
        "8KiB",
        "--close-timeout",
        "300ms",
        "--rate-limit",
        "off",
    ];
    let server = Server::start(&flags).await;
    let mut deaf = Raw::narrow(&server.address, "/ws").await;
    let pings = frame(PING, &[b'p'; 125]).repeat(1000);
    let cut = async { while tokio::io::AsyncWriteExt::write_all(&mut deaf.stream, &pings).await.is_ok() {} };
    with_timeout("the connection to be cut", cut).await;
}

#[tokio::test]
async fn over_the_rate_a_connection_is_read_more_slowly_and_nothing_is_lost() {
    let server = Server::start(&["--rate-limit", "100,1MiB"]).await;
    let mut peer = open(&server).await;
    let messages: Vec<u8> = (0..600).flat_map(|index| frame(TEXT, format!("{{\"n\":{index}}}").as_bytes())).collect();
    let sent = Instant::now();
    peer.send(&messages).await;
    for index in 0..600 {
        let ack: Value = serde_json::from_slice(&peer.message().await).unwrap();
        assert_eq!(ack["b"]["req"]["n"], index);
    }
    assert!(sent.elapsed() >= Duration::from_millis(900), "100 beyond the burst: {:?}", sent.elapsed());
    assert!(sent.elapsed() < Duration::from_secs(4), "{:?}", sent.elapsed());
}

#[tokio::test]
async fn a_connection_that_stays_over_its_rate_is_closed_with_1008() {
    let server = Server::start(&["--rate-limit", "10,1MiB", "--rate-limit-grace", "500ms"]).await;
    let mut peer = open(&server).await;
    peer.send(&frame(PING, b"").repeat(2000)).await;
    assert_eq!(peer.closed().await, (1008, "rate limit".to_owned()));
}

#[tokio::test]
async fn the_rate_counts_bytes_and_can_be_switched_off() {
    let large = frame(TEXT, &[b' '; 32_768]).repeat(8);
    for (rate, slow) in [("1000,32KiB", true), ("off", false)] {
        let server = Server::start(&["--rate-limit", rate]).await;
        let mut peer = open(&server).await;
        let sent = Instant::now();
        peer.send(&large).await;
        for _ in 0..8 {
            peer.message().await;
        }
        assert_eq!(sent.elapsed() >= Duration::from_millis(1800), slow, "{rate}: {:?}", sent.elapsed());
    }
}

#[tokio::test]
async fn everything_queued_is_delivered_before_the_close_of_a_restart() {
    let mut server = Server::alone(&["--rate-limit", "off"]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    for index in 0..20 {
        bob.signal("offer", "OFFER", json!({"sdp": format!("{index} {}", "x".repeat(9000))})).await;
    }
    bob.signal("heartbeat", "HEARTBEAT", json!({"bid": "all is said"})).await;
    bob.hear("HEARTBEAT").await;
    server.terminate().await;
    for index in 0..20 {
        let sdp = ann.hear("OFFER").await["sdp"].as_str().map(str::to_owned);
        assert!(sdp.is_some_and(|sdp| sdp.starts_with(&format!("{index} "))));
    }
    assert_eq!(ann.closed().await, (1012, "service restart".to_owned()));
    assert_eq!(bob.closed().await, (1012, "service restart".to_owned()));
    drop((ann, bob));
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_connection_is_in_as_many_rooms_as_it_may_and_no_more() {
    let server = Server::alone(&["--max-rooms-per-connection", "2", "--max-rooms", "3"]).await;
    let mut ann = Client::connect(&server, "ann", "p2p").await;
    let mut bob = Client::connect(&server, "bob", "p2p").await;
    let join = |room: &str| json!({"ve": true, "ae": true, "rid": room, "op": {"roomCreating": true}});
    for (room, code) in [("one", 200), ("two", 200), ("three", 4029), ("one", 200)] {
        ann.signal("join", "JOIN", join(room)).await;
        assert_eq!(ann.hear("JOIN").await["c"], code, "{room}");
    }
    for (room, code) in [("three", 200), ("four", 503)] {
        bob.signal("join", "JOIN", join(room)).await;
        assert_eq!(bob.hear("JOIN").await["c"], code, "{room}");
    }
    ann.signal("leave", "LEAVE", json!({"rid": "one"})).await;
    with_timeout("a place for another room", async {
        loop {
            ann.signal("join", "JOIN", join("four")).await;
            if ann.hear("JOIN").await["c"] == 200 {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_signal_to_a_busy_room_is_carried_out_or_refused() {
    let server = Server::start(&["--max-room-queue", "4", "--rate-limit", "off", "--max-outbox", "16MiB"]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    let beats: Vec<String> =
        (0..2000).map(|index| bob.text("heartbeat", "HEARTBEAT", json!({"bid": index.to_string()}))).collect();
    let refs: Vec<&str> = beats.iter().map(String::as_str).collect();
    bob.say_at_once(&refs).await;
    let mut answered = 0;
    while answered < 2000 {
        let ack = bob.hear("HEARTBEAT").await;
        assert!(ack["c"] == 200 || ack["c"] == 503, "{ack}");
        answered += 1;
    }
    ann.signal("offer", "OFFER", json!({"sdp": "still here"})).await;
    assert_eq!(bob.hear("OFFER").await["sdp"], "still here");
}
