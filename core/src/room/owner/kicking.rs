//! Kicks, with or without revocation of the kicked user's tokens in this room.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::RoomType;

use super::edges::Edges;
use super::effect::KickRevocation;
use super::journal::OnCommit;
use super::record::Field;
use super::removal::Membership;
use super::said::Said;
use crate::cluster::Mutation;
use crate::room::message::StayEnd;
use crate::room::state::RoomCommand;
use crate::room::{Refusal, refuse};

impl Membership<'_> {
    /// Removes the sessions that a kick names.
    pub fn kick(&mut self, said: Said<'_>, edges: &Edges) -> Result<(), Refusal> {
        let Some(to) = &said.signal.to else { return refuse(AckCode::InvalidSignal, "`to` is missing") };
        self.turn.check_fresh()?;
        let kicked = self.members.named(to);
        // Viewers of edges are not known here: any user may be one.
        let there = !kicked.is_empty() || edges.have_viewers();
        if kicked.iter().any(|key| key != said.sender() && self.members.moderates(key)) {
            return refuse(AckCode::PermissionNotFound, "a moderator cannot be kicked");
        }
        let (by, moderates) = (said.sender().clone(), self.members.moderates(said.sender()));
        let command = RoomCommand::Kick { by, to: to.clone(), there, moderates };
        let list_changed = self.decide(&command)?;
        let journal = &mut self.room.journal;
        journal.change(Field::Room);
        self.members.hold_until_journaled(said, journal);
        if self.room.state.room_type() == RoomType::P2m {
            journal.defer(OnCommit::Kicked(to.clone(), said.signal.text.data()));
        }
        for key in kicked {
            let Some(member) = self.members.remove(&key) else { continue };
            journal.change(Field::Member(key));
            let stay_end = StayEnd::Kicked(member.backlog.last() + 1, said.signal.text.data());
            journal.defer(OnCommit::StayEnd(member.edge, member.stay_ref(), stay_end));
            journal.defer(OnCommit::Released(member.backlog.held()));
        }
        if list_changed {
            self.end_unpublished();
        }
        Ok(())
    }

    /// Removes the sessions that a kick names, and requests the revocation of their user's tokens in this room.
    pub fn kick_and_revoke(&mut self, said: Said<'_>, edges: &Edges) -> Result<(), Refusal> {
        if !self.members.moderates(said.sender()) {
            return refuse(AckCode::PermissionNotFound, "only moderators revoke tokens");
        }
        self.kick(said, edges)?;
        // Before it is told of its kick, a member would take its token for one that is over.
        if let Some(to) = said.signal.to.as_ref().filter(|_| !self.settings.breaks(Mutation::RevokeWithKick)) {
            let (by, message) = (said.stay.clone(), said.signal.text.message.clone());
            let revocation = KickRevocation { user: to.user_id().clone(), by, n: said.n, message };
            self.room.journal.defer(OnCommit::Revoked(Box::new(revocation)));
        }
        Ok(())
    }
}
