//! The state machine under its watchdog: the interpreter of both tables.
//!
//! Its driver tells every event and observation with its time, and calls [`Watched::tick`] once a second. The
//! state moves by the table alone. At most [`MAX_REJOINS`] times within [`WINDOW`] it says to join again.

use super::{MAX_REJOINS, RULES, Role, Seen, WINDOW};
use crate::client::close::close_outcome;
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::limits::{HEARTBEAT_ANSWER, HEARTBEAT_INTERVAL};
use crate::signal::RoomType;

/// A state and what the watchdog remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    state: State,
    room_type: RoomType,
    role: Role,
    /// For each rule the times it counts.
    memory: [Vec<u64>; RULES.len()],
    rejoins: Vec<u64>,
    /// The time for which a heartbeat may stay unanswered.
    answer: u64,
}

impl Watched {
    /// A machine at its beginning.
    #[must_use]
    pub fn new(room_type: RoomType, role: Role) -> Self {
        let memory = std::array::from_fn(|_| Vec::new());
        let answer = HEARTBEAT_ANSWER.as_millis() as u64;
        Self { state: State::INITIAL, room_type, role, memory, rejoins: Vec::new(), answer }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Changes sides, as the join ack says.
    pub const fn set_role(&mut self, role: Role) {
        self.role = role;
    }

    /// Takes `hb.interval` of a join ack, in milliseconds: a heartbeat may stay unanswered for that and a second.
    pub const fn set_heartbeat(&mut self, interval: u64) {
        let grace = HEARTBEAT_ANSWER.as_millis() - HEARTBEAT_INTERVAL.as_millis();
        self.answer = interval.saturating_add(grace as u64);
    }

    /// An event happened. `false` when it does not move the state: the caller is told what was ignored.
    pub fn event(&mut self, now: u64, event: Event) -> bool {
        let next = self.state.after(event);
        self.state = next.unwrap_or(self.state);
        self.see(now, event);
        next.is_some()
    }

    /// Something was seen.
    pub fn see(&mut self, now: u64, seen: impl Into<Seen>) {
        let seen = seen.into();
        for (rule, times) in RULES.iter().zip(&mut self.memory) {
            if rule.applies(self.state, self.room_type, self.role) {
                rule.kind.see(times, seen, now);
            } else {
                times.clear();
            }
        }
    }

    /// A second has passed. `Some` when something is to be done; the state is then already the one after.
    pub fn tick(&mut self, now: u64) -> Option<Outcome> {
        let outcome = self.due(now)?;
        self.act(now, outcome)
    }

    /// Returns the outcome of the first rule that holds.
    pub(in crate::client) fn due(&mut self, now: u64) -> Option<Outcome> {
        let mut rules = RULES.iter().zip(&self.memory);
        let (rule, _) = rules.find(|(rule, times)| rule.holds(times, now, self.answer))?;
        self.rejoins.retain(|time| now.saturating_sub(*time) < WINDOW);
        let exhausted = rule.then == Outcome::Rejoin && self.rejoins.len() >= MAX_REJOINS as usize;
        Some(if exhausted { Outcome::Fail } else { rule.then })
    }

    /// The connection closed. `None` where that means nothing: the caller is told that it was ignored.
    pub fn close(&mut self, now: u64, code: u16) -> Option<Outcome> {
        self.act(now, close_outcome(code))
    }

    /// Does what an outcome means for the state. `None` where it cannot come about.
    pub(in crate::client) fn act(&mut self, now: u64, outcome: Outcome) -> Option<Outcome> {
        if !outcome.states().contains(&self.state) {
            return None;
        }
        if outcome == Outcome::Rejoin {
            self.memory.iter_mut().for_each(Vec::clear);
            self.rejoins.push(now);
        }
        if let Some(before) = outcome.before().filter(|before| before.state == self.state) {
            self.event(now, before.event);
        }
        if let Some(event) = outcome.event_in(self.state) {
            self.event(now, event);
        }
        Some(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Observation;
    use super::*;

    fn joined() -> Watched {
        let mut watched = Watched::new(RoomType::P2m, Role::Viewer);
        assert!(watched.event(0, Event::JoinSent) && watched.event(0, Event::JoinAccepted));
        watched
    }

    #[test]
    fn an_unanswered_join_is_repeated_three_times_and_then_fails() {
        let mut watched = Watched::new(RoomType::P2p, Role::Publisher);
        watched.event(0, Event::JoinSent);
        let done: Vec<_> = (1..60).filter_map(|second| Some((second, watched.tick(second * 1000)?))).collect();
        let rejoin = Outcome::Rejoin;
        assert_eq!(done, [(10, rejoin), (20, rejoin), (30, rejoin), (40, Outcome::Fail)]);
        assert_eq!(watched.state(), State::Failed);
    }

    #[test]
    fn a_sleeping_client_does_not_forget_that_it_waits() {
        let mut watched = Watched::new(RoomType::P2p, Role::Publisher);
        watched.event(0, Event::JoinSent);
        assert_eq!(watched.tick(3_600_000), Some(Outcome::Rejoin));
    }

    #[test]
    fn thirty_warnings_count_only_within_a_minute() {
        let mut watched = joined();
        (0..30).for_each(|n| watched.see(n * 2000, Observation::LowFrameRate));
        assert_eq!(watched.tick(60_000), None);
        watched.see(60_000, Observation::LowFrameRate);
        assert_eq!(watched.tick(60_001), Some(Outcome::Rejoin));
        assert_eq!(watched.state(), State::Reinitializing);
    }

    #[test]
    fn a_rule_sees_nothing_on_the_other_side() {
        let mut watched = joined();
        (0..10).for_each(|n| watched.see(n, Observation::SlowUpload));
        assert_eq!(watched.tick(1000), None);
        watched.set_role(Role::Publisher);
        (0..10).for_each(|n| watched.see(n, Observation::SlowUpload));
        assert_eq!(watched.tick(2000), Some(Outcome::Rejoin));
    }
}
