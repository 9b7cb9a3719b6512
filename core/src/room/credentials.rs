//! Credentials of a member: the part of its access token that its room needs. The node with the socket has checked
//! the token; the owner judges by this what the member may do.

use serde::{Deserialize, Serialize};

use roomcast_protocol::access::{Action, Permit};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, UserId};

use crate::room::{Refusal, refuse};

/// The credentials of a member at a server with a key; a server without one knows none and grants everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The subject of the token. A session is taken over only by the same.
    pub subject: UserId,
    /// The name to be shown to others.
    pub name: Option<String>,
    /// Whether it may publish.
    pub publish: bool,
    /// Whether it moderates.
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

/// Returns whether a member with these credentials moderates.
pub(crate) fn moderates(credentials: Option<&Credentials>) -> bool {
    credentials.is_some_and(|credentials| credentials.moderate)
}

/// Checks that a session is taken over by its own subject.
pub(crate) fn check_subject(own: Option<&Credentials>, other: Option<&Credentials>) -> Result<(), Refusal> {
    let subject = |credentials: Option<&Credentials>| credentials.map(|credentials| credentials.subject.clone());
    match subject(own) == subject(other) {
        true => Ok(()),
        false => refuse(AckCode::PermissionNotFound, "the session belongs to another subject"),
    }
}
