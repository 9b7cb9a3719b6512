//! Roles of newcomers, and the number of places for each role.

use std::collections::BTreeSet;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::UserId;
use roomcast_protocol::limits::{GROUP_PUBLISHERS, P2P_USERS, PARTICIPANTS};
use roomcast_protocol::signal::{RoomType, Session};

use super::RoomState;
use crate::room::{Refusal, refuse};
use crate::time::Instant;

impl RoomState {
    /// Returns whether a newcomer becomes a publisher, or why there is no place.
    ///
    /// The creator of the room becomes a publisher; so does a further session of a user that publishes, and a user that
    /// the room waits for. While the room has a publisher, a former publisher that returns is a viewer like any other;
    /// so is a newcomer whose token does not grant `publish`.
    pub(super) fn place_for(&self, session: &Session, may_publish: bool) -> Result<bool, Refusal> {
        let user = &session.user_id;
        let publisher = match self.room_type {
            RoomType::P2p => self.place_in_call(session).map(|()| true)?,
            _ => may_publish && (!self.opened || self.publishes_as(user) || self.grace_period.awaits(user)),
        };
        if publisher && self.free_places() == 0 {
            return refuse(AckCode::RoomFull, "the room has as many publishers as it may");
        }
        Ok(publisher)
    }

    /// Checks whether a further session of a user could publish in a broadcast of this name: a new one, or one in which
    /// the user is a publisher or is waited for.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, now: Instant, user: &UserId) -> Result<(), Refusal> {
        if self.kicked.contains(now, user) {
            return refuse(AckCode::PermissionNotFound, "the user was put out of this room");
        }
        if !self.opened {
            return Ok(());
        }
        if self.room_type != RoomType::P2m {
            return refuse(AckCode::PermissionNotFound, "the room is no broadcast");
        }
        if !self.publishes_as(user) && !self.grace_period.awaits(user) {
            return refuse(AckCode::PermissionNotFound, "another publishes in this room");
        }
        if self.free_places() == 0 {
            return refuse(AckCode::RoomFull, "the room has as many publishers as it may");
        }
        Ok(())
    }

    /// Returns the number of further members that may publish.
    pub(super) const fn free_places(&self) -> usize {
        let places = match self.room_type {
            RoomType::M2m | RoomType::A2m => GROUP_PUBLISHERS,
            RoomType::P2p | RoomType::P2m => PARTICIPANTS,
        };
        places.saturating_sub(self.publishers.len())
    }

    /// Checks whether a call has a place for a session. A call has two users, each with at most one session of each
    /// category.
    fn place_in_call(&self, session: &Session) -> Result<(), Refusal> {
        let users: BTreeSet<&UserId> = self.publishers.iter().map(|publisher| &publisher.session.user_id).collect();
        if !users.contains(&session.user_id) && users.len() >= P2P_USERS {
            return refuse(AckCode::RoomFull, "the call has two users already");
        }
        let mut own = self.publishers.iter().filter(|publisher| publisher.session.user_id == session.user_id);
        if own.any(|publisher| publisher.session.category == session.category) {
            return refuse(AckCode::RoomFull, "the user has a session of this category in the call already");
        }
        Ok(())
    }
}
