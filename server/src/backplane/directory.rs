//! The directory in Redis: the owner of each room, and its journal. It contains no rules of rooms.
//!
//! Each call is one script: atomic and safe to repeat. The result is `None` if the call failed, or timed out and so may
//! have been executed. No calls are made while the lease of this node is not fresh.

mod asserting;
mod call_gate;
pub(super) mod scripts;
pub(super) mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::{Counter, counter, describe_counter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use roomcast_core::cluster::directory::{Asserted, Claimed, Journaled, Looked, Write};
use roomcast_core::cluster::{BootId, Ownership};
use roomcast_protocol::id::RoomId;

use super::complaint::Complaint;
use super::keeper::Keeper;
use super::redis::Masters;
use super::{Failure, Partition, Reply, Script};
use asserting::Asserting;
use call_gate::CallGate;
pub use call_gate::Urgency;
use text::{Arguments, ReplyReader};

/// Claims, loads, asserts and whole writes in flight: a node that takes over thousands of rooms must not starve the
/// leases of the living.
const IN_FLIGHT: usize = 64;
/// Rooms in one call: a script may have 1,000 values at most.
const ROOMS_PER_CALL: usize = 250;

/// The directory as one node uses it. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    masters: Arc<Masters>,
    keeper: Arc<Keeper>,
    gate: CallGate,
    asserting: Asserting,
    counters: Counters,
    complaint: Complaint,
}

/// Counts what the directory answered.
struct Counters {
    settling: Counter,
    fenced: Counter,
}

impl Counters {
    fn describe() -> Self {
        let (settling, fenced) = ("roomcast_cluster_settling_waits_total", "roomcast_cluster_fences_total");
        describe_counter!(settling, "Calls of the directory that were put off because Redis had begun anew");
        describe_counter!(fenced, "Writes of this node that met a later owner of the room");
        Self { settling: counter!(settling), fenced: counter!(fenced) }
    }
}

impl Directory {
    pub(super) fn new(masters: Arc<Masters>, keeper: Arc<Keeper>) -> Self {
        let counters = Counters::describe();
        Self(Arc::new(Inner {
            masters,
            keeper,
            gate: CallGate::new(IN_FLIGHT),
            asserting: Asserting::default(),
            complaint: Complaint::default(),
            counters,
        }))
    }

    /// Looks the entry of a room up.
    pub async fn look(&self, room: &RoomId, urgency: Urgency) -> Option<Looked> {
        let _permit = self.0.gate.enter(urgency).await;
        let mut args = Arguments::default();
        args.millis(self.0.keeper.lease_time());
        let looked = self.0.call(room, &scripts::LOOK, args).await?.looked()?;
        self.0.note_settling(matches!(looked, Looked::Wait(_)));
        Some(looked)
    }

    /// Claims a room by compare-and-set of its owner and term; none is expected where nothing stands. `random`
    /// distinguishes the life that begins then, and `fields` are its first journal.
    pub async fn claim<F, V>(
        &self,
        room: &RoomId,
        expected: Option<Ownership>,
        mine: BootId,
        (random, fields): (u64, &[(F, V)]),
        urgency: Urgency,
    ) -> Option<Claimed<F, V>>
    where
        F: Serialize + DeserializeOwned,
        V: Serialize + DeserializeOwned,
    {
        let _permit = self.0.gate.enter(urgency).await;
        let mut args = Arguments::default();
        args.millis(self.0.keeper.lease_time()).ownership(expected).number(mine.0).number(random);
        args.pairs(fields);
        let claimed = self.0.call(room, &scripts::CLAIM, args).await?.claimed(mine)?;
        self.0.note_settling(matches!(claimed, Claimed::Wait(_)));
        Some(claimed)
    }

    /// Asserts an ownership, in one call with those of other rooms. It stands unless another one prevails.
    pub async fn assert(&self, room: &RoomId, mine: Ownership) -> Option<Asserted> {
        let asserted = Asserting::assert(&self.0, room, mine).await?;
        self.0.note_fence(matches!(asserted, Asserted::Stands(_)));
        Some(asserted)
    }

    /// Writes changes of a room to its journal. Whole writes are bounded in number as claims are.
    pub async fn journal<F: Serialize, V: Serialize>(
        &self,
        room: &RoomId,
        write: &Write<F, V>,
        urgency: Urgency,
    ) -> Option<Journaled> {
        let _permit = if write.era.is_none() { Some(self.0.gate.enter(urgency).await) } else { None };
        let mut args = Arguments::default();
        args.millis(self.0.keeper.lease_time()).ownership(Some(write.ownership)).era(write.era);
        args.text(write.number.to_string());
        args.changes(&write.changes);
        let journaled = self.0.call(room, &scripts::JOURNAL, args).await?.journaled()?;
        self.0.note_settling(matches!(journaled, Journaled::Wait(_)));
        self.0.note_fence(matches!(journaled, Journaled::Fenced(_)));
        Some(journaled)
    }

    /// Deletes a room of this owner, or clears its owner and keeps these fields for the next one. None where it has to
    /// be repeated.
    pub async fn release<F: Serialize, V: Serialize>(
        &self,
        room: &RoomId,
        mine: Ownership,
        keep: Option<&[(F, V)]>,
    ) -> Option<()> {
        let _permit = self.0.gate.enter(Urgency::Background).await;
        let mut args = Arguments::default();
        args.ownership(Some(mine)).text(if keep.is_some() { "1" } else { "0" });
        args.pairs(keep.unwrap_or_default());
        self.0.call(room, &scripts::RELEASE, args).await.map(drop)
    }

    /// Renews the expiry of rooms that this node owns.
    pub async fn renew(&self, rooms: &[(RoomId, Ownership)]) -> Option<()> {
        let mut by_partition: BTreeMap<Partition, Vec<&(RoomId, Ownership)>> = BTreeMap::new();
        rooms.iter().for_each(|room| by_partition.entry(Partition::of(&room.0)).or_default().push(room));
        let mut all = Some(());
        for (partition, rooms) in by_partition {
            for rooms in rooms.chunks(ROOMS_PER_CALL) {
                let _permit = self.0.gate.enter(Urgency::Background).await;
                let mut args = Arguments::default();
                rooms.iter().for_each(|(_, mine)| _ = args.ownership(Some(*mine)));
                let keys = rooms.iter().map(|(room, _)| room_key(room)).collect();
                all = all.and(self.0.call_keys(partition, &scripts::RENEW, keys, args).await.map(drop));
            }
        }
        all
    }
}

impl Inner {
    /// Calls a script on a room and the era of its partition.
    async fn call(&self, room: &RoomId, script: &'static Script, args: Arguments) -> Option<ReplyReader> {
        let partition = Partition::of(room);
        self.call_keys(partition, script, vec![room_key(room), era_key(partition)], args).await
    }

    async fn call_keys(
        &self,
        partition: Partition,
        script: &'static Script,
        keys: Vec<String>,
        args: Arguments,
    ) -> Option<ReplyReader> {
        if !self.keeper.is_fresh() {
            return None;
        }
        answer(
            self.masters.call(partition, script, keys, args.0).await,
            &self.complaint,
            "the directory does not answer",
        )
    }

    fn note_settling(&self, waits: bool) {
        self.counters.settling.increment(waits.into());
    }

    fn note_fence(&self, fenced: bool) {
        self.counters.fenced.increment(fenced.into());
    }
}

/// An answer of a script; none where there is none that is certain. Refusals are for the operator.
pub(super) fn answer(answered: Result<Reply, Failure>, complaint: &Complaint, of: &str) -> Option<ReplyReader> {
    match answered {
        Ok(reply) => {
            complaint.end();
            ReplyReader::of(reply)
        }
        Err(failure @ Failure::Refused(_)) => {
            complaint.warn(format!("{of}: {failure}"));
            None
        }
        Err(failure) => {
            tracing::debug!("{of}: {failure}");
            None
        }
    }
}

fn room_key(room: &RoomId) -> String {
    Partition::of(room).key(&format!("room:{room}"))
}

/// Returns the key of a partition's era.
pub(super) fn era_key(partition: Partition) -> String {
    partition.key("era")
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}
