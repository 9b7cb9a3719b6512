//! Tests of bad input: it gets an answer that says why, or a close code; and the server goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roomcast_tests::broadcast::{Streamer, get};
use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const FRAME: usize = 32 * 1024;

#[tokio::test]
async fn malformed_signals_get_2001_with_a_sentence_and_the_request() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    let bad_id = client.text("join", "JOIN", json!({"ve": true, "ae": true, "rid": "a/b"}));
    let no_sdp = client.text("offer", "OFFER", json!({"sdp": 7}));
    for (text, name, word) in [
        (r#"{"action":"dance","data":{}}"#, "UNKNOWN", "dance"),
        (r#"{"action":"leave","data":{"s":"LEAVE"}}"#, "LEAVE", "ch"),
        (r#"{"data":{}}"#, "UNKNOWN", "action"),
        (bad_id.as_str(), "JOIN", "room id"),
        (no_sdp.as_str(), "OFFER", "sdp"),
    ] {
        client.say(text).await;
        let error = client.next().await;
        assert_eq!((&error["c"], &error["s"]), (&json!(2001), &json!(name)), "{text}");
        assert!(error["b"]["msg"].as_str().is_some_and(|msg| msg.contains(word)), "{error}");
        assert_eq!(error["b"]["req"], serde_json::from_str::<Value>(text).unwrap());
    }
    for text in ["", "[]", "nonsense", "{\"action\":"] {
        client.say(text).await;
        let error = client.next().await;
        assert_eq!((&error["c"], &error["b"].get("req")), (&json!(2001), &None), "{text}");
    }
    let ack = client.ask_to_join(true).await;
    assert_eq!(ack["c"], 200, "the connection goes on");
}

#[tokio::test]
async fn an_error_leaves_the_request_out_where_the_ack_would_be_too_long() {
    let server = Server::start(&["--max-message", "4096", "--max-frame", "4096"]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    for (padding, quoted) in [(3700, true), (4000, false)] {
        let text = format!(r#"{{"action":"dance","data":{{"x":"{}"}}}}"#, "y".repeat(padding));
        client.say(&text).await;
        let error = client.next().await;
        assert_eq!((&error["c"], error["b"].get("req").is_some()), (&json!(2001), quoted), "{error}");
    }
}

#[tokio::test]
async fn unknown_members_are_ignored_everywhere() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    let more = json!({"ve": true, "ae": true, "op": {"roomCreating": true, "new": 1}, "uid": 7, "later": [{}]});
    let text = client.text("join", "JOIN", more).replacen('{', r#"{"v":9,"#, 1);
    client.say(&text).await;
    assert_eq!(client.hear("JOIN").await["c"], 200);
}

#[tokio::test]
async fn a_binary_frame_closes_with_1003() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    client.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.closed().await.0, 1003);
}

#[tokio::test]
async fn a_frame_over_32_kib_closes_with_1009() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    client.say(&" ".repeat(FRAME)).await;
    assert_eq!(client.next().await["c"], 2001, "a frame of just the limit is read");
    client.say(&" ".repeat(FRAME + 1)).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_message_over_128_kib_closes_with_1009_however_it_is_cut() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    for index in 0..4 {
        client.fragment(&vec![b' '; FRAME], index == 0, false).await;
    }
    client.fragment(b" ", false, true).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn fragments_are_put_together_even_within_a_character() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    let text = client.text("join", "JOIN", json!({"ve": true, "ae": true, "op": {"roomCreating": true}, "x": "é"}));
    let cut = text.find('é').expect("it is there") + 1;
    client.fragment(&text.as_bytes()[..10], true, false).await;
    client.fragment(&text.as_bytes()[10..cut], false, false).await;
    client.fragment(&text.as_bytes()[cut..], false, true).await;
    assert_eq!(client.next().await["c"], 200);
}

#[tokio::test]
async fn a_long_message_of_the_server_comes_in_frames_of_32_kib() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    let sdp = "x".repeat(3 * FRAME);
    let text = bob.text("offer", "OFFER", json!({"sdp": sdp}));
    let chunks: Vec<&[u8]> = text.as_bytes().chunks(FRAME).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        bob.fragment(chunk, index == 0, index + 1 == chunks.len()).await;
    }
    let heard = ann.hear("OFFER").await;
    assert_eq!(heard["sdp"].as_str().map(str::len), Some(3 * FRAME));
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_with_1007() {
    let server = Server::start(&[]).await;
    let mut whole = Client::connect(&server, "ann", "p2p").await;
    whole.fragment(b"{\xff}", true, true).await;
    assert_eq!(whole.closed().await.0, 1007);
    let mut cut = Client::connect(&server, "ann", "p2p").await;
    cut.fragment(b"{", true, false).await;
    cut.fragment(b"\xff}", false, true).await;
    assert_eq!(cut.closed().await.0, 1007);
}

#[tokio::test]
async fn stray_continuations_close_with_1002() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "ann", "p2p").await;
    client.fragment(b"{}", false, true).await;
    assert_eq!(client.closed().await.0, 1002);
}

#[tokio::test]
async fn a_plain_get_of_the_websocket_address_is_told_to_upgrade() {
    let server = Server::start(&[]).await;
    let response = get(&server.url("/ws")).await;
    assert_eq!(response.status(), 426);
    assert_eq!(response.headers()["upgrade"], "websocket");
}

#[tokio::test]
async fn malformed_uploads_get_400_and_a_sentence() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    streamer.variant().await;
    let token = streamer.token.as_str();
    for body in ["", "[]", "{}", r#"{"action":"dance"}"#] {
        let response = streamer.post(Some(token), "application/json", body).await;
        assert_eq!(response.status(), 400, "{body}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["c"], 2001);
        assert!(answer["b"]["msg"].as_str().is_some_and(|msg| !msg.is_empty()));
    }
    assert_eq!(streamer.post(Some(token), "text/plain", "{}").await.status(), 400);
    let evil = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"}, "segment": {"id": "s0\n#EXT-X-ENDLIST", "sequence": 0},
        "part": {"id": "../../etc/passwd", "sequence": 0, "duration": 0.5, "independent": true, "data": STANDARD.encode(b"x")}});
    let (status, answer) = streamer.upload("updatePart", 1, evil).await;
    assert_eq!((status.as_u16(), &answer["c"]), (400, &json!(2001)), "{answer}");
}

#[tokio::test]
async fn uploads_without_the_right_token_get_401() {
    let server = Server::start(&[]).await;
    let streamer = Streamer::start(&server).await;
    let body = json!({"action": "endStream", "version": 1, "id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "timestamp": 0,
        "numbytes": 0, "payload": {"playlist": {"id": "main"}}});
    for token in [None, Some("guess")] {
        let response = streamer.post(token, "application/json", body.to_string()).await;
        assert_eq!(response.status(), 401);
        assert_eq!(response.json::<Value>().await.unwrap()["c"], 4041);
    }
}

#[tokio::test]
async fn an_upload_over_the_limit_gets_413() {
    let server = Server::start(&["--max-upload", "64KiB"]).await;
    let streamer = Streamer::start(&server).await;
    let huge = vec![b' '; 300 * 1024];
    assert_eq!(streamer.post(Some(&streamer.token), "application/json", huge).await.status(), 413);
    let map = STANDARD.encode([0; 65_537]);
    let payload = json!({"playlist": {"id": "main"}, "variant": {"id": "v0", "codecs": "avc1.42e01e", "bandwidth": 1,
        "targetDuration": 1, "targetPartDuration": 0.5}, "segment": {"map": {"id": "init.mp4", "data": map}}});
    assert_eq!(streamer.upload("updateVariant", 65_537, payload).await.0, 413);
}
