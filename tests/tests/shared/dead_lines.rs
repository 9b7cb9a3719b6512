//! A line that dies unnoticed: what both sides wrote into it comes once and in order, over the next one.

use std::time::Duration;

use roomcast_client::{Events, Member, MemberEvent};
use roomcast_protocol::signal::{RoomType, SignalKind};
use roomcast_tests::client::Client;
use roomcast_tests::proxy::Proxy;
use roomcast_tests::rust_client::{joined, options};
use roomcast_tests::server::Server;
use roomcast_tests::with_timeout;
use serde_json::{Value, json};

/// Signals that each side writes into the dead line.
const INTO_NOWHERE: usize = 80;
/// The dead line must be found within so many seconds: while the server still holds the seat.
const SECONDS: usize = 10;

/// Whether the next JOIN ack resumes; bob beats meanwhile.
async fn resumed(events: &mut Events, bob: &mut Client) -> bool {
    for _ in 0..SECONDS {
        match tokio::time::timeout(Duration::from_secs(1), joined(events)).await {
            Ok(ack) => return ack.resumed,
            Err(_) => bob.signal("heartbeat", "HEARTBEAT", json!({"bid": "b"})).await,
        }
    }
    panic!("the dead line was not found");
}

async fn heard(events: &mut Events) -> Value {
    let candidate = async {
        loop {
            if let MemberEvent::Forwarded(signal) = events.next().await.expect("the member goes on") {
                return signal["sdp"].clone();
            }
        }
    };
    with_timeout("a candidate", candidate).await
}

#[tokio::test]
async fn what_both_sides_write_into_a_dead_line_comes_once_and_in_order() {
    let server = Server::start(&[]).await;
    let (mut bob, _) = Client::join(&server, "bob", "p2p", true).await;
    let line = Proxy::start(server.next_address()).await;
    let token = server.token_of("ann").map(|token| token.as_str().into());
    let (ann, mut events) =
        Member::join(options(format!("http://{}", line.address()), token, RoomType::P2p)).expect("the address is one");
    assert!(!resumed(&mut events, &mut bob).await);
    line.strand();
    for number in 0..=INTO_NOWHERE {
        if number == INTO_NOWHERE {
            assert!(resumed(&mut events, &mut bob).await);
            // The messages in the old connection come after all, and do not count.
            line.heal();
        }
        let candidate = json!({"sdp": number.to_string()});
        ann.signal(SignalKind::Ice, None, &candidate).await.expect("it is said");
        bob.signal("iceCandidate", "ICE", candidate).await;
    }
    for number in 0..=INTO_NOWHERE {
        assert_eq!(bob.hear("ICE").await["sdp"], number.to_string());
        assert_eq!(heard(&mut events).await, number.to_string());
    }
    let last = json!({"sdp": "last"});
    ann.signal(SignalKind::Ice, None, &last).await.expect("it is said");
    bob.signal("iceCandidate", "ICE", last).await;
    assert_eq!(bob.hear("ICE").await["sdp"], "last", "nothing came twice");
    assert_eq!(heard(&mut events).await, "last", "nothing came twice");
}
