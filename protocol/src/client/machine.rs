//! The client machine: state table, watchdog, reconnect delays and queue in one.
//!
//! Inputs in, outputs out, to be carried out in order; a [`Input::Tick`] is due every second. A signal of the application
//! goes out once, in order and only while the client is joined, or is told as dropped. There is one connection at most.
//! Whoever drives it opens connections (and gives up on one by itself, as `Closed` with 1006), writes the messages
//! and reads the acks. Times are milliseconds.

mod io;
mod link;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use io::{Input, Lost, Output};

use link::Link;

use super::outcome::Outcome;
use super::queue::{Outgoing, Queue};
use super::state::{Event, State};
use super::watchdog::{MAX_REJOINS, Observation, Role};
use super::wire::{Done, Facts, LeaveAct, Wired};
use crate::code::AckCode;
use crate::signal::{RoomType, SignalKind};

/// How many `JOIN`s in a row may stay without an ack: the first, and as many repetitions as the watchdog allows.
pub const MAX_JOINS: u32 = 1 + MAX_REJOINS;

/// A client in one room.
#[derive(Debug)]
pub struct Machine {
    wired: Wired,
    link: Link,
    queue: Queue,
    /// It was dropped: nothing counts any more.
    over: bool,
    out: Vec<Output>,
}

impl Machine {
    /// A machine that waits for [`Input::Join`].
    #[must_use]
    pub fn new(room_type: RoomType, role: Role, queue: Queue) -> Self {
        let wired = Wired::new(room_type, role);
        Self { wired, link: Link::default(), queue, over: false, out: Vec::new() }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.wired.state()
    }

    /// Changes sides, as the join ack says.
    pub const fn set_role(&mut self, role: Role) {
        self.wired.set_role(role);
    }

    /// How many signals wait for the client to be joined.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Takes an input and says what is to be done. `random` is uniform in 0.0 to 1.0.
    pub fn handle(&mut self, now: u64, random: f64, input: Input) -> Vec<Output> {
        match input {
            Input::Signal(signal) => self.signal(signal),
            _ if self.over => {}
            Input::Join => self.join(now),
            Input::Leave => self.leave(now),
            Input::Opened => self.opened(now),
            Input::NotOpened { status } => self.not_opened(now, random, status),
            Input::Closed { code } => self.closed(now, random, code),
            Input::Offline => self.offline(now),
            Input::Online => self.online(now, random),
            Input::JoinAck { code } => self.join_ack(now, random, code),
            Input::HeartbeatAck { code } => {
                self.read(now, random, &Facts::of_ack(SignalKind::Heartbeat.name(), code));
            }
            Input::Unrecoverable => _ = self.happen(now, Event::Unrecoverable),
            Input::Seen(observation) => self.wired.see(now, observation),
            Input::Tick => self.tick(now, random),
        }
        std::mem::take(&mut self.out)
    }

    /// An event of the table; one that does not move the state is reported.
    fn happen(&mut self, now: u64, event: Event) -> bool {
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
            State::Joined => self.out.extend(self.queue.drain().into_iter().map(Output::Send)),
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
        if self.happen(now, Event::JoinSent) {
            self.connect_at_once(now);
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
        match self.state() {
            State::Joined => self.out.push(Output::Send(signal)),
            State::Leaved | State::Failed => self.out.push(Output::Dropped { signal, because: Lost::Ended }),
            _ if self.over => self.out.push(Output::Dropped { signal, because: Lost::Ended }),
            _ => {
                let dropped = self.queue.push(signal).into_iter();
                self.out.extend(dropped.map(|signal| Output::Dropped { signal, because: Lost::Overflow }));
            }
        }
    }

    fn join_ack(&mut self, now: u64, random: f64, code: u16) {
        let facts = Facts::of_ack(SignalKind::Join.name(), code);
        // An ack that nobody asked for over this connection decides nothing.
        if !self.link.has_asked() {
            let ignored = match AckCode::from_number(code) {
                Some(AckCode::Unavailable) => None,
                Some(AckCode::Ok) => Some(Event::JoinAccepted),
                _ => Some(Event::JoinRefused),
            };
            return self.out.extend(ignored.map(Output::Ignored));
        }
        if code == AckCode::Ok.number() {
            self.link.admit(now);
        }
        self.read(now, random, &facts);
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
        let asks_over_the_same = outcome == Some(Outcome::Rejoin) && before == State::Joined;
        let anew =
            !asks_over_the_same && matches!(outcome, Some(Outcome::Rejoin | Outcome::Redial | Outcome::Reconnect));
        if anew && self.link.hang_up() {
            self.out.push(Output::Close);
        }
        self.tell_move(before);
        if asks_over_the_same {
            self.ask();
        } else if anew {
            self.connect(now, random);
        }
    }

    fn beat(&mut self, now: u64) {
        if self.link.beat(now) {
            self.wired.see(now, Observation::HeartbeatSent);
            self.out.push(Output::SendHeartbeat);
        }
    }
}
