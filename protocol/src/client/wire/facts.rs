//! Facts about a message or a dial that the conditions of the wire table are matched against.

use serde_json::Value;

use crate::signal::MemberKey;

/// Known facts about a message or a failed dial. `None`: the message or dial says nothing about it, as where a member is
/// absent or has a wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts<'a> {
    /// The HTTP status of a dial that failed; 0: there was no answer.
    pub status: Option<u16>,
    /// The name.
    pub s: Option<&'a str>,
    /// The code of an ack.
    pub c: Option<u16>,
    /// Whether a forwarded signal names this session.
    pub to_self: Option<bool>,
    /// The role in a join ack.
    pub pt: Option<&'a str>,
    /// Whether the list has this session.
    pub me: Option<bool>,
    /// Whether the list has another user.
    pub others: Option<bool>,
    /// Offers of this client that are without an answer.
    pub open: Option<u64>,
}

impl<'a> Facts<'a> {
    /// Facts of a message of the server to this session, after which `open` offers are without an answer.
    #[must_use]
    pub fn of_message(message: &'a Value, session: &MemberKey, open: u64) -> Self {
        let (user, id) = (session.user_id.as_str(), session.session_id.as_str());
        let body = &message["b"];
        let list = body["pps"].as_array();
        Self {
            status: None,
            s: message["s"].as_str(),
            c: message["c"].as_u64().and_then(|code| u16::try_from(code).ok()),
            to_self: message.get("to").map(|to| names(to, user, id)),
            pt: body["pt"].as_str(),
            me: list.map(|list| list.iter().any(|one| one["userId"] == user && one["sessionId"] == id)),
            others: list.map(|list| list.iter().any(|one| one["userId"].as_str().is_some_and(|other| other != user))),
            open: Some(open),
        }
    }

    /// Facts of an ack, limited to its name and code.
    #[must_use]
    pub fn of_ack(name: &'a str, code: u16) -> Self {
        Self { s: Some(name), c: Some(code), ..Self::default() }
    }

    /// Facts of a dial that did not lead to a WebSocket.
    #[must_use]
    pub fn of_dial(status: Option<u16>) -> Self {
        Self { status: Some(status.unwrap_or(0)), ..Self::default() }
    }
}

fn names(to: &Value, user: &str, session: &str) -> bool {
    *to == user || (to["userId"] == user && to.get("sessionId").is_none_or(|id| id == session))
}
