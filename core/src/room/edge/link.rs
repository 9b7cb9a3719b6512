//! The link from an edge to the owner of its room: the attachment, and the messages sent in it.

use roomcast_protocol::code::AckCode;

use super::{EdgeEffect, Members};
use crate::cluster::{BootId, ClusterSettings, Mutation};
use crate::room::message::{AttachmentId, StayRef, ToOwner};
use crate::time::Instant;

/// The refusal of a request that has waited for an owner for too long.
pub(super) const NO_OWNER: (AckCode, &str) = (AckCode::Unavailable, "the room has no owner at the moment; try again");
/// The refusal of a request that waits for a room that has ended.
pub(super) const NO_ROOM: (AckCode, &str) = (AckCode::RoomNotFound, "there is no such room");

/// The attachment with an owner, or the search for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum OwnerLink {
    /// No owner is known.
    #[default]
    Seeking,
    /// `Attach` was sent and has not been answered yet.
    Attaching(BootId, AttachmentId),
    /// The attachment is complete: `Attach` was answered.
    Attached(BootId, AttachmentId),
}

/// The link to the owner.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub owner: OwnerLink,
    /// The packet that carried the last `Attach`.
    attach_packet: Option<u64>,
    /// The time of the last `Attach`.
    attached_at: Instant,
    /// Whether messages were sent that the owner may not have received.
    pub has_unseen: bool,
    /// The time since which the edge has not been needed.
    pub idle_since: Option<Instant>,
}

impl Link {
    /// Records that `Attach` is sent.
    pub const fn begin(&mut self, now: Instant, owner: BootId, id: AttachmentId) {
        self.owner = OwnerLink::Attaching(owner, id);
        (self.attach_packet, self.attached_at) = (None, now);
    }

    pub fn is_seeking(&self) -> bool {
        self.owner == OwnerLink::Seeking
    }

    /// Returns the owner and the attachment with it, whether it is complete or not.
    pub const fn attachment(&self) -> Option<(BootId, AttachmentId)> {
        match self.owner {
            OwnerLink::Seeking => None,
            OwnerLink::Attaching(owner, id) | OwnerLink::Attached(owner, id) => Some((owner, id)),
        }
    }

    /// Returns whether the attachment is complete.
    pub const fn stands(&self) -> bool {
        matches!(self.owner, OwnerLink::Attached(..))
    }

    /// Returns whether the owner is on the same node. Messages to it are function calls and need not be kept.
    pub fn is_local(&self) -> bool {
        matches!(self.owner, OwnerLink::Attached(owner, id) if owner == id.edge)
    }

    /// Sends a message to the owner, if the attachment is complete.
    pub fn send(&self, message: ToOwner, out: &mut Vec<EdgeEffect>) {
        if let OwnerLink::Attached(owner, id) = self.owner {
            out.push(EdgeEffect::Send(owner, id, message));
        }
    }

    /// Reports activity on the present connection to the owner.
    pub fn tell_alive(&self, stay: StayRef, out: &mut Vec<EdgeEffect>) {
        if !stay.is_of_viewer() {
            self.send(ToOwner::Alive(stay), out);
        }
    }

    /// Requests a lookup of the owner, if none is known.
    pub fn seek(&self, out: &mut Vec<EdgeEffect>) {
        out.extend(self.is_seeking().then_some(EdgeEffect::Seek));
    }

    /// Requests a new attachment with the owner.
    pub fn reattach(&self, out: &mut Vec<EdgeEffect>) {
        out.extend(self.attachment().map(|(owner, _)| EdgeEffect::Reattach(owner)));
    }

    /// Records the counter of the packet that carries everything sent in this turn.
    pub fn on_packed(&mut self, members: &mut Members, counter: u64) {
        let Some((_, id)) = self.attachment() else { return };
        self.attach_packet.get_or_insert(counter);
        if self.has_unseen {
            members.values_mut().for_each(|member| member.note_packed(id, counter));
        }
    }

    /// Records that an owner has received the packets up to a counter, so that their signals need not be kept.
    ///
    /// The answer to `Attach` arrives before the acknowledgement of its packet. If it has not arrived, the packet was
    /// lost and a later packet was acknowledged.
    pub fn on_acked(
        &mut self,
        members: &mut Members,
        settings: &ClusterSettings,
        (owner, counter): (BootId, u64),
        out: &mut Vec<EdgeEffect>,
    ) {
        let Some((_, id)) = self.attachment().filter(|(node, _)| *node == owner) else { return };
        let any = settings.breaks(Mutation::AckByAttachment);
        if matches!(self.owner, OwnerLink::Attaching(..)) && !any {
            let lost = self.attach_packet.is_some_and(|packet| packet <= counter);
            out.extend(lost.then_some(EdgeEffect::Reattach(owner)));
        } else if std::mem::take(&mut self.has_unseen) {
            members.values_mut().for_each(|member| member.note_seen((!any).then_some(id), counter));
            members.drop_done();
            self.has_unseen = members.values_mut().any(|member| member.has_unseen());
        }
    }

    /// Returns the time at which an unanswered `Attach` is repeated. This is earlier than the detection of packet loss,
    /// since the members count as absent meanwhile.
    pub fn due(&self, settings: &ClusterSettings) -> Option<Instant> {
        matches!(self.owner, OwnerLink::Attaching(..)).then(|| self.attached_at + settings.ack_timeout)
    }

    /// Returns the time at which an edge that is not needed is released. Without an owner, this is the time until which
    /// players wait.
    pub fn idle_due(&self, is_needed: bool, settings: &ClusterSettings, players_until: Instant) -> Option<Instant> {
        match (self.idle_since, self.owner) {
            _ if is_needed => None,
            (None, _) => Some(Instant(0)),
            (Some(_), OwnerLink::Seeking) => Some(players_until),
            (Some(_), OwnerLink::Attaching(..)) => None,
            (Some(since), OwnerLink::Attached(..)) => Some(since + settings.edge_idle),
        }
    }
}
