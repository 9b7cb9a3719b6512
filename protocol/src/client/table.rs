//! The client's half of the protocol as one serialisable table, enough to drive an interpreter in any language.
//!
//! Made from the tables the code runs on; holds no rule of its own.

use serde::Serialize;

use super::close::{CloseRow, close_rows};
use super::machine::MAX_JOINS;
use super::outcome::{Outcome, OutcomeRow};
use super::state::{Event, MOVES, Move, State};
use super::watchdog::{INTERVAL, MAX_REJOINS, Observation, RULES, Rule, WINDOW};
use crate::limits::{JOIN_ACK_TIMEOUT, RECONNECT_BASE, RECONNECT_MAX};

/// The version of the table's shape.
pub const VERSION: u32 = 1;

/// The whole table. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The version of this shape.
    pub version: u32,
    /// Where every machine begins.
    pub initial: State,
    /// Every state.
    pub states: Vec<StateRow>,
    /// What moves states.
    pub events: Vec<Named>,
    /// What else the watchdog sees.
    pub observations: Vec<Named>,
    /// Every legal move. Any other event leaves the state as it is and is reported.
    pub moves: &'static [Move],
    /// The watchdog.
    pub watchdog: WatchdogTable,
    /// What rules and close codes lead to.
    pub outcomes: Vec<OutcomeRow>,
    /// Close code to outcome.
    pub close: Vec<CloseRow>,
    /// Reconnect delays.
    pub reconnect: Reconnect,
    /// How long and how often the ack of `JOIN` is waited for.
    pub join_ack: JoinAckTable,
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub text: &'static str,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateRow {
    /// The name.
    pub name: State,
    /// What it means, in a sentence.
    pub text: &'static str,
    /// Whether there is no way out; absent when there is.
    #[serde(rename = "final", skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
}

/// The watchdog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchdogTable {
    /// How often the rules are looked at.
    pub interval: u64,
    /// How long re-joins are remembered.
    pub window: u64,
    /// How many re-joins the window holds; one more is a failure.
    pub max_rejoins: u32,
    /// The rules, in the order in which they are looked at; the first that holds decides.
    pub rules: &'static [Rule],
}

/// Reconnect delays: attempt `n` (from 0) waits a random time up to `min(max, base * 2^n)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reconnect {
    /// The first bound.
    pub base: u64,
    /// The last bound.
    pub max: u64,
    /// The kind of jitter: `full`.
    pub jitter: &'static str,
}

/// How long and how often the ack of `JOIN` is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinAckTable {
    /// How long for one ack.
    pub timeout: u64,
    /// How many `JOIN`s in a row may stay without one, the first included.
    pub attempts: u32,
}

/// The client's half of the protocol.
#[must_use]
pub fn describe() -> Description {
    let millis = |duration: std::time::Duration| duration.as_millis() as u64;
    let state = |state: &State| StateRow { name: *state, text: state.text(), is_final: state.is_final() };
    Description {
        version: VERSION,
        initial: State::INITIAL,
        states: State::ALL.iter().map(state).collect(),
        events: Event::ALL.iter().map(|event| Named { name: event.name(), text: event.text() }).collect(),
        observations: Observation::ALL.iter().map(|one| Named { name: one.name(), text: one.text() }).collect(),
        moves: MOVES,
        watchdog: WatchdogTable { interval: INTERVAL, window: WINDOW, max_rejoins: MAX_REJOINS, rules: RULES },
        outcomes: Outcome::ALL.iter().map(|outcome| outcome.row()).collect(),
        close: close_rows(),
        reconnect: Reconnect { base: millis(RECONNECT_BASE), max: millis(RECONNECT_MAX), jitter: "full" },
        join_ack: JoinAckTable { timeout: millis(JOIN_ACK_TIMEOUT), attempts: MAX_JOINS },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_table_reads_as_plain_json() {
        let table = serde_json::to_value(describe()).unwrap();
        assert_eq!((&table["version"], &table["initial"]), (&json!(1), &json!("idle")));
        assert_eq!(table["moves"][0], json!({"from": "idle", "on": "joinSent", "to": "initializing"}));
        assert_eq!(table["states"][6]["final"], json!(true));
        assert_eq!(table["states"][0].get("final"), None);
        assert_eq!(table["reconnect"], json!({"base": 250, "max": 5000, "jitter": "full"}));
        assert_eq!(table["joinAck"], json!({"timeout": 10_000, "attempts": 4}));
        assert_eq!(table["outcomes"][0]["states"], json!(["initializing", "joined", "reinitializing"]));
    }

    #[test]
    fn every_name_that_a_rule_uses_is_listed() {
        let table = serde_json::to_value(describe()).unwrap();
        let listed = |name: &Value| {
            ["events", "observations"]
                .iter()
                .filter_map(|list| table[list].as_array())
                .flatten()
                .any(|one| one["name"] == *name)
        };
        for rule in table["watchdog"]["rules"].as_array().unwrap() {
            let lists = ["start", "cancelledBy", "reset"].iter().filter_map(|key| rule[key].as_array()).flatten();
            assert!(lists.chain(rule.get("observation")).all(listed), "{rule}");
        }
    }
}
