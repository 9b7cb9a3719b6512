//! Calls over real sockets: joining, relaying, losing and taking over.

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use serde_json::json;

#[tokio::test]
async fn two_users_call_each_other_through_the_server() {
    let server = Server::start(&[]).await;
    let (mut ann, ack) = Client::join(&server, "ann", "p2p", true).await;
    assert_eq!(ack["b"]["pt"], "admin");
    assert_eq!(ack["b"]["hb"], json!({"interval": 3000, "timeout": 10000}));
    assert_eq!(ack["b"]["lim"], json!({"frame": 32_768, "message": 131_072}));
    assert_eq!(ack["b"]["es"]["icfg"], json!({"is": [], "iceServers": []}));
    let (mut bob, ack) = Client::join(&server, "bob", "p2p", false).await;
    assert_eq!((&ack["b"]["pt"], ack["b"]["pps"].as_array().map(Vec::len)), (&json!("publisher"), Some(2)));

    bob.signal("offer", "OFFER", json!({"sdp": "v=0\r\no=bob", "to": "ann", "x-own": {"kept": [1, 2]}})).await;
    let offer = ann.hear("OFFER").await;
    assert!(offer["sq"].as_u64().is_some_and(|sq| sq > 0) && offer.get("c").is_none());
    assert_eq!((&offer["sdp"], &offer["x-own"]), (&json!("v=0\r\no=bob"), &json!({"kept": [1, 2]})));
    ann.signal("answer", "ANSWER", json!({"sdp": "v=0\r\no=ann"})).await;
    assert_eq!(bob.hear("ANSWER").await["ss"]["userId"], "ann");
    ann.signal("iceCandidate", "ICE", json!({"sdp": {"candidate": "candidate:1", "sdpMid": "0"}, "to": "bob"})).await;
    assert_eq!(bob.hear("ICE").await["sdp"]["candidate"], "candidate:1");

    bob.signal("heartbeat", "HEARTBEAT", json!({"bid": "b1"})).await;
    assert_eq!(bob.hear("HEARTBEAT").await["b"]["bid"], "b1");
    bob.signal("leave", "LEAVE", json!({})).await;
    loop {
        let list = ann.hear("PUBLISH_LIST_CHANGED").await;
        if list["b"]["pps"].as_array().map(Vec::len) == Some(1) {
            break;
        }
    }
}

#[tokio::test]
async fn a_relayed_signal_is_byte_for_byte_the_senders() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    let odd = r#"{"s":"OFFER",  "ch":"p2p","rid":"demo","ss":{"userId":"bob","sessionId":"bob-1","category":"stream","host":"Web","deviceId":"test"},"sdp":"\u0041\n", "n": 1.50}"#;
    bob.say(&format!(r#"{{"action":"offer","data":{odd}}}"#)).await;
    let heard = ann.raw("OFFER").await;
    let (number, rest) = heard.split_once(',').expect("a number in front");
    assert!(number.starts_with(r#"{"sq":"#), "{number}");
    assert_eq!(format!("{{{rest}"), odd);
}

#[tokio::test]
async fn a_silent_member_is_removed_and_a_lost_socket_alone_removes_nobody() {
    let server = Server::start(&["--heartbeat-timeout", "6s"]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    // A session that was never heard since its first JOIN is answered as new: its ack may have been lost.
    bob.signal("heartbeat", "HEARTBEAT", json!({"bid": "0"})).await;
    bob.hear("HEARTBEAT").await;
    drop(bob);
    let (mut again, ack) = Client::join(&server, "bob", "p2p", false).await;
    assert_eq!(ack["b"]["resumed"], true);
    again.signal("heartbeat", "HEARTBEAT", json!({"bid": "1"})).await;
    again.hear("HEARTBEAT").await;
    let left = async {
        loop {
            ann.signal("heartbeat", "HEARTBEAT", json!({"bid": "x"})).await;
            let next = ann.next().await;
            if next["s"] == "PUBLISH_LIST_CHANGED" && next["b"]["pps"].as_array().map(Vec::len) == Some(1) {
                return;
            }
        }
    };
    roomcast_tests::with_timeout("bob to be removed", left).await;
}

#[tokio::test]
async fn a_newer_connection_takes_the_session_over_and_gets_what_was_missed() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    ann.signal("offer", "OFFER", json!({"sdp": "one"})).await;
    let one = bob.hear("OFFER").await["sq"].as_u64();
    ann.signal("offer", "OFFER", json!({"sdp": "two"})).await;
    bob.hear("OFFER").await;
    let mut newer = Client::connect(&server, "bob", "p2p").await;
    newer.signal("join", "JOIN", json!({"ve": true, "ae": true, "op": {"resumeFrom": one}})).await;
    assert_eq!(newer.hear("JOIN").await["b"]["resumed"], true);
    assert_eq!(newer.hear("OFFER").await["sdp"], "two");
    assert_eq!(bob.closed().await, (4000, "session replaced".to_owned()));
}

#[tokio::test]
async fn rooms_refuse_who_has_no_place() {
    let server = Server::start(&[]).await;
    let mut early = Client::connect(&server, "eve", "p2p").await;
    assert_eq!(early.ask_to_join(false).await["c"], 4001);
    let (_ann, _) = Client::join(&server, "ann", "p2p", true).await;
    assert_eq!(early.ask_to_join(true).await["c"], 4022);
    let (_bob, _) = Client::join(&server, "bob", "p2p", false).await;
    assert_eq!(early.ask_to_join(false).await["c"], 4025);
    early.signal("offer", "OFFER", json!({"sdp": "x"})).await;
    assert_eq!(early.hear("OFFER").await["c"], 4002);
    let mut wrong_type = Client::connect(&server, "joe", "p2m").await;
    assert_eq!(wrong_type.ask_to_join(false).await["c"], 2002);
}

#[tokio::test]
async fn what_is_said_behind_a_leave_is_still_answered() {
    let server = Server::start(&[]).await;
    let (_bob, _) = Client::join(&server, "bob", "p2p", true).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", false).await;
    for _ in 0..50 {
        let leave = ann.text("leave", "LEAVE", json!({}));
        let offer = ann.text("offer", "OFFER", json!({"sdp": "late"}));
        ann.say_at_once(&[&leave, &offer]).await;
        assert_eq!(ann.hear("OFFER").await["c"], 4002);
        assert_eq!(ann.ask_to_join(false).await["c"], 200);
    }
}

#[tokio::test]
async fn sigterm_closes_every_connection_with_1012_and_ends_the_process_cleanly() {
    let mut server = Server::alone(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    server.terminate().await;
    assert_eq!(ann.closed().await, (1012, "service restart".to_owned()));
    drop(ann);
    assert!(server.ended().await.success());
    assert!(server.rest_of_log().await.contains("stopped"));
}
