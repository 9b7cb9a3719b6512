//! The machine's one connection: whether it is there, and when it is tried again. Whether it lives, the watchdog says.
//!
//! Never moves the state but through the machine.

use std::time::Duration;

use super::{Machine, Output};
use crate::client::backoff::Backoff;
use crate::client::close::close_outcome;
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::client::wire::{Cause, Facts};
use crate::limits::HEARTBEAT_INTERVAL;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Down,
    Opening,
    /// `JOIN` was sent over it and has no ack yet.
    Asked,
    /// `JOIN` has its ack.
    Admitted {
        beat: u64,
    },
}

#[derive(Debug, Default)]
pub(super) struct Link {
    phase: Phase,
    offline: bool,
    backoff: Backoff,
    /// When the last connection had its ack, unless it has asked again.
    admitted: Option<u64>,
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
        self.phase = Phase::Admitted { beat: now };
        self.admitted = Some(now);
    }

    /// Whether a heartbeat is due, which then counts as sent.
    pub fn beat(&mut self, now: u64) -> bool {
        match &mut self.phase {
            Phase::Admitted { beat } if u128::from(now.saturating_sub(*beat)) >= HEARTBEAT_INTERVAL.as_millis() => {
                *beat = now;
                true
            }
            _ => false,
        }
    }

    /// What it is to the count of `JOIN`s without an ack that this connection is lost.
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
        self.link.admitted = None;
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
        let held = self.link.admitted.take().map(|since| Duration::from_millis(now.saturating_sub(since)));
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

    pub(super) fn closed(&mut self, now: u64, random: f64, code: u16) {
        let (before, cause) = (self.state(), self.link.cause());
        if self.link.hang_up() {
            let outcome = self.wired.lead(now, cause, close_outcome(code));
            self.carry_out(now, random, before, outcome);
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
