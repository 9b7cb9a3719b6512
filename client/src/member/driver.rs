//! A membership without its connection: events in, actions out.
//!
//! The client's half of the protocol says when to join again and when to give up; the driver adds the connection, its
//! heartbeats and the place in the room. Time and randomness are arguments, nothing is awaited. Whoever drives it carries
//! every action out in order, and hands in a [`Input::Tick`] when [`Driver::deadline`] has come. After
//! [`Action::Finish`] there is nothing more to do.
//!
//! Every change of state goes through [`Watched`].

mod action;
mod ending;
#[cfg(test)]
mod numbering;
#[cfg(test)]
mod properties;
mod renewing;
mod reply;
mod saying;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use roomcast_protocol::ack::Participant;
use roomcast_protocol::client::machine::MAX_JOINS;
use roomcast_protocol::client::{Event, HeardNumbers, Outcome, Queue, Role, State, Unconfirmed, Watched};
use roomcast_protocol::signal::{Engine, Heartbeat, Join, JoinOptions, SignalKind};

pub use action::Patience;
pub(super) use action::{Action, Input, Joining};

use super::creation::Creation;
use super::event::MemberEvent;
use super::pulse::Pulse;
use super::renewal::Renewal;
use crate::clock::Clocks;
use saying::Unacknowledged;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down {
        retry: Instant,
    },
    Opening,
    /// `JOIN` was sent over it and has no ack yet.
    Asked,
    Admitted(Pulse),
}

/// The state of a membership.
#[derive(Debug)]
pub(super) struct Driver {
    joining: Joining,
    creation: Creation,
    watched: Watched,
    /// The last state that was told.
    told: State,
    started: Instant,
    /// When the watchdog looks again.
    watch: Instant,
    /// Of the input that is being handled.
    now: Instant,
    /// The same since 1970.
    unix: Duration,
    random: f64,
    link: Link,
    renewal: Renewal,
    /// `JOIN`s in a row without an answer, over however many connections; at first, failed connections count as well.
    unanswered: u32,
    /// Connections in a row that led nowhere.
    failures: u32,
    /// The last refusal that counted as no answer.
    put_off: Option<(u16, String)>,
    resume_token: String,
    /// The highest sequence number received, once joined.
    received: Option<u64>,
    /// The sequence numbers that the server was not told of yet.
    unacknowledged: Unacknowledged,
    waiting: Queue,
    said: Unconfirmed,
    heard: HeardNumbers,
    participants: Vec<Participant>,
    out: Vec<Action>,
}

impl Driver {
    /// A driver, and what it does first.
    pub fn new(joining: Joining, Clocks { now, unix }: Clocks) -> (Self, Vec<Action>) {
        let said = Unconfirmed::new(joining.said);
        let mut driver = Self {
            creation: Creation::new(joining.creating),
            watched: Watched::new(joining.head.room_type, Role::Viewer),
            told: State::INITIAL,
            started: now,
            watch: now + joining.patience.interval(),
            now,
            unix,
            random: 0.0,
            renewal: Renewal::new(joining.renews),
            joining,
            link: Link::Down { retry: now },
            unanswered: 0,
            failures: 0,
            put_off: None,
            resume_token: String::new(),
            received: None,
            unacknowledged: Unacknowledged::default(),
            waiting: Queue::default(),
            said,
            heard: HeardNumbers::default(),
            participants: Vec::new(),
            out: Vec::new(),
        };
        driver.go(Event::JoinSent);
        driver.connect();
        let first = std::mem::take(&mut driver.out);
        (driver, first)
    }

    /// Takes an input and says what is to be done. `random` is uniform in 0.0 to 1.0.
    pub fn handle(&mut self, Clocks { now, unix }: Clocks, random: f64, input: Input) -> Vec<Action> {
        (self.now, self.unix, self.random) = (now, unix, random);
        match input {
            Input::Opened { token } => self.opened(token),
            Input::NotOpened { status, reason } => self.not_opened(status, reason),
            Input::Text(text) => self.read(&text),
            Input::Closed { code, reason } => self.closed(code, reason),
            Input::Fetched(token) => self.fetched(token),
            Input::Signal(signal) => self.signal(signal),
            Input::Seen(observation) => self.watched.see(self.at(), observation),
            Input::Rejoin => self.rejoin(),
            Input::Leave => self.leave(),
            Input::Tick => self.tick(),
        }
        std::mem::take(&mut self.out)
    }

    /// When a [`Input::Tick`] is due.
    pub fn deadline(&self) -> Instant {
        let watch = self.renewal.deadline().map_or(self.watch, |renewal| self.watch.min(renewal));
        match &self.link {
            Link::Down { retry } => watch.min(*retry),
            Link::Admitted(pulse) => watch.min(pulse.deadline()),
            Link::Opening | Link::Asked => watch,
        }
    }

    /// Now, as the watchdog counts.
    fn at(&self) -> u64 {
        self.joining.patience.millis(self.now.saturating_duration_since(self.started))
    }

    fn go(&mut self, event: Event) {
        self.watched.event(self.at(), event);
        self.tell_state();
    }

    fn tell_state(&mut self) {
        let state = self.watched.state();
        if std::mem::replace(&mut self.told, state) != state {
            self.emit(MemberEvent::StateChanged(state));
        }
    }

    fn emit(&mut self, event: MemberEvent) {
        self.out.push(Action::Emit(event));
    }

    fn connect(&mut self) {
        self.link = Link::Opening;
        self.renewal.lost();
        self.out.push(Action::Connect);
    }

    /// Sends `JOIN`.
    fn ask(&mut self) {
        self.go(Event::JoinResent);
        self.unanswered += 1;
        self.link = Link::Asked;
        let options = JoinOptions {
            room_creating: self.creation.creates(),
            resume_from: self.received,
            resume_token: Some(self.resume_token.clone()),
            numbers_above: Some(self.said.above()),
            ..JoinOptions::default()
        };
        let Joining { video, audio, .. } = self.joining;
        let join = Join { video, audio, engine: Engine::Native, options };
        self.send(SignalKind::Join, &join);
    }

    /// Joins again over the same connection. Nothing happens while a `JOIN` is under way anyhow.
    fn rejoin(&mut self) {
        if self.watched.state() == State::Joined {
            self.ask();
        }
    }

    fn tick(&mut self) {
        match self.link {
            Link::Down { retry } if self.now >= retry => self.connect(),
            Link::Admitted(pulse) => self.beat(pulse),
            _ => {}
        }
        self.renew();
        if self.now >= self.watch {
            self.watch = self.now + self.joining.patience.interval();
            self.look();
        }
    }

    /// Does what the watchdog says.
    fn look(&mut self) {
        let admitted = matches!(self.link, Link::Admitted(_));
        match self.watched.tick(self.at()) {
            None => {}
            Some(Outcome::Rejoin) if admitted => self.ask(),
            // `JOIN` went unanswered: another connection may lead to another node.
            Some(Outcome::Rejoin) if self.unanswered < MAX_JOINS => {
                self.out.push(Action::Abandon);
                self.connect();
            }
            Some(_) if admitted => self.give_up("joining again did not help".to_owned()),
            Some(_) => self.give_up("JOIN had no answer".to_owned()),
        }
    }

    fn beat(&mut self, mut pulse: Pulse) {
        if pulse.is_dead(self.now) {
            self.out.push(Action::Abandon);
            return self.lost("heartbeats had no answer".to_owned());
        }
        if let Some(beat_id) = pulse.beat(self.now) {
            self.link = Link::Admitted(pulse);
            self.send_heartbeat(Heartbeat { beat_id, send_ack: true, received: self.received });
            self.hurry();
        }
    }
}
