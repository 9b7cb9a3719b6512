//! Takeover and attachment: how the owner comes to know what edges and clients still have.

use std::collections::BTreeMap;

use roomcast_protocol::signal::{MemberKey, RoomType};

use super::backlog::Backlog;
use super::journal::OnCommit;
use super::member::{OwnedMember, Presence};
use super::record::{Field, MemberRecord, UndeliveredRecord, Value};
use super::{Owner, OwnerEffect, Turn, first_number};
use crate::cluster::Mutation;
use crate::room::message::{Attach, Attached, AttachedMember, AttachmentId, StayEnd, ToEdge};
use crate::time::Instant;

impl Owner {
    /// Takes the state over from the journal. Everybody begins absent, and comes back by `Attach` or JOIN.
    ///
    /// A stale journal may lack the last writes: a member that was removed, and whose backlog is gone, is a member
    /// again, and has to be told of the loss.
    pub(super) fn restore(&mut self, turn: Turn, journal: Vec<(Field, Value)>, stale: bool) {
        let mut kept: BTreeMap<MemberKey, UndeliveredRecord> = BTreeMap::new();
        let mut records: Vec<MemberRecord> = Vec::new();
        let (mut streams, mut entries) = (Vec::new(), BTreeMap::new());
        for (field, value) in journal {
            match (field, value) {
                (_, Value::Room(state)) => self.state = *state,
                (_, Value::Member(record)) => records.push(*record),
                (Field::Undelivered(key), Value::Undelivered(record)) => {
                    self.journal.change(Field::Undelivered(key.clone()));
                    kept.insert(key, *record);
                }
                (Field::Stream(playlist), Value::Stream(text)) => streams.push((playlist, text)),
                (Field::Entry(playlist, revision), Value::Entry(entry)) => {
                    entries.insert((playlist, revision), *entry);
                }
                (_, Value::Undelivered(_) | Value::Stream(_) | Value::Entry(_)) => {}
            }
        }
        self.streams.restore(streams, entries, &mut self.journal);
        // Members that do not number may have lost signals with the former owner, unless it drained.
        let lossy = stale || kept.is_empty() && records.iter().any(|record| !record.numbers);
        for record in records {
            // The creator's stay is of this very term.
            self.members.note_stay(record.stay);
            let member = self.restored(turn, record, &mut kept, lossy);
            self.members.insert(member);
        }
        self.members.hold_restored();
        self.list.begin(self.ownership.term, &self.state);
        self.absences.begin_takeover(turn.now);
    }

    fn restored(
        &self,
        turn: Turn,
        record: MemberRecord,
        kept: &mut BTreeMap<MemberKey, UndeliveredRecord>,
        lossy: bool,
    ) -> OwnedMember {
        // The session may have come from an earlier life, and its numbers began above what it had there.
        let first = first_number(&self.settings, self.ownership).max(record.first);
        let kept = kept.remove(&record.session.key());
        let expected = kept.as_ref().map_or(1, |kept| kept.expected);
        let backlog = match kept {
            Some(kept) => Backlog::restored(first, kept),
            None if lossy || record.lacks => Backlog::lost_up_to(first),
            None => Backlog::above(first),
        };
        let never = self.settings.breaks(Mutation::RemoveAfterTakeover);
        OwnedMember {
            session: record.session,
            media: record.media,
            numbers: record.numbers,
            confirms: record.confirms,
            tokens: record.tokens,
            credentials: record.credentials,
            edge: record.edge,
            stay: record.stay,
            join: record.join,
            resumed: record.resumed,
            first: record.first,
            heard: true,
            created: false,
            committed: true,
            presence: if never { Presence::Present } else { Presence::Absent(turn.now) },
            expected,
            held: BTreeMap::new(),
            told: 0,
            backlog,
        }
    }

    pub(super) fn attach(&mut self, turn: Turn, id: AttachmentId, attach: &Attach, out: &mut Vec<OwnerEffect>) {
        if !self.edges.attach(id, attach.viewers) {
            return;
        }
        let (term, life, room_type) = (self.ownership.term, self.ownership.life, self.state.room_type());
        if attach.life == Some(life) {
            self.list.count_on_above(attach.list);
        }
        let same_life = attach.life.is_none_or(|known| known == life);
        let shown = if same_life { &attach.streams[..] } else { &[] };
        self.catch_up(turn, shown, out);
        let streams = self.streams.updates_for(id.edge, shown);
        let kicks = if self.state.room_type() == RoomType::P2m { self.state.kicks(turn.shared) } else { Vec::new() };
        let attached = Attached { term, life, room_type, list: self.list.newest().clone(), streams, kicks };
        self.edges.send(id.edge, ToEdge::Attached(Box::new(attached)), out);
        for named in &attach.members {
            let stay_end = if same_life { self.bring_back(turn, id, named, out) } else { Some(StayEnd::Unknown) };
            if let Some(stay_end) = stay_end.filter(|_| !named.leaving) {
                self.edges.send(id.edge, ToEdge::EndStay(named.stay.clone(), stay_end), out);
            }
        }
        let missing = |member: &OwnedMember| {
            member.edge == id.edge
                && member.committed
                && !attach.members.iter().any(|named| named.stay == member.stay_ref())
        };
        self.absences.note(&mut self.members, missing, turn.now);
        if attach.list != self.list.version() && !attach.members.is_empty() {
            self.list.show_at(id.edge, &mut self.members, &self.edges, out);
        }
    }

    /// Brings a member of an edge back to the state that both know; gives why its stay is over, if it is.
    fn bring_back(
        &mut self,
        turn: Turn,
        id: AttachmentId,
        named: &AttachedMember,
        out: &mut Vec<OwnerEffect>,
    ) -> Option<StayEnd> {
        let key = &named.stay.member;
        self.members.note_stay(named.stay.stay);
        let Some(member) = self.members.get_mut(key) else { return Some(StayEnd::Unknown) };
        if member.stay > named.stay.stay {
            return Some(StayEnd::TakenOver);
        }
        if named.leaving {
            self.leave(turn, key, out);
            return None;
        }
        let newer = named.stay.stay > member.stay;
        let (edge_before, before) = (member.edge, member.stay_ref());
        member.note_attached(id, named, turn.now);
        if let Presence::Absent(since) = member.presence {
            self.absences.schedule(since);
        }
        if !self.settings.breaks(Mutation::ConfirmAgain) {
            member.told = 0;
        }
        self.members.confirmations_rose = true;
        self.members.note_received(&named.stay, named.had, named.confirms);
        if newer || edge_before != id.edge {
            self.journal.change(Field::Member(key.clone()));
        }
        if newer && edge_before != id.edge {
            self.journal.defer(OnCommit::StayEnd(edge_before, before, StayEnd::TakenOver));
        }
        if let Some(credentials) = named.renewed.as_deref() {
            self.renew(turn, &named.stay, credentials.clone());
        }
        self.members.replay(key, named.written, (self.list.newest(), &self.edges), out);
        None
    }

    pub(super) fn detach(&mut self, turn: Turn, from: AttachmentId) {
        if self.edges.detach(from) {
            self.absences.note(&mut self.members, |member| member.edge == from.edge, turn.now);
        }
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
