//! The project's own client lives past the end of its first token, and nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use roomcast_client::{AccessToken, Creating, Input, Member, Options, Publish, publish};
use roomcast_protocol::client::State;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::{MemberKey, Offer, OfferOptions, Recipient, RoomType, SignalKind};
use roomcast_tests::client::Client;
use roomcast_tests::rust_client::joined;
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, now, token, with_claims};
use roomcast_tests::{media, rust_client, with_timeout};
use serde_json::json;

/// The life of each token of the function, in seconds.
const LIFE: u64 = 3;
/// A second passes at most until a token that ended is over for the server, and another one until it acts.
const PAST: u64 = LIFE + 3;

async fn closed() -> Server {
    Server::start(&["--auth-secret", SECRET, "--auth-grace", "1s", "--auth-leeway", "1s"]).await
}

/// A function whose tokens live for a few seconds, and how often it was asked.
fn brief(user: &'static str) -> (AccessToken, Arc<AtomicU64>) {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let fetch = move || {
        let grant = json!({ "join": true, "create": true, "publish": true, "play": true });
        let number = count.fetch_add(1, Ordering::Relaxed);
        let claims =
            json!({ "sub": user, "jti": number.to_string(), "iat": now(), "exp": now() + LIFE, "room": grant });
        async move { Ok(with_claims(claims)) }
    };
    (AccessToken::function(fetch), asked)
}

fn options(server: &Server, access_token: AccessToken) -> Options {
    let options = rust_client::options(server.url(""), Some(access_token), RoomType::M2m);
    Options { creating: Creating::Always, ..options }
}

#[tokio::test]
async fn a_member_outlives_its_first_token_over_one_connection() {
    let server = closed().await;
    let (access_token, asked) = brief("ann");
    let (ann, mut events) = Member::join(options(&server, access_token)).expect("the address is one");
    with_timeout("the member to join", joined(&mut events)).await;
    let first_end = now() + PAST;
    let all = json!({ "join": true, "publish": true });
    let mut bob = Client::connect_with_token(&server, "bob", "m2m", &token("bob", all)).await;
    assert_eq!(bob.ask_to_join(false).await["c"], 200);
    bob.heard().await;
    let mut told = Vec::new();
    while now() <= first_end {
        let wait = Duration::from_millis(200);
        told.extend(tokio::time::timeout(wait, events.next()).await.into_iter().map(|event| format!("{event:?}")));
    }
    let bobs = MemberKey {
        user_id: UserId::parse("bob").expect("a legal name"),
        session_id: SessionId::parse("bob-1").expect("printable"),
    };
    let offer = Offer { sdp: "late".to_owned(), options: OfferOptions::default() };
    ann.signal(SignalKind::Offer, Some(Recipient::Session(bobs)), &offer).await.expect("the member goes on");
    let heard = bob.heard_until_offer("late").await;
    assert!(heard.iter().all(|message| message["s"] != "PUBLISH_LIST_CHANGED"), "{heard:?}");
    assert!(told.iter().all(|event| !event.contains("Joined") && !event.contains("StateChanged")), "{told:?}");
    assert!(asked.load(Ordering::Relaxed) >= 3, "{asked:?}");
}

#[tokio::test]
async fn a_publication_outlives_its_first_token_without_a_gap() {
    let server = closed().await;
    let (access_token, asked) = brief("ann");
    let input = Input::from(media::clip());
    let mut options = Publish::new(server.url(""), RoomId::parse("demo").expect("a legal name"), input);
    options.user = UserId::parse("ann").expect("a legal name");
    options.access_token = Some(access_token);
    let mut states = Vec::new();
    let published = publish::run(options, std::future::pending(), |progress| states.push(progress.state));
    let summary = with_timeout("the clip to be published", published).await.expect("nothing ends it");
    assert!(!summary.stopped && summary.progress.parts_dropped == 0, "{summary:?}");
    assert!(!states.contains(&State::WaitingNetwork), "the connection was lost: {states:?}");
    assert!(states.contains(&State::Reinitializing), "the first ingest token has ended as well: {states:?}");
    assert!(asked.load(Ordering::Relaxed) >= 3, "{asked:?}");
    // It ended with its last part, long after its first token.
    let path = format!("/live/@{}/demo/main/v0/playlist.m3u8", token("viewer", json!({ "play": true })));
    let playlist = reqwest::get(format!("http://{}{path}", server.address)).await.expect("the server answers");
    let playlist = playlist.text().await.expect("it is text");
    assert!(!playlist.contains("#EXT-X-GAP") && playlist.contains("#EXT-X-ENDLIST"), "{playlist}");
    assert_eq!(playlist.matches("#EXTINF").count(), 6, "{playlist}");
}
