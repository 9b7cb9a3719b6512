//! Changes of the room on their way through the journal, and what is shown once it has them.

use roomcast_protocol::ack::RoomClosedReason;

use super::journal::{JournalCommand, OnCommit};
use super::list::listed;
use super::record::{Field, Value, Write};
use super::{Owner, OwnerEffect, Turn};
use crate::cluster::Mutation;
use crate::room::message::{Joined, StayRef, ToEdge};

impl Owner {
    /// Sends the next command of the journal, if the lease allows it.
    pub(super) fn advance(&mut self, turn: Turn, out: &mut Vec<OwnerEffect>) {
        if self.is_empty(turn) && !self.has_ended() {
            self.end(turn, RoomClosedReason::Empty, out);
        }
        if self.has_ended() || !turn.fresh {
            return;
        }
        if self.journal.is_alone() {
            let shown = self.journal.take_deferred();
            return self.run_on_commit(shown, out);
        }
        match self.journal.next(turn.now) {
            None => {}
            Some(JournalCommand::Assert) => out.push(OwnerEffect::Assert(self.ownership)),
            Some(JournalCommand::Write(None)) => {
                let changes = self.fields().into_iter().map(|(field, value)| (field, Some(value))).collect();
                out.push(OwnerEffect::Write(Write {
                    ownership: self.ownership,
                    era: None,
                    number: self.journal.number(),
                    changes,
                }));
            }
            Some(JournalCommand::Write(Some((era, fields)))) => {
                let changes = fields.into_iter().map(|field| (field.clone(), self.value(&field))).collect();
                out.push(OwnerEffect::Write(Write {
                    ownership: self.ownership,
                    era: Some(era),
                    number: self.journal.number(),
                    changes,
                }));
            }
        }
        if self.settings.breaks(Mutation::JournalFirst) {
            let shown = self.journal.take_deferred();
            self.run_on_commit(shown, out);
        }
    }

    fn value(&self, field: &Field) -> Option<Value> {
        match field {
            Field::Room => Some(Value::Room(Box::new(self.state.clone()))),
            Field::Member(key) => self.members.get(key).map(|member| Value::Member(Box::new(member.record()))),
            Field::Undelivered(_) => None,
            Field::Stream(playlist) => self.streams.value(playlist, None),
            Field::Entry(playlist, revision) => self.streams.value(playlist, Some(*revision)),
        }
    }

    /// The whole journal.
    pub(super) fn fields(&self) -> Vec<(Field, Value)> {
        let members = self.members.values();
        let members = members.map(|member| (Field::Member(member.key()), Value::Member(member.record().into())));
        let room = std::iter::once((Field::Room, Value::Room(Box::new(self.state.clone()))));
        let streams = self.streams.checkpoints().map(|(playlist, text)| (Field::Stream(playlist), Value::Stream(text)));
        room.chain(members).chain(streams).collect()
    }

    /// The whole journal, and what is undelivered.
    pub(super) fn drain_fields(&self) -> Vec<(Field, Value)> {
        let members = self.members.values();
        let kept = members.map(|member| (Field::Undelivered(member.key()), Value::Undelivered(member.kept().into())));
        self.fields().into_iter().chain(kept).collect()
    }

    /// Lets a change of the publishers be journaled, and shown to all afterwards.
    pub(super) fn list_changed(&mut self) {
        self.journal.change(Field::Room);
        let (publishers, playing) = listed(&self.state);
        self.journal.defer(OnCommit::List(publishers, playing));
    }

    pub(super) fn run_on_commit(&mut self, shown: Vec<OnCommit>, out: &mut Vec<OwnerEffect>) {
        for shown in shown {
            match shown {
                OnCommit::Joined { stay, resumed, from } => self.show_joined(&stay, (resumed, from), out),
                OnCommit::StayEnd(edge, stay, stay_end) => self.edges.send(edge, ToEdge::EndStay(stay, stay_end), out),
                OnCommit::Superseded(edge, id) => self.edges.send(edge, ToEdge::JoinSuperseded(id), out),
                OnCommit::List(publishers, playing) => {
                    self.list.replace(self.list.version(), publishers, playing);
                }
                OnCommit::Stream { changes, update } => self.streams.show(changes, update, &self.edges, out),
                OnCommit::Uploaded(edge, id) => self.edges.send(edge, ToEdge::Uploaded(id, Ok(())), out),
                OnCommit::Kicked(to, text) => {
                    for edge in self.edges.nodes() {
                        let kicked = ToEdge::Kicked(to.clone(), self.settings.kick_duration, text.clone());
                        self.edges.send(edge, kicked, out);
                    }
                }
                OnCommit::Revoked(revocation) => out.push(OwnerEffect::Revoke(revocation)),
                OnCommit::Released(held) => self.members.release(&held),
            }
        }
    }

    fn show_joined(&mut self, stay: &StayRef, (resumed, from): (bool, Option<u64>), out: &mut Vec<OwnerEffect>) {
        let Some(member) = self.members.of_stay(stay) else { return };
        let from = from.unwrap_or_else(|| member.backlog.had());
        member.committed = true;
        let (id, sequence, confirmed) = (member.join, from, member.confirmed());
        member.told = confirmed;
        let edge = member.edge;
        let last = if resumed { member.backlog.last() } else { sequence };
        let list = self.list.newest().clone();
        let joined = Joined { id, stay: stay.clone(), resumed, sequence, last, confirmed, list };
        self.edges.send(edge, ToEdge::Joined(Box::new(joined)), out);
        self.members.replay(&stay.member, from, (self.list.newest(), &self.edges), out);
    }
}
