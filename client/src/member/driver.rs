//! A membership without its connection: events in, actions out.
//!
//! Holds the state machine, the attempts to join, the heartbeats and what waits to be said. Time and randomness are
//! arguments, nothing is awaited. Whoever drives it carries every action out in order, and hands in a [`Input::Tick`]
//! when [`Driver::deadline`] has come. After [`Action::Finish`] there is nothing more to do.
//!
//! Every change of state goes through [`State::after`].

mod action;
#[cfg(test)]
mod properties;
mod reply;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use roomcast_protocol::ack::Participant;
use roomcast_protocol::client::{Event, State, reconnect_delay};
use roomcast_protocol::code::{AckCode, CloseClass, close_class};
use roomcast_protocol::signal::encode::Nothing;
use roomcast_protocol::signal::{Engine, Heartbeat, Join, JoinOptions, SignalKind, encode};

pub use action::Patience;
pub(super) use action::{Action, Input, Joining};

use super::creation::Creation;
use super::event::MemberEvent;
use super::pulse::Pulse;

/// Signals that wait for the member to be in the room.
const MAX_WAITING: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down {
        retry: Instant,
    },
    Opening,
    /// `asked`: since when an ack of `JOIN` is awaited.
    Up {
        asked: Option<Instant>,
    },
}

/// The state of a membership.
#[derive(Debug)]
pub(super) struct Driver {
    joining: Joining,
    creation: Creation,
    state: State,
    link: Link,
    /// `JOIN`s in a row without an answer; at first, failed connections count as well.
    unanswered: u32,
    /// Connections in a row that led nowhere.
    failures: u32,
    /// The last refusal that counted as no answer.
    put_off: Option<(u16, String)>,
    resume_token: String,
    /// The highest sequence number received, once joined.
    received: Option<u64>,
    pulse: Option<Pulse>,
    waiting: VecDeque<String>,
    participants: Vec<Participant>,
    out: Vec<Action>,
}

impl Driver {
    /// A driver, and what it does first.
    pub fn new(joining: Joining, now: Instant) -> (Self, Vec<Action>) {
        let mut driver = Self {
            creation: Creation::new(joining.creating),
            joining,
            state: State::Idle,
            link: Link::Down { retry: now },
            unanswered: 0,
            failures: 0,
            put_off: None,
            resume_token: String::new(),
            received: None,
            pulse: None,
            waiting: VecDeque::new(),
            participants: Vec::new(),
            out: Vec::new(),
        };
        driver.go(Event::JoinSent);
        driver.connect();
        let first = std::mem::take(&mut driver.out);
        (driver, first)
    }

    /// Takes an input and says what is to be done. `random` is uniform in 0.0 to 1.0.
    pub fn handle(&mut self, now: Instant, random: f64, input: Input) -> Vec<Action> {
        match input {
            Input::Opened => self.opened(now),
            Input::NotOpened { status, reason } => self.not_opened(now, random, status, reason),
            Input::Text(text) => self.read(now, &text),
            Input::Closed { code, reason } => self.closed(now, random, code, reason),
            Input::Signal(text) if self.state == State::Joined => self.out.push(Action::Send(text)),
            Input::Signal(text) => self.waiting.push_back(text),
            Input::Rejoin => self.rejoin(now),
            Input::Leave => self.leave(),
            Input::Tick => self.tick(now, random),
        }
        std::mem::take(&mut self.out)
    }

    /// When a [`Input::Tick`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        match self.link {
            Link::Down { retry } => Some(retry),
            Link::Opening => None,
            Link::Up { asked: Some(asked) } => Some(asked + self.joining.patience.join_ack),
            Link::Up { asked: None } => self.pulse.as_ref().map(Pulse::deadline),
        }
    }

    /// Whether another signal of the application can be taken.
    pub fn has_room(&self) -> bool {
        self.state == State::Joined || self.waiting.len() < MAX_WAITING
    }

    fn go(&mut self, event: Event) {
        if let Some(state) = self.state.after(event) {
            self.state = state;
            self.emit(MemberEvent::StateChanged(state));
        }
    }

    fn emit(&mut self, event: MemberEvent) {
        self.out.push(Action::Emit(event));
    }

    fn connect(&mut self) {
        self.link = Link::Opening;
        self.out.push(Action::Connect);
    }

    fn opened(&mut self, now: Instant) {
        self.go(Event::JoinResent);
        self.ask(now);
    }

    /// Sends `JOIN`.
    fn ask(&mut self, now: Instant) {
        self.unanswered += 1;
        self.link = Link::Up { asked: Some(now) };
        let options = JoinOptions {
            room_creating: self.creation.creates(),
            resume_from: self.received,
            resume_token: Some(self.resume_token.clone()),
            ..JoinOptions::default()
        };
        let Joining { video, audio, .. } = self.joining;
        let join = Join { video, audio, engine: Engine::Native, options };
        self.send(SignalKind::Join, &join);
    }

    fn send<B: serde::Serialize>(&mut self, kind: SignalKind, body: &B) {
        let text = encode(kind, &self.joining.head, body);
        self.out.push(Action::Send(text));
    }

    /// Joins again over the same connection. Nothing happens while a `JOIN` is under way anyhow.
    fn rejoin(&mut self, now: Instant) {
        if self.state == State::Joined {
            self.go(Event::JoinResent);
            self.ask(now);
        }
    }

    fn not_opened(&mut self, now: Instant, random: f64, status: Option<u16>, reason: String) {
        let refused = match status {
            Some(401) => Some(AckCode::Unauthenticated),
            Some(403) => Some(AckCode::PermissionNotFound),
            _ => None,
        };
        if let Some(code) = refused {
            return self.refused(code.number(), reason);
        }
        if self.state == State::Initializing {
            self.unanswered += 1;
        }
        self.lost(now, random, reason);
    }

    fn closed(&mut self, now: Instant, random: f64, code: u16, reason: String) {
        match close_class(code) {
            CloseClass::Reconnect => self.lost(now, random, format!("closed with code {code} {reason}")),
            CloseClass::ClientFault | CloseClass::Final => {
                self.emit(MemberEvent::Closed { code, reason });
                self.fail();
            }
        }
    }

    fn lost(&mut self, now: Instant, random: f64, reason: String) {
        self.pulse = None;
        self.go(Event::NetworkDown);
        if self.unanswered >= self.joining.patience.attempts {
            return self.give_up(reason);
        }
        self.link = Link::Down { retry: now + reconnect_delay(self.failures, random) };
        self.failures = self.failures.saturating_add(1);
    }

    /// No answer came, as often as is worth trying.
    fn give_up(&mut self, reason: String) {
        match self.put_off.take() {
            Some((code, message)) => self.refused(code, message),
            None => {
                self.emit(MemberEvent::Unreachable { reason });
                self.fail();
            }
        }
    }

    fn refused(&mut self, code: u16, message: String) {
        let signal = SignalKind::Join.name().to_owned();
        self.emit(MemberEvent::Refused { signal, code, message });
        self.fail();
    }

    /// The end, from whatever state: each of these moves is legal in some, and one leads to `failed`.
    fn fail(&mut self) {
        if self.state == State::WaitingNetwork {
            self.go(Event::JoinResent);
        }
        self.go(Event::JoinRefused);
        self.go(Event::Unrecoverable);
        self.out.extend([Action::Close, Action::Finish]);
    }

    fn leave(&mut self) {
        // Before the ack the server may know the member already, so it is told in any case.
        if matches!(self.link, Link::Up { .. }) {
            self.send(SignalKind::Leave, &Nothing {});
            self.go(Event::LeaveSent);
        }
        self.out.extend([Action::Close, Action::Finish]);
    }

    fn tick(&mut self, now: Instant, random: f64) {
        match self.link {
            Link::Down { retry } if now >= retry => self.connect(),
            Link::Up { asked: Some(asked) } if now >= asked + self.joining.patience.join_ack => self.unheard(),
            Link::Up { asked: None } => self.beat(now, random),
            _ => {}
        }
    }

    /// `JOIN` went unanswered: another connection may lead to another node.
    fn unheard(&mut self) {
        self.out.push(Action::Abandon);
        if self.unanswered >= self.joining.patience.attempts {
            return self.give_up("JOIN had no answer".to_owned());
        }
        self.connect();
    }

    fn beat(&mut self, now: Instant, random: f64) {
        let Some(pulse) = &mut self.pulse else { return };
        if pulse.is_dead(now) {
            self.out.push(Action::Abandon);
            return self.lost(now, random, "heartbeats had no answer".to_owned());
        }
        if let Some(beat_id) = pulse.beat(now) {
            let heartbeat = Heartbeat { beat_id, send_ack: true, received: self.received };
            self.send(SignalKind::Heartbeat, &heartbeat);
        }
    }
}
