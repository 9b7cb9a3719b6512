//! Removes what dead nodes left behind.
//!
//! First the fence, so that a node that only stood still writes nothing more; then the listener removes its members;
//! the lease goes last. So a reaper that dies is repeated by another, and two reapers do no harm.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::backoff::jitter;
use super::lease::{GRACE_KEY, LEASE_KEY, fence_key};
use super::{Fabric, Link, Shard};
use crate::backplane::{BootId, Failure, Reply, Script};

static FENCE: Script = Script::new(include_str!("fence.lua"));
static REAPED: Script = Script::new(include_str!("reaped.lua"));

/// How long a fence stands: longer than any node is suspended and goes on.
const FENCE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Who is being reaped by this node.
#[derive(Default)]
pub struct Reaping(Mutex<HashSet<BootId>>);

impl Reaping {
    fn begin(&self, dead: &BootId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(dead.clone())
    }

    fn end(&self, dead: &BootId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(dead);
    }
}

/// Begins to reap a node, unless that is under way. What fails is begun again with a later lease.
pub fn reap(fabric: &Arc<Fabric>, dead: BootId) {
    if !fabric.membership.reaping.begin(&dead) {
        return;
    }
    let reaper = Arc::clone(fabric);
    fabric.spawn(async move {
        // Not every survivor at the same instant.
        tokio::time::sleep(jitter(reaper.settings.interval() / 2)).await;
        match carry_out(&reaper, &dead).await {
            Ok(None) => {}
            Ok(Some(members)) => tracing::info!("the node {dead} is dead: {members} of its members were removed"),
            Err(failure) => tracing::warn!("the node {dead} is dead, but its members stay for now: {failure}"),
        }
        reaper.membership.reaping.end(&dead);
    });
}

async fn carry_out(fabric: &Arc<Fabric>, dead: &BootId) -> Result<Option<u64>, Failure> {
    let shard = fabric.shards().lease.clone().ok_or(Failure::Unavailable)?;
    if !fence(fabric, &shard, dead).await? {
        return Ok(None);
    }
    let outcome = match fence_partitions(fabric, dead).await {
        Ok(()) => fabric.listener.reap(dead.clone()).await,
        Err(failure) => Err(failure),
    };
    fabric.counters.reaped_members.increment(*outcome.as_ref().unwrap_or(&0));
    finish(fabric, &shard, dead, outcome.is_ok()).await?;
    outcome.map(Some)
}

/// Fences the lease; false when the node lives after all or another reaps it.
async fn fence(fabric: &Arc<Fabric>, shard: &Shard, dead: &BootId) -> Result<bool, Failure> {
    let keys = [LEASE_KEY.to_owned(), fence_key(dead), reaper_key(dead), GRACE_KEY.to_owned()];
    let millis = |duration: Duration| Bytes::from(duration.as_millis().to_string());
    let args = [
        dead.to_string().into(),
        fabric.boot().to_string().into(),
        millis(FENCE_LIFE),
        millis(fabric.settings.lease / 2),
    ];
    Ok(fabric.script(shard, &FENCE, &keys, &args).await? == Reply::Int(1))
}

/// Fences every partition, so that the scripts of rooms see it in their own slot.
async fn fence_partitions(fabric: &Arc<Fabric>, dead: &BootId) -> Result<(), Failure> {
    let shards = fabric.shards();
    if !shards.is_complete() {
        return Err(Failure::Unavailable);
    }
    for shard in &shards.all {
        let commands: Vec<_> = shard
            .assigned()
            .partitions
            .iter()
            .map(|partition| {
                let mut command = redis::cmd("SET");
                command.arg(partition.key(&format!("x:{dead}"))).arg("1").arg("EX").arg(FENCE_LIFE.as_secs());
                command
            })
            .collect();
        if !commands.is_empty() {
            fabric.counters.commands.increment(commands.len() as u64);
            Link::commands(&shard.commands, commands, 0).await?;
        }
    }
    Ok(())
}

/// Ends a reaping, and with it the lease when all is done.
pub async fn finish(fabric: &Arc<Fabric>, shard: &Shard, dead: &BootId, done: bool) -> Result<(), Failure> {
    let keys = [LEASE_KEY.to_owned(), reaper_key(dead)];
    let args = [dead.to_string().into(), if done { "1" } else { "0" }.into()];
    fabric.script(shard, &REAPED, &keys, &args).await.map(drop)
}

fn reaper_key(dead: &BootId) -> String {
    format!("rc:{{L}}:reaper:{dead}")
}
