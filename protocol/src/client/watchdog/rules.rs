//! The nine cases of the watchdog, in the order in which they are looked at.
//!
//! Data only; how a rule is read stands with [`Rule`].

use super::{HEARTBEAT, Kind, Observation, Role, Rule, Seen, WINDOW};
use crate::client::outcome::Outcome;
use crate::client::state::{Event, State};
use crate::limits::{HEARTBEAT_ANSWER, JOIN_ACK_TIMEOUT};
use crate::signal::RoomType;

const fn seen(observation: Observation) -> Seen {
    Seen::Observation(observation)
}

const JOIN_ACK: Kind = Kind::Timeout {
    start: &[Seen::Event(Event::JoinSent), Seen::Event(Event::JoinResent)],
    // Over a lost connection no ack comes: the next `JOIN` is sent over a new one.
    cancelled_by: &[Seen::Event(Event::JoinAccepted), Seen::Event(Event::JoinRefused), Seen::Event(Event::NetworkDown)],
    after: JOIN_ACK_TIMEOUT.as_millis() as u64,
};

const fn rule(id: &'static str, text: &'static str, states: &'static [State], kind: Kind, then: Outcome) -> Rule {
    Rule { id, text, states, room_types: None, role: None, kind, then }
}

const fn joined(id: &'static str, text: &'static str, kind: Kind, then: Outcome) -> Rule {
    rule(id, text, &[State::Joined], kind, then)
}

/// Every case. The first that holds decides.
pub const RULES: &[Rule] = &[
    rule("joinAck", "The first `JOIN` has no ack.", &[State::Initializing], JOIN_ACK, Outcome::Rejoin),
    rule("rejoinAck", "A repeated `JOIN` has no ack.", &[State::Reinitializing], JOIN_ACK, Outcome::Rejoin),
    // Before all others of a member: what they ask for needs a connection that lives.
    joined(
        HEARTBEAT,
        "A heartbeat has no answer: the line is dead. Early enough for the next `JOIN` to find the seat still held. Where \
            `hb.interval` of the join ack is another than `heartbeat.interval`, `after` is that and a second.",
        Kind::Timeout {
            start: &[seen(Observation::HeartbeatSent)],
            cancelled_by: &[seen(Observation::HeartbeatAnswered)],
            after: HEARTBEAT_ANSWER.as_millis() as u64,
        },
        Outcome::Reconnect,
    ),
    joined(
        "criticalFailure",
        "Media or membership failed.",
        Kind::Count { observation: Observation::CriticalFailure, count: 1, within: WINDOW },
        Outcome::Rejoin,
    ),
    joined(
        "lowFrameRate",
        "The frame rate stays low.",
        Kind::Count { observation: Observation::LowFrameRate, count: 30, within: WINDOW },
        Outcome::Rejoin,
    ),
    Rule {
        room_types: Some(&[RoomType::P2p, RoomType::M2m, RoomType::A2m]),
        ..joined(
            "answer",
            "An `OFFER` has no `ANSWER`.",
            Kind::Timeout {
                start: &[seen(Observation::OfferSent)],
                cancelled_by: &[seen(Observation::AnswerReceived)],
                after: 10_000,
            },
            Outcome::Rejoin,
        )
    },
    Rule {
        room_types: Some(&[RoomType::P2p]),
        ..joined(
            "callee",
            "The callee does not come.",
            Kind::Timeout {
                start: &[seen(Observation::CalleeAbsent)],
                cancelled_by: &[seen(Observation::CalleePresent)],
                after: 30_000,
            },
            Outcome::Fail,
        )
    },
    Rule {
        room_types: Some(&[RoomType::P2m]),
        role: Some(Role::Publisher),
        ..joined(
            "slowUpload",
            "Uploads stay slow.",
            Kind::Consecutive {
                observation: Observation::SlowUpload,
                count: 10,
                reset: &[seen(Observation::FastUpload)],
                within: WINDOW,
            },
            Outcome::Rejoin,
        )
    },
    Rule {
        room_types: Some(&[RoomType::P2m]),
        role: Some(Role::Viewer),
        ..joined(
            "buffering",
            "Playback stands still.",
            Kind::Timeout {
                start: &[seen(Observation::BufferingStarted)],
                cancelled_by: &[seen(Observation::BufferingEnded)],
                after: 10_000,
            },
            Outcome::Rejoin,
        )
    },
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::INTERVAL;
    use super::*;
    use crate::limits::{HEARTBEAT_INTERVAL, HEARTBEAT_TIMEOUT, RECONNECT_BASE};

    #[test]
    fn there_are_nine_cases_with_names_of_their_own() {
        assert_eq!(RULES.len(), 9);
        for (index, rule) in RULES.iter().enumerate() {
            assert!(RULES[index + 1..].iter().all(|other| other.id != rule.id));
        }
    }

    /// The server last heard of the client at a heartbeat; the line died right behind it.
    #[test]
    fn a_dead_line_is_found_while_the_seat_is_held() {
        let found = HEARTBEAT_INTERVAL + HEARTBEAT_ANSWER + Duration::from_millis(INTERVAL);
        let asked_again = found + RECONNECT_BASE;
        assert!(HEARTBEAT_TIMEOUT > asked_again + Duration::from_secs(1), "a second for the way");
        assert_eq!(HEARTBEAT_ANSWER, HEARTBEAT_INTERVAL + Duration::from_secs(1));
    }

    #[test]
    fn a_rule_reads_as_plain_json() {
        let json = serde_json::to_value(RULES).unwrap();
        let slow = serde_json::json!({
            "id": "slowUpload", "text": "Uploads stay slow.", "states": ["joined"], "roomTypes": ["p2m"],
            "role": "publisher", "kind": "consecutive", "observation": "slowUpload", "count": 10,
            "reset": ["fastUpload"], "within": 60000, "then": "rejoin",
        });
        assert_eq!(json[7], slow);
        assert_eq!(json[0]["cancelledBy"], serde_json::json!(["joinAccepted", "joinRefused", "networkDown"]));
        assert_eq!(json[0]["kind"], "timeout");
        assert!(json[0].get("roomTypes").is_none() && json[0].get("role").is_none());
    }
}
