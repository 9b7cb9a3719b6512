//! Moderators: members whose tokens let them decide without publishing.

use std::time::Duration;

use roomcast_tests::client::Client;
use roomcast_tests::token::token;
use roomcast_tests::with_timeout;
use serde_json::json;

use super::tokens::{all, closed, joined, renew, revoke};

#[tokio::test]
async fn a_moderator_decides_without_publishing() {
    let server = closed(&[]).await;
    let moderator = || json!({ "join": true, "moderate": true });
    let mut ann = joined(&server, "ann", "m2m", all(), true).await;
    let mut mod1 = joined(&server, "mod", "m2m", moderator(), false).await;
    let mut bob = joined(&server, "bob", "m2m", all(), false).await;
    bob.signal("publishRequest", "PUBLISH_REQUEST", json!({ "ve": true, "ae": true })).await;
    // The owner and the moderator are asked; the first answer counts.
    ann.hear("PUBLISH_REQUEST").await;
    mod1.hear("PUBLISH_REQUEST").await;
    mod1.signal("publishAccept", "PUBLISH_ACCEPT", json!({ "to": "bob" })).await;
    bob.hear("PUBLISH_ACCEPT").await;
    ann.hear_list(&["ann-1", "bob-1"]).await;
    assert_eq!(ann.refused("publishAccept", "PUBLISH_ACCEPT", json!({ "to": "bob" })).await, 4023);
    ann.signal("publishReject", "PUBLISH_REJECT", json!({ "to": "bob" })).await;
    // Nobody is told of a late reject.
    ann.signal("offer", "OFFER", json!({ "to": "bob", "sdp": "behind" })).await;
    let heard = bob.heard_until_offer("behind").await;
    assert!(heard.iter().all(|message| message["s"] != "PUBLISH_REJECT"), "{heard:?}");
    // Anyone but another moderator is put out, the owner too.
    let mut mod2 = joined(&server, "mod2", "m2m", moderator(), false).await;
    assert_eq!(mod1.refused("kick", "KICK", json!({ "to": "mod2" })).await, 4051);
    assert_eq!(bob.refused("kick", "KICK", json!({ "to": "mod" })).await, 4051);
    assert_eq!(bob.refused("kick", "KICK", json!({ "to": "ann" })).await, 4051, "the owner, by a publisher");
    mod1.signal("kick", "KICK", json!({ "to": "ann" })).await;
    ann.hear("KICK").await;
    let list = bob.hear_list(&["bob-1"]).await;
    assert_eq!(list["b"]["pps"][0]["role"], "admin");
    // A member that does not moderate decides nothing of this.
    let mut carl = joined(&server, "carl", "m2m", json!({ "join": true }), false).await;
    assert_eq!(carl.refused("kick", "KICK", json!({ "to": "bob" })).await, 4051);
    assert_eq!(carl.refused("publishAccept", "PUBLISH_ACCEPT", json!({ "to": "mod" })).await, 4051);
    assert_eq!(bob.refused("kick", "KICK", json!({ "to": "carl", "revoke": true })).await, 4051);
    mod2.heard().await;
}

#[tokio::test]
async fn who_is_kicked_with_revoke_needs_a_new_token() {
    let server = closed(&["--kick-duration", "1s"]).await;
    for room_type in ["m2m", "p2m"] {
        let room = format!("of-{room_type}");
        let mut ann = Client::connect_with_token(&server, "ann", room_type, &token("ann", all())).await;
        room.clone_into(&mut ann.room);
        assert_eq!(ann.ask_to_join(true).await["c"], 200);
        let grant = json!({ "join": true, "play": true, "moderate": true });
        let mut moderator = Client::connect_with_token(&server, "mod", room_type, &token("mod", grant)).await;
        room.clone_into(&mut moderator.room);
        assert_eq!(moderator.ask_to_join(false).await["c"], 200);
        let troll = token("troll", all());
        let mut kicked = Client::connect_with_token(&server, "troll", room_type, &troll).await;
        room.clone_into(&mut kicked.room);
        assert_eq!(kicked.ask_to_join(false).await["c"], 200);
        // The owner may not know yet that a viewer is there whom another node has admitted.
        let kick = async {
            loop {
                moderator.signal("kick", "KICK", json!({ "to": "troll", "revoke": true })).await;
                if let Ok(heard) = tokio::time::timeout(Duration::from_secs(1), kicked.hear("KICK")).await {
                    break heard;
                }
            }
        };
        let forwarded = with_timeout("the kick", kick).await;
        assert_eq!(forwarded["revoke"], true, "as it was sent");
        // The kick passes; the token stays refused in this room.
        let refused = async {
            loop {
                let mut again = Client::connect_with_token(&server, "troll", room_type, &troll).await;
                room.clone_into(&mut again.room);
                match again.ask_to_join(false).await["c"].as_u64() {
                    Some(4041) => break,
                    Some(4051) => tokio::time::sleep(Duration::from_millis(100)).await,
                    other => panic!("{other:?}"),
                }
            }
        };
        with_timeout("the token to be refused", refused).await;
        let mut elsewhere = Client::connect_with_token(&server, "troll", room_type, &troll).await;
        format!("other-{room_type}").clone_into(&mut elsewhere.room);
        assert_eq!(elsewhere.ask_to_join(true).await["c"], 200);
        ann.heard().await;
        let ack = renew(&mut kicked, &token("troll", all())).await;
        assert_eq!(ack["c"], 200, "the connection stays: {ack}");
    }
}

#[tokio::test]
async fn a_moderator_is_told_when_a_token_could_not_be_revoked() {
    let server = closed(&["--auth-max-revocations", "1"]).await;
    let mut ann = joined(&server, "ann", "m2m", all(), true).await;
    let grant = json!({ "join": true, "moderate": true });
    let mut moderator = joined(&server, "mod", "m2m", grant, false).await;
    let mut troll = joined(&server, "troll", "m2m", all(), false).await;
    assert_eq!(revoke(&server, json!({ "sub": "dave" })).await.0, 200);
    let told = moderator.refused("kick", "KICK", json!({ "to": "troll", "revoke": true })).await;
    assert_eq!(told, 4029);
    troll.hear("KICK").await;
    ann.heard().await;
}
