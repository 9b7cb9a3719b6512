//! The client machine: state table, watchdog, reconnect delays and queue in one.
//!
//! Inputs in, outputs out, to be carried out in order; a [`Input::Tick`] is due every second, and when a heartbeat is.
//! A signal of the application goes out once, in order and only while the client is joined, or is told as dropped.
//! There is one connection at most. Its driver opens connections (and gives up on one by itself, as `NotOpened`),
//! writes the messages and tells what came. Times are milliseconds.

mod io;
mod link;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use io::{Input, Lost, Output};

use link::Link;

use super::outcome::{Connection, Outcome};
use super::queue::{Outgoing, Queue};
use super::state::{Event, State};
use super::watchdog::{MAX_REJOINS, Observation, Role};
use super::wire::{Done, Facts, LeaveAct, Wired};
use crate::code::AckCode;
use crate::signal::{RoomType, SignalKind};

/// Maximum number of `JOIN`s in a row without an ack: the first, and as many repetitions as the watchdog allows.
pub const MAX_JOINS: u32 = 1 + MAX_REJOINS;

/// A client in one room.
#[derive(Debug)]
pub struct Machine {
    wired: Wired,
    link: Link,
    queue: Queue,
    /// Signals that may be sent now.
    window: usize,
    /// It was dropped: nothing counts any more.
    over: bool,
    out: Vec<Output>,
}

impl Machine {
    /// A machine that waits for [`Input::Join`].
    #[must_use]
    pub fn new(room_type: RoomType, role: Role, queue: Queue) -> Self {
        let wired = Wired::new(room_type, role);
        Self { wired, link: Link::default(), queue, window: usize::MAX, over: false, out: Vec::new() }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.wired.state()
    }

    /// Takes `hb.interval` of a join ack, in milliseconds.
    pub fn set_heartbeat(&mut self, interval: u64) {
        let interval = self.link.set_interval(interval);
        self.wired.set_heartbeat(interval);
    }

    /// Returns when the next heartbeat is due.
    #[must_use]
    pub const fn next_beat(&self) -> Option<u64> {
        self.link.next_beat()
    }

    /// Whether `JOIN` was sent over the connection there is and has no ack yet.
    #[must_use]
    pub fn has_asked(&self) -> bool {
        self.link.has_asked()
    }

    /// Whether it has left or failed, or was dropped: it asks for no connection any more.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.over || matches!(self.state(), State::Leaved | State::Failed)
    }

    /// Takes the signals that wait, for the machine of another attempt.
    pub fn take_queue(&mut self) -> Queue {
        std::mem::take(&mut self.queue)
    }

    /// Number of signals queued until the client is joined.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Takes an input and says what is to be done. `random` is uniform in 0.0 to 1.0.
    pub fn handle(&mut self, now: u64, random: f64, input: Input<'_>) -> Vec<Output> {
        match input {
            Input::Signal(signal) => self.signal(signal),
            _ if self.over => {}
            Input::Join => self.join(now),
            Input::Leave => self.leave(now),
            Input::Rejoin => self.rejoin(now),
            Input::Window(signals) => self.open(signals),
            Input::Hurry => self.link.hurry(now),
            Input::Opened => self.opened(now),
            Input::NotOpened { status } => self.not_opened(now, random, status),
            Input::Closed { code, renewed } => self.closed(now, random, code, renewed),
            Input::Offline => self.offline(now),
            Input::Online => self.online(now, random),
            Input::Message(facts) => self.message(now, random, &facts),
            Input::Seen(observation) => self.wired.see(now, observation),
            Input::Tick => self.tick(now, random),
        }
        std::mem::take(&mut self.out)
    }

    /// Applies an event of the table; returns whether it moved the state, and reports one that did not.
    fn apply(&mut self, now: u64, event: Event) -> bool {
        let before = self.state();
        let moved = self.wired.event(now, event);
        if !moved {
            self.out.push(Output::Ignored(event));
        }
        self.tell_move(before);
        moved
    }

    /// Tells a change of state and what follows for the queue and the connection.
    fn tell_move(&mut self, before: State) {
        let state = self.state();
        if state == before {
            return;
        }
        // The table leads there through another attempt to join.
        if (before, state) == (State::WaitingNetwork, State::Failed) {
            self.out.push(Output::StateChanged(State::Reinitializing));
        }
        self.out.push(Output::StateChanged(state));
        match state {
            State::Joined => self.flow(),
            State::Leaved | State::Failed => self.end(),
            _ => {}
        }
    }

    fn end(&mut self) {
        if self.link.hang_up() {
            self.out.push(Output::Close);
        }
        let lost = self.queue.drain();
        self.out.extend(lost.into_iter().map(|signal| Output::Dropped { signal, because: Lost::Ended }));
    }

    fn join(&mut self, now: u64) {
        if self.apply(now, Event::JoinSent) {
            self.connect_at_once(now);
        }
    }

    /// Sends `JOIN` again as a member. In other states it is under way anyhow.
    fn rejoin(&mut self, now: u64) {
        if self.state() == State::Joined {
            self.apply(now, Event::JoinResent);
            self.ask();
        }
    }

    fn leave(&mut self, now: u64) {
        let before = self.state();
        let row = self.wired.leave(now);
        if row.acts.contains(&LeaveAct::SendLeave) && self.link.is_open() {
            self.out.push(Output::SendLeave);
        }
        if row.acts.contains(&LeaveAct::Drop) {
            self.over = true;
            self.end();
            self.out.push(Output::Finished);
        }
        if let Some(event) = row.event.filter(|_| self.state() == before) {
            self.out.push(Output::Ignored(event));
        }
        self.tell_move(before);
    }

    fn signal(&mut self, signal: Outgoing) {
        if self.has_ended() {
            return self.out.push(Output::Dropped { signal, because: Lost::Ended });
        }
        if self.state() == State::Joined && self.window > 0 && self.queue.is_empty() {
            return self.send(signal);
        }
        let dropped = self.queue.push(signal).into_iter();
        self.out.extend(dropped.map(|signal| Output::Dropped { signal, because: Lost::Overflow }));
        self.flow();
    }

    fn open(&mut self, signals: usize) {
        self.window = signals;
        self.flow();
    }

    /// Sends what waits, as far as it may be sent.
    fn flow(&mut self) {
        while self.state() == State::Joined
            && self.window > 0
            && let Some(signal) = self.queue.pop()
        {
            self.send(signal);
        }
    }

    fn send(&mut self, signal: Outgoing) {
        self.window -= 1;
        self.out.push(Output::Send(signal));
    }

    fn message(&mut self, now: u64, random: f64, facts: &Facts<'_>) {
        let join_ack = facts.c.filter(|_| facts.s == Some(SignalKind::Join.name()));
        // An ack that nobody asked for over this connection decides nothing.
        if let Some(code) = join_ack.filter(|_| !self.link.has_asked()) {
            let ignored = match AckCode::from_number(code) {
                Some(AckCode::Unavailable) => None,
                Some(AckCode::Ok) => Some(Event::JoinAccepted),
                _ => Some(Event::JoinRefused),
            };
            return self.out.extend(ignored.map(Output::Ignored));
        }
        if join_ack == Some(AckCode::Ok.number()) {
            self.link.admit(now);
        }
        self.read(now, random, facts);
    }

    /// Takes what the table of the wire says of a message or of a dial.
    fn read(&mut self, now: u64, random: f64, facts: &Facts<'_>) {
        let before = self.state();
        let done = self.wired.read(now, facts);
        let ignored = |done: &Done| if let Done::Ignored(Some(event)) = done { Some(*event) } else { None };
        self.out.extend(done.iter().filter_map(ignored).map(Output::Ignored));
        let outcome =
            done.iter().find_map(|done| if let Done::Outcome(outcome) = done { Some(*outcome) } else { None });
        self.carry_out(now, random, before, outcome);
    }

    fn tick(&mut self, now: u64, random: f64) {
        let before = self.state();
        match self.wired.tick(now) {
            None if before == State::Joined => self.beat(now),
            outcome => self.carry_out(now, random, before, outcome),
        }
    }

    /// Tells a change of state, and sees to the connection that an outcome asks for.
    fn carry_out(&mut self, now: u64, random: f64, before: State, outcome: Option<Outcome>) {
        let over = outcome.and_then(|outcome| outcome.connection(before));
        if over == Some(Connection::New) && self.link.hang_up() {
            self.out.push(Output::Close);
        }
        self.tell_move(before);
        match over {
            Some(Connection::Same) => self.ask(),
            Some(Connection::New) => self.connect(now, random),
            Some(Connection::None) | None => {}
        }
    }

    fn beat(&mut self, now: u64) {
        if self.link.take_beat(now) {
            self.wired.see(now, Observation::HeartbeatSent);
            self.out.push(Output::SendHeartbeat);
        }
    }
}
