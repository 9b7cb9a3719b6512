//! A kick that also revokes: behind it, the tokens of the kicked are refused in this room.

use bytestring::ByteString;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::SignalKind;

use super::journal::OnCommit;
use super::signals::Sender;
use super::{Owner, OwnerEffect, Turn};
use crate::cluster::Mutation;
use crate::room::message::{Signal, SignalRefusal, StayRef, ToEdge};
use crate::room::{Refusal, refuse};
use roomcast_protocol::code::AckCode;

/// The revocation that the kick of a moderator demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KickRevocation {
    /// The subject whose tokens are revoked in this room.
    pub user: UserId,
    by: StayRef,
    n: u64,
    message: ByteString,
}

impl Owner {
    /// Puts sessions out, and has the tokens of their user refused in this room.
    pub(super) fn kick_and_revoke(&mut self, turn: Turn, from: Sender<'_>, signal: &Signal) -> Result<(), Refusal> {
        if !self.members.moderates(&from.stay.member) {
            return refuse(AckCode::PermissionNotFound, "only moderators revoke tokens");
        }
        self.kick(turn, from, signal)?;
        // Before it is told of its kick, a member would take its token for one that is over.
        if let Some(to) = signal.to.as_ref().filter(|_| !self.settings.breaks(Mutation::RevokeWithKick)) {
            let (by, message) = (from.stay.clone(), signal.text.message.clone());
            let revocation = KickRevocation { user: to.user_id().clone(), by, n: from.n, message };
            self.journal.defer(OnCommit::Revoked(Box::new(revocation)));
        }
        Ok(())
    }

    /// Tells a moderator that tokens are not revoked, or not on all nodes; the kick counts.
    pub fn on_not_revoked(&self, revocation: KickRevocation, refusal: Refusal, out: &mut Vec<OwnerEffect>) {
        let KickRevocation { by, n, message, .. } = revocation;
        let Some(member) = self.members.get(&by.member).filter(|member| member.stay == by.stay) else { return };
        let Refusal { code, reason } = refusal;
        let refused = SignalRefusal { n, kind: SignalKind::Kick, code, reason, message };
        self.edges.send(member.edge, ToEdge::Refused(by, Box::new(refused)), out);
    }
}
