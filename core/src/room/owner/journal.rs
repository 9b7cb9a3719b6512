//! The writes of one owner: one in flight, the others folded together behind it.

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

/// A message that may leave once a change is in the journal.
#[derive(Debug, Clone)]
pub(super) enum OnCommit {
    /// A JOIN is answered.
    Joined { stay: StayRef, resumed: bool, from: Option<u64> },
    /// A stay is over at an edge.
    StayEnd(BootId, StayRef, StayEnd),
    /// A JOIN that was not answered yet is superseded by a later one.
    Superseded(BootId, JoinId),
    /// All members get the list.
    List(Arc<Vec<Listed>>, Arc<Vec<ObjectId>>),
    /// A stream has come further.
    Stream { changes: Vec<Change>, update: StreamUpdate },
    /// An upload of an edge is answered.
    Uploaded(BootId, u64),
    /// Edges are told of a kick: the viewers that it names, and the text of its signal.
    Kicked(Recipient, ByteString),
    /// The tokens of a kicked user are revoked, behind the kick.
    Revoked(Box<KickRevocation>),
    /// These signals of these senders are not held any more.
    Released(Vec<(MemberKey, u64)>),
}

/// A write that was not answered yet.
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
    /// Writes these fields, or all.
    Write(Option<(Era, BTreeSet<Field>)>),
}

#[derive(Debug)]
pub(super) struct Journal {
    /// Whether there is none: everything may be shown at once.
    alone: bool,
    /// The present era, as this node knows it.
    era: Era,
    /// The era in which the journal was last written whole.
    saved: Option<Era>,
    standing: AssertionState,
    flight: Option<WriteInFlight>,
    fields: BTreeSet<Field>,
    shown: Vec<OnCommit>,
    assert_at: Instant,
    write_at: Instant,
    /// The writes so far.
    writes: u64,
}

impl Journal {
    /// The journal of a room that was claimed in this era, so that it is whole there.
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

    /// The journal of a room that only this node has: there is none.
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

    /// Takes the answer to an assertion: whether it is done, or failed.
    pub fn on_asserted(&mut self, now: Instant, is_done: bool) {
        if !is_done {
            self.doubt();
            self.assert_at = now + RETRY_DELAY;
        } else if self.standing == AssertionState::Asserting {
            self.standing = AssertionState::Asserted;
        }
    }

    /// Takes the answer to the write in flight, and gives what may be shown.
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

    /// Takes the changes behind a whole write in flight for written with it, in tests of the tests.
    pub fn drop_changes_behind_whole(&mut self) {
        if self.flight.as_ref().is_some_and(|flight| flight.whole) {
            self.fields.clear();
        }
    }

    /// The number of the last write.
    pub const fn number(&self) -> u64 {
        self.writes
    }

    fn doubt(&mut self) {
        self.saved = None;
        self.standing = AssertionState::Unknown;
    }

    /// The time at which a command is to be repeated.
    pub fn due(&self) -> Option<Instant> {
        let waits = !self.fields.is_empty() || !self.shown.is_empty() || self.saved.is_none();
        (waits && self.flight.is_none() && self.standing != AssertionState::Asserting).then(|| self.next_at())
    }

    fn next_at(&self) -> Instant {
        if self.standing == AssertionState::Unknown { self.assert_at } else { self.write_at }
    }

    /// Gives the next command, if one is due.
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

    /// Gives what was accepted of streams, to be shown although nothing is journaled any more: the room is over.
    pub fn take_accepted(&mut self) -> impl Iterator<Item = OnCommit> + use<> {
        let accepted = |shown: &OnCommit| matches!(shown, OnCommit::Stream { .. } | OnCommit::Uploaded(..));
        self.take_deferred().into_iter().filter(accepted)
    }

    /// Gives what may be shown without an answer to the write in flight: where there is no journal.
    pub fn take_deferred(&mut self) -> Vec<OnCommit> {
        let mut shown = self.flight.as_mut().map(|flight| std::mem::take(&mut flight.shown)).unwrap_or_default();
        shown.append(&mut self.shown);
        shown
    }
}
