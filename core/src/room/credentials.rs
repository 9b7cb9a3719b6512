//! Credentials of a member: the part of its access token that its room needs. The node with the socket verifies the
//! token; the owner uses the credentials to authorize the member's actions.

use serde::{Deserialize, Serialize};

use roomcast_protocol::access::{Action, Permit};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, UserId};

use crate::room::{Refusal, refuse};

/// The credentials of a member. A server without a key has none and permits everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The subject of the token. A session can be taken over only by the same subject.
    pub subject: UserId,
    /// The name to be shown to others.
    pub name: Option<String>,
    /// Whether it may publish.
    pub publish: bool,
    /// Whether it is a moderator.
    pub moderate: bool,
}

impl Credentials {
    /// Returns the part of a token that a room needs.
    #[must_use]
    pub fn of(permit: &Permit, room: &RoomId) -> Self {
        let (subject, name) = (permit.subject.clone(), permit.name.clone());
        let (publish, moderate) = (permit.allows(Action::Publish, room), permit.allows(Action::Moderate, room));
        Self { subject, name, publish, moderate }
    }
}

/// Returns whether a member with these credentials may publish.
pub(crate) fn may_publish(credentials: Option<&Credentials>) -> bool {
    credentials.is_none_or(|credentials| credentials.publish)
}

/// Returns whether a member with these credentials is a moderator.
pub(crate) fn moderates(credentials: Option<&Credentials>) -> bool {
    credentials.is_some_and(|credentials| credentials.moderate)
}

/// Checks that a session and the JOIN that takes it over have the same subject.
pub(crate) fn check_subject(own: Option<&Credentials>, other: Option<&Credentials>) -> Result<(), Refusal> {
    let subject = |credentials: Option<&Credentials>| credentials.map(|credentials| credentials.subject.clone());
    match subject(own) == subject(other) {
        true => Ok(()),
        false => refuse(AckCode::PermissionNotFound, "the session belongs to another subject"),
    }
}
