//! Group rooms over real sockets: asking to publish, watching, kicking, and who owns the room after its owner.

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use serde_json::json;

#[tokio::test]
async fn a_viewer_asks_is_accepted_and_offers() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "m2m", false).await;
    let (mut eve, _) = Client::join(&server, "eve", "m2m", false).await;
    bob.signal("publishRequest", "PUBLISH_REQUEST", json!({"ve": false, "ae": true, "msg": "may I?"})).await;
    let request = ann.hear("PUBLISH_REQUEST").await;
    assert_eq!((&request["ss"]["userId"], &request["msg"]), (&json!("bob"), &json!("may I?")));
    ann.signal("publishReject", "PUBLISH_REJECT", json!({"to": "bob"})).await;
    assert!(bob.hear("PUBLISH_REJECT").await["sq"].is_u64());
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({"to": {"userId": "bob", "sessionId": "bob-1"}})).await;
    let accepted = bob.hear("PUBLISH_ACCEPT").await["sq"].as_u64();
    let list = bob.hear_list(&["ann-1", "bob-1"]).await;
    assert!(list["sq"].as_u64() > accepted);
    let entry = &list["b"]["pps"][1];
    assert_eq!((&entry["role"], &entry["video"], &entry["audio"]), (&json!("publisher"), &json!(false), &json!(true)));
    eve.hear_list(&["ann-1", "bob-1"]).await;

    eve.signal("watch", "WATCH", json!({"to": "bob"})).await;
    assert_eq!(bob.hear("WATCH").await["ss"]["userId"], "eve");
    bob.signal("offer", "OFFER", json!({"sdp": "o", "to": {"userId": "eve", "sessionId": "eve-1"}})).await;
    assert_eq!(eve.hear("OFFER").await["sdp"], "o");
    eve.signal("answer", "ANSWER", json!({"sdp": "a", "to": "bob"})).await;
    eve.signal("iceCandidate", "ICE", json!({"sdp": {"candidate": "c"}, "to": "bob"})).await;
    assert_eq!(bob.hear("ANSWER").await["sdp"], "a");
    assert_eq!(bob.hear("ICE").await["sdp"]["candidate"], "c");
    assert!(ann.heard().await.iter().all(|heard| heard["s"] != "OFFER" && heard["s"] != "WATCH"));
}

#[tokio::test]
async fn who_is_kicked_is_told_is_out_and_stays_out_for_its_time() {
    let server = Server::start(&["--kick-duration", "2s"]).await;
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "m2m", false).await;
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({"to": "bob"})).await;
    ann.hear_list(&["ann-1", "bob-1"]).await;
    ann.signal("kick", "KICK", json!({"to": "bob"})).await;
    assert_eq!(bob.hear("KICK").await["ss"]["userId"], "ann");
    ann.hear_list(&["ann-1"]).await;
    assert_eq!(bob.refused("heartbeat", "HEARTBEAT", json!({"bid": "1"})).await, 4002);
    assert_eq!(bob.ask_to_join(false).await["c"], 4051);
    let (mut eve, _) = Client::join(&server, "eve", "m2m", false).await;
    assert_eq!(eve.refused("kick", "KICK", json!({"to": "ann"})).await, 4051);
    let back = async {
        loop {
            ann.heard().await;
            let ack = bob.ask_to_join(false).await;
            if ack["c"] == 200 {
                return ack["b"]["pt"].clone();
            }
            assert_eq!(ack["c"], 4051);
        }
    };
    assert_eq!(roomcast_tests::with_timeout("the end of the kick", back).await, "viewer");
}

#[tokio::test]
async fn the_next_oldest_publisher_owns_the_room() {
    let server = Server::start(&[]).await;
    let (mut ann, _) = Client::join(&server, "ann", "a2m", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "a2m", false).await;
    let (mut eve, _) = Client::join(&server, "eve", "a2m", false).await;
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({"to": "eve"})).await;
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({"to": "bob"})).await;
    bob.hear_list(&["ann-1", "eve-1", "bob-1"]).await;
    ann.signal("leave", "LEAVE", json!({})).await;
    let list = bob.hear_list(&["eve-1", "bob-1"]).await;
    assert_eq!((&list["b"]["pps"][0]["role"], &list["b"]["pps"][1]["role"]), (&json!("admin"), &json!("publisher")));
    assert_eq!(ann.ask_to_join(false).await["b"]["pt"], "viewer");
    ann.signal("publishRequest", "PUBLISH_REQUEST", json!({"ve": true, "ae": true})).await;
    assert_eq!(eve.hear("PUBLISH_REQUEST").await["ss"]["userId"], "ann");
    assert_eq!(bob.refused("kick", "KICK", json!({"to": "eve"})).await, 4051);
}

#[tokio::test]
async fn a_group_waits_for_a_publisher_and_closes_when_none_comes() {
    let server = Server::start(&["--room-linger", "2s"]).await;
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    let (mut bob, _) = Client::join(&server, "bob", "m2m", false).await;
    ann.signal("leave", "LEAVE", json!({})).await;
    bob.hear_list(&[]).await;
    assert_eq!(bob.refused("publishRequest", "PUBLISH_REQUEST", json!({"ve": true, "ae": true})).await, 4024);
    assert_eq!(ann.ask_to_join(false).await["b"]["pt"], "admin");
    bob.hear_list(&["ann-1"]).await;
    ann.signal("leave", "LEAVE", json!({})).await;
    assert_eq!(bob.hear("ROOM_CLOSED").await["b"], json!({"rid": "demo", "reason": "ended"}));
    assert_eq!(bob.ask_to_join(false).await["c"], 4001);
}

#[tokio::test]
async fn an_owner_that_falls_silent_is_succeeded() {
    let server = Server::start(&["--heartbeat-timeout", "6s"]).await;
    let (mut ann, ack) = Client::join(&server, "ann", "m2m", true).await;
    assert_eq!(ack["b"]["hb"]["timeout"], 6000);
    let (mut bob, _) = Client::join(&server, "bob", "m2m", false).await;
    ann.signal("publishAccept", "PUBLISH_ACCEPT", json!({"to": "bob"})).await;
    bob.hear_list(&["ann-1", "bob-1"]).await;
    let succeeded = async {
        loop {
            for heard in bob.heard().await {
                let list = heard["b"]["pps"].as_array().cloned().unwrap_or_default();
                if list.len() == 1 && list[0]["id"] == "bob-1" {
                    return list[0]["role"].clone();
                }
            }
        }
    };
    assert_eq!(roomcast_tests::with_timeout("ann to be removed", succeeded).await, "admin");
    assert_eq!(ann.refused("heartbeat", "HEARTBEAT", json!({"bid": "late"})).await, 4002);
}
