//! For every rule of the watchdog: that it fires in time, that it is bounded, and what keeps it quiet.

use super::Recorder;
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::client::watchdog::{Kind, MAX_REJOINS, RULES, Role, Rule, Seen};
use crate::signal::RoomType;

impl Recorder {
    /// A client for whom a rule holds.
    pub(super) fn under(rule: &Rule, shows: &str) -> Self {
        let room = rule.room_types.map_or(RoomType::M2m, |types| types[0]);
        let recorder = Self::new(format!("{}: {shows}", rule.id), room, rule.role.unwrap_or(Role::Viewer));
        recorder.lead(rule.states[0])
    }

    pub(super) fn seen(&mut self, at: u64, seen: Seen) {
        match seen {
            Seen::Event(event) => self.event(at, event),
            Seen::Observation(observation) => self.see(at, observation),
        }
    }

    /// Lets happen what a rule waits for, all but the last moment. Answers when the next tick lets it fire.
    pub(super) fn provoke(&mut self, rule: &Rule, from: u64) -> u64 {
        match rule.kind {
            // The way into the state has begun it already.
            Kind::Timeout { start: [Seen::Event(_), ..], after, .. } => from + after,
            Kind::Timeout { start, after, .. } => {
                self.seen(from, start[0]);
                from + after
            }
            Kind::Count { observation, count, .. } | Kind::Consecutive { observation, count, .. } => {
                (0..count as u64).for_each(|n| self.see(from + n * 100, observation));
                from + 4000
            }
        }
    }
}

fn fires(rule: &Rule) -> Recorder {
    let mut recorder = Recorder::under(rule, "fires in time and not before");
    if let Kind::Count { observation, count, .. } | Kind::Consecutive { observation, count, .. } = rule.kind {
        (1..count as u64).for_each(|n| recorder.see(n * 100, observation));
        recorder.tick(4000);
        recorder.see(4500, observation);
        recorder.tick(5000);
    } else {
        let due = recorder.provoke(rule, 0);
        recorder.tick(due - 1);
        recorder.tick(due);
        // The wait begins afresh.
        recorder.tick(due + 1000);
    }
    recorder
}

fn is_bounded(rule: &Rule) -> Recorder {
    let mut recorder = Recorder::under(rule, "is bounded");
    let mut now = 0;
    for _ in 0..=MAX_REJOINS {
        now = recorder.provoke(rule, now);
        recorder.tick(now);
        if rule.states == [State::Joined] && rule.then == Outcome::Rejoin {
            recorder.event(now, Event::JoinAccepted);
        }
    }
    recorder
}

fn is_reset(rule: &Rule) -> Recorder {
    let mut recorder = Recorder::under(rule, "is reset");
    match rule.kind {
        Kind::Timeout { cancelled_by, .. } => {
            let due = recorder.provoke(rule, 0);
            // The last is the one that keeps the client where it is.
            recorder.seen(due - 1, cancelled_by[cancelled_by.len() - 1]);
            recorder.tick(due);
            recorder.tick(due + 60_000);
        }
        Kind::Count { observation, count, within } => {
            (1..count as u64).for_each(|n| recorder.see(n, observation));
            recorder.event(500, Event::JoinResent);
            recorder.event(600, Event::JoinAccepted);
            recorder.tick(1000);
            (1..count as u64).for_each(|n| recorder.see(1000 + n, observation));
            recorder.tick(within + 1000 + count as u64);
        }
        Kind::Consecutive { observation, count, reset, .. } => {
            (1..count as u64).for_each(|n| recorder.see(n, observation));
            recorder.seen(500, reset[0]);
            recorder.see(600, observation);
            recorder.tick(1000);
        }
    }
    recorder
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    RULES.iter().flat_map(|rule| [fires(rule), is_bounded(rule), is_reset(rule)])
}
