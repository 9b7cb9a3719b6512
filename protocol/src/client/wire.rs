//! Table of the meanings that messages of the server, failed dials and refused upgrades have for the machine.
//!
//! Every line whose condition holds counts, in order. The same table drives an interpreter in any language, which needs
//! to know of a message no more than [`Facts`] holds. Close codes have a table of their own.

mod facts;
mod leave;
mod wired;

use schemars::JsonSchema;
use serde::Serialize;

pub use facts::Facts;
pub use leave::{LEAVE, LeaveAct, LeaveRow};
pub use wired::{COUNTED, Cause, Counted, Done, Wired};

use super::outcome::Outcome;
use super::state::Event;
use super::watchdog::{Observation, Role};
use crate::ack::name::{PUBLISH_LIST_CHANGED, ROOM_CLOSED};
use crate::code::AckCode;
use crate::signal::SignalKind;

/// A condition: every member that is present must hold. A fact that is not known fulfils none, and no `not…` either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct When {
    /// True: a dial that did not lead to a WebSocket, and no message.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dial: bool,
    /// The HTTP status that refused the upgrade is one of these; 0 stands for no answer at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static [u16]>,
    /// The HTTP status is none of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_status: Option<&'static [u16]>,
    /// The message's `s` is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s: Option<&'static [&'static str]>,
    /// The message's `s` is none of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_s: Option<&'static [&'static str]>,
    /// The message's `c` is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c: Option<&'static [u16]>,
    /// The message has a `c`, and it is none of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_c: Option<&'static [u16]>,
    /// Whether `to` of a forwarded signal names this session: by its user, or by both ids.
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    pub to_self: Option<bool>,
    /// `b.pt` is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pt: Option<&'static [&'static str]>,
    /// Whether `b.pps` lists this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<bool>,
    /// Whether `b.pps` lists another user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<bool>,
    /// Number of this client's `OFFER`s without an `ANSWER` after this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<u64>,
}

/// A line of the table, with one of its four meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WireRow {
    /// The condition.
    pub when: When,
    /// An event that happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// Something that the watchdog sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// The outcome to act on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The side on which the client is from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

const ANY: When = When {
    dial: false,
    status: None,
    not_status: None,
    s: None,
    not_s: None,
    c: None,
    not_c: None,
    to_self: None,
    pt: None,
    me: None,
    others: None,
    open: None,
};
const NOTHING: WireRow = WireRow { when: ANY, event: None, observation: None, outcome: None, role: None };

const fn happens(when: When, event: Event) -> WireRow {
    WireRow { when, event: Some(event), ..NOTHING }
}

const fn shows(when: When, observation: Observation) -> WireRow {
    WireRow { when, observation: Some(observation), ..NOTHING }
}

const fn asks(when: When, outcome: Outcome) -> WireRow {
    WireRow { when, outcome: Some(outcome), ..NOTHING }
}

const fn makes(when: When, role: Role) -> WireRow {
    WireRow { when, role: Some(role), ..NOTHING }
}

const JOIN: When = When { s: Some(&[SignalKind::Join.name()]), ..ANY };
const JOINED: When = When { c: Some(&[AckCode::Ok.number()]), ..JOIN };
const UNAVAILABLE: When = When { c: Some(&[AckCode::Unavailable.number()]), ..JOIN };
const HEARTBEAT: When = When { s: Some(&[SignalKind::Heartbeat.name()]), ..ANY };
/// Messages that repeat the list of publishers to a member.
const LIST: When = When { s: Some(&[SignalKind::Heartbeat.name(), PUBLISH_LIST_CHANGED]), ..ANY };
const ANY_LIST: When =
    When { s: Some(&[SignalKind::Join.name(), SignalKind::Heartbeat.name(), PUBLISH_LIST_CHANGED]), ..ANY };
const NOT_LET_IN: &[u16] = &[AckCode::Unauthenticated.http(), AckCode::PermissionNotFound.http()];

/// Every line.
pub const WIRE: &[WireRow] = &[
    happens(JOINED, Event::JoinAccepted),
    shows(UNAVAILABLE, Observation::JoinUnavailable),
    asks(UNAVAILABLE, Outcome::Redial),
    happens(When { not_c: Some(&[AckCode::Ok.number(), AckCode::Unavailable.number()]), ..JOIN }, Event::JoinRefused),
    makes(When { pt: Some(&["admin", "publisher"]), ..JOINED }, Role::Publisher),
    makes(When { pt: Some(&["viewer"]), ..JOINED }, Role::Viewer),
    shows(When { c: Some(&[AckCode::Ok.number()]), ..HEARTBEAT }, Observation::HeartbeatAnswered),
    // The server has forgotten the member or the room: it was silent for too long.
    shows(
        When { c: Some(&[AckCode::RoomNotFound.number(), AckCode::NotRoomMember.number()]), ..HEARTBEAT },
        Observation::CriticalFailure,
    ),
    happens(When { not_s: JOIN.s, c: Some(&[AckCode::Internal.number()]), ..ANY }, Event::Unrecoverable),
    happens(When { s: Some(&[SignalKind::Kick.name()]), to_self: Some(true), ..ANY }, Event::Unrecoverable),
    happens(When { s: Some(&[ROOM_CLOSED]), ..ANY }, Event::Unrecoverable),
    // Accepted among the publishers, or among them no more.
    makes(When { me: Some(true), ..LIST }, Role::Publisher),
    makes(When { me: Some(false), ..LIST }, Role::Viewer),
    shows(When { others: Some(false), ..ANY_LIST }, Observation::CalleeAbsent),
    shows(When { others: Some(true), ..ANY_LIST }, Observation::CalleePresent),
    shows(When { s: Some(&[SignalKind::Answer.name()]), open: Some(0), ..ANY }, Observation::AnswerReceived),
    asks(When { dial: true, status: Some(NOT_LET_IN), ..ANY }, Outcome::Fail),
    asks(When { dial: true, not_status: Some(NOT_LET_IN), ..ANY }, Outcome::Reconnect),
];

impl When {
    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        fn among<T: PartialEq>(wanted: Option<&[T]>, not: Option<&[T]>, fact: Option<T>) -> bool {
            let is = |list: &[T]| fact.as_ref().is_some_and(|fact| list.contains(fact));
            wanted.is_none_or(is) && not.is_none_or(|list| fact.is_some() && !is(list))
        }
        fn is<T: PartialEq>(wanted: Option<T>, fact: Option<T>) -> bool {
            wanted.is_none() || wanted == fact
        }
        self.dial == facts.status.is_some()
            && among(self.status, self.not_status, facts.status)
            && among(self.s, self.not_s, facts.s)
            && among(self.c, self.not_c, facts.c)
            && among(self.pt, None, facts.pt)
            && is(self.to_self, facts.to_self)
            && is(self.me, facts.me)
            && is(self.others, facts.others)
            && is(self.open, facts.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_one_meaning_and_a_condition() {
        for row in WIRE {
            let json = serde_json::to_value(row).unwrap();
            assert_eq!(json.as_object().unwrap().len(), 2, "{json}");
            assert_ne!(row.when, When::default());
        }
    }

    #[test]
    fn the_table_is_of_one_mind_with_the_registry_of_codes() {
        use crate::code::{Asked, Reaction};
        for code in AckCode::ALL {
            let means = |s| {
                let facts = Facts { s: Some(s), c: Some(code.number()), ..Facts::default() };
                WIRE.iter().filter(|row| row.when.holds(&facts)).copied().collect::<Vec<_>>()
            };
            let join = means("JOIN");
            let ends = join.iter().any(|row| row.event == Some(Event::JoinRefused));
            assert_eq!(ends, code.reaction(Asked::Join) == Reaction::Fail, "{code:?}");
            let redials = join.iter().any(|row| row.outcome == Some(Outcome::Redial));
            assert_eq!(redials, code.reaction(Asked::Join) == Reaction::Retry, "{code:?}");
            let beat = means("HEARTBEAT");
            let rejoins = beat.iter().any(|row| row.observation == Some(Observation::CriticalFailure));
            assert_eq!(rejoins, code.reaction(Asked::Heartbeat) == Reaction::Rejoin, "{code:?}");
            let fails = means("OFFER").iter().any(|row| row.event == Some(Event::Unrecoverable));
            assert_eq!(fails, code.reaction(Asked::Other) == Reaction::Fail, "{code:?}");
            let dial = Facts::of_dial(Some(code.http()));
            let refused = WIRE.iter().any(|row| row.when.holds(&dial) && row.outcome == Some(Outcome::Fail));
            assert_eq!(refused, code.reaction(Asked::Dial) == Reaction::Fail, "{code:?}");
        }
    }
}
