//! `OFFER`, `ANSWER`, `ICE` and `WATCH`: from one member to another, the sender's JSON untouched.
//!
//! Nothing comes back to the session that sent it: `to` with the sender's own user id means that user's other
//! sessions, and the sender's own session counts as not there.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType, Signal, SignalKind};

use super::effect::{ConnectionId, Effect};
use super::shared::Aim;
use super::{Refusal, Room, refuse};

/// The answer when nobody is there.
pub(super) type Missing = (AckCode, &'static str);

/// What a member says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub by: &'a MemberKey,
    pub connection: ConnectionId,
    pub signal: &'a Signal,
}

impl Room {
    pub(super) fn relay(&mut self, said: Said<'_>, kind: SignalKind, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let offers = kind == SignalKind::Offer && self.stage.room_type() != RoomType::P2p;
        if offers && !self.stage.publishes(said.by) {
            return refuse(AckCode::PermissionNotFound, "only publishers have something to offer");
        }
        let missing = match kind {
            SignalKind::Answer => (AckCode::UserLeft, "the recipient has left"),
            _ => (AckCode::RecipientNotMember, "the recipient is not in the room"),
        };
        self.pass_on(said, self.aim(said), missing, out)
    }

    /// Passes a viewer's wish on to the publishing sessions of a user, which answer with offers.
    pub(super) fn watch_publisher(&mut self, said: Said<'_>, out: &mut Vec<Effect>) -> Result<(), Refusal> {
        let to = said.signal.head.recipient.as_ref();
        let meant = |session: &_| to.is_some_and(|to| super::stage::names(to, session));
        let publishers = self.stage.publishers().iter().map(|publisher| &publisher.session);
        let mut aim: Vec<_> = publishers.filter(|session| meant(session)).map(|session| session.key()).collect();
        aim.sort();
        let missing = (AckCode::UserLeft, "`to` does not publish here any more");
        self.pass_on(said, Aim::Sessions(aim), missing, out)
    }

    /// Whom a signal is for. Where `to` is left out, as a call permits, the other user.
    pub(super) fn aim(&self, said: Said<'_>) -> Aim {
        match &said.signal.head.recipient {
            Some(Recipient::User(user)) => Aim::User(user.clone()),
            Some(Recipient::Session(key)) => Aim::Sessions(vec![key.clone()]),
            None => {
                let publishers = self.stage.publishers().iter().map(|publisher| publisher.session.key());
                Aim::Sessions(publishers.filter(|key| key.user_id != said.by.user_id).collect())
            }
        }
    }

    /// Passes a signal on as it was sent, to everyone it is for other than its sender.
    pub(super) fn pass_on(
        &mut self,
        said: Said<'_>,
        aim: Aim,
        missing: Missing,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let mut here = match &aim {
            Aim::User(user) => self.members.meant(&Recipient::User(user.clone())),
            Aim::Sessions(keys) => keys.iter().filter(|key| self.members.contains(key)).cloned().collect(),
        };
        here.retain(|key| key != said.by);
        if self.shared.is_some() {
            return self.pass_on_shared(said, aim, here, missing, out);
        }
        if here.is_empty() {
            return refuse(missing.0, missing.1);
        }
        self.forward(&here, said.signal, out);
        Ok(())
    }

    pub(super) fn forward(&mut self, to: &[MemberKey], signal: &Signal, out: &mut Vec<Effect>) {
        for key in to {
            if let Some(member) = self.members.get_mut(key) {
                member.forward(signal.raw(), out);
            }
        }
    }
}
