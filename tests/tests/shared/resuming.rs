//! Nothing is lost across a reconnect, and nobody else notices one.

use roomcast_tests::client::Client;
use roomcast_tests::server::Server;
use serde_json::{Value, json};

/// A call of ann and bob, past the lists of its beginning; and the last number bob has.
async fn call(server: &Server) -> (Client, Client, u64) {
    let (mut ann, _) = Client::join(server, "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(server, "bob", "p2p", false).await;
    ann.hear_list(&["ann-1", "bob-1"]).await;
    let last = bob.hear_list(&["ann-1", "bob-1"]).await["sq"].as_u64().expect("a list has a number");
    (ann, bob, last)
}

async fn offer(from: &mut Client, text: &str) {
    from.signal("offer", "OFFER", json!({"sdp": text})).await;
}

fn sdps(heard: &[Value]) -> Vec<&str> {
    heard.iter().filter_map(|heard| heard["sdp"].as_str()).collect()
}

#[tokio::test]
async fn what_was_said_while_the_network_was_lost_comes_in_order_before_anything_new() {
    let server = Server::start(&[]).await;
    let (mut ann, bob, last) = call(&server).await;
    drop(bob);
    for text in ["one", "two", "three"] {
        offer(&mut ann, text).await;
    }
    ann.heard().await;
    let mut again = Client::connect(&server, "bob", "p2p").await;
    let ack = again.join_with(json!({"roomCreating": true, "resumeFrom": last})).await;
    assert_eq!(ack["b"]["resumed"], true);
    offer(&mut ann, "four").await;
    let heard = again.heard_until_offer("four").await;
    assert_eq!(sdps(&heard), ["one", "two", "three", "four"]);
    let numbers: Vec<_> = heard.iter().filter_map(|heard| heard["sq"].as_u64()).collect();
    assert!(numbers[0] > last && numbers.is_sorted_by(|one, next| one < next), "{numbers:?} rise from {last}");
    if server.is_alone() {
        assert_eq!((&ack["b"]["sq"], numbers), (&json!(last + 3), (last + 1..last + 5).collect()));
    }
    assert!(ann.heard().await.is_empty(), "nobody else is told that anything happened");
}

#[tokio::test]
async fn without_a_number_what_was_received_does_not_come_again() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob, _) = call(&server).await;
    offer(&mut ann, "received").await;
    bob.hear("OFFER").await;
    bob.signal("heartbeat", "HEARTBEAT", json!({"bid": "0"})).await;
    bob.hear("HEARTBEAT").await;
    let mut newer = Client::connect(&server, "bob", "p2p").await;
    assert_eq!(newer.join_with(json!({})).await["b"]["resumed"], true);
    assert_eq!(bob.closed().await, (4000, "session replaced".to_owned()));
    let heard = newer.heard().await;
    assert!(heard.is_empty(), "{heard:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_announced() {
    let server = Server::start(&[]).await;
    let (mut ann, bob, last) = call(&server).await;
    drop(bob);
    for number in 0..150 {
        offer(&mut ann, &number.to_string()).await;
    }
    ann.heard().await;
    let mut again = Client::connect(&server, "bob", "p2p").await;
    again.join_with(json!({"resumeFrom": last})).await;
    let heard = again.heard_until_offer("149").await;
    // Several nodes may keep more, and their numbers skip: a loss is announced, nothing is lost behind it, and
    // without a loss nothing is announced.
    let came = sdps(&heard);
    let kept: Vec<String> = (150 - came.len()..150).map(|number| number.to_string()).collect();
    assert_eq!((came.len() < 150, came), (heard[0]["s"] == "GAP", kept.iter().map(String::as_str).collect()));
    if let Some(gap) = heard.iter().find(|message| message["s"] == "GAP") {
        assert!(gap["b"]["from"] == last + 1 && gap["b"]["to"].as_u64() < heard[1]["sq"].as_u64(), "{gap}");
    }
    if server.is_alone() {
        assert_eq!(heard[0]["b"], json!({"rid": "demo", "from": last + 1, "to": last + 22}));
        assert_eq!(&heard[1]["sdp"], "22");
        // The list stood below the loss: it comes again behind it, as it may be lost as well.
        assert_eq!(heard.iter().filter(|message| message["s"] == "PUBLISH_LIST_CHANGED").count(), 1);
        assert_eq!(heard.len(), 130);
    }
}

#[tokio::test]
async fn only_the_newest_list_is_kept_and_what_was_confirmed_is_not() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob, _) = call(&server).await;
    offer(&mut ann, "confirmed").await;
    let last = bob.hear("OFFER").await["sq"].as_u64().expect("a number");
    bob.signal("heartbeat", "HEARTBEAT", json!({"bid": "1", "sq": last})).await;
    bob.hear("HEARTBEAT").await;
    drop(bob);
    for video in [false, true, false] {
        ann.signal("updateVideo", "UPDATE", json!({"ve": video, "ae": true})).await;
        ann.hear("PUBLISH_LIST_CHANGED").await;
    }
    let mut again = Client::connect(&server, "bob", "p2p").await;
    again.join_with(json!({"resumeFrom": last - 1})).await;
    let missed = again.next().await;
    // Several nodes may still have it.
    if server.is_alone() || missed["s"] == "GAP" {
        assert_eq!((&missed["s"], &missed["b"]["to"]), (&json!("GAP"), &json!(last)));
    } else {
        assert_eq!((&missed["s"], &missed["sq"]), (&json!("OFFER"), &json!(last)));
    }
    let newest = async {
        loop {
            let list = again.next().await;
            assert_eq!(list["s"], "PUBLISH_LIST_CHANGED");
            if !server.is_alone() && list["b"]["pps"][0]["video"] == true {
                continue;
            }
            return list["b"]["pps"][0]["video"].clone();
        }
    };
    assert_eq!(roomcast_tests::with_timeout("the newest list", newest).await, false);
    assert!(again.heard().await.is_empty());
}

#[tokio::test]
async fn a_session_that_keeps_tokens_is_taken_over_only_with_its_newest() {
    let server = Server::start(&[]).await;
    let mut ann = Client::connect(&server, "ann", "m2m").await;
    let token = ann.join_with(json!({"roomCreating": true, "resumeToken": ""})).await["b"]["rt"].clone();
    for guess in [json!({}), json!({"resumeToken": ""}), json!({"resumeToken": "guess"})] {
        let mut thief = Client::connect(&server, "ann", "m2m").await;
        assert_eq!(thief.join_with(guess).await["c"], 4051);
        assert_eq!(thief.refused("leave", "LEAVE", json!({})).await, 4002);
    }
    let mut newer = Client::connect(&server, "ann", "m2m").await;
    assert_eq!(newer.join_with(json!({"resumeToken": token})).await["b"]["resumed"], true);
    assert_eq!(ann.closed().await.0, 4000);
    newer.heard().await;
    let mut thief = Client::connect(&server, "ann", "m2m").await;
    assert_eq!(thief.join_with(json!({"resumeToken": token})).await["c"], 4051, "the token was used");
}

#[tokio::test]
async fn a_first_join_with_a_token_of_its_own_can_be_repeated_when_its_ack_was_lost() {
    let server = Server::start(&[]).await;
    let join = json!({"roomCreating": true, "resumeToken": "only ann knows"});
    let mut ann = Client::connect(&server, "ann", "m2m").await;
    assert_eq!(ann.join_with(join.clone()).await["b"]["resumed"], false);
    for again in 0..2 {
        let mut ann = Client::connect(&server, "ann", "m2m").await;
        assert_eq!(ann.join_with(join.clone()).await["b"]["resumed"], true, "{again}");
    }
    let mut thief = Client::connect(&server, "ann", "m2m").await;
    assert_eq!(thief.join_with(json!({"resumeToken": "guess"})).await["c"], 4051);
}

#[tokio::test]
async fn who_comes_back_too_late_is_new_and_counts_on() {
    let server = Server::start(&["--heartbeat-timeout", "6s"]).await;
    let (mut ann, _) = Client::join(&server, "ann", "m2m", true).await;
    let mut bob = Client::connect(&server, "bob", "m2m").await;
    bob.join_with(json!({"resumeToken": ""})).await;
    drop(bob);
    let returned = async {
        loop {
            ann.heard().await;
            let mut again = Client::connect(&server, "bob", "m2m").await;
            // Asked with a wrong token, the room refuses while it knows the session and takes no sign of life from it.
            let ack = again.join_with(json!({"resumeFrom": 41, "resumeToken": "wrong"})).await;
            if ack["b"]["resumed"] == false {
                return ack["b"]["sq"].clone();
            }
        }
    };
    // One above, so that the next JOIN tells of which membership it speaks.
    assert_eq!(roomcast_tests::with_timeout("bob to be removed", returned).await, 42);
}

#[tokio::test]
async fn who_leaves_and_joins_in_one_breath_is_in() {
    let server = Server::start(&[]).await;
    let (_bob, _) = Client::join(&server, "bob", "p2p", true).await;
    let (mut ann, _) = Client::join(&server, "ann", "p2p", false).await;
    for _ in 0..50 {
        let leave = ann.text("leave", "LEAVE", json!({}));
        let join = ann.text("join", "JOIN", json!({"ve": true, "ae": true}));
        ann.say_at_once(&[&leave, &join]).await;
        assert_eq!(ann.hear("JOIN").await["b"]["resumed"], false);
        ann.signal("heartbeat", "HEARTBEAT", json!({"bid": "1"})).await;
        assert_eq!(ann.hear("HEARTBEAT").await["c"], 200);
    }
}

#[tokio::test]
async fn all_that_is_kept_fits_through_a_new_connection_at_once() {
    let server = Server::start(&["--max-outbox", "64KiB", "--max-message", "32KiB"]).await;
    let (mut ann, bob, last) = call(&server).await;
    drop(bob);
    for number in 0..8 {
        offer(&mut ann, &format!("{number}{}", "x".repeat(30_000))).await;
    }
    // Behind the others, wherever they wait for bob.
    assert_eq!(ann.refused("offer", "OFFER", json!({"sdp": "x", "to": "nobody"})).await, 4003);
    let mut again = Client::connect(&server, "bob", "p2p").await;
    again.join_with(json!({"resumeFrom": last})).await;
    let heard = again.heard_until_offer(&format!("7{}", "x".repeat(30_000))).await;
    let firsts: Vec<_> = heard.iter().map(|heard| heard["sdp"].as_str().map(|sdp| sdp.as_bytes()[0])).collect();
    assert_eq!(firsts, b"01234567".map(Some));
}
