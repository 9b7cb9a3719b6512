//! A client that does not number what it says, and says more than its node may keep until the owner has it.

use roomcast_tests::client::Client;
use roomcast_tests::nodes::Nodes;
use roomcast_tests::proxy::Proxy;
use roomcast_tests::redis::Redis;
use roomcast_tests::with_timeout;
use serde_json::json;

/// Offers of the burst, and bytes of each.
const OFFERS: usize = 120;
const SIZE: usize = 20_000;

/// Messages between the nodes take so long that the bound is met time and again. The connection is read no further
/// then, and goes on by itself.
#[tokio::test]
async fn a_burst_above_the_bound_is_read_slowly_and_nothing_of_it_is_lost() {
    let redis = Redis::start().await;
    let proxy = Proxy::start(&redis.address()).await;
    let flags = ["--max-unseen", "64KiB", "--max-outbox", "8MiB"];
    let nodes = Nodes::start_each(vec![redis.url(), proxy.url()], &flags).await;
    let (mut ann, _) = Client::join(&nodes[0], "ann", "p2p", true).await;
    let (mut bob, _) = Client::join(&nodes[1], "bob", "p2p", false).await;
    proxy.set(|faults| faults.delay = std::time::Duration::from_millis(30));
    let text = |number: usize| json!({"sdp": format!("{number} {}", "x".repeat(SIZE))});
    let offers: Vec<String> = (0..OFFERS).map(|number| bob.text("offer", "OFFER", text(number))).collect();
    let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
    let all_come = async {
        bob.say_at_once(&offers).await;
        let mut came = Vec::new();
        while came.len() < OFFERS {
            let message = ann.next().await;
            let sdp = message["sdp"].as_str().filter(|_| message["s"] == "OFFER");
            came.extend(
                sdp.and_then(|sdp| sdp.split(' ').next()).map(|number| number.parse::<usize>().expect("a number")),
            );
        }
        came
    };
    let came: Vec<usize> = with_timeout("all offers", all_come).await;
    assert_eq!(came, (0..OFFERS).collect::<Vec<_>>(), "all, once and in order");
    // It is read again, and nothing is kept of it any more.
    let heard = bob.heard().await;
    assert!(heard.iter().all(|message| message.get("c").is_none_or(|code| *code == 200)), "{heard:?}");
    let all_seen = async { while nodes[1].metric("roomcast_cluster_held_bytes").await > 0.0 {} };
    with_timeout("the owner to have it all", all_seen).await;
}
