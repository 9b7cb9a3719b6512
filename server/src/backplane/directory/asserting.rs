//! Assertions of many rooms in one call. After a failover, a node asserts all its rooms at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomcast_core::cluster::Ownership;
use roomcast_core::cluster::directory::Asserted;
use roomcast_protocol::id::RoomId;
use tokio::sync::oneshot;

use super::call_gate::Urgency;
use super::text::{Arguments, ReplyReader};
use super::{Inner, ROOMS_PER_CALL, era_key, room_key, scripts};
use crate::backplane::Partition;

/// The assertions that wait for a call, by partition. Each partition in the map has a task that makes the calls.
#[derive(Default)]
pub struct Asserting(Mutex<BTreeMap<Partition, Vec<PendingAssertion>>>);

struct PendingAssertion {
    room: RoomId,
    mine: Ownership,
    answer: oneshot::Sender<Option<Asserted>>,
}

impl Asserting {
    pub async fn assert(directory: &Arc<Inner>, room: &RoomId, mine: Ownership) -> Option<Asserted> {
        let (answer, answered) = oneshot::channel();
        let partition = Partition::of(room);
        let is_first = {
            let mut waiting = directory.asserting.lock();
            let is_first = !waiting.contains_key(&partition);
            waiting.entry(partition).or_default().push(PendingAssertion { room: room.clone(), mine, answer });
            is_first
        };
        if is_first {
            directory.masters.spawn(call(Arc::clone(directory), partition));
        }
        answered.await.ok().flatten()
    }

    /// Removes and returns the next assertions of a partition. If there are none, the task ends.
    fn take(&self, partition: Partition) -> Vec<PendingAssertion> {
        let mut all = self.lock();
        let Some(waiting) = all.get_mut(&partition) else { return Vec::new() };
        let taken: Vec<_> = waiting.drain(..waiting.len().min(ROOMS_PER_CALL)).collect();
        if taken.is_empty() {
            all.remove(&partition);
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Partition, Vec<PendingAssertion>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn call(directory: Arc<Inner>, partition: Partition) {
    loop {
        let _permit = directory.gate.enter(Urgency::Awaited).await;
        let rooms = directory.asserting.take(partition);
        if rooms.is_empty() {
            return;
        }
        let mut args = Arguments::default();
        args.millis(directory.keeper.lease_time());
        rooms.iter().for_each(|room| _ = args.ownership(Some(room.mine)));
        let keys = std::iter::once(era_key(partition)).chain(rooms.iter().map(|room| room_key(&room.room)));
        let answers = directory.call_keys(partition, &scripts::ASSERT, keys.collect(), args).await;
        let mut answers = answers.into_iter().flat_map(ReplyReader::lists);
        for room in rooms {
            let answer = answers.next().flatten().and_then(ReplyReader::asserted);
            // A room that is gone meanwhile needs no answer.
            let _ = room.answer.send(answer);
        }
    }
}
