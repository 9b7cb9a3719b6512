//! The driver against a server made of text.

pub(super) mod token;
mod traces;
mod vectors;
mod watchdog;

use roomcast_protocol::ack::{RoomClosedReason, encode as ack, encode_error};
use roomcast_protocol::client::Outgoing;
use roomcast_protocol::client::queue::QUEUE_SIGNALS;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::{Body, Category, Head, Host, RoomType, Session, decode};
use serde_json::json;

use super::*;
use crate::member::creation::Creating;

pub(super) fn joining(creating: Creating, renews: bool) -> Joining {
    let session = Session {
        user_id: UserId::parse("u").unwrap(),
        session_id: SessionId::parse("s").unwrap(),
        category: Category::Stream,
        host: Host::Server,
        device_id: String::new(),
    };
    let room_id = RoomId::parse("demo").unwrap();
    let head = Head { room_type: RoomType::P2m, room_id, session, recipient: None };
    Joining { head, video: true, audio: true, creating, said: 1000, token: "own".to_owned(), renews }
}

pub(super) fn accepted(resumed: bool, token: &str) -> Input {
    accepted_above(resumed, token, 0)
}

pub(super) fn accepted_above(resumed: bool, token: &str, sequence: u64) -> Input {
    let body = json!({
        "rid": "demo", "pps": [], "pt": "admin", "eg": "native", "resumed": resumed, "sq": sequence, "rt": token,
        "hb": {"interval": 3000, "timeout": 10000}, "es": {"icfg": {"is": [], "iceServers": []}},
    });
    Input::Text(ack("JOIN", &body).to_string())
}

pub(super) fn refused(code: AckCode) -> Input {
    Input::Text(encode_error(code, Some(SignalKind::Join), "no", None, 1000).to_string())
}

pub(super) fn opened() -> Input {
    Input::Opened { token: None }
}

pub(super) fn closed(code: u16) -> Input {
    Input::Closed { code, reason: String::new() }
}

fn offered(sdp: &str) -> String {
    json!({"action": "offer", "data": {"s": "OFFER", "sdp": sdp}}).to_string()
}

pub(super) fn offer(text: &str) -> Outgoing {
    Outgoing { kind: SignalKind::Offer, text: offered(text) }
}

/// The time since 1970 at which a run starts.
const START: Duration = Duration::from_secs(1000);

/// The driver with its clocks, and what it did last.
pub(super) struct Run {
    pub(super) driver: Driver,
    pub(super) start: Instant,
    pub(super) random: f64,
    pub(super) now: Instant,
    pub(super) done: Vec<Action>,
}

impl Run {
    pub(super) fn new(creating: Creating) -> Self {
        Self::with_token(creating, false)
    }

    /// With a token that a further connection may replace.
    pub(super) fn with_token(creating: Creating, renews: bool) -> Self {
        Self::of(joining(creating, renews))
    }

    pub(super) fn of(joining: Joining) -> Self {
        let now = Instant::now();
        let (driver, done) = Driver::new(joining, Clocks { now, unix: START });
        Self { driver, start: now, random: 0.5, now, done }
    }

    pub(super) fn joined() -> Self {
        let mut run = Self::new(Creating::IfAbsent);
        run.input(opened());
        run.input(accepted(false, "t1"));
        run
    }

    pub(super) fn input(&mut self, input: Input) -> &[Action] {
        let clocks = Clocks { now: self.now, unix: START + (self.now - self.start) };
        self.done = self.driver.handle(clocks, self.random, input);
        &self.done
    }

    /// Lets time pass until the driver does something.
    pub(super) fn wait(&mut self) -> &[Action] {
        self.done.clear();
        while self.done.is_empty() {
            self.now = self.driver.deadline();
            self.input(Input::Tick);
        }
        &self.done
    }

    pub(super) fn sent_join(&self) -> Option<JoinOptions> {
        self.done.iter().find_map(|action| match action {
            Action::Send(text) => match decode(text.as_str()).unwrap().body {
                Body::Join(join) => Some(join.options),
                _ => None,
            },
            _ => None,
        })
    }

    pub(super) fn events(&self) -> Vec<&MemberEvent> {
        self.done
            .iter()
            .filter_map(|action| if let Action::Emit(event) = action { Some(event) } else { None })
            .collect()
    }

    pub(super) fn failed(&self) -> bool {
        self.driver.machine.state() == State::Failed && self.done.ends_with(&[Action::Close, Action::Finish])
    }
}

#[test]
fn the_first_join_says_that_tokens_are_kept() {
    let mut run = Run::new(Creating::IfAbsent);
    assert_eq!(run.done, [Action::Emit(MemberEvent::StateChanged(State::Initializing)), Action::Connect]);
    run.input(opened());
    let options = run.sent_join().unwrap();
    assert!(options.room_creating);
    assert_eq!((options.resume_from, options.resume_token.as_deref()), (None, Some("own")));
}

#[test]
fn after_a_lost_connection_the_session_is_resumed() {
    let mut run = Run::joined();
    run.input(Input::Text(r#"{"sq":7,"s":"OFFER"}"#.to_owned()));
    run.input(closed(1012));
    assert_eq!(run.driver.machine.state(), State::WaitingNetwork);
    assert_eq!(run.wait(), [Action::Connect]);
    run.input(opened());
    let options = run.sent_join().unwrap();
    assert_eq!((options.room_creating, options.resume_from), (false, Some(7)));
    assert_eq!(options.resume_token.as_deref(), Some("t1"));
    run.input(accepted(true, "t2"));
    assert!(matches!(run.events()[..], [MemberEvent::StateChanged(State::Joined), MemberEvent::Joined(_)]));
}

#[test]
fn a_signal_that_comes_again_is_told_once() {
    let mut run = Run::joined();
    let offer = |number: u64| Input::Text(format!(r#"{{"sq":{number},"s":"OFFER"}}"#));
    assert_eq!(run.input(offer(1)).len(), 1);
    assert_eq!(run.input(offer(2)).len(), 1);
    run.input(closed(1006));
    run.wait();
    run.input(opened());
    run.input(accepted_above(true, "t2", 2));
    assert_eq!(run.input(offer(2)).len(), 0);
    assert_eq!(run.input(offer(3)).len(), 1);
}

#[test]
fn heartbeats_carry_what_was_received_and_their_silence_means_a_dead_connection() {
    let mut run = Run::joined();
    run.input(Input::Text(r#"{"sq":3,"s":"OFFER"}"#.to_owned()));
    let joined = run.now;
    for _ in 0..2 {
        let [Action::Send(text)] = run.wait() else { panic!("a heartbeat is due") };
        assert!(text.contains(r#""sq":3"#), "{text}");
    }
    run.wait();
    assert!(run.done.starts_with(&[Action::Abandon]));
    assert_eq!(run.now - joined, Duration::from_secs(7), "four seconds after the first that had no answer");
    assert_eq!(run.driver.machine.state(), State::WaitingNetwork);
}

#[test]
fn a_join_whose_ack_was_lost_is_repeated_with_the_same_token() {
    let mut run = Run::new(Creating::IfAbsent);
    run.input(opened());
    run.input(closed(1006));
    assert_eq!(run.wait(), [Action::Connect]);
    run.input(opened());
    assert_eq!(run.sent_join().unwrap().resume_token.as_deref(), Some("own"));
    run.input(refused(AckCode::PermissionNotFound));
    assert!(run.failed());
}

#[test]
fn after_another_server_took_the_room_over_its_lower_number_counts() {
    let mut run = Run::joined();
    run.input(Input::Text(r#"{"sq":900,"s":"OFFER"}"#.to_owned()));
    run.input(closed(1006));
    run.wait();
    run.input(opened());
    run.input(accepted_above(true, "t2", 5));
    assert_eq!(run.input(Input::Text(r#"{"sq":6,"s":"OFFER"}"#.to_owned())).len(), 1);
}

#[test]
fn a_member_that_is_put_out_is_told_and_does_not_come_back() {
    let kick = |to: serde_json::Value| Input::Text(json!({"sq": 1, "s": "KICK", "to": to}).to_string());
    for to in [json!("u"), json!({"userId": "u", "sessionId": "s"})] {
        let mut run = Run::joined();
        run.input(kick(to));
        assert!(run.failed());
        assert!(matches!(run.events()[..2], [MemberEvent::Forwarded(_), MemberEvent::Kicked]));
    }
    let mut run = Run::joined();
    assert_eq!(run.input(kick(json!({"userId": "u", "sessionId": "s2"}))).len(), 1);
}

#[test]
fn a_signal_that_the_server_could_not_carry_out_is_said_again_and_in_the_end_told() {
    let mut run = Run::joined();
    let busy = |n: u64| {
        let request = format!(r#"{{"action":"kick","data":{{"n":{n},"s":"KICK","to":"bob"}}}}"#);
        Input::Text(json!({"c": 503, "s": "KICK", "b": {"msg": "busy", "req": serde_json::from_str::<serde_json::Value>(&request).unwrap()}}).to_string())
    };
    for n in 0..3 {
        assert_eq!(run.input(busy(n)), []);
        let again = Action::Send(r#"{"action":"kick","data":{"s":"KICK","to":"bob"}}"#.to_owned());
        while !run.wait().contains(&again) {
            assert!(run.now < run.start + Duration::from_secs(3));
        }
    }
    run.input(busy(3));
    assert!(matches!(run.events()[..], [MemberEvent::Refused { code: 503, .. }]));
}

#[test]
fn whoever_leaves_while_the_network_is_down_tells_nobody_and_is_done() {
    let mut run = Run::joined();
    run.input(closed(1006));
    run.input(Input::Signal(offer("x")));
    let dropped = Action::Emit(MemberEvent::Dropped { signal: offer("x") });
    assert_eq!(run.input(Input::Leave), [dropped, Action::Close, Action::Finish]);
}

#[test]
fn a_room_that_went_meanwhile_is_created_again() {
    let mut run = Run::joined();
    run.input(closed(1006));
    run.wait();
    run.input(opened());
    run.input(refused(AckCode::RoomNotFound));
    assert!(run.sent_join().unwrap().room_creating);
    run.input(accepted(false, "t2"));
    assert_eq!(run.driver.machine.state(), State::Joined);
    assert_eq!(run.driver.received.highest(), Some(0));
}

#[test]
fn another_membership_is_named_by_its_own_number() {
    let mut run = Run::joined();
    let lose = |run: &mut Run| {
        run.input(closed(1006));
        run.wait();
        run.input(opened());
    };
    lose(&mut run);
    run.input(accepted_above(false, "t2", 4096));
    lose(&mut run);
    assert_eq!(run.sent_join().unwrap().resume_from, Some(4096));
}

#[test]
fn a_refusal_is_final_and_told() {
    let mut run = Run::new(Creating::Always);
    run.input(opened());
    run.input(refused(AckCode::AlreadyExistRoom));
    assert!(run.failed() && matches!(run.events()[0], MemberEvent::Refused { code: 4022, .. }));
    let mut run = Run::new(Creating::Always);
    run.input(Input::NotOpened { status: Some(401), reason: "HTTP error".into() });
    assert!(run.failed() && matches!(run.events()[0], MemberEvent::Refused { code: 4041, .. }));
}

#[test]
fn close_codes_decide_who_comes_back() {
    for code in [1000, 4000, 4001, 1008] {
        let mut run = Run::joined();
        run.input(closed(code));
        assert!(run.failed(), "{code}");
        assert!(matches!(run.events()[0], MemberEvent::Closed { .. }));
    }
    let mut run = Run::joined();
    run.input(closed(1013));
    assert_eq!(run.driver.machine.state(), State::WaitingNetwork);
}

#[test]
fn signals_wait_for_the_room_and_go_out_in_order() {
    let mut run = Run::new(Creating::Never);
    run.input(opened());
    for text in ["a", "b"] {
        assert_eq!(run.input(Input::Signal(offer(text))), []);
    }
    run.input(accepted(false, "t1"));
    assert!(run.done.ends_with(&["a", "b"].map(|text| Action::Send(offered(text)))));
}

#[test]
fn a_signal_that_found_no_room_to_wait_is_told() {
    let mut run = Run::new(Creating::Never);
    for number in 0..QUEUE_SIGNALS {
        assert_eq!(run.input(Input::Signal(offer(&number.to_string()))), []);
    }
    run.input(Input::Signal(offer("last")));
    assert_eq!(run.events(), [&MemberEvent::Dropped { signal: offer("0") }]);
    run.input(Input::Leave);
    assert_eq!(run.events().len(), QUEUE_SIGNALS, "also what waits in vain");
}

#[test]
fn a_closed_room_ends_the_membership() {
    let mut run = Run::joined();
    run.input(Input::Text(ack("ROOM_CLOSED", &json!({"rid": "demo", "reason": "admin"})).to_string()));
    assert!(run.failed());
    assert_eq!(run.events()[0], &MemberEvent::RoomClosed(RoomClosedReason::Admin));
}

#[test]
fn leaving_is_said_and_done() {
    let mut run = Run::joined();
    run.input(Input::Leave);
    assert!(matches!(&run.done[0], Action::Send(text) if text.contains("LEAVE")));
    assert!(run.done.ends_with(&[Action::Close, Action::Finish]));
    assert_eq!(run.driver.machine.state(), State::Leaved);
}
