//! Membership: the parts that change with who is in the room and who publishes, and the one path by which members go.

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

/// The parts that change as members come, go, and begin or end to publish: the streams end with the last publisher.
pub(super) struct Membership<'a> {
    pub turn: Turn,
    pub settings: &'a ClusterSettings,
    pub room: &'a mut JournaledRoom,
    pub members: &'a mut Members,
    pub streams: &'a mut OwnedStreams,
}

impl Membership<'_> {
    /// Decides a change of the state; returns whether the list has changed.
    pub fn decide(&mut self, command: &RoomCommand) -> Result<bool, Refusal> {
        self.room.decide(self.turn.shared, command)
    }

    /// Takes a member out of the room. What its backlog held is released once the journal has the removal. Gives
    /// whether the list has changed.
    pub fn remove(&mut self, key: &MemberKey) -> bool {
        let Some(member) = self.members.remove(key) else { return false };
        self.room.journal.change(Field::Member(key.clone()));
        self.room.journal.defer(OnCommit::Released(member.backlog.held()));
        self.decide(&RoomCommand::Leave { key: key.clone() }) == Ok(true)
    }

    /// Notes that a member has had no socket for this long.
    pub fn note_absent(&mut self, stay: &StayRef, age: Duration) {
        let since = Instant(self.turn.now.0.saturating_sub(millis(age)));
        self.members.note_absent(|member| member.stay_ref() == *stay, since);
        if age > self.settings.heartbeat_timeout {
            self.remove_absent();
        }
    }

    /// Removes who has been absent for too long, and notes who is absent still.
    pub fn remove_absent(&mut self) {
        if self.turn.fresh {
            let over = self.members.absent_for_too_long(self.turn.now, self.settings);
            over.iter().for_each(|key| _ = self.remove(key));
        }
        self.members.schedule_absences();
    }

    /// A member goes of its own accord; a streamer's broadcast ends with it.
    pub fn leave(&mut self, key: &MemberKey) {
        if self.remove(key) {
            self.end_unpublished();
        }
    }

    /// Ends the streams if nobody publishes any more.
    pub fn end_unpublished(&mut self) {
        if self.room.state.publishers().is_empty() {
            self.streams.end_all(self.room, self.turn.shared);
        }
    }
}
