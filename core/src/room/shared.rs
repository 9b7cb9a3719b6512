//! A room that spans nodes, as one of them holds it.
//!
//! The node is the truth about its own sockets; what all must agree on is the [`Stage`](super::stage::Stage), of
//! which it has a replica. Commands wait in a queue, are folded into one [`Proposal`], and are carried out when the
//! caller says that the document was still the one they were decided on. Never speaks to a network: what is to be
//! asked of other nodes or of what they share leaves as an [`Errand`], and comes back as an answer or as [`News`].
//!
//! A member's generation rises with every connection that has it, on whichever node, and also when it leaves and comes
//! in again: the highest has it, and what is told of a lower one comes too late.

mod arrival;
mod errand;
mod inbox;
mod news;
mod passing;
mod proposal;
mod sync;
mod turn;
mod verdict;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Signal};

use super::effect::{ConnectionId, Effect};
use super::relay::{Missing, Said};
use super::stage::{Command, Outcome, Stage};
use super::submit::Then;
use super::{Refusal, Room, refuse};
use crate::time::Instant;

pub(super) use arrival::Remote;
pub use errand::{Answer, Errand, HandOver, Kept, Mark, Record, Relay, Target};
pub use news::News;
pub(super) use passing::Aim;
pub use proposal::{Operation, Proposal};
pub use sync::{Status, Synced};
use turn::Held;
pub use verdict::{Arrival, Verdict};

/// Commands and relays of one room that wait.
const MOST_WAITING: usize = 4096;
/// Signals that came before their recipient.
const MOST_STRAYS: usize = 1024;
/// Handovers that came before the answer they belong to.
const MOST_EARLY: usize = 64;
/// Members that went on to other nodes that are remembered.
const MOST_TAKEN: usize = 256;
/// How long to wait before a command is tried again that failed.
const AGAIN: Duration = Duration::from_millis(300);

/// A command that waits to be decided.
#[derive(Debug)]
struct Waiting {
    command: Command,
    then: Then,
}

/// Commands that were decided on the replica, and wait until all have agreed.
#[derive(Debug)]
struct Flight {
    stage: Stage,
    waiting: Vec<(Waiting, Result<Outcome, Refusal>)>,
    /// This node's entries were to be written, too.
    dirty: bool,
}

/// Somebody of whose `JOIN` it is not known whether it holds.
#[derive(Debug)]
struct Abandoned {
    due: Instant,
    key: MemberKey,
    generation: u64,
}

/// A signal that was sent to other nodes.
#[derive(Debug)]
struct Sent {
    connection: ConnectionId,
    sender: MemberKey,
    signal: Signal,
    /// The answer when nobody is there; nothing when somebody here got it already.
    missing: Option<Missing>,
}

impl Sent {
    fn new(said: Said<'_>, missing: Option<Missing>) -> Self {
        let Said { by, connection, signal } = said;
        Self { connection, sender: by.clone(), signal: signal.clone(), missing }
    }

    const fn said(&self) -> Said<'_> {
        Said { by: &self.sender, connection: self.connection, signal: &self.signal }
    }
}

/// What a room has beside its members when it spans nodes.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The version of the replica; 0: nothing is known.
    version: u64,
    /// How far the clock that all share is ahead of this node's, in milliseconds.
    pub ahead: i64,
    queue: VecDeque<Waiting>,
    flight: Option<Flight>,
    busy: HashMap<ConnectionId, usize>,
    held: HashMap<ConnectionId, VecDeque<Held>>,
    sent: BTreeMap<u64, Sent>,
    /// How many signals of a sender are on their way to other nodes.
    outstanding: HashMap<MemberKey, usize>,
    tickets: u64,
    /// Users here that may have sessions elsewhere.
    spread: HashSet<UserId>,
    /// The end of the wait for a publisher was proposed.
    pub says_over: bool,
    /// Somebody on this node reads or uploads broadcasts.
    observed: bool,
    /// This node's entries are to be written though nothing else has changed.
    dirty: bool,
    /// The document is to be written as it is in place of one of this version: it was lost.
    restore: Option<u64>,
    again: Option<Instant>,
    /// When what all share was found to be lost.
    lost: Option<Instant>,
    inbox_due: Option<Instant>,
    /// By whom it is asked for.
    generation: u64,
    /// Publishers that nobody has a record of, and since when.
    orphans: HashMap<MemberKey, Instant>,
    /// Members that went on to other nodes, maybe before this one knew that it had them: which membership.
    taken: VecDeque<(MemberKey, u64)>,
    /// Signals that came before the answer that says that their recipient is here.
    strays: VecDeque<(MemberKey, Mark, Arc<str>)>,
    /// What was handed over before this node knew for whom.
    early: VecDeque<HandOver>,
    /// In the order in which they leave.
    abandoned: VecDeque<Abandoned>,
    /// Connections whose signals waited for members that are gone.
    freed: Vec<ConnectionId>,
}

impl Shared {
    pub fn enqueue(&mut self, command: Command, then: Then) -> Result<(), Refusal> {
        if self.queue.len() >= MOST_WAITING && then.sender().is_some() {
            return refuse(AckCode::Unavailable, "the room is busy; try again");
        }
        if let Some(connection) = then.sender() {
            *self.busy.entry(connection).or_default() += 1;
        }
        self.queue.push_back(Waiting { command, then });
        Ok(())
    }

    /// A connection's signals need not wait any more for a member that is gone.
    pub fn free(&mut self, connection: ConnectionId) {
        self.freed.push(connection);
    }

    /// When the room wants to be stepped for what waits.
    pub fn due(&self) -> Option<Instant> {
        let abandoned = self.abandoned.front().map(|gone| gone.due);
        [self.again, self.inbox_due, abandoned].into_iter().flatten().min()
    }

    pub const fn first_generation(&self) -> u64 {
        self.generation
    }

    /// A signal is no longer on its way.
    fn settle(&mut self, ticket: u64) -> Option<Sent> {
        let sent = self.sent.remove(&ticket)?;
        if let Some(count) = self.outstanding.get_mut(&sent.sender) {
            *count -= 1;
            if *count == 0 {
                self.outstanding.remove(&sent.sender);
            }
        }
        Some(sent)
    }

    fn idle(&self) -> bool {
        let decided = self.queue.is_empty() && self.flight.is_none() && self.abandoned.is_empty();
        decided && self.sent.is_empty() && self.busy.is_empty()
    }
}

impl Room {
    /// Lets an empty room span nodes. Its clock is so many milliseconds behind the one that all share.
    pub fn share(&mut self, now: Instant, ahead: i64) {
        // Tickets of an earlier life of the room on this node are lower.
        let tickets = now.ahead(ahead).0.saturating_mul(1000);
        self.shared = Some(Box::new(Shared { ahead, tickets, ..Shared::default() }));
    }

    /// The clock that all share has been compared with this node's.
    pub fn set_ahead(&mut self, ahead: i64) {
        if let Some(shared) = &mut self.shared {
            shared.ahead = ahead;
        }
    }

    /// Whether somebody on this node reads or uploads broadcasts, for whom the room stays without members.
    pub fn observe(&mut self, now: Instant, observed: bool) -> Vec<Effect> {
        if let Some(shared) = &mut self.shared
            && std::mem::replace(&mut shared.observed, observed) != observed
        {
            shared.dirty = true;
        }
        let mut out = Vec::new();
        self.on_time(now, &mut out);
        out
    }

    /// The version of the replica; 0 while nothing is known.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.shared.as_ref().map_or(0, |shared| shared.version)
    }

    /// Whether this room is known to exist.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.stage.is_open()
    }

    /// Another node has had a member since it was to come here: its connection is the older one.
    pub(super) fn is_outdone(
        &self,
        key: &MemberKey,
        generation: u64,
        connection: ConnectionId,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Some(shared) = &self.shared else { return false };
        let outdone = shared.taken.iter().any(|(other, taken)| other == key && *taken > generation);
        if outdone {
            out.push(Effect::Close { connection, code: CloseCode::SessionReplaced });
            if !self.members.has_connection(connection) {
                out.push(Effect::Forget { connection });
            }
        }
        outdone
    }

    /// Nobody on this node needs the room any more.
    pub(super) fn close_shared_if_over(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let over = self.stage.over_at(self.settings.linger).is_some_and(|due| self.shared_time(now) >= due);
        let Some(shared) = &mut self.shared else { return };
        if over && !shared.says_over && shared.version > 0 {
            shared.says_over = true;
            let _ = shared.enqueue(Command::Over, Then::Nothing);
        }
        let unused = self.members.is_empty() && !shared.observed && shared.idle() && !shared.dirty;
        if unused && (shared.generation > 0 || now >= self.opening_ends) {
            self.closed = true;
            out.push(Effect::Closed);
        }
    }

    /// The room is over: who waits is told to ask anew.
    pub(super) fn close_shared(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let Some(shared) = &mut self.shared else { return };
        let flight = shared.flight.take().map(|flight| flight.waiting).unwrap_or_default();
        let waiting: Vec<Waiting> = flight.into_iter().map(|(item, _)| item).chain(shared.queue.drain(..)).collect();
        let held: Vec<_> = shared.held.drain().collect();
        shared.busy.clear();
        let reason = "the room has just closed".to_owned();
        let closed = Refusal { code: AckCode::RoomNotFound, reason: reason.clone() };
        let again = Refusal { code: AckCode::Unavailable, reason };
        for item in waiting {
            let refusal = if matches!(item.then, Then::Join(_)) { &again } else { &closed };
            self.refuse_then(now, &item.then, refusal, out);
        }
        for (connection, held) in
            held.into_iter().flat_map(|(connection, all)| all.into_iter().map(move |one| (connection, one)))
        {
            match held {
                Held::Join(request) => self.refuse_join(now, &request, &again, out),
                Held::Signal(signal) | Held::Again(signal) => self.send_refusal(connection, &signal, &closed, out),
                Held::Gone => {}
            }
        }
    }
}
