//! The life of a token, on one node and over several: renewal and revocation.

use std::time::Duration;

use reqwest::StatusCode;
use roomcast_tests::client::Client;
use roomcast_tests::media;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, now, token, with_claims};
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

pub(super) async fn closed(flags: &[&str]) -> Server {
    Server::start(&[&["--auth-secret", SECRET][..], flags].concat()).await
}

pub(super) fn all() -> Value {
    json!({ "join": true, "create": true, "publish": true, "play": true })
}

pub(super) async fn joined(
    server: &Server,
    user: &str,
    room_type: &'static str,
    grant: Value,
    creating: bool,
) -> Client {
    let subject = user.split('/').next().unwrap_or(user);
    let mut client = Client::connect_with_token(server, user, room_type, &token(subject, grant)).await;
    let ack = client.ask_to_join(creating).await;
    assert_eq!(ack["c"], 200, "{ack}");
    client
}

pub(super) async fn renew(client: &mut Client, token: &str) -> Value {
    client.say(&json!({ "action": "renew", "data": { "s": "RENEW", "token": token } }).to_string()).await;
    client.hear("RENEW").await
}

/// Revokes, with a token that may.
pub(super) async fn revoke(server: &Server, what: Value) -> (StatusCode, Value) {
    revoke_with(server, &token("operator", json!({ "admin": true })), &what.to_string()).await
}

async fn revoke_with(server: &Server, token: &str, body: &str) -> (StatusCode, Value) {
    let request = reqwest::Client::new().post(server.url("/api/revoke")).bearer_auth(token).body(body.to_owned());
    let answer = with_timeout("the answer", request.send()).await.expect("the server answers");
    (answer.status(), answer.json().await.expect("it is JSON"))
}

#[tokio::test]
async fn a_renewed_connection_outlives_its_first_token_and_nobody_notices() {
    let server = closed(&["--auth-grace", "1s", "--auth-leeway", "1s"]).await;
    let brief = with_claims(json!({ "sub": "ann", "iat": now(), "exp": now() + 2, "room": all() }));
    let mut ann = Client::connect_with_token(&server, "ann", "m2m", &brief).await;
    // Before the first JOIN, too.
    assert_eq!(renew(&mut ann, &brief).await["c"], 200);
    assert_eq!(ann.ask_to_join(true).await["c"], 200);
    let mut bob = joined(&server, "bob", "m2m", all(), false).await;
    bob.heard().await;
    let exp = now() + 500;
    let lasting = with_claims(json!({ "sub": "ann", "iat": now(), "exp": exp, "room": all() }));
    let ack = renew(&mut ann, &lasting).await;
    assert_eq!((&ack["c"], &ack["b"]), (&json!(200), &json!({ "exp": exp })));
    // The end of the first token and its grace pass.
    tokio::time::sleep(Duration::from_secs(4)).await;
    ann.signal("offer", "OFFER", json!({ "to": "bob", "sdp": "late" })).await;
    let heard = bob.heard_until_offer("late").await;
    assert!(heard.iter().all(|message| message["s"] != "PUBLISH_LIST_CHANGED"), "{heard:?}");
}

#[tokio::test]
async fn a_refused_renewal_changes_nothing_and_quotes_no_token() {
    let server = closed(&[]).await;
    let mut ann = joined(&server, "ann", "m2m", all(), true).await;
    let other = token("bob", all());
    let expired = with_claims(json!({ "sub": "ann", "iat": now() - 100, "exp": now() - 50, "room": all() }));
    // Between clocks that differ it may still open a connection; in place of a good one it would end that.
    let over = with_claims(json!({ "sub": "ann", "iat": now() - 100, "exp": now() - 2, "room": all() }));
    for (token, code) in [(other.as_str(), 4051), (&expired, 4041), (&over, 4041), ("a.b.c", 4041), ("", 2001)] {
        let ack = renew(&mut ann, token).await;
        assert_eq!(ack["c"], code, "{ack}");
        assert!(ack["b"].get("req").is_none() && (token.is_empty() || !ack.to_string().contains(token)), "{ack}");
    }
    ann.say(r#"{"action":"renew","data":{"s":"RENEW","secret":"canary"}}"#).await;
    let ack = ann.hear("RENEW").await;
    assert!(ack["c"] == 2001 && !ack.to_string().contains("canary"), "{ack}");
    ann.signal("updateVideo", "UPDATE", json!({ "ve": false, "ae": true })).await;
    assert_eq!(ann.hear_list(&["ann-1"]).await["b"]["pps"][0]["video"], false);
}

#[tokio::test]
async fn grants_that_shrink_count_at_once_and_those_that_grow_too() {
    let server = closed(&[]).await;
    let mut ann = joined(&server, "ann", "m2m", all(), true).await;
    let mut bob = joined(&server, "bob", "m2m", json!({ "join": true }), false).await;
    assert_eq!(bob.refused("publishRequest", "PUBLISH_REQUEST", json!({ "ve": true, "ae": true })).await, 4051);
    assert_eq!(renew(&mut bob, &token("bob", json!({ "join": true, "publish": true }))).await["c"], 200);
    bob.signal("publishRequest", "PUBLISH_REQUEST", json!({ "ve": true, "ae": true })).await;
    ann.hear("PUBLISH_REQUEST").await;
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({ "to": "bob" })).await;
    bob.hear_list(&["ann-1", "bob-1"]).await;
    // The owner's part goes to the next publisher, and who was it stays as a viewer.
    assert_eq!(renew(&mut ann, &token("ann", json!({ "join": true }))).await["c"], 200);
    let list = bob.hear_list(&["bob-1"]).await;
    assert_eq!(list["b"]["pps"][0]["role"], "admin");
    ann.hear_list(&["bob-1"]).await;
    assert_eq!(ann.refused("updateVideo", "UPDATE", json!({ "ve": false, "ae": false })).await, 4051);
    // Without `join` the member is out, and told so; the connection stays.
    assert_eq!(renew(&mut bob, &token("bob", json!({ "publish": true }))).await["c"], 200);
    let over = bob.hear("ROOM_CLOSED").await;
    assert_eq!(over["b"], json!({ "rid": "demo", "reason": "denied" }));
    ann.hear_list(&[]).await;
    assert_eq!(bob.ask_to_join(false).await["c"], 4051);
    assert_eq!(renew(&mut bob, &token("bob", all())).await["c"], 200);
    assert_eq!(bob.ask_to_join(false).await["c"], 200);
}

#[tokio::test]
async fn a_publisher_that_comes_back_without_the_grant_is_a_viewer() {
    let server = closed(&[]).await;
    let ann = joined(&server, "ann", "m2m", all(), true).await;
    let mut bob = joined(&server, "bob", "m2m", all(), false).await;
    drop(ann);
    let mut ann = Client::connect_with_token(&server, "ann", "m2m", &token("ann", json!({ "join": true }))).await;
    let ack = ann.join_with(json!({ "resumeFrom": 0 })).await;
    assert_eq!((&ack["c"], &ack["b"]["pt"]), (&json!(200), &json!("viewer")), "{ack}");
    bob.hear_list(&[]).await;
}

#[tokio::test]
async fn a_revocation_closes_what_is_open_and_refuses_what_was_issued_before() {
    let server = closed(&[]).await;
    let mut ann = joined(&server, "ann", "m2m", all(), true).await;
    let mut bob = joined(&server, "bob", "m2m", all(), false).await;
    let (before, other) = (token("ann", all()), token("bob", all()));
    let (status, answer) = revoke(&server, json!({ "sub": "ann" })).await;
    assert_eq!((status.as_u16(), &answer["c"], &answer["s"]), (200, &json!(200), &json!("REVOKE")), "{answer}");
    assert_eq!(ann.closed().await, (4001, "token expired".to_owned()));
    // Its member left, long before the heartbeat timeout.
    bob.hear_list(&[]).await;
    let check = async |token: &str| {
        let request = reqwest::Client::new().get(server.url("/auth/check")).bearer_auth(token);
        let answer = request.send().await.expect("the server answers");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("it is JSON")["b"]["reason"].clone())
    };
    // Every node knows within a second.
    let known = async {
        for _ in 0..3 {
            while check(&before).await != (401, json!("revoked")) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), known).await.expect("all nodes know of it");
    assert_eq!(check(&other).await.0, 200);
    let later = with_claims(json!({ "sub": "ann", "iat": now() + 2, "exp": now() + 600, "room": all() }));
    assert_eq!(check(&later).await.0, 200, "what is issued later is good");
    let mut again = Client::connect_with_token(&server, "ann", "m2m", &later).await;
    assert_eq!(again.ask_to_join(false).await["c"], 200);
}

#[tokio::test]
async fn one_token_or_one_room_can_be_revoked() {
    let server = closed(&[]).await;
    let named = with_claims(json!({ "sub": "ann", "jti": "t-1", "iat": now(), "exp": now() + 600, "room": all() }));
    let mut one = Client::connect_with_token(&server, "ann", "m2m", &named).await;
    assert_eq!(one.ask_to_join(true).await["c"], 200);
    let mut two = joined(&server, "ann/2", "m2m", all(), false).await;
    let bob = token("bob", all());
    let mut elsewhere = Client::connect_with_token(&server, "bob", "m2m", &bob).await;
    "other".clone_into(&mut elsewhere.room);
    assert_eq!(elsewhere.ask_to_join(true).await["c"], 200);
    assert_eq!(revoke(&server, json!({ "jti": "t-1" })).await.0, 200);
    assert_eq!(one.closed().await.0, 4001);
    two.heard().await;
    assert_eq!(revoke(&server, json!({ "room": "demo" })).await.0, 200);
    assert_eq!(two.closed().await.0, 4001);
    elsewhere.heard().await;
    // In that room alone it is good no more, soon on every node.
    "demo".clone_into(&mut elsewhere.room);
    let refused = async {
        let mut in_a_row = 0;
        while in_a_row < 3 {
            let url = format!("http://{}/auth/check?room=demo&grant=join", server.next_address());
            let answer = reqwest::Client::new().get(url).bearer_auth(&bob).send().await.expect("the server answers");
            in_a_row = if answer.status() == 401 { in_a_row + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    with_timeout("all nodes to know", refused).await;
    assert_eq!(elsewhere.ask_to_join(true).await["c"], 4041);
}

#[tokio::test]
async fn only_administrators_revoke_and_bad_requests_are_told() {
    let server = closed(&["--auth-max-revocations", "2"]).await;
    let admin = token("operator", json!({ "admin": true }));
    let of_room = token("host", json!({ "id": "demo", "admin": true }));
    for (token, body, status) in [
        (token("ann", all()).as_str(), r#"{"sub":"bob"}"#, 403),
        (&of_room, r#"{"sub":"bob"}"#, 403),
        (&of_room, r#"{"sub":"bob","room":"other"}"#, 403),
        (&of_room, r#"{"sub":"bob","room":"de*"}"#, 403),
        (&of_room, r#"{"sub":"bob","room":"demo"}"#, 200),
        (&admin, "{}", 400),
        (&admin, r#"{"sub":""}"#, 400),
        (&admin, r#"{"user":"bob"}"#, 400),
        (&admin, r#"{"room":"a*b"}"#, 400),
        (&admin, r#"{"sub":null,"room":"demo"}"#, 400),
        (&admin, r#"["bob"]"#, 400),
        (&admin, r#"{"jti":""}"#, 400),
        (&admin, "no", 400),
        (&admin, &format!(r#"{{"jti":"{}"}}"#, "j".repeat(5000)), 400),
        ("a.b.c", r#"{"sub":"bob"}"#, 401),
        (&admin, r#"{"sub":"carl"}"#, 200),
        (&admin, r#"{"sub":"carl"}"#, 200),
        (&admin, r#"{"sub":"dave"}"#, 429),
    ] {
        let (answered, answer) = revoke_with(&server, token, body).await;
        assert_eq!(answered.as_u16(), status, "{body}: {answer}");
        assert!(status == 200 || answer["b"]["msg"].as_str().is_some_and(|sentence| sentence.len() > 5), "{answer}");
    }
}

#[tokio::test]
async fn pushes_and_waiting_players_end_with_their_token() {
    let server = closed(&["--auth-grace", "1s", "--auth-leeway", "1s"]).await;
    for revoked in [true, false] {
        let room = if revoked { "revoked" } else { "expired" };
        let life = if revoked { 600 } else { 3 };
        let streamer = with_claims(json!({ "sub": room, "iat": now(), "exp": now() + life, "room": all() }));
        let mut push =
            Raw::put(server.next_address(), &format!("/rooms/{room}/ingest/main/v0?access_token={streamer}")).await;
        push.chunk(&std::fs::read(media::clip()).expect("it was made")).await;
        if revoked {
            // It is under way once its room is there.
            let there = async {
                let path = format!("/live/@{}/{room}/main/playlist.m3u8", token("viewer", all()));
                while reqwest::get(format!("http://{}{path}", server.address))
                    .await
                    .expect("the server answers")
                    .status()
                    != 200
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            with_timeout("the broadcast", there).await;
            assert_eq!(revoke(&server, json!({ "sub": room })).await.0, 200);
        }
        assert_eq!(push.answer().await.0, 401, "{room}");
    }
}

#[tokio::test]
async fn a_member_leaves_whose_new_token_speaks_for_another_user() {
    let server = closed(&[]).await;
    let with = |fake: bool| {
        let grant = json!({ "join": true, "create": true, "publish": true, "fake": fake });
        token("mal", grant)
    };
    let mut zed = Client::connect_with_token(&server, "zed", "m2m", &with(true)).await;
    let ack = zed.join_with(json!({ "roomCreating": true, "userFaking": true })).await;
    assert_eq!(ack["c"], 200, "{ack}");
    let mut ann = joined(&server, "ann", "m2m", all(), false).await;
    assert_eq!(renew(&mut zed, &with(true)).await["c"], 200);
    assert_eq!(renew(&mut zed, &with(false)).await["c"], 200);
    assert_eq!(zed.hear("ROOM_CLOSED").await["b"]["reason"], "denied");
    ann.hear_list(&[]).await;
}

#[tokio::test]
async fn a_connection_whose_issuer_is_ahead_is_closed_by_a_revocation_too() {
    let server = closed(&[]).await;
    let ahead = with_claims(json!({ "sub": "ann", "iat": now() + 20, "exp": now() + 600, "room": all() }));
    let mut ann = Client::connect_with_token(&server, "ann", "m2m", &ahead).await;
    assert_eq!(ann.ask_to_join(true).await["c"], 200);
    assert_eq!(revoke(&server, json!({ "sub": "ann" })).await.0, 200);
    assert_eq!(ann.closed().await.0, 4001);
}

#[tokio::test]
async fn a_check_heeds_revocations_of_its_room() {
    let server = closed(&[]).await;
    let ann = token("ann", all());
    let check = async |query: &str| {
        let request = reqwest::Client::new().get(server.url(&format!("/auth/check{query}"))).bearer_auth(&ann);
        request.send().await.expect("the server answers").status().as_u16()
    };
    assert_eq!(check("?room=demo&grant=join,create").await, 200);
    assert_eq!(revoke(&server, json!({ "sub": "ann", "room": "demo*" })).await.0, 200);
    let refused = async {
        while check("?room=demo-1&grant=join").await != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    with_timeout("the room to be refused", refused).await;
    assert_eq!(check("?room=other&grant=join").await, 200);
    assert_eq!(check("?grant=join").await, 403, "a question without its room");
}

#[tokio::test]
async fn uploads_do_not_tell_strangers_which_rooms_there_are() {
    let server = closed(&[]).await;
    let mut ann = Client::connect_with_token(&server, "ann", "p2m", &token("ann", all())).await;
    assert_eq!(ann.ask_to_join(true).await["c"], 200);
    let mut answers = Vec::new();
    let mut bob = Client::connect_with_token(&server, "bob", "m2m", &token("bob", all())).await;
    "group".clone_into(&mut bob.room);
    assert_eq!(bob.ask_to_join(true).await["c"], 200);
    for room in ["demo", "nowhere", "group"] {
        let request = reqwest::Client::new().post(server.url(&format!("/rooms/{room}/data"))).bearer_auth("guess");
        let answer = request.body("{}").send().await.expect("the server answers");
        answers.push((answer.status().as_u16(), answer.json::<Value>().await.expect("it is JSON")));
    }
    assert!(answers[0].0 == 401 && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}
