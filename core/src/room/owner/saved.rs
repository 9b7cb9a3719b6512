//! Conversion between the parts of an owner and the fields of its journal.

use std::collections::{BTreeMap, BTreeSet};

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::MemberKey;

use super::backlog::Backlog;
use super::member::{OwnedMember, Presence};
use super::members::Members;
use super::record::{Field, MemberRecord, UndeliveredRecord, Value};
use super::room::JournaledRoom;
use super::streams::OwnedStreams;
use crate::cluster::directory::Era;
use crate::hls::UploadEntry;
use crate::room::state::RoomState;

/// The parts of an owner that are journaled.
#[derive(Clone, Copy)]
pub(super) struct Recorded<'a> {
    pub state: &'a RoomState,
    pub members: &'a Members,
    pub streams: &'a OwnedStreams,
}

impl<'a> Recorded<'a> {
    /// Returns the value of a field; `None` if the field is to be deleted.
    fn value(self, field: &Field) -> Option<Value> {
        match field {
            Field::Room => Some(Value::Room(Box::new(self.state.clone()))),
            Field::Member(key) => self.members.get(key).map(|member| Value::Member(Box::new(member.record()))),
            Field::Undelivered(_) => None,
            Field::Stream(playlist) => self.streams.value(playlist, None),
            Field::Entry(playlist, revision) => self.streams.value(playlist, Some(*revision)),
        }
    }

    /// Returns the era and the values of these fields, or the values of all fields if `fields` is `None`.
    pub fn changes(self, fields: Option<(Era, BTreeSet<Field>)>) -> (Option<Era>, Vec<(Field, Option<Value>)>) {
        let Some((era, fields)) = fields else {
            return (None, self.fields().map(|(field, value)| (field, Some(value))).collect());
        };
        let with_value = |field: Field| (field.clone(), self.value(&field));
        (Some(era), fields.into_iter().map(with_value).collect())
    }

    /// Returns the whole journal.
    pub fn fields(self) -> impl Iterator<Item = (Field, Value)> + 'a {
        let members = self.members.values();
        let members = members.map(|member| (Field::Member(member.key()), Value::Member(member.record().into())));
        let room = std::iter::once((Field::Room, Value::Room(Box::new(self.state.clone()))));
        let streams = self.streams.checkpoints().map(|(playlist, text)| (Field::Stream(playlist), Value::Stream(text)));
        room.chain(members).chain(streams)
    }

    /// Returns the whole journal and the undelivered signals.
    pub fn drained(self) -> Vec<(Field, Value)> {
        let members = self.members.values();
        let kept = members.map(|member| (Field::Undelivered(member.key()), Value::Undelivered(member.kept().into())));
        self.fields().chain(kept).collect()
    }
}

/// The fields of a journal, grouped by kind.
#[derive(Default)]
pub(super) struct Saved {
    state: Option<RoomState>,
    members: Vec<MemberRecord>,
    undelivered: BTreeMap<MemberKey, UndeliveredRecord>,
    streams: Vec<(ObjectId, String)>,
    entries: BTreeMap<(ObjectId, u64), UploadEntry>,
}

impl Saved {
    /// Groups the fields of a journal by kind.
    pub fn sorted(fields: Vec<(Field, Value)>) -> Self {
        let mut saved = Self::default();
        for field in fields {
            match field {
                (_, Value::Room(state)) => saved.state = Some(*state),
                (_, Value::Member(record)) => saved.members.push(*record),
                (Field::Undelivered(key), Value::Undelivered(record)) => _ = saved.undelivered.insert(key, *record),
                (Field::Stream(playlist), Value::Stream(text)) => saved.streams.push((playlist, text)),
                (Field::Entry(playlist, revision), Value::Entry(entry)) => {
                    saved.entries.insert((playlist, revision), *entry);
                }
                (_, Value::Undelivered(_) | Value::Stream(_) | Value::Entry(_)) => {}
            }
        }
        saved
    }

    /// Restores the parts of an owner. All members get this presence.
    ///
    /// A stale journal may lack the last writes: a member that was removed, and whose backlog no longer exists, becomes
    /// a member again and has to be informed of the loss.
    pub fn restore(
        mut self,
        room: &mut JournaledRoom,
        members: &mut Members,
        streams: &mut OwnedStreams,
        (presence, is_stale): (Presence, bool),
    ) {
        self.state.into_iter().for_each(|state| room.state = state);
        // Nobody needs to keep it any more.
        self.undelivered.keys().for_each(|key| room.journal.change(Field::Undelivered(key.clone())));
        streams.restore(self.streams, self.entries, &mut room.journal);
        // Members that do not number may have lost signals with the former owner, unless it drained.
        let is_lossy = is_stale || self.undelivered.is_empty() && self.members.iter().any(|record| !record.numbers);
        for record in self.members {
            // The creator's stay is of this very term.
            members.note_stay(record.stay);
            let kept = self.undelivered.remove(&record.session.key());
            members.insert(OwnedMember::restored(record, kept, (members.first, is_lossy), presence));
        }
        members.hold_restored();
    }
}

impl OwnedMember {
    fn record(&self) -> MemberRecord {
        MemberRecord {
            session: self.session.clone(),
            media: self.media,
            numbers: self.numbers,
            confirms: self.confirms,
            tokens: self.tokens.clone(),
            edge: self.edge,
            stay: self.stay,
            join: self.join,
            resumed: self.resumed,
            first: self.first,
            credentials: self.credentials.clone(),
            lacks: self.backlog.lost_after(self.backlog.had()).is_some(),
        }
    }

    fn kept(&self) -> UndeliveredRecord {
        let backlog = self.backlog.entries().cloned().collect();
        let (last, had, lost) = (self.backlog.last(), self.backlog.had(), self.backlog.lost());
        UndeliveredRecord { expected: self.expected, last, had, lost, backlog }
    }

    fn restored(
        record: MemberRecord,
        kept: Option<UndeliveredRecord>,
        (first, is_lossy): (u64, bool),
        presence: Presence,
    ) -> Self {
        // The session may have come from an earlier life, and its numbers began above what it had there.
        let first = first.max(record.first);
        let expected = kept.as_ref().map_or(1, |kept| kept.expected);
        let backlog = match kept {
            Some(kept) => Backlog::restored(first, kept),
            None if is_lossy || record.lacks => Backlog::lost_up_to(first),
            None => Backlog::above(first),
        };
        Self {
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
            presence,
            expected,
            held: BTreeMap::new(),
            told: 0,
            backlog,
        }
    }
}
