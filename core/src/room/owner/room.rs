//! The state of a room at its owner, and the journal to which every change is written.

use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::RoomType;

use super::effect::{OwnerEffect, Turn};
use super::journal::{Journal, JournalCommand, OnCommit};
use super::list::listed;
use super::members::Members;
use super::record::{Field, Write};
use super::saved::Recorded;
use super::streams::OwnedStreams;
use crate::cluster::directory::Journaled;
use crate::cluster::{ClusterSettings, Mutation, Ownership};
use crate::room::Refusal;
use crate::room::state::{RoomCommand, RoomDurations, RoomState};
use crate::time::Instant;

/// The state of a room that its members see, and the owner's journal.
#[derive(Debug)]
pub(super) struct JournaledRoom {
    pub state: RoomState,
    pub journal: Journal,
    durations: RoomDurations,
}

impl JournaledRoom {
    /// Creates the state of a room that no member has joined yet.
    pub fn new(room_type: RoomType, settings: &ClusterSettings, journal: Journal) -> Self {
        Self { state: RoomState::new(room_type), journal, durations: RoomDurations::from(settings) }
    }

    /// Applies a command to the state at a time of Redis, or refuses it. A change of the list is journaled and then
    /// sent to all members. Returns whether the list has changed.
    pub fn decide(&mut self, shared: Instant, command: &RoomCommand) -> Result<bool, Refusal> {
        let list_changed = self.state.decide(shared, self.durations, command)?;
        if list_changed {
            self.journal.change(Field::Room);
            let (publishers, playing) = listed(&self.state);
            self.journal.defer(OnCommit::List(publishers, playing));
        }
        Ok(list_changed)
    }

    /// Returns whether the grace period without a publisher has ended.
    pub fn is_over(&self, shared: Instant) -> bool {
        self.state.over_at(self.durations.grace_period).is_some_and(|due| due <= shared)
    }

    /// Returns the earliest time at which a grace period or a kick ends, or a journal command is due.
    pub fn due(&self, turn: Turn) -> Option<Instant> {
        let state = [self.state.over_at(self.durations.grace_period), self.state.kick_ends()].into_iter().flatten();
        // They are told by the time of Redis.
        let here = state.map(|due| Instant((due.0 + turn.now.0).saturating_sub(turn.shared.0)));
        here.chain(self.journal.due()).min()
    }

    /// Handles the answer to a write; returns the actions that may now be carried out.
    pub fn on_answer(&mut self, now: Instant, settings: &ClusterSettings, answer: Option<&Journaled>) -> Vec<OnCommit> {
        if settings.breaks(Mutation::WholeWrite) {
            self.journal.drop_changes_behind_whole();
        }
        self.journal.on_answer(now, answer)
    }

    /// Emits the next journal command. Returns the actions that may be carried out at once: all of them if there is no
    /// journal.
    pub fn advance(
        &mut self,
        now: Instant,
        (ownership, settings): (Ownership, &ClusterSettings),
        (members, streams): (&Members, &OwnedStreams),
        out: &mut Vec<OwnerEffect>,
    ) -> Vec<OnCommit> {
        let is_alone = self.journal.is_alone();
        match if is_alone { None } else { self.journal.next(now) } {
            None => {}
            Some(JournalCommand::Assert) => out.push(OwnerEffect::Assert(ownership)),
            Some(JournalCommand::Write(fields)) => {
                let (era, changes) = Recorded { state: &self.state, members, streams }.changes(fields);
                out.push(OwnerEffect::Write(Write { ownership, era, number: self.journal.number(), changes }));
            }
        }
        let at_once = is_alone || settings.breaks(Mutation::JournalFirst);
        if at_once { self.journal.take_deferred() } else { Vec::new() }
    }

    /// Records whether a broadcast plays live.
    pub fn note_playing(&mut self, shared: Instant, id: ObjectId, live: bool) {
        if self.state.playing().any(|playing| *playing == id) != live {
            self.journal.change(Field::Room);
            // It cannot be refused.
            let _ = self.decide(shared, &RoomCommand::Playlist { id, live });
        }
    }
}
