//! The driver against the published traces and delays, in virtual time, over a connection that is made up.
//!
//! A step of a trace is what would make it happen: an accepted `JOIN` is its ack, a lost network a closed connection,
//! an offer that was sent a signal of the application. What no connection can bring is not brought; that it has no
//! effect is part of the trace.

use roomcast_protocol::client::Observation;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use serde_json::Value;

use super::*;

fn published() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/vectors/state-machine.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A trace as it is run.
struct Traced<'a> {
    trace: &'a Value,
    run: Option<Run>,
    at: u64,
    is_open: bool,
    /// The sequence number of the last message.
    sequence: u64,
    /// A heartbeat of the trace has no answer yet.
    waits: bool,
}

/// The effect on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Nothing,
    /// `JOIN` over the connection there is.
    Asks,
    /// Another connection.
    Dials,
    Ends,
}

fn member(user: &str) -> Value {
    json!({"id": "b1", "role": "publisher", "userId": user, "sessionId": "b1"})
}

/// A message with the members that the machine does not look at, but a reader does.
fn complete(mut message: Value) -> String {
    let body = &mut message["b"];
    for one in body["pps"].as_array_mut().into_iter().flatten() {
        let rest =
            json!({"video": true, "audio": true, "publish": true, "host": "Web", "category": "stream", "deviceId": ""});
        one.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    }
    if message["s"] == "JOIN" && message["c"] == 200 {
        let mut whole = json!({"eg": "native", "rt": "t", "hb": {"interval": 3000, "timeout": 10_000},
            "es": {"icfg": {"is": [], "iceServers": []}}});
        whole.as_object_mut().unwrap().extend(message["b"].as_object().unwrap().clone());
        message["b"] = whole;
    }
    message.to_string()
}

impl<'a> Traced<'a> {
    fn new(trace: &'a Value) -> Self {
        Self { trace, run: None, at: 0, is_open: false, sequence: 0, waits: false }
    }

    fn begin(&mut self) {
        let mut joining = joining(Creating::Never, false);
        joining.head.room_type = serde_json::from_value(self.trace["room"].clone()).unwrap();
        joining.head.room_id = RoomId::parse("demo").unwrap();
        joining.head.session.user_id = UserId::parse("ann").unwrap();
        joining.head.session.session_id = SessionId::parse("a1").unwrap();
        let mut run = Run::of(joining);
        run.start -= Duration::from_millis(self.at);
        assert!(run.done.contains(&Action::Connect));
        (self.run, self.is_open) = (Some(run), false);
    }

    fn state(&self) -> State {
        self.run.as_ref().map_or(State::Idle, |run| run.driver.machine.state())
    }

    fn is_over(&self) -> bool {
        self.run.as_ref().is_none_or(|run| run.driver.finished)
    }

    /// Hands something in, and answers heartbeats as a server does unless the trace waits for that.
    fn input(&mut self, input: Input) {
        let Some(run) = &mut self.run else { return };
        run.now = run.start + Duration::from_millis(self.at);
        match input {
            Input::Opened { .. } => self.is_open = true,
            Input::Closed { .. } | Input::NotOpened { .. } => self.is_open = false,
            _ => {}
        }
        let mut done = run.input(input).to_vec();
        let beats = |action: &Action| matches!(action, Action::Send(text) if text.contains("HEARTBEAT"));
        if done.iter().any(beats) && !self.waits {
            done.extend(run.input(Input::Text(json!({"c": 200, "s": "HEARTBEAT", "b": {}}).to_string())).to_vec());
        }
        for action in &done {
            match action {
                Action::Send(text) => assert!(decode(text.as_str()).is_ok(), "{text}"),
                Action::Abandon | Action::Close => self.is_open = false,
                _ => {}
            }
        }
        run.done = done;
    }

    /// Lets a connection come about, if there is none.
    fn open(&mut self) {
        if let Some(run) = self.run.as_mut().filter(|_| !self.is_open) {
            run.driver.dial = None;
            self.input(opened());
        }
    }

    fn text(&mut self, mut message: Value) {
        if message.get("sq").is_some() {
            self.sequence += 1;
            message["sq"] = json!(self.sequence);
        }
        self.input(Input::Text(complete(message)));
    }

    fn join_ack(&mut self, code: u16) {
        let body = json!({"rid": "demo", "pps": [member("bob")], "pt": self.trace["role"], "resumed": true,
            "sq": self.sequence, "msg": "because"});
        self.text(json!({"c": code, "s": "JOIN", "b": body}));
    }

    fn is_asking(&self) -> bool {
        matches!(self.state(), State::Initializing | State::Reinitializing)
    }

    fn event(&mut self, name: &str) {
        match (name, self.state()) {
            ("joinAccepted" | "joinRefused", _) => {
                if self.is_asking() {
                    self.open();
                }
                if self.is_open {
                    self.join_ack(if name == "joinAccepted" { 200 } else { 4025 });
                }
            }
            ("joinResent", State::Joined) => self.input(Input::Rejoin),
            ("joinResent", _) => self.open(),
            ("leaveSent", State::Joined) => self.input(Input::Leave),
            ("networkDown", State::Joined | State::Initializing | State::Reinitializing) => {
                self.open();
                self.input(closed(1006));
            }
            ("unrecoverable", _) if self.is_open => {
                self.text(json!({"c": 200, "s": "ROOM_CLOSED", "b": {"rid": "demo", "reason": "ended"}}));
            }
            _ => {}
        }
    }

    fn observe(&mut self, name: &str) {
        match name {
            "offerSent" if self.state() == State::Joined => self.offer("bob"),
            "tick" => return self.input(Input::Tick),
            _ => self.input(Input::Seen(Observation::from_name(name).expect(name))),
        }
        self.waits = (self.waits || name == "heartbeatSent") && name != "heartbeatAnswered";
    }

    fn offer(&mut self, to: &str) {
        let session = json!({"userId": "ann", "sessionId": "a1", "category": "stream", "host": "Web", "deviceId": ""});
        let data =
            json!({"s": "OFFER", "ch": self.trace["room"], "rid": "demo", "ss": session, "to": to, "sdp": "v=0"});
        let text = json!({"action": "offer", "data": data}).to_string();
        self.input(Input::Signal(Outgoing { kind: SignalKind::Offer, text }));
    }

    fn message(&mut self, step: &Value) {
        let mut message = step["message"].clone();
        if message["s"] == "JOIN" && self.is_asking() {
            self.open();
        }
        if message["s"] == "ANSWER" {
            message["ss"] = json!({"userId": "bob", "sessionId": "b1"});
            (0..step["open"].as_u64().unwrap_or(0)).for_each(|n| self.offer(&format!("carol{n}")));
        }
        self.waits &= message["s"] != "HEARTBEAT" || message["c"] != 200;
        self.text(message);
    }

    fn leave(&mut self) {
        let (state, is_open, was_over) = (self.state(), self.is_open, self.is_over());
        self.input(Input::Leave);
        let Some(run) = self.run.as_ref().filter(|_| !was_over) else { return };
        let says = run.done.iter().any(|action| matches!(action, Action::Send(text) if text.contains("LEAVE")));
        assert_eq!(says, is_open && state != State::WaitingNetwork);
        assert!(run.done.ends_with(&[Action::Close, Action::Finish]));
    }

    /// Brings a step about; returns what the driver did.
    fn step(&mut self, step: &Value) -> Effect {
        self.at = step["at"].as_u64().unwrap();
        let name = step["on"].as_str().unwrap();
        if name == "joinSent" && (self.run.is_none() || self.state() == State::Leaved) {
            self.begin();
            return Effect::Nothing;
        }
        if self.is_over() {
            return Effect::Nothing;
        }
        if name == "close" && self.is_asking() {
            self.open();
        }
        if name == "dial" && self.is_open {
            self.input(closed(1006));
        }
        let dial = self.run.as_ref().and_then(|run| run.driver.dial);
        match name {
            "close" => {
                if let Some(run) = &mut self.run {
                    run.driver.joining.renews = step["renewed"] == true;
                }
                self.input(closed(u16::try_from(step["code"].as_u64().unwrap()).unwrap()));
            }
            "dial" => {
                let status = step["status"].as_u64().map(|status| u16::try_from(status).unwrap());
                self.input(Input::NotOpened { status, reason: String::new() });
            }
            "message" => self.message(step),
            "leave" => self.leave(),
            _ if Observation::from_name(name).is_some() => self.observe(name),
            _ => self.event(name),
        }
        self.effect(dial)
    }

    fn effect(&self, before: Option<Instant>) -> Effect {
        let Some(run) = &self.run else { return Effect::Nothing };
        let anew = run.driver.dial.is_some() && run.driver.dial != before;
        match () {
            () if run.done.contains(&Action::Finish) => Effect::Ends,
            () if run.sent_join().is_some() => Effect::Asks,
            () if anew => Effect::Dials,
            () => Effect::Nothing,
        }
    }
}

/// The effect that a step must have; none for those that bring about more than the trace speaks of.
fn expected(step: &Value, before: State) -> Option<Effect> {
    let is_dropped = step["do"].as_array().unwrap().contains(&json!("drop"));
    match (step["on"].as_str().unwrap(), step["over"].as_str()) {
        (_, Some("same")) => Some(Effect::Asks),
        (_, Some("new")) => Some(Effect::Dials),
        (_, Some("none")) => Some(Effect::Ends),
        _ if is_dropped => Some(Effect::Ends),
        ("tick" | "close" | "dial" | "message", None) => {
            Some(if step["state"] == "failed" && before != State::Failed { Effect::Ends } else { Effect::Nothing })
        }
        _ => None,
    }
}

#[test]
fn the_driver_does_what_the_published_traces_say() {
    let vectors = published();
    let mut steps = 0;
    for trace in vectors["traces"].as_array().unwrap() {
        let mut traced = Traced::new(trace);
        for step in trace["steps"].as_array().unwrap() {
            let before = traced.state();
            let effect = traced.step(step);
            assert_eq!(traced.state().name(), step["state"], "{}: {step}", trace["name"]);
            if let Some(expected) = expected(step, before) {
                assert_eq!(effect, expected, "{}: {step}", trace["name"]);
            }
            steps += 1;
        }
    }
    assert!(steps > 500, "{steps}");
}

#[test]
fn the_driver_waits_for_the_published_delays() {
    let mut run = Run::joined();
    let mut held_one = true;
    for delay in published()["delays"].as_array().unwrap() {
        let held = delay["held"].as_u64();
        if held.is_some() && !held_one {
            run.driver.dial = None;
            run.input(opened());
            run.input(accepted(true, "t"));
        }
        run.random = delay["random"].as_f64().unwrap();
        run.now += Duration::from_millis(held.unwrap_or(0));
        run.input(match held {
            Some(_) => closed(1006),
            None => Input::NotOpened { status: None, reason: String::new() },
        });
        held_one = false;
        let waits = run.driver.dial.map_or(Duration::ZERO, |due| due - run.now);
        let expected = Duration::from_secs_f64(delay["delay"].as_f64().unwrap() / 1000.0);
        assert!(expected.abs_diff(waits) < Duration::from_millis(1), "{delay}: {waits:?}");
        run.random = 0.5;
    }
}
