//! Rooms of every type over real sockets: roles, places, and what is refused with which code.

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use serde_json::{Value, json};

async fn role(server: &Server, who: &str, room_type: &'static str, creating: bool) -> (Client, Value) {
    let (client, ack) = Client::join(server, who, room_type, creating).await;
    (client, ack["b"]["pt"].clone())
}

#[tokio::test]
async fn every_type_of_room_gives_its_roles() {
    for (room_type, second, further) in [
        ("p2p", "publisher", "publisher"),
        ("m2m", "viewer", "publisher"),
        ("a2m", "viewer", "publisher"),
        ("p2m", "viewer", "publisher"),
    ] {
        let server = Server::start(&[]).await;
        let (_ann, role_of_ann) = role(&server, "ann", room_type, true).await;
        let (_bob, role_of_bob) = role(&server, "bob", room_type, false).await;
        let (_screen, role_of_screen) = role(&server, "ann/screen", room_type, false).await;
        assert_eq!(
            (role_of_ann, role_of_bob, role_of_screen),
            (json!("admin"), json!(second), json!(further)),
            "{room_type}"
        );
    }
}

#[tokio::test]
async fn only_a_group_without_video_reports_none() {
    for (room_type, video) in [("m2m", true), ("a2m", false)] {
        let server = Server::start(&[]).await;
        let (mut ann, ack) = Client::join(&server, "ann", room_type, true).await;
        assert_eq!(ack["b"]["pps"][0]["video"], video);
        ann.signal("updateVideo", "UPDATE", json!({"ve": true, "ae": false})).await;
        let list = loop {
            let list = ann.hear_list(&["ann-1"]).await;
            if list["b"]["pps"][0]["audio"] == false {
                break list;
            }
        };
        assert_eq!(list["b"]["pps"][0]["video"], video);
    }
}

#[tokio::test]
async fn a_group_has_nine_publishers_and_a_call_two_users() {
    let server = Server::start(&[]).await;
    let mut members = vec![role(&server, "ann", "m2m", true).await.0];
    for session in 2..=9 {
        let (member, role) = role(&server, &format!("ann/{session}"), "m2m", false).await;
        assert_eq!(role, "publisher");
        members.push(member);
    }
    let mut tenth = Client::connect(&server, "ann/10", "m2m").await;
    assert_eq!(tenth.ask_to_join(false).await["c"], 4025);
    let (_bob, role_of_bob) = role(&server, "bob", "m2m", false).await;
    assert_eq!(role_of_bob, "viewer");
    assert_eq!(members[0].refused("publishAccept", "PUBLISH_ACCEPT", json!({"to": "bob"})).await, 4025);

    let server = Server::start(&[]).await;
    let _ann = role(&server, "ann", "p2p", true).await;
    let _screen = role(&server, "ann/screen", "p2p", false).await;
    let _bob = role(&server, "bob", "p2p", false).await;
    for nobody in ["eve", "eve/screen", "bob/2"] {
        let mut client = Client::connect(&server, nobody, "p2p").await;
        assert_eq!(client.ask_to_join(false).await["c"], 4025, "{nobody}");
    }
}

#[tokio::test]
async fn a_signal_is_refused_with_the_code_that_says_why() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "m2m", false).await;
    let both = json!({"ve": true, "ae": true});
    let to = |user: &str| json!({"to": user, "sdp": "x"});
    for (action, name, more, code) in [
        ("offer", "OFFER", json!({"sdp": "x"}), 2001),
        ("heartbeat", "HEARTBEAT", json!({}), 2001),
        ("heartbeat", "HEARTBEAT", json!({"bid": "b".repeat(300)}), 2001),
        ("offer", "OFFER", to("joe"), 4003),
        ("iceCandidate", "ICE", to("joe"), 4003),
        ("answer", "ANSWER", to("joe"), 4024),
        ("watch", "WATCH", to("bob"), 4024),
        ("watch", "WATCH", to("joe"), 4024),
        ("publishAccept", "PUBLISH_ACCEPT", to("joe"), 4002),
        ("publishReject", "PUBLISH_REJECT", to("joe"), 4002),
        ("kick", "KICK", to("joe"), 4002),
        ("kick", "KICK", to("ann"), 4051),
        ("publishRequest", "PUBLISH_REQUEST", both.clone(), 4023),
        ("leave", "LEAVE", json!({"ch": "p2p"}), 2002),
        ("leave", "LEAVE", json!({"rid": "elsewhere"}), 4001),
    ] {
        assert_eq!(ann.refused(action, name, more).await, code, "{name}");
    }
    for (action, name, more, code) in [
        ("offer", "OFFER", to("ann"), 4051),
        ("updateVideo", "UPDATE", both, 4051),
        ("kick", "KICK", to("ann"), 4051),
        ("publishAccept", "PUBLISH_ACCEPT", to("bob"), 4051),
        ("publishReject", "PUBLISH_REJECT", to("bob"), 4051),
    ] {
        assert_eq!(bob.refused(action, name, more).await, code, "{name}");
    }
    assert!(
        ann.heard().await.iter().all(|heard| heard["s"] == "PUBLISH_LIST_CHANGED"),
        "what is refused reaches nobody"
    );
}

#[tokio::test]
async fn every_signal_is_refused_in_rooms_that_have_it_not() {
    let groups_only = [
        ("publishRequest", "PUBLISH_REQUEST"),
        ("publishAccept", "PUBLISH_ACCEPT"),
        ("publishReject", "PUBLISH_REJECT"),
        ("watch", "WATCH"),
    ];
    let relayed = [("offer", "OFFER"), ("answer", "ANSWER"), ("iceCandidate", "ICE")];
    for (room_type, unknown) in [("p2p", vec![("kick", "KICK")]), ("p2m", relayed.to_vec())] {
        let server = Server::start(&[]).await;
        let (mut ann, _) = Client::join(&server, "ann", room_type, true).await;
        for (action, name) in groups_only.into_iter().chain(unknown) {
            let more = json!({"to": "bob", "sdp": "x", "ve": true, "ae": true});
            assert_eq!(ann.refused(action, name, more).await, 2002, "{name} in {room_type}");
        }
    }
}

#[tokio::test]
async fn a_room_beyond_the_limit_of_the_node_or_the_connection_is_refused() {
    let server = Server::alone(&["--max-rooms", "1", "--max-rooms-per-connection", "1"]).await;
    let mut bob = Client::connect(&server, "bob", "m2m").await;
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    let other = json!({"rid": "other", "ve": true, "ae": true, "op": {"roomCreating": true}});
    assert_eq!(bob.refused("join", "JOIN", other.clone()).await, 503);
    assert_eq!(ann.refused("join", "JOIN", other).await, 4029);
    assert_eq!(bob.ask_to_join(false).await["c"], 200);
}

#[tokio::test]
async fn a_room_is_created_once_and_joined_while_it_exists() {
    let server = Server::start(&[]).await;
    let mut bob = Client::connect(&server, "bob", "m2m").await;
    assert_eq!(bob.ask_to_join(false).await["c"], 4001);
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    assert_eq!(bob.ask_to_join(true).await["c"], 4022);
    assert_eq!(bob.refused("join", "JOIN", json!({"ch": "a2m", "ve": true, "ae": true})).await, 2002);
    assert_eq!(bob.ask_to_join(false).await["c"], 200);
    ann.signal("leave", "LEAVE", json!({})).await;
    bob.hear_list(&[]).await;
    bob.signal("leave", "LEAVE", json!({})).await;
    assert_eq!(bob.ask_to_join(false).await["c"], 4001, "an empty room is gone at once");
    assert_eq!(bob.refused("heartbeat", "HEARTBEAT", json!({"bid": "late"})).await, 4001);
}

#[tokio::test]
async fn of_many_who_create_a_room_in_one_instant_one_does() {
    let server = Server::start(&[]).await;
    let mut clients = Vec::new();
    for user in 0..8 {
        clients.push(Client::connect(&server, &format!("user-{user}"), "m2m").await);
    }
    let asked = clients.iter_mut().map(|client| client.ask_to_join(true));
    let codes = futures_util::future::join_all(asked).await;
    let created = codes.iter().filter(|ack| ack["c"] == 200).count();
    assert_eq!((created, codes.iter().filter(|ack| ack["c"] == 4022).count()), (1, 7));
}
