//! Signals of members: each is accepted once, in the order of the numbers, and forwarded to other members.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, RoomType, SignalKind};

use super::OwnerEffect;
use super::edges::Edges;
use super::members::Members;
use super::removal::Membership;
use super::said::{Said, anybody};
use crate::cluster::Mutation;
use crate::room::message::{Action, NumberedSignal, SignalRefusal, StayRef};
use crate::room::state::{Publisher, RoomState, names};
use crate::room::{Refusal, refuse};

impl Membership<'_> {
    /// Handles a signal of a stay. Returns how many older signals were dropped for it that a recipient may never have
    /// received.
    pub fn take_signal(
        &mut self,
        stay: &StayRef,
        NumberedSignal { n, signal }: NumberedSignal,
        edges: &Edges,
        out: &mut Vec<OwnerEffect>,
    ) -> usize {
        let Some(member) = self.members.of_stay(stay) else { return 0 };
        // It says nothing of the socket: signals of an absent member may have waited at its edge.
        member.hear();
        if signal.action == Action::Leave {
            self.leave(&stay.member);
            return 0;
        }
        let in_order = !self.settings.breaks(Mutation::NumbersInOrder);
        if n != member.expected && (in_order || n < member.expected) {
            return 0;
        }
        member.expected = n + 1;
        let numbers = member.numbers;
        self.members.confirmations_rose |= numbers;
        let said = Said { stay, n, signal: &signal };
        match self.carry_out(said, edges) {
            Ok(recipients) => self.members.forward(said, &recipients, (self.settings, edges), out),
            Err(Refusal { code, reason }) => {
                let (kind, message) = (signal.action.kind(), signal.text.message);
                self.members.refuse(stay, SignalRefusal { n, kind, code, reason, message }, edges, out);
                0
            }
        }
    }

    /// Executes a signal; returns the members to which it is forwarded.
    fn carry_out(&mut self, said: Said<'_>, edges: &Edges) -> Result<Vec<MemberKey>, Refusal> {
        let (state, members) = (&self.room.state, &*self.members);
        match said.signal.action {
            Action::Relay(kind) => return relayed(state, members, said, kind),
            Action::Watch => return watched(state, members, said),
            Action::PublishRequest(video, audio) => return self.request_to_publish(said, (video, audio)),
            Action::PublishAccept => return self.accept_publishers(said),
            Action::PublishReject => return self.reject_publishers(said),
            Action::Update(video, audio) => self.update(said, (video, audio))?,
            Action::Kick => self.kick(said, edges)?,
            Action::KickAndRevoke => self.kick_and_revoke(said, edges)?,
            Action::Leave | Action::Refused(_) => {}
        }
        Ok(Vec::new())
    }
}

/// Returns the members to which OFFER, ANSWER and ICE are forwarded.
fn relayed(state: &RoomState, members: &Members, said: Said<'_>, kind: SignalKind) -> Result<Vec<MemberKey>, Refusal> {
    let offers = kind == SignalKind::Offer && state.room_type() != RoomType::P2p;
    if offers && !state.publishes(said.sender()) {
        return refuse(AckCode::PermissionNotFound, "only publishers have something to offer");
    }
    let missing = match kind {
        SignalKind::Answer => (AckCode::UserLeft, "the recipient has left"),
        _ => (AckCode::RecipientNotMember, "the recipient is not in the room"),
    };
    anybody(members.recipients(said.sender(), said.signal.to.as_ref(), state), missing)
}

/// Returns the publishing sessions of a user to which a viewer's WATCH is forwarded. They answer with offers.
fn watched(state: &RoomState, members: &Members, said: Said<'_>) -> Result<Vec<MemberKey>, Refusal> {
    let meant = |publisher: &&Publisher| said.signal.to.as_ref().is_some_and(|to| names(to, &publisher.session));
    let publishers = state.publishers().iter().filter(meant).map(|publisher| publisher.session.key());
    let there = publishers.filter(|key| key != said.sender() && members.contains(key));
    let mut recipients: Vec<_> = there.collect();
    recipients.sort();
    anybody(recipients, (AckCode::UserLeft, "`to` does not publish here any more"))
}
