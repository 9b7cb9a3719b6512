//! Signals that their sender numbers: none is lost with a line that died unnoticed, none is had twice.

use roomcast_client::{Events, Member};
use roomcast_protocol::signal::{RoomType, SignalKind};
use roomcast_tests::client::Client;
use roomcast_tests::proxy::{Flow, Proxy};
use roomcast_tests::rust_client::{joined, options};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::json;

/// Signals before the line dies, and into the dead line.
const BEFORE: usize = 20;
const INTO_NOWHERE: usize = 80;

async fn counts(events: &mut Events) {
    assert!(with_timeout("a JOIN ack", joined(events)).await.confirmed.is_some(), "the server counts");
}

async fn say(member: &Member, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let candidate = json!({"sdp": number.to_string()});
        member.signal(SignalKind::Ice, None, &candidate).await.expect("it is said");
    }
}

#[tokio::test]
async fn a_burst_into_a_line_that_died_unnoticed_loses_nothing() {
    let server = Server::alone(&[]).await;
    let line = Proxy::start(server.next_address()).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", true).await;
    let (ann, mut events) =
        Member::join(options(format!("http://{}", line.address()), None, RoomType::P2p)).expect("the address is one");
    counts(&mut events).await;
    say(&ann, 0..BEFORE).await;
    line.set(|faults| faults.requests = Flow::Lost);
    say(&ann, BEFORE..BEFORE + INTO_NOWHERE).await;
    // The connection ends with the fault, and nobody knows what was lost in it.
    line.heal();
    counts(&mut events).await;
    say(&ann, BEFORE + INTO_NOWHERE..BEFORE + INTO_NOWHERE + 1).await;
    for number in 0..=BEFORE + INTO_NOWHERE {
        assert_eq!(bob.hear("ICE").await["sdp"], number.to_string());
    }
}

#[tokio::test]
async fn a_refused_signal_uses_its_number_up() {
    let server = Server::alone(&[]).await;
    let mut ann = Client::connect(&server, "ann", "p2p").await;
    let ack = ann.join_with(json!({"roomCreating": true, "n": 100})).await;
    assert_eq!(ack["b"]["n"], 100, "{ack}");
    let (mut bob, _) = Client::join(&server, "bob", "p2p", false).await;
    assert_eq!(ann.refused("offer", "OFFER", json!({"sdp": "no number"})).await, 2001);
    assert_eq!(ann.refused("offer", "OFFER", json!({"sdp": 7, "n": 101})).await, 2001);
    assert_eq!(ann.refused("watch", "WATCH", json!({"to": "bob", "n": 102})).await, 2002);
    for n in [104, 103, 103, 104] {
        ann.signal("offer", "OFFER", json!({"sdp": n.to_string(), "n": n})).await;
    }
    let heard: Vec<_> = bob.heard_until_offer("104").await.into_iter().filter(|one| one["s"] == "OFFER").collect();
    assert_eq!(heard.iter().map(|offer| offer["n"].as_u64()).collect::<Vec<_>>(), [Some(103), Some(104)]);
}
