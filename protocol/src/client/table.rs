//! The client's half of the protocol as one serialisable table, enough to drive an interpreter in any language.
//!
//! Made from the tables the code runs on; holds no rule of its own.

use schemars::JsonSchema;
use serde::Serialize;

use super::close::{CloseRow, close_rows};
use super::machine::MAX_JOINS;
use super::outcome::{Outcome, OutcomeRow};
use super::state::{Event, MOVES, Move, State};
use super::watchdog::{INTERVAL, MAX_REJOINS, Observation, RULES, Rule, WINDOW};
use super::wire::{COUNTED, Counted, LEAVE, LeaveRow, WIRE, WireRow};
use crate::limits::{
    HEARTBEAT_ANSWER, HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT, JOIN_ACK_TIMEOUT, RECONNECT_BASE, RECONNECT_MAX,
    RECONNECT_SETTLED,
};

/// The version of the table's shape: 2 has `wire`, `leave` and `heartbeat`.
pub const VERSION: u32 = 2;

/// The whole table. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Description {
    /// The version of this shape.
    pub version: u32,
    /// State in which every machine begins.
    pub initial: State,
    /// Every state.
    pub states: Vec<StateRow>,
    /// Events that move states.
    pub events: Vec<Named>,
    /// Observations that only the watchdog sees.
    pub observations: Vec<Named>,
    /// Every legal move. Any other event leaves the state as it is and is reported.
    pub moves: &'static [Move],
    /// The watchdog.
    pub watchdog: WatchdogTable,
    /// Outcomes, to which rules and close codes lead.
    pub outcomes: Vec<OutcomeRow>,
    /// Close code to outcome. A device that loses its network counts as 1006 of the connection it has, and dials no more until
    /// it has a network again; then with the first delay.
    pub close: Vec<CloseRow>,
    /// Meanings of messages of the server, of failed dials and of refused upgrades: every line whose condition holds
    /// applies, in order.
    pub wire: &'static [WireRow],
    /// Reactions to the application's leaving, by state.
    pub leave: &'static [LeaveRow],
    /// Reconnect delays.
    pub reconnect: Reconnect,
    /// Timeout and attempts for the ack of `JOIN`.
    pub join_ack: JoinAckTable,
    /// Heartbeats of a member.
    pub heartbeat: HeartbeatTable,
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// Description of the name, in one sentence.
    pub text: &'static str,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StateRow {
    /// The name.
    pub name: State,
    /// Description of the state, in one sentence.
    pub text: &'static str,
    /// Whether there is no way out; absent when there is.
    #[serde(rename = "final", skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
}

/// The watchdog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct WatchdogTable {
    /// Interval at which the rules are evaluated.
    pub interval: u64,
    /// Time for which re-joins are remembered.
    pub window: u64,
    /// Maximum number of re-joins within the window; one more is a failure.
    pub max_rejoins: u32,
    /// The rules, in the order in which they are looked at; the first that holds decides.
    pub rules: &'static [Rule],
}

/// Reconnect delays: dial `n` (from 0) waits a random time up to `min(max, base * 2^n)`. A client that was joined never
/// stops dialling by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Reconnect {
    /// The first bound.
    pub base: u64,
    /// The last bound.
    pub max: u64,
    /// The kind of jitter: `full`, a delay is uniform between 0 and its bound.
    pub jitter: &'static str,
    /// The delay of dial `n` in milliseconds; `random` is uniform from 0 to 1. `n` is 0 for the first dial after a loss, so that
    /// the first delay is at most `base`, and grows by 1 with every dial that follows a delay.
    pub formula: &'static str,
    /// Time after the ack of `JOIN` that a connection must last for `n` to be 0 again, in milliseconds. `n` is 0 as
    /// well for a client that joins anew, and for a device that has a network again. The very first dial has no delay.
    pub settled_after: u64,
    /// Whether a client that was joined stops dialling by itself: it does not, whatever the number of dials.
    pub gives_up: bool,
    /// Timeout of a dial in milliseconds; a dial that takes longer has failed.
    pub dial_timeout: u64,
}

/// Heartbeats of a member, in milliseconds; `hb` of the join ack has the server's own numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct HeartbeatTable {
    /// Between two heartbeats, and between the join ack and the first: `hb.interval`.
    pub interval: u64,
    /// Silence after which the server removes a member: `hb.timeout`.
    pub timeout: u64,
    /// Timeout of a heartbeat's ack, by the rule `heartbeat`: `hb.interval` and a second.
    pub answer: u64,
}

/// Timeout and attempts for the ack of `JOIN`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct JoinAckTable {
    /// Timeout of one ack, in milliseconds.
    pub timeout: u64,
    /// Maximum number of `JOIN`s in a row without an ack, the first included. After the last of them the outcome is
    /// `fail`, whatever it would be otherwise. `joinAccepted`, and `joinSent` where it moves the state, reset the
    /// count.
    pub attempts: u32,
    /// Causes for which a `JOIN` without an ack is counted, and the states in which they are. A `JOIN` that is answered
    /// with 503 is not counted.
    pub counted: &'static [Counted],
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
        wire: WIRE,
        leave: LEAVE,
        reconnect: Reconnect {
            base: millis(RECONNECT_BASE),
            max: millis(RECONNECT_MAX),
            jitter: "full",
            formula: "random * min(max, base * 2^n)",
            settled_after: millis(RECONNECT_SETTLED),
            gives_up: false,
            dial_timeout: millis(JOIN_ACK_TIMEOUT),
        },
        join_ack: JoinAckTable { timeout: millis(JOIN_ACK_TIMEOUT), attempts: MAX_JOINS, counted: COUNTED },
        heartbeat: HeartbeatTable {
            interval: millis(HEARTBEAT_INTERVAL),
            timeout: millis(HEARTBEAT_TIMEOUT),
            answer: millis(HEARTBEAT_ANSWER),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_table_reads_as_plain_json() {
        let table = serde_json::to_value(describe()).unwrap();
        assert_eq!((&table["version"], &table["initial"]), (&json!(2), &json!("idle")));
        assert_eq!(table["moves"][0], json!({"from": "idle", "on": "joinSent", "to": "initializing"}));
        assert_eq!(table["states"][6]["final"], json!(true));
        assert_eq!(table["states"][0].get("final"), None);
        assert_eq!((&table["reconnect"]["base"], &table["reconnect"]["settledAfter"]), (&json!(250), &json!(5000)));
        assert_eq!((&table["joinAck"]["timeout"], &table["joinAck"]["attempts"]), (&json!(10_000), &json!(4)));
        assert_eq!(table["heartbeat"], json!({"interval": 3000, "timeout": 10_000, "answer": 4000}));
        assert_eq!(table["wire"][0], json!({"when": {"s": ["JOIN"], "c": [200]}, "event": "joinAccepted"}));
        assert_eq!(table["leave"][0], json!({"states": ["joined"], "do": ["sendLeave"], "event": "leaveSent"}));
        assert_eq!(table["outcomes"][0]["states"], json!(["initializing", "joined", "reinitializing"]));
    }

    /// An interpreter that knows only the JSON computes the same delays from the formula.
    #[test]
    fn the_formula_is_the_one_that_the_client_uses() {
        let reconnect = describe().reconnect;
        assert_eq!(reconnect.formula, "random * min(max, base * 2^n)");
        for n in 0..12 {
            let bound = reconnect.max.min(reconnect.base << n);
            assert_eq!(u128::from(bound) / 2, crate::client::reconnect_delay(n, 0.5).as_millis());
        }
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
