//! A member over real sockets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomcast_client::{AccessToken, Creating, Events, Member, MemberEvent, Options, Trust};
use roomcast_protocol::client::State;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::limits::{MAX_MESSAGE, UNCONFIRMED_SIGNALS};
use roomcast_protocol::signal::{Category, Host, Offer, OfferOptions, RoomType, Session, SignalKind};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::server::{Peer, Server, with_timeout};

fn options(server_url: &str) -> Options {
    Options {
        server_url: server_url.to_owned(),
        access_token: None,
        trust: Trust::default(),
        room: RoomId::parse("demo").unwrap(),
        room_type: RoomType::P2p,
        session: Session {
            user_id: UserId::parse("ann").unwrap(),
            session_id: SessionId::parse("s1").unwrap(),
            category: Category::Stream,
            host: Host::Server,
            device_id: String::new(),
        },
        video: true,
        audio: false,
        creating: Creating::IfAbsent,
    }
}

/// Waits for an event that `wanted` makes something of.
async fn until<T>(events: &mut Events, wanted: impl Fn(MemberEvent) -> Option<T>) -> T {
    loop {
        let event = with_timeout(events.next()).await.expect("the member lives");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

async fn joined(events: &mut Events) -> bool {
    let resumed = |event| if let MemberEvent::Joined(ack) = event { Some(ack.resumed) } else { None };
    until(events, resumed).await
}

/// All that is told until the end.
async fn rest(events: &mut Events) -> Vec<MemberEvent> {
    let mut all = Vec::new();
    while let Some(event) = with_timeout(events.next()).await {
        all.push(event);
    }
    all
}

async fn in_the_room(server: &mut Server) -> (Member, Events, Peer) {
    let options = options(&server.url);
    enter(server, options).await
}

/// Joins with these options, and lets the server accept that.
async fn enter(server: &mut Server, options: Options) -> (Member, Events, Peer) {
    let (member, mut events) = Member::join(options).unwrap();
    let mut peer = server.socket().await;
    assert_eq!(peer.signal().await["action"], "join");
    peer.welcome(json!({})).await;
    assert!(!joined(&mut events).await);
    (member, events, peer)
}

#[tokio::test]
async fn a_member_joins_beats_and_leaves() {
    let mut server = Server::start().await;
    let (member, mut events) = Member::join(options(&server.url.replace("http", "ws"))).unwrap();
    let mut peer = server.socket().await;
    let join = peer.signal().await;
    assert_eq!((&join["action"], &join["data"]["s"]), (&json!("join"), &json!("JOIN")));
    let (op, above) = (&join["data"]["op"], above(&join));
    let own = op["resumeToken"].as_str().filter(|token| token.len() >= 32).unwrap();
    assert_eq!(*op, json!({"roomCreating": true, "resumeToken": own, "n": above}));
    assert_eq!((&join["data"]["ve"], &join["data"]["ae"]), (&json!(true), &json!(false)));
    peer.welcome(json!({"hb": {"interval": 50, "timeout": 10_000}})).await;
    joined(&mut events).await;
    let beat = peer.signal().await;
    assert_eq!((&beat["action"], &beat["data"]["bid"]), (&json!("heartbeat"), &json!("1")));
    member.leave().await.unwrap();
    assert_eq!(peer.busy_signal().await["action"], "leave");
    assert_eq!(peer.goodbye().await, 1000);
    assert_eq!(rest(&mut events).await.last(), Some(&MemberEvent::StateChanged(State::Leaved)));
    assert!(member.leave().await.is_err());
}

#[tokio::test]
async fn a_member_whose_handle_is_dropped_leaves() {
    let mut server = Server::start().await;
    let (member, _events, mut peer) = in_the_room(&mut server).await;
    drop(member);
    assert_eq!(peer.busy_signal().await["action"], "leave");
}

#[tokio::test]
async fn after_an_abrupt_end_the_session_is_resumed_with_what_was_received() {
    let mut server = Server::start().await;
    let (member, mut events, mut peer) = in_the_room(&mut server).await;
    peer.say(json!({"sq": 5, "s": "OFFER", "sdp": "x"})).await;
    let forwarded = |event| if let MemberEvent::Forwarded(signal) = event { Some(signal) } else { None };
    assert_eq!(until(&mut events, forwarded).await["sdp"], "x");
    drop(peer);
    let lost = |event| (event == MemberEvent::StateChanged(State::WaitingNetwork)).then_some(());
    until(&mut events, lost).await;
    member.signal(SignalKind::Offer, None, &offer("queued")).await.unwrap();
    let mut peer = server.socket().await;
    let join = peer.signal().await;
    let (op, above) = (&join["data"]["op"], above(&join));
    assert_eq!(*op, json!({"roomCreating": false, "resumeFrom": 5, "resumeToken": "resume-1", "n": above}));
    peer.welcome(json!({"resumed": true, "sq": 6})).await;
    peer.say(json!({"sq": 6, "s": "OFFER", "sdp": "y"})).await;
    assert!(joined(&mut events).await);
    assert_eq!(until(&mut events, forwarded).await["sdp"], "y");
    assert_eq!(peer.busy_signal().await["data"]["sdp"], "queued");
}

#[tokio::test]
async fn a_server_that_answers_no_heartbeat_is_left_for_another_connection() {
    let mut server = Server::start().await;
    let (_member, mut events) = Member::join(options(&server.url)).unwrap();
    let mut silent = server.socket().await;
    silent.signal().await;
    silent.welcome(json!({"hb": {"interval": 20, "timeout": 10_000}})).await;
    joined(&mut events).await;
    let mut peer = server.socket().await;
    assert_eq!(peer.signal().await["data"]["op"]["resumeToken"], "resume-1");
}

#[tokio::test]
async fn a_refusal_is_told_and_final() {
    let mut server = Server::start().await;
    let (_member, mut events) = Member::join(options(&server.url)).unwrap();
    let mut peer = server.socket().await;
    peer.signal().await;
    peer.say(json!({"c": 4025, "s": "JOIN", "b": {"msg": "the room is full"}})).await;
    let told = rest(&mut events).await;
    let refused = MemberEvent::Refused { signal: "JOIN".into(), code: 4025, message: "the room is full".into() };
    assert!(told.ends_with(&[refused, MemberEvent::StateChanged(State::Failed)]), "{told:?}");
    assert!(!server.take_socket());
}

#[tokio::test]
async fn a_session_that_was_replaced_does_not_come_back() {
    let mut server = Server::start().await;
    let (_member, mut events, peer) = in_the_room(&mut server).await;
    peer.close(4000, "session replaced").await;
    let told = rest(&mut events).await;
    let closed = MemberEvent::Closed { code: 4000, reason: "session replaced".into() };
    assert_eq!(told, [closed, MemberEvent::StateChanged(State::Failed)]);
    assert!(!server.take_socket());
}

#[tokio::test]
async fn a_draining_server_is_left_and_found_again() {
    let mut server = Server::start().await;
    let (_member, mut events, peer) = in_the_room(&mut server).await;
    peer.close(1012, "service restart").await;
    let mut peer = server.socket().await;
    peer.signal().await;
    peer.welcome(json!({"resumed": true})).await;
    assert!(joined(&mut events).await);
}

#[tokio::test]
async fn an_upgrade_that_is_not_authorised_is_a_refusal() {
    let mut server = Server::start().await;
    let access_token = Some("jwt".into());
    let (_member, mut events) =
        Member::join(Options { access_token, ..options(&format!("{}/refused", server.url)) }).unwrap();
    let request = server.request().await;
    assert_eq!((&request.path[..], &request.bearer[..]), ("/refused/ws", "jwt"));
    request.answer(401, "");
    let asked = server.request().await;
    assert_eq!((&asked.path[..], &asked.bearer[..]), ("/refused/auth/check", "jwt"));
    asked.answer(401, r#"{"c":4041,"s":"AUTH_CHECK","b":{"reason":"expired","msg":"the token ended 5 s ago"}}"#);
    let told = rest(&mut events).await;
    let MemberEvent::Refused { code: 4041, message, .. } = &told[1] else { panic!("{told:?}") };
    assert_eq!(message, "the token ended 5 s ago");
}

#[tokio::test]
async fn a_function_is_asked_for_a_token_at_each_connection() {
    let mut server = Server::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let token = AccessToken::function(move || {
        let times = counted.fetch_add(1, Ordering::Relaxed);
        // The second time there is none to be had, which is a connection that did not come about.
        async move { if times == 1 { Err("no token now".to_owned()) } else { Ok(format!("jwt{times}")) } }
    });
    let options = Options { access_token: Some(token), ..options(&server.url) };
    let (_member, mut events, peer) = enter(&mut server, options).await;
    peer.close(4001, "token expired").await;
    let mut peer = server.socket().await;
    peer.signal().await;
    peer.welcome(json!({"resumed": true})).await;
    assert!(joined(&mut events).await);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

/// A token that lives from now on for so many seconds.
fn lasting(life: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({ "sub": "ann", "iat": now, "exp": now + life }).to_string();
    format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
async fn a_connection_takes_another_token_before_its_own_ends() {
    let mut server = Server::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let token = AccessToken::function(move || {
        let times = counted.fetch_add(1, Ordering::Relaxed);
        async move { if times == 1 { Err("no token now".to_owned()) } else { Ok(lasting(2 + times as u64)) } }
    });
    let options = Options { access_token: Some(token), ..options(&server.url) };
    let (_member, mut events, mut peer) = enter(&mut server, options).await;
    // The function fails at first.
    let renewal = peer.busy_signal().await;
    assert_eq!((&renewal["action"], &renewal["data"]["s"]), (&json!("renew"), &json!("RENEW")));
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    peer.say(json!({"c": 4041, "s": "RENEW", "b": {"msg": "the token is of no use"}})).await;
    let refused =
        |event| if let MemberEvent::Refused { signal, code, .. } = event { Some((signal, code)) } else { None };
    assert_eq!(until(&mut events, refused).await, ("RENEW".to_owned(), 4041));
    let renewal = peer.busy_signal().await;
    peer.say(json!({"c": 200, "s": "RENEW", "b": {"exp": 1}})).await;
    let again = peer.busy_signal().await;
    assert_eq!((&renewal["action"], &again["action"]), (&json!("renew"), &json!("renew")));
    assert_ne!(renewal["data"]["token"], again["data"]["token"]);
    assert!(!server.take_socket(), "all over one connection");
}

#[tokio::test]
async fn what_was_said_before_leaving_goes_out_before() {
    let mut server = Server::start().await;
    let (member, _events, mut peer) = in_the_room(&mut server).await;
    for sdp in ["a", "b", "c"] {
        member.signal(SignalKind::Offer, None, &offer(sdp)).await.unwrap();
    }
    member.leave().await.unwrap();
    for sdp in ["a", "b", "c"] {
        assert_eq!(peer.busy_signal().await["data"]["sdp"], sdp);
    }
    assert_eq!(peer.busy_signal().await["action"], "leave");
}

#[tokio::test]
async fn a_signal_that_no_server_takes_is_not_said() {
    let mut server = Server::start().await;
    let (member, _events, mut peer) = in_the_room(&mut server).await;
    let said = member.signal(SignalKind::Offer, None, &offer(&"x".repeat(MAX_MESSAGE))).await;
    assert!(said.unwrap_err().to_string().ends_with("bytes is over the 131072 that a server takes"));
    member.signal(SignalKind::Offer, None, &offer("short")).await.unwrap();
    assert_eq!(peer.busy_signal().await["data"]["sdp"], "short");
}

#[tokio::test]
async fn saying_more_than_is_kept_fails_until_the_server_confirms() {
    let mut server = Server::start().await;
    let (member, mut events) = Member::join(options(&server.url)).unwrap();
    let mut peer = server.socket().await;
    let above = above(&peer.signal().await);
    peer.welcome(json!({"n": above})).await;
    joined(&mut events).await;
    for _ in 0..UNCONFIRMED_SIGNALS {
        member.signal(SignalKind::Offer, None, &offer("x")).await.unwrap();
    }
    let refused = member.signal(SignalKind::Offer, None, &offer("x")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the signal was not said: 256 signals are not confirmed by the server yet");
    peer.say(json!({"c": 200, "s": "HEARTBEAT", "b": {"rid": "demo", "pps": [], "bid": "1", "n": above + 1}})).await;
    // The event of what follows tells that it was read.
    peer.say(json!({"c": 200, "s": "GAP", "b": {"rid": "demo", "from": 1, "to": 1}})).await;
    until(&mut events, |event| matches!(event, MemberEvent::Gap { .. }).then_some(())).await;
    member.signal(SignalKind::Offer, None, &offer("x")).await.unwrap();
}

/// The number above which a JOIN says that signals are kept.
fn above(join: &Value) -> u64 {
    join["data"]["op"]["n"].as_u64().expect("the client numbers")
}

#[tokio::test]
async fn a_long_signal_goes_out_in_frames_within_the_limit() {
    let mut server = Server::start().await;
    let (member, _events, mut peer) = in_the_room(&mut server).await;
    let sdp = "é".repeat(50_000);
    member.signal(SignalKind::Offer, None, &offer(&sdp)).await.unwrap();
    assert_eq!(peer.busy_signal().await["data"]["sdp"], Value::from(sdp));
}

fn offer(sdp: &str) -> Offer {
    Offer { sdp: sdp.to_owned(), options: OfferOptions::default() }
}
