//! The eras of all partitions. An era begins when the partition has another master than before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roomcast_core::cluster::directory::Era;
use roomcast_core::time::Instant;

use super::Keeper;
use crate::backplane::directory::text::{Arguments, ReplyReader};
use crate::backplane::directory::{answer, era_key, scripts};
use crate::backplane::{Failure, Partition, Reply};

/// The number of renewals over which the partitions of a Redis Cluster are distributed.
const ROUNDS: usize = 2;

/// The eras that this node knows.
#[derive(Default)]
pub struct Eras(Mutex<State>);

#[derive(Default)]
struct State {
    eras: BTreeMap<Partition, Era>,
    /// The end of the first settling period observed.
    settled: Instant,
}

impl Eras {
    /// Returns whether each partition has settled since its era was first observed.
    pub fn have_settled(&self, now: Instant) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.eras.len() == usize::from(Partition::COUNT) && state.settled <= now
    }

    /// Records an era; returns whether it has changed.
    fn take(&self, now: Instant, partition: Partition, (era, rest): (Era, Duration)) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let former = state.eras.insert(partition, era);
        if former.is_none() {
            state.settled = state.settled.max(now + rest);
        }
        former.is_some_and(|former| former != era)
    }

    /// Begins the eras of all partitions in one call, on the connection for leases.
    pub fn begin_all<'k>(&'k self, keeper: &'k Keeper) -> impl Future<Output = ()> + use<'k> {
        let partitions: Vec<Partition> = Partition::all().collect();
        let keys = partitions.iter().copied().map(era_key).collect();
        let begun = keeper.masters.call_lease(&scripts::BEGIN, keys, arguments(keeper));
        async move { self.on_begun(keeper, &partitions, begun.await) }
    }

    /// Begins the era of one partition, at its master.
    fn begin<'k>(&'k self, keeper: &'k Keeper, partition: Partition) -> impl Future<Output = ()> + use<'k> {
        let begun = keeper.masters.call(partition, &scripts::BEGIN, vec![era_key(partition)], arguments(keeper));
        async move { self.on_begun(keeper, &[partition], begun.await) }
    }

    fn on_begun(&self, keeper: &Keeper, partitions: &[Partition], begun: Result<Reply, Failure>) {
        let eras = answer(begun, &keeper.complaint, "the state of Redis is not read")
            .and_then(ReplyReader::eras)
            .unwrap_or_default();
        for (partition, era) in partitions.iter().zip(eras) {
            if self.take(keeper.clock.now(), *partition, era) {
                tracing::info!("another era of Redis has begun for partition {partition}");
                keeper.listener.era(*partition, era.0);
            }
        }
    }
}

fn arguments(keeper: &Keeper) -> Vec<bytes::Bytes> {
    let mut args = Arguments::default();
    args.millis(keeper.lease_time);
    args.0
}

/// Begins eras in a Redis Cluster: for some partitions with each renewal, and for all after a new connection.
pub async fn keep(keeper: Arc<Keeper>) {
    let mut opened = keeper.masters.commands_opened();
    let mut ticks = tokio::time::interval(keeper.lease_time / 5);
    for round in (0..ROUNDS).cycle() {
        let all = tokio::select! {
            _ = ticks.tick() => false,
            _ = opened.changed() => true,
        };
        let due = Partition::all().filter(|partition| all || partition.index() % ROUNDS == round);
        let begun: Vec<_> = due.map(|partition| keeper.eras.begin(&keeper, partition)).collect();
        futures_util::future::join_all(begun).await;
    }
}
