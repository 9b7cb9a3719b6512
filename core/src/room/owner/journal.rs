//! The journal writes of one owner: at most one is in flight, and later changes are merged into the next one.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytestring::ByteString;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::effect::KickRevocation;
use super::record::Field;
use crate::cluster::BootId;
use crate::cluster::directory::{Era, Journaled, RETRY_DELAY};
use crate::hls::Change;
use crate::room::message::{JoinId, Listed, StayEnd, StayRef};
use crate::room::streams::StreamUpdate;
use crate::time::Instant;

/// An action that may be carried out once the journal has acknowledged a change.
#[derive(Debug, Clone)]
pub(super) enum OnCommit {
    /// Answers a JOIN.
    Joined { stay: StayRef, resumed: bool, from: Option<u64> },
    /// Ends a stay at an edge.
    StayEnd(BootId, StayRef, StayEnd),
    /// Reports that a later JOIN supersedes one that was not answered yet.
    Superseded(BootId, JoinId),
    /// Sends the list to all members.
    List(Arc<Vec<Listed>>, Arc<Vec<ObjectId>>),
    /// Sends the progress of a stream.
    Stream { changes: Vec<Change>, update: StreamUpdate },
    /// Answers an upload of an edge.
    Uploaded(BootId, u64),
    /// Reports a kick to the edges: the recipient that it names, and the text of the signal.
    Kicked(Recipient, ByteString),
    /// Revokes the tokens of a kicked user after the kick.
    Revoked(Box<KickRevocation>),
    /// Releases signals, given by sender and number, that the journaled change delayed.
    Released(Vec<(MemberKey, u64)>),
}

/// A write that has not been answered yet.
#[derive(Debug)]
struct WriteInFlight {
    era: Era,
    whole: bool,
    fields: BTreeSet<Field>,
    shown: Vec<OnCommit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AssertionState {
    Unknown,
    Asserting,
    Asserted,
}

/// The next command of the journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JournalCommand {
    Assert,
    /// Writes these fields, or all fields if `None`.
    Write(Option<(Era, BTreeSet<Field>)>),
}

#[derive(Debug)]
pub(super) struct Journal {
    /// Whether the room has no journal, so that every change may be published at once.
    alone: bool,
    /// The present era, as this node knows it.
    era: Era,
    /// The era in which the complete journal was last written.
    saved: Option<Era>,
    standing: AssertionState,
    flight: Option<WriteInFlight>,
    fields: BTreeSet<Field>,
    shown: Vec<OnCommit>,
    assert_at: Instant,
    write_at: Instant,
    /// The number of writes so far.
    writes: u64,
}

impl Journal {
    /// Creates the journal of a room that was claimed in this era, so that Redis holds all of its fields.
    pub const fn new(era: Era) -> Self {
        Self {
            alone: false,
            era,
            saved: Some(era),
            standing: AssertionState::Asserted,
            flight: None,
            fields: BTreeSet::new(),
            shown: Vec::new(),
            assert_at: Instant(0),
            write_at: Instant(0),
            writes: 0,
        }
    }

    /// Creates a disabled journal, for a room on a standalone node.
    pub fn none() -> Self {
        Self { alone: true, ..Self::new(Era { master: 0, began: Instant(0) }) }
    }

    pub const fn is_alone(&self) -> bool {
        self.alone
    }

    pub fn change(&mut self, field: Field) {
        if !self.alone {
            self.fields.insert(field);
        }
    }

    pub fn defer(&mut self, shown: OnCommit) {
        self.shown.push(shown);
    }

    pub fn on_era(&mut self, era: Era) {
        if era != self.era {
            self.era = era;
            self.doubt();
        }
    }

    /// Handles the answer to an assertion. `is_done` is `false` if it failed.
    pub fn on_asserted(&mut self, now: Instant, is_done: bool) {
        if !is_done {
            self.doubt();
            self.assert_at = now + RETRY_DELAY;
        } else if self.standing == AssertionState::Asserting {
            self.standing = AssertionState::Asserted;
        }
    }

    /// Handles the answer to the write in flight; returns the actions that may now be carried out.
    pub fn on_answer(&mut self, now: Instant, answer: Option<&Journaled>) -> Vec<OnCommit> {
        let Some(flight) = self.flight.take() else { return Vec::new() };
        let same_era = flight.era == self.era;
        match answer {
            Some(Journaled::Done) if same_era => {
                self.saved = if flight.whole { Some(flight.era) } else { self.saved };
                return flight.shown;
            }
            Some(Journaled::Wait(time)) => {
                self.write_at = now + *time;
                // Another era settles: the room is asserted at once, while that counts.
                if !flight.whole {
                    self.doubt();
                }
            }
            // The answer of a former era, of a master that lost the room, or none: what the journal has is unknown.
            _ => {
                self.doubt();
                self.assert_at = now + if answer.is_some() { std::time::Duration::ZERO } else { RETRY_DELAY };
            }
        }
        self.fields.extend(flight.fields);
        self.shown.splice(0..0, flight.shown);
        Vec::new()
    }

    /// Treats later changes as part of a complete write in flight. This breaks a rule on purpose, to verify the tests.
    pub fn drop_changes_behind_whole(&mut self) {
        if self.flight.as_ref().is_some_and(|flight| flight.whole) {
            self.fields.clear();
        }
    }

    /// Returns the number of the last write.
    pub const fn number(&self) -> u64 {
        self.writes
    }

    fn doubt(&mut self) {
        self.saved = None;
        self.standing = AssertionState::Unknown;
    }

    /// Returns the time at which the next command is due.
    pub fn due(&self) -> Option<Instant> {
        let waits = !self.fields.is_empty() || !self.shown.is_empty() || self.saved.is_none();
        (waits && self.flight.is_none() && self.standing != AssertionState::Asserting).then(|| self.next_at())
    }

    fn next_at(&self) -> Instant {
        if self.standing == AssertionState::Unknown { self.assert_at } else { self.write_at }
    }

    /// Returns the next command, if one is due.
    pub fn next(&mut self, now: Instant) -> Option<JournalCommand> {
        let clean = self.fields.is_empty() && self.shown.is_empty() && self.saved.is_some();
        if clean || self.flight.is_some() || self.standing == AssertionState::Asserting {
            return None;
        }
        if now < self.next_at() {
            return None;
        }
        if self.standing == AssertionState::Unknown {
            self.standing = AssertionState::Asserting;
            return Some(JournalCommand::Assert);
        }
        self.writes += 1;
        let fields = std::mem::take(&mut self.fields);
        let shown = std::mem::take(&mut self.shown);
        let write = self.saved.map(|era| (era, fields.clone()));
        self.flight = Some(WriteInFlight { era: self.era, whole: write.is_none(), fields, shown });
        Some(JournalCommand::Write(write))
    }

    /// Returns the deferred actions of accepted uploads, which are carried out without a journal write when the room
    /// has ended.
    pub fn take_accepted(&mut self) -> impl Iterator<Item = OnCommit> + use<> {
        let accepted = |shown: &OnCommit| matches!(shown, OnCommit::Stream { .. } | OnCommit::Uploaded(..));
        self.take_deferred().into_iter().filter(accepted)
    }

    /// Returns all deferred actions without waiting for the write in flight, for rooms without a journal.
    pub fn take_deferred(&mut self) -> Vec<OnCommit> {
        let mut shown = self.flight.as_mut().map(|flight| std::mem::take(&mut flight.shown)).unwrap_or_default();
        shown.append(&mut self.shown);
        shown
    }
}
