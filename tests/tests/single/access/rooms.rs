//! Grants of tokens in rooms.

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use roomcast_tests::token::token;
use serde_json::{Value, json};

use super::closed;

async fn client(server: &Server, user: &str, room_type: &'static str, grant: Value) -> Client {
    let subject = user.split('/').next().unwrap_or(user);
    Client::connect_with_token(server, user, room_type, &token(subject, grant)).await
}

async fn joined(server: &Server, user: &str, room_type: &'static str, grant: Value, creating: bool) -> (Client, Value) {
    let mut client = client(server, user, room_type, grant).await;
    let ack = client.ask_to_join(creating).await;
    (client, ack)
}

#[tokio::test]
async fn joining_and_creating_need_their_grants() {
    let server = closed(&[]).await;
    for (room_type, grant, creates, joins) in [
        ("p2p", json!({ "create": true, "join": true }), true, true),
        ("p2p", json!({ "create": true }), false, false),
        ("p2p", json!({ "create": ["m2m"], "join": true }), false, true),
        ("m2m", json!({ "create": true, "join": true }), false, true),
        ("m2m", json!({ "create": true, "publish": true }), true, false),
        ("a2m", json!({ "play": true }), false, false),
        ("p2m", json!({ "create": ["p2m"], "publish": true }), true, true),
        ("p2m", json!({ "play": true }), false, true),
        ("p2m", json!({ "join": true, "play": false }), false, false),
        ("p2m", json!({}), false, false),
    ] {
        let grant_text = grant.to_string();
        let (mut one, ack) = joined(&server, "ann", room_type, grant, true).await;
        assert_eq!(ack["c"] == 200, creates, "creating {room_type} with {grant_text}: {ack}");
        assert!(creates || ack["c"] == 4051, "{ack}");
        one.signal("leave", "LEAVE", json!({})).await;
        let ack = one.ask_to_join(false).await;
        // There is no such room, but who may join is told so.
        assert_eq!(ack["c"] == 4001 || ack["c"] == 200, joins, "joining {room_type} with {grant_text}: {ack}");
    }
}

#[tokio::test]
async fn a_token_is_for_its_rooms_and_its_subject() {
    let server = closed(&[]).await;
    let all = json!({ "create": true, "join": true, "publish": true });
    let mut ann = client(
        &server,
        "ann",
        "m2m",
        json!({ "id": ["demo", "team-*"], "create": true, "join": true, "publish": true }),
    )
    .await;
    for (room, code) in [("demo", 200), ("team-1", 200), ("other", 4051), ("demo2", 4051)] {
        ann.room = room.to_owned();
        assert_eq!(ann.ask_to_join(true).await["c"], code, "{room}");
    }
    let mut other = Client::connect_with_token(&server, "bob", "m2m", &token("ann", all.clone())).await;
    let ack = other.ask_to_join(true).await;
    assert_eq!(ack["c"], 4051);
    assert!(ack["b"]["msg"].as_str().unwrap().contains("subject"), "{ack}");
    let faker = json!({ "create": true, "join": true, "publish": true, "fake": true });
    let mut faker = Client::connect_with_token(&server, "bob", "m2m", &token("bot", faker)).await;
    faker.room = "fakes".to_owned();
    assert_eq!(faker.ask_to_join(true).await["c"], 4051, "it has to say so");
    assert_eq!(faker.join_with(json!({ "roomCreating": true, "userFaking": true })).await["c"], 200);
    // The session is the bot's, also for the user whose name it bears.
    let mut bob = Client::connect_with_token(&server, "bob", "m2m", &token("bob", all)).await;
    bob.room = "fakes".to_owned();
    let ack = bob.ask_to_join(false).await;
    assert_eq!(ack["c"], 4051);
    assert!(ack["b"]["msg"].as_str().unwrap().contains("another subject"), "{ack}");
}

#[tokio::test]
async fn publishing_in_a_group_needs_its_grant() {
    let server = closed(&[]).await;
    let full = json!({ "create": true, "join": true, "publish": true });
    let (mut ann, ack) = joined(&server, "ann", "m2m", full.clone(), true).await;
    assert_eq!(ack["c"], 200);
    let (mut bob, ack) = joined(&server, "bob", "m2m", json!({ "join": true }), false).await;
    assert_eq!((&ack["c"], &ack["b"]["pt"]), (&json!(200), &json!("viewer")));
    let wish = json!({ "ve": true, "ae": true, "msg": "" });
    assert_eq!(bob.refused("publishRequest", "PUBLISH_REQUEST", wish.clone()).await, 4051);
    assert_eq!(ann.refused("publishAccept", "PUBLISH_ACCEPT", json!({ "to": "bob" })).await, 4051);
    // A further session of a publisher's user publishes only with the grant.
    let (_second, ack) = joined(&server, "ann/2", "m2m", json!({ "join": true }), false).await;
    assert_eq!(ack["b"]["pt"], "viewer", "{ack}");
    let (_third, ack) = joined(&server, "ann/3", "m2m", full.clone(), false).await;
    assert_eq!(ack["b"]["pt"], "publisher", "{ack}");
    let (mut cid, ack) = joined(&server, "cid", "m2m", full, false).await;
    assert_eq!(ack["b"]["pt"], "viewer");
    cid.signal("publishRequest", "PUBLISH_REQUEST", wish).await;
    ann.hear("PUBLISH_REQUEST").await;
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({ "to": "cid" })).await;
    cid.hear_list(&["ann-1", "ann-3", "cid-1"]).await;
}

#[tokio::test]
async fn the_name_in_a_token_is_shown_to_others() {
    let server = closed(&[]).await;
    let named = |user: &str, name: &str| {
        let now = roomcast_tests::token::now();
        let grant = json!({ "create": true, "join": true });
        roomcast_tests::token::with_claims(
            json!({ "sub": user, "name": name, "iat": now, "exp": now + 600, "room": grant }),
        )
    };
    let mut ann = Client::connect_with_token(&server, "ann", "p2p", &named("ann", "Ann Ångström")).await;
    assert_eq!(ann.ask_to_join(true).await["b"]["pps"][0]["name"], "Ann Ångström");
    let mut bob = Client::connect_with_token(&server, "bob", "p2p", &named("bob", "Bob")).await;
    let ack = bob.ask_to_join(false).await;
    assert_eq!((&ack["b"]["pps"][0]["name"], &ack["b"]["pps"][1]["name"]), (&json!("Ann Ångström"), &json!("Bob")));
}

#[tokio::test]
async fn without_a_key_tokens_are_not_looked_at() {
    let server = Server::start(&[]).await;
    let mut ann = Client::connect_with_token(&server, "bob", "p2p", "nonsense").await;
    assert_eq!(ann.ask_to_join(true).await["c"], 200);
    assert_eq!(reqwest::get(server.url("/live/@x/demo/main/playlist.m3u8")).await.unwrap().status(), 400);
}
