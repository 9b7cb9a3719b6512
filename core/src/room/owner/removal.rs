//! Membership: the parts that depend on the members and publishers of a room, and the removal of members.

use std::time::Duration;

use roomcast_protocol::signal::MemberKey;

use super::effect::Turn;
use super::journal::OnCommit;
use super::members::Members;
use super::record::Field;
use super::room::JournaledRoom;
use super::streams::OwnedStreams;
use crate::cluster::ClusterSettings;
use crate::cluster::settings::millis;
use crate::room::Refusal;
use crate::room::message::StayRef;
use crate::room::state::RoomCommand;
use crate::time::Instant;

/// The parts that change when members join, leave, or start or stop publishing. The streams end with the last
/// publisher.
pub(super) struct Membership<'a> {
    pub turn: Turn,
    pub settings: &'a ClusterSettings,
    pub room: &'a mut JournaledRoom,
    pub members: &'a mut Members,
    pub streams: &'a mut OwnedStreams,
}

impl Membership<'_> {
    /// Applies a command to the state, or refuses it; returns whether the list has changed.
    pub fn decide(&mut self, command: &RoomCommand) -> Result<bool, Refusal> {
        self.room.decide(self.turn.shared, command)
    }

    /// Removes a member from the room. Confirmations that its backlog delayed are released once the removal is
    /// journaled. Returns whether the list has changed.
    pub fn remove(&mut self, key: &MemberKey) -> bool {
        let Some(member) = self.members.remove(key) else { return false };
        self.room.journal.change(Field::Member(key.clone()));
        self.room.journal.defer(OnCommit::Released(member.backlog.held()));
        self.decide(&RoomCommand::Leave { key: key.clone() }) == Ok(true)
    }

    /// Records that a member has had no socket for this long.
    pub fn note_absent(&mut self, stay: &StayRef, age: Duration) {
        let since = Instant(self.turn.now.0.saturating_sub(millis(age)));
        self.members.note_absent(|member| member.stay_ref() == *stay, since);
        if age > self.settings.heartbeat_timeout {
            self.remove_absent();
        }
    }

    /// Removes the members that have been absent for too long, and schedules the checks of those still absent.
    pub fn remove_absent(&mut self) {
        if self.turn.fresh {
            let over = self.members.absent_for_too_long(self.turn.now, self.settings);
            over.iter().for_each(|key| _ = self.remove(key));
        }
        self.members.schedule_absences();
    }

    /// Removes a member that leaves by itself. A streamer's broadcast ends with it.
    pub fn leave(&mut self, key: &MemberKey) {
        if self.remove(key) {
            self.end_unpublished();
        }
    }

    /// Ends the streams if the room has no publisher left.
    pub fn end_unpublished(&mut self) {
        if self.room.state.publishers().is_empty() {
            self.streams.end_all(self.room, self.turn.shared);
        }
    }
}
