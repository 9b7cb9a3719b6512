//! A membership without its connection: events in, actions out.
//!
//! Runs on [`Machine`], the client's half of the protocol: every message, failed dial, close, tick and observation is
//! fed to it, and what it answers is carried out. It alone moves the state, and says when to connect, to join and to
//! give up. The driver adds what the messages hold: tokens, numbers, lists, and the reasons that the application is
//! told.
//!
//! Time and randomness are arguments, nothing is awaited. The executor carries every action out in order, and hands in
//! a [`Input::Tick`] when [`Driver::deadline`] has come. After [`Action::Finish`] there is nothing more to do.

mod action;
mod again;
mod ending;
#[cfg(test)]
mod numbering;
mod offers;
#[cfg(test)]
mod properties;
mod received;
mod renewing;
mod reply;
mod saying;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use roomcast_protocol::ack::Participant;
use roomcast_protocol::client::machine::{Input as Step, Output};
use roomcast_protocol::client::watchdog::INTERVAL;
use roomcast_protocol::client::{HeardNumbers, Machine, Queue, Role, State, Unconfirmed};
use roomcast_protocol::signal::encode::Nothing;
use roomcast_protocol::signal::{Engine, Heartbeat, Join, JoinOptions, SignalKind};

pub(super) use action::{Action, Input, Joining};

use super::creation::Creation;
use super::event::MemberEvent;
use super::renewal::Renewal;
use crate::clock::Clocks;
use again::Again;
use offers::Offers;
use received::Received;

/// The state of a membership.
#[derive(Debug)]
pub(super) struct Driver {
    joining: Joining,
    creation: Creation,
    machine: Machine,
    /// The last state that was told.
    told: State,
    started: Instant,
    /// Time when the machine last was told that time passes.
    ticked: Instant,
    /// Time of the input that is being handled.
    now: Instant,
    /// The same since 1970.
    unix: Duration,
    random: f64,
    /// Time when a connection is to be opened.
    dial: Option<Instant>,
    renewal: Renewal,
    /// The last `JOIN` that was answered 503.
    put_off: Option<MemberEvent>,
    resume_token: String,
    received: Received,
    said: Unconfirmed,
    again: Again,
    offers: Offers,
    heard: HeardNumbers,
    participants: Vec<Participant>,
    /// The number of the last heartbeat.
    beats: u64,
    finished: bool,
    out: Vec<Action>,
}

impl Driver {
    /// A driver, and what it does first.
    pub fn new(joining: Joining, Clocks { now, unix }: Clocks) -> (Self, Vec<Action>) {
        let mut driver = Self {
            creation: Creation::new(joining.creating),
            machine: Machine::new(joining.head.room_type, Role::Viewer, Queue::default()),
            told: State::INITIAL,
            started: now,
            ticked: now,
            now,
            unix,
            random: 0.0,
            dial: None,
            renewal: Renewal::new(joining.renews),
            put_off: None,
            resume_token: joining.token.clone(),
            received: Received::default(),
            said: Unconfirmed::new(joining.said),
            again: Again::default(),
            offers: Offers::default(),
            heard: HeardNumbers::default(),
            participants: Vec::new(),
            beats: 0,
            finished: false,
            out: Vec::new(),
            joining,
        };
        driver.feed(Step::Join, None);
        let first = std::mem::take(&mut driver.out);
        (driver, first)
    }

    /// Takes an input and says what is to be done. `random` is uniform in 0.0 to 1.0.
    pub fn handle(&mut self, Clocks { now, unix }: Clocks, random: f64, input: Input) -> Vec<Action> {
        (self.now, self.unix, self.random) = (now, unix, random);
        match input {
            _ if self.finished => {}
            Input::Opened { token } => self.opened(token),
            Input::NotOpened { status, reason } => self.not_opened(status, reason),
            Input::Text(text) => self.read(&text),
            Input::Closed { code, reason } => self.closed(code, reason),
            Input::Fetched(token) => self.on_token_fetched(token),
            Input::Signal(signal) => self.feed(Step::Signal(signal), None),
            Input::Seen(observation) => self.feed(Step::Seen(observation), None),
            Input::Rejoin => self.feed(Step::Rejoin, None),
            Input::Leave => self.feed(Step::Leave, None),
            Input::Tick => self.tick(),
        }
        std::mem::take(&mut self.out)
    }

    /// Returns when a [`Input::Tick`] is due.
    pub fn deadline(&self) -> Instant {
        let beat = self.machine.next_beat().and_then(|at| self.started.checked_add(Duration::from_millis(at)));
        let others = [beat, self.dial, self.renewal.deadline(), self.again.deadline()];
        others.into_iter().flatten().fold(self.ticked + Duration::from_millis(INTERVAL), Instant::min)
    }

    /// Now, as the machine counts.
    fn at(&self) -> u64 {
        u64::try_from(self.now.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    /// Tells the machine something, and does what it says. `end` is the reason to tell if that is the end.
    fn feed(&mut self, step: Step<'_>, end: Option<MemberEvent>) {
        let outputs = self.machine.handle(self.at(), self.random, step);
        self.carry_out(outputs, end);
    }

    fn carry_out(&mut self, outputs: Vec<Output>, end: Option<MemberEvent>) {
        if outputs.contains(&Output::StateChanged(State::Failed)) {
            self.tell_end(end);
        }
        for output in outputs {
            match output {
                Output::Connect { delay } => self.connect(Duration::from_millis(delay)),
                Output::Close => self.hang_up(),
                Output::SendJoin => self.ask(),
                Output::SendLeave => self.send(SignalKind::Leave, &Nothing {}),
                Output::SendHeartbeat => self.beat(),
                Output::Send(signal) => self.say(signal),
                Output::StateChanged(state) => self.tell_state(state),
                Output::Dropped { signal, .. } => self.emit(MemberEvent::Dropped { signal }),
                Output::Ignored(event) => tracing::trace!(?event, "ignored"),
                Output::Finished => {}
            }
        }
        if self.machine.has_ended() {
            self.finish();
        }
    }

    fn tell_state(&mut self, state: State) {
        if std::mem::replace(&mut self.told, state) != state {
            self.emit(MemberEvent::StateChanged(state));
        }
    }

    fn emit(&mut self, event: MemberEvent) {
        self.out.push(Action::Emit(event));
    }

    fn connect(&mut self, delay: Duration) {
        self.renewal.lost();
        self.dial = Some(self.now + delay);
        self.dial_if_due();
    }

    fn dial_if_due(&mut self) {
        if self.dial.is_some_and(|due| self.now >= due) {
            self.dial = None;
            self.out.push(Action::Connect);
        }
    }

    /// Sends `JOIN`.
    fn ask(&mut self) {
        let options = JoinOptions {
            room_creating: self.creation.creates(),
            resume_from: self.received.highest(),
            resume_token: Some(self.resume_token.clone()),
            numbers_above: Some(self.said.above()),
            ..JoinOptions::default()
        };
        let Joining { video, audio, .. } = self.joining;
        self.send(SignalKind::Join, &Join { video, audio, engine: Engine::Native, options });
    }

    fn beat(&mut self) {
        self.beats += 1;
        let beat_id = self.beats.to_string();
        self.send_heartbeat(Heartbeat { beat_id, send_ack: true, received: self.received.highest() });
        self.hurry();
    }

    fn tick(&mut self) {
        self.ticked = self.now;
        self.renew();
        while let Some(signal) = self.again.due(self.now) {
            self.feed(Step::Signal(signal), None);
        }
        let reason = self.silence().to_owned();
        self.feed(Step::Tick, Some(MemberEvent::Unreachable { reason }));
        self.dial_if_due();
    }
}
