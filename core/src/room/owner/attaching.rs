//! Attachment: synchronizes the owner with the state that edges and clients still hold.

use roomcast_protocol::signal::RoomType;

use super::OwnerEffect;
use super::edges::Edges;
use super::journal::OnCommit;
use super::list::AnnouncedList;
use super::member::{OwnedMember, Presence};
use super::record::Field;
use super::removal::Membership;
use crate::cluster::{Life, Mutation};
use crate::room::message::{Attach, Attached, AttachedMember, AttachmentId, StayEnd, ToEdge};
use crate::time::Instant;

/// The action for a member that an edge names in `Attach`.
enum Named {
    /// The member has returned: its new credentials are stored, and missed messages are sent.
    Back,
    /// The member leaves the room.
    Leaves,
    /// The stay of the member has ended.
    Over(StayEnd),
}

impl Membership<'_> {
    /// Answers `Attach` and synchronizes the state of the edge and its members.
    pub fn attach(
        &mut self,
        (id, attach): (AttachmentId, &Attach),
        (term, life): (u64, Life),
        (list, edges): (&mut AnnouncedList, &Edges),
        out: &mut Vec<OwnerEffect>,
    ) {
        if attach.life == Some(life) {
            list.count_on_above(attach.list);
        }
        let same_life = attach.life.is_none_or(|known| known == life);
        let shown = if same_life { &attach.streams[..] } else { &[] };
        self.streams.catch_up(self.room, self.turn.shared, (shown, edges), out);
        let room_type = self.room.state.room_type();
        let kicks = if room_type == RoomType::P2m { self.room.state.kicks(self.turn.shared) } else { Vec::new() };
        let (streams, newest) = (self.streams.updates_for(id.edge, shown), list.newest().clone());
        let attached = Attached { term, life, room_type, list: newest, streams, kicks };
        edges.send(id.edge, ToEdge::Attached(Box::new(attached)), out);
        for named in &attach.members {
            match if same_life { self.bring_back(id, named) } else { Named::Over(StayEnd::Unknown) } {
                Named::Back => self.members.replay(&named.stay.member, named.written, (list.newest(), edges), out),
                Named::Leaves => self.leave(&named.stay.member),
                Named::Over(_) if named.leaving => {}
                Named::Over(stay_end) => edges.send(id.edge, ToEdge::EndStay(named.stay.clone(), stay_end), out),
            }
        }
        let is_missing = |member: &OwnedMember| {
            let is_named = || attach.members.iter().any(|named| named.stay == member.stay_ref());
            member.edge == id.edge && member.committed && !is_named()
        };
        self.members.note_absent(is_missing, self.turn.now);
        if attach.list != list.version() && !attach.members.is_empty() {
            list.show_at(id.edge, self.members, edges, out);
        }
    }

    /// Synchronizes the state of a member that an edge names.
    fn bring_back(&mut self, id: AttachmentId, named: &AttachedMember) -> Named {
        let key = &named.stay.member;
        self.members.note_stay(named.stay.stay);
        let Some(member) = self.members.get_mut(key) else { return Named::Over(StayEnd::Unknown) };
        if member.stay > named.stay.stay {
            return Named::Over(StayEnd::TakenOver);
        }
        if named.leaving {
            return Named::Leaves;
        }
        let newer = named.stay.stay > member.stay;
        let (edge_before, before) = (member.edge, member.stay_ref());
        member.note_attached(id, named, self.turn.now);
        if !self.settings.breaks(Mutation::ConfirmAgain) {
            member.told = 0;
        }
        let presence = member.presence;
        self.members.absences.note(presence);
        self.members.confirmations_rose = true;
        self.members.note_received(&named.stay, named.had, named.confirms);
        if newer || edge_before != id.edge {
            self.room.journal.change(Field::Member(key.clone()));
        }
        if newer && edge_before != id.edge {
            self.room.journal.defer(OnCommit::StayEnd(edge_before, before, StayEnd::TakenOver));
        }
        if let Some(credentials) = named.renewed.as_deref() {
            self.renew(&named.stay, credentials.clone());
        }
        Named::Back
    }
}

impl OwnedMember {
    fn note_attached(&mut self, id: AttachmentId, named: &AttachedMember, now: Instant) {
        let newer = named.stay.stay > self.stay;
        (self.edge, self.stay, self.committed) = (id.edge, named.stay.stay, true);
        (self.confirms, self.numbers) = (named.confirms, named.numbers);
        self.presence = match named.absent {
            None => Presence::Present,
            Some(age) => Presence::Absent(Instant(now.0.saturating_sub(crate::cluster::settings::millis(age)))),
        };
        let next = named.n + 1;
        self.expected = if newer && !self.numbers { next } else { self.expected.max(next) };
        self.backlog.count_on_above(named.written);
    }
}
