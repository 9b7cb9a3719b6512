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
use super::watchdog::{MAX_REJOINS, Observation, Role, Watched};
use crate::code::AckCode;
use crate::signal::RoomType;

/// How many `JOIN`s in a row may stay without an ack: the first, and as many repetitions as the watchdog allows.
pub const MAX_JOINS: u32 = 1 + MAX_REJOINS;

/// A client in one room.
#[derive(Debug)]
pub struct Machine {
    watched: Watched,
    link: Link,
    queue: Queue,
    /// `JOIN`s without an ack. Until there was a first ack, failed connections count as well.
    unanswered: u32,
    out: Vec<Output>,
}

impl Machine {
    /// A machine that waits for [`Input::Join`].
    #[must_use]
    pub fn new(room_type: RoomType, role: Role, queue: Queue) -> Self {
        let watched = Watched::new(room_type, role);
        Self { watched, link: Link::default(), queue, unanswered: 0, out: Vec::new() }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.watched.state()
    }

    /// Changes sides, as the join ack says.
    pub const fn set_role(&mut self, role: Role) {
        self.watched.set_role(role);
    }

    /// How many signals wait for the client to be joined.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Takes an input and says what is to be done. `random` is uniform in 0.0 to 1.0.
    pub fn handle(&mut self, now: u64, random: f64, input: Input) -> Vec<Output> {
        match input {
            Input::Join => self.join(now),
            Input::Leave => self.leave(now),
            Input::Signal(signal) => self.signal(signal),
            Input::Opened => self.opened(now),
            Input::Closed { code } => self.closed(now, random, code),
            Input::Offline => self.offline(now),
            Input::Online => self.online(now, random),
            Input::JoinAck { code } => self.join_ack(now, code),
            Input::HeartbeatAck { code } => self.heartbeat_ack(now, code),
            Input::Unrecoverable => self.unrecoverable(now),
            Input::Seen(observation) => self.watched.see(now, observation),
            Input::Tick => self.tick(now, random),
        }
        std::mem::take(&mut self.out)
    }

    /// An event of the table; one that does not move the state is reported.
    fn happen(&mut self, now: u64, event: Event) -> bool {
        let before = self.state();
        let moved = self.watched.event(now, event);
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
            self.unanswered = 0;
            self.link.forgive();
            self.connect_at_once(now);
        }
    }

    fn leave(&mut self, now: u64) {
        if self.state() == State::Joined {
            self.out.push(Output::SendLeave);
        }
        self.happen(now, Event::LeaveSent);
    }

    fn signal(&mut self, signal: Outgoing) {
        match self.state() {
            State::Joined => self.out.push(Output::Send(signal)),
            State::Leaved | State::Failed => self.out.push(Output::Dropped { signal, because: Lost::Ended }),
            _ => {
                let dropped = self.queue.push(signal).into_iter();
                self.out.extend(dropped.map(|signal| Output::Dropped { signal, because: Lost::Overflow }));
            }
        }
    }

    fn join_ack(&mut self, now: u64, code: u16) {
        let event = match AckCode::from_number(code) {
            Some(AckCode::Unavailable) => return self.watched.see(now, Observation::JoinUnavailable),
            Some(AckCode::Ok) => Event::JoinAccepted,
            _ => Event::JoinRefused,
        };
        // An ack that nobody asked for over this connection decides nothing.
        if !self.link.has_asked() {
            return self.out.push(Output::Ignored(event));
        }
        if event == Event::JoinAccepted {
            self.unanswered = 0;
            self.link.admit(now);
        }
        self.happen(now, event);
    }

    fn heartbeat_ack(&mut self, now: u64, code: u16) {
        match AckCode::from_number(code) {
            Some(AckCode::Ok) => self.link.alive(now),
            // The server has forgotten the member or the room: it was silent for too long.
            Some(AckCode::RoomNotFound | AckCode::NotRoomMember) => self.watched.see(now, Observation::CriticalFailure),
            Some(AckCode::Internal) => self.unrecoverable(now),
            _ => {}
        }
    }

    fn unrecoverable(&mut self, now: u64) {
        self.happen(now, Event::Unrecoverable);
    }

    fn tick(&mut self, now: u64, random: f64) {
        let before = self.state();
        match self.watched.tick(now) {
            Some(Outcome::Rejoin) => self.rejoin(now, random, before),
            Some(_) => self.tell_move(before),
            None if before == State::Joined => self.beat(now, random),
            None => {}
        }
    }

    /// The watchdog joins again: over a new connection when the old one brought no ack.
    fn rejoin(&mut self, now: u64, random: f64, before: State) {
        self.tell_move(before);
        if before == State::Joined {
            return self.ask();
        }
        if self.link.hang_up() {
            self.out.push(Output::Close);
        }
        self.retry(now, random);
    }

    fn beat(&mut self, now: u64, random: f64) {
        if self.link.is_dead(now) {
            self.out.push(Output::Close);
            self.lost(now, random, Outcome::Reconnect);
        } else if self.link.beat(now) {
            self.out.push(Output::SendHeartbeat);
        }
    }
}
