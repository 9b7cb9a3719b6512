//! `OFFER`, `ANSWER` and `ICE`: from one member to another, the sender's JSON untouched.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, Signal, SignalKind};

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
        let to = signal.head.recipient.as_ref();
        let meant = |key: &MemberKey| match to {
            Some(recipient) => recipient.matches(key) && key != from,
            None => key.user_id != from.user_id,
        };
        let object = signal.raw().into();
        let mut found = false;
        for (_, member) in self.members.iter_mut().filter(|(key, _)| meant(key)) {
            member.deliver(&object, false, out);
            found = true;
        }
        match (found, kind) {
            (true, _) => Ok(()),
            (false, SignalKind::Answer) => refuse(AckCode::UserLeft, "the recipient has left"),
            (false, _) => refuse(AckCode::RecipientNotMember, "the recipient is not in the room"),
        }
    }
}
