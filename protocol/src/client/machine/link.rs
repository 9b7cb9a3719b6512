//! The machine's one connection: whether it is there, and when it is tried again. Whether it lives, the watchdog says.
//!
//! Never moves the state but through the machine.

use std::time::Duration;

use super::{Machine, Output};
use crate::client::backoff::Backoff;
use crate::client::close::renewed_outcome;
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::client::wire::{Cause, Facts};
use crate::limits::{HEARTBEAT_INTERVAL, HURRYING_INTERVAL, RECONNECT_SETTLED};

/// No server makes a client beat faster than this, in milliseconds.
const SHORTEST_INTERVAL: u64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Down,
    Opening,
    /// `JOIN` was sent over it and has no ack yet.
    Asked,
    /// `JOIN` has its ack.
    Admitted {
        /// Time when the next heartbeat is due.
        due: u64,
        /// The earliest time of a heartbeat before the interval is over.
        early: u64,
    },
}

#[derive(Debug)]
pub(super) struct Link {
    phase: Phase,
    offline: bool,
    backoff: Backoff,
    /// Time when the last connection had its ack, unless it has asked again.
    admitted: Option<u64>,
    /// Whether another access token has excused a close since a connection held.
    renewed: bool,
    /// Between two heartbeats.
    interval: u64,
}

impl Default for Link {
    fn default() -> Self {
        let interval = HEARTBEAT_INTERVAL.as_millis() as u64;
        let (phase, backoff) = (Phase::Down, Backoff::default());
        Self { phase, offline: false, backoff, admitted: None, renewed: false, interval }
    }
}

impl Link {
    /// `true` when there was something to close.
    pub fn hang_up(&mut self) -> bool {
        std::mem::take(&mut self.phase) != Phase::Down
    }

    /// Whether `JOIN` was sent over this connection and has no ack yet.
    pub fn has_asked(&self) -> bool {
        self.phase == Phase::Asked
    }

    /// Whether something can be said.
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Asked | Phase::Admitted { .. })
    }

    pub fn admit(&mut self, now: u64) {
        self.phase = Phase::Admitted { due: now.saturating_add(self.interval), early: now };
        self.admitted = Some(now);
    }

    /// Takes the time between two heartbeats; returns the one that counts.
    pub fn set_interval(&mut self, interval: u64) -> u64 {
        self.interval = interval.max(SHORTEST_INTERVAL);
        self.interval
    }

    /// Takes the heartbeat that is due, which then counts as sent; returns whether there was one.
    pub fn take_beat(&mut self, now: u64) -> bool {
        match &mut self.phase {
            Phase::Admitted { due, early } if now >= *due => {
                *due = now.saturating_add(self.interval);
                *early = now.saturating_add(HURRYING_INTERVAL.as_millis() as u64);
                true
            }
            _ => false,
        }
    }

    /// Lets the next heartbeat be due as soon as may be.
    pub fn hurry(&mut self, now: u64) {
        if let Phase::Admitted { due, early } = &mut self.phase {
            *due = (*due).min(now.max(*early));
        }
    }

    /// Returns when the next heartbeat is due.
    pub const fn next_beat(&self) -> Option<u64> {
        match self.phase {
            Phase::Admitted { due, .. } => Some(due),
            _ => None,
        }
    }

    /// The time since the ack of `JOIN` over this connection, if it had one.
    fn held(&self, now: u64) -> Option<Duration> {
        self.admitted.map(|since| Duration::from_millis(now.saturating_sub(since)))
    }

    /// Notes that a connection has held, if it has: another token may excuse a close again.
    fn settle(&mut self, now: u64) {
        self.renewed &= self.held(now).is_none_or(|held| held < RECONNECT_SETTLED);
    }

    /// Notes whether the connection has held; returns whether a close with this code is excused by another token.
    fn take_excuse(&mut self, now: u64, code: u16, renewed: bool) -> bool {
        self.settle(now);
        renewed && !self.renewed && renewed_outcome(code).is_some()
    }

    /// Returns the cause under which the loss of this connection counts as a `JOIN` without an ack.
    const fn cause(&self) -> Option<Cause> {
        match self.phase {
            Phase::Down => None,
            Phase::Opening => Some(Cause::Dial),
            Phase::Asked | Phase::Admitted { .. } => Some(Cause::Close),
        }
    }
}

impl Machine {
    /// The first connection. The watchdog need not wait for an ack while there is no network to ask over.
    pub(super) fn connect_at_once(&mut self, now: u64) {
        self.link.backoff.forgive();
        (self.link.admitted, self.link.renewed) = (None, false);
        if self.link.offline {
            self.wired.see(now, Event::NetworkDown);
            return;
        }
        self.link.phase = Phase::Opening;
        self.out.push(Output::Connect { delay: 0 });
    }

    pub(super) fn connect(&mut self, now: u64, random: f64) {
        if self.link.offline {
            return;
        }
        self.link.settle(now);
        let held = self.link.held(now);
        self.link.admitted = None;
        let delay = self.link.backoff.delay(held, random).as_millis();
        self.link.phase = Phase::Opening;
        self.out.push(Output::Connect { delay: u64::try_from(delay).unwrap_or(u64::MAX) });
    }

    /// Sends `JOIN` over the connection there is.
    pub(super) fn ask(&mut self) {
        self.link.phase = Phase::Asked;
        self.link.admitted = None;
        self.out.push(Output::SendJoin);
    }

    pub(super) fn opened(&mut self, now: u64) {
        if self.link.phase != Phase::Opening {
            return;
        }
        let before = self.state();
        // While (re)initializing this moves nothing, but the watchdog waits for the ack again.
        self.wired.event(now, Event::JoinResent);
        self.tell_move(before);
        self.ask();
    }

    pub(super) fn not_opened(&mut self, now: u64, random: f64, status: Option<u16>) {
        if self.link.phase == Phase::Opening {
            self.link.phase = Phase::Down;
            self.read(now, random, &Facts::of_dial(status));
        }
    }

    pub(super) fn closed(&mut self, now: u64, random: f64, code: u16, renewed: bool) {
        let (before, cause) = (self.state(), self.link.cause());
        let excused = self.link.take_excuse(now, code, renewed);
        if self.link.hang_up() {
            let outcome = self.wired.closed(now, cause, code, excused);
            self.carry_out(now, random, before, outcome);
            // Only now: dialling looks whether the lost connection had held.
            self.link.renewed |= excused;
        }
    }

    pub(super) fn offline(&mut self, now: u64) {
        let (before, cause) = (self.state(), self.link.cause());
        self.link.offline = true;
        if self.link.hang_up() {
            self.out.push(Output::Close);
        }
        self.wired.lead(now, cause, Outcome::Reconnect);
        self.tell_move(before);
    }

    pub(super) fn online(&mut self, now: u64, random: f64) {
        let was_offline = std::mem::take(&mut self.link.offline);
        let waits = matches!(self.state(), State::Initializing | State::WaitingNetwork | State::Reinitializing);
        if was_offline && waits {
            self.link.backoff.forgive();
            self.connect(now, random);
        }
    }
}
