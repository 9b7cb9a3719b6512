//! `OFFER`, `ANSWER`, `ICE` and `WATCH`: from one member to another, the sender's JSON untouched.
//!
//! Nothing comes back to the session that sent it: `to` with the sender's own user id means that user's other
//! sessions, and the sender's own session counts as not there.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, RoomType, Signal, SignalKind};

use super::effect::Effect;
use super::{Refusal, Room, refuse};

impl Room {
    pub(super) fn relay(
        &mut self,
        from: &MemberKey,
        kind: SignalKind,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let offers = kind == SignalKind::Offer && self.room_type != RoomType::P2p;
        if offers && !self.publishers.contains(from) {
            return refuse(AckCode::PermissionNotFound, "only publishers have something to offer");
        }
        let to = self.others(from, signal);
        if to.is_empty() {
            return match kind {
                SignalKind::Answer => refuse(AckCode::UserLeft, "the recipient has left"),
                _ => refuse(AckCode::RecipientNotMember, "the recipient is not in the room"),
            };
        }
        self.forward(&to, signal, out);
        Ok(())
    }

    /// Passes a viewer's wish on to the publishing sessions of a user, which answer with offers.
    pub(super) fn watch_publisher(
        &mut self,
        from: &MemberKey,
        signal: &Signal,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let mut to = self.others(from, signal);
        to.retain(|key| self.publishers.contains(key));
        if to.is_empty() {
            return refuse(AckCode::UserLeft, "`to` does not publish here any more");
        }
        self.forward(&to, signal, out);
        Ok(())
    }

    /// Whom a signal is for, other than its sender. Where `to` is left out, as a call permits, the other user.
    pub(super) fn others(&self, from: &MemberKey, signal: &Signal) -> Vec<MemberKey> {
        let Some(to) = &signal.head.recipient else {
            return self.publishers.iter().filter(|key| key.user_id != from.user_id).cloned().collect();
        };
        let mut keys = self.members.meant(to);
        keys.retain(|key| key != from);
        keys
    }
}
