//! The machine's one connection: whether it is there, when it is tried again, and whether it lives.
//!
//! Only answers count as life: a socket can swallow heartbeats for minutes before it fails. Never moves the state but
//! through the machine.

use std::time::Duration;

use super::{MAX_JOINS, Machine, Output};
use crate::client::backoff::reconnect_delay;
use crate::client::close::close_outcome;
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::limits::{HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT};

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
        alive: u64,
    },
}

#[derive(Debug, Default)]
pub(super) struct Link {
    phase: Phase,
    offline: bool,
    /// Connections in a row that led nowhere.
    failures: u32,
}

fn passed(now: u64, since: u64, limit: Duration) -> bool {
    u128::from(now.saturating_sub(since)) >= limit.as_millis()
}

impl Link {
    /// `true` when there was something to close.
    pub fn hang_up(&mut self) -> bool {
        std::mem::take(&mut self.phase) != Phase::Down
    }

    pub fn forgive(&mut self) {
        self.failures = 0;
    }

    /// Whether `JOIN` was sent over this connection and has no ack yet.
    pub fn has_asked(&self) -> bool {
        self.phase == Phase::Asked
    }

    pub fn admit(&mut self, now: u64) {
        self.phase = Phase::Admitted { beat: now, alive: now };
        self.failures = 0;
    }

    pub fn alive(&mut self, now: u64) {
        if let Phase::Admitted { alive, .. } = &mut self.phase {
            *alive = now;
        }
    }

    pub fn is_dead(&self, now: u64) -> bool {
        matches!(self.phase, Phase::Admitted { alive, .. } if passed(now, alive, HEARTBEAT_TIMEOUT))
    }

    /// Whether a heartbeat is due, which then counts as sent.
    pub fn beat(&mut self, now: u64) -> bool {
        match &mut self.phase {
            Phase::Admitted { beat, .. } if passed(now, *beat, HEARTBEAT_INTERVAL) => {
                *beat = now;
                true
            }
            _ => false,
        }
    }
}

impl Machine {
    /// The first connection. The watchdog need not wait for an ack while there is no network to ask over.
    pub(super) fn connect_at_once(&mut self, now: u64) {
        if self.link.offline {
            self.watched.see(now, Event::NetworkDown);
            return;
        }
        self.link.phase = Phase::Opening;
        self.out.push(Output::Connect { delay: 0 });
    }

    fn connect(&mut self, random: f64) {
        if self.link.offline {
            return;
        }
        let delay = reconnect_delay(self.link.failures, random).as_millis();
        self.link.failures = self.link.failures.saturating_add(1);
        self.link.phase = Phase::Opening;
        self.out.push(Output::Connect { delay: u64::try_from(delay).unwrap_or(u64::MAX) });
    }

    /// Connects again unless `JOIN` was sent in vain as often as is worth trying.
    pub(super) fn retry(&mut self, now: u64, random: f64) {
        if self.unanswered < MAX_JOINS {
            self.connect(random);
        } else {
            self.give_up(now, Outcome::Fail);
        }
    }

    /// Sends `JOIN` over the connection there is.
    pub(super) fn ask(&mut self) {
        self.unanswered += 1;
        self.link.phase = Phase::Asked;
        self.out.push(Output::SendJoin);
    }

    pub(super) fn opened(&mut self, now: u64) {
        if self.link.phase != Phase::Opening {
            return;
        }
        let before = self.state();
        // While (re)initializing this moves nothing, but the watchdog waits for the ack again.
        self.watched.event(now, Event::JoinResent);
        self.tell_move(before);
        self.ask();
    }

    pub(super) fn closed(&mut self, now: u64, random: f64, code: u16) {
        let opening = self.link.phase == Phase::Opening;
        if !self.link.hang_up() {
            return;
        }
        if opening && self.state() == State::Initializing {
            self.unanswered += 1;
        }
        self.lost(now, random, close_outcome(code));
    }

    /// The connection is gone; `outcome` says what that means.
    pub(super) fn lost(&mut self, now: u64, random: f64, outcome: Outcome) {
        self.link.phase = Phase::Down;
        if outcome != Outcome::Reconnect {
            return self.give_up(now, outcome);
        }
        let before = self.state();
        self.watched.act(now, outcome);
        self.tell_move(before);
        self.retry(now, random);
    }

    /// The end. From `waitingNetwork` the table leads there only through another attempt to join.
    fn give_up(&mut self, now: u64, outcome: Outcome) {
        if self.state() == State::WaitingNetwork {
            self.happen(now, Event::JoinResent);
        }
        let before = self.state();
        self.watched.act(now, outcome);
        self.tell_move(before);
    }

    pub(super) fn offline(&mut self, now: u64) {
        self.link.offline = true;
        if self.link.hang_up() {
            self.out.push(Output::Close);
        }
        let before = self.state();
        self.watched.act(now, Outcome::Reconnect);
        self.tell_move(before);
    }

    pub(super) fn online(&mut self, now: u64, random: f64) {
        let was_offline = std::mem::take(&mut self.link.offline);
        let waits = matches!(self.state(), State::Initializing | State::WaitingNetwork | State::Reinitializing);
        if was_offline && waits {
            self.link.forgive();
            self.retry(now, random);
        }
    }
}
