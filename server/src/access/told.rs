//! Revocations between nodes: each says to Redis what it holds, and asks twice a second for what others hold. State is
//! compared, so that a node that was away, and a Redis that comes back empty, lack nothing for long.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use roomcast_protocol::access::{Revocation, TooMany};

use super::revocations::NotRevoked;
use crate::backplane::{Brought, Exchanged, Progress};
use crate::clock::unix_millis;
use crate::node::Node;

/// The interval at which the others' revocations are asked for.
const INTERVAL: Duration = Duration::from_millis(500);
/// The most revocations of one call.
const BATCH: usize = 500;

/// The revocations in Redis, as far as this node knows them.
#[derive(Debug, Default)]
pub struct Told {
    state: Mutex<State>,
    /// Whether all that Redis had was here once.
    caught_up: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    /// Those that Redis has, of this era.
    there: HashSet<Revocation>,
    /// The version of this node's table at which it had nothing that Redis lacks.
    told: Option<u64>,
}

impl Told {
    /// Whether all that the others had revoked was here once.
    pub fn has_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }
}

/// Keeps this node's revocations and the others' the same, for ever.
pub async fn follow(node: Arc<Node>) {
    loop {
        // A Redis out of reach is complained of by the lease.
        let _ = exchange(&node).await;
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Brings what Redis lacks and takes what this node lacks, until both have the same.
pub async fn exchange(node: &Node) -> Result<(), NotRevoked> {
    let Some(transport) = node.transport() else { return Ok(()) };
    let told = &node.access.told;
    let mut state = told.state.lock().await;
    let mut is_up_to_date = false;
    loop {
        let (now, version) = (unix_millis() / 1000, node.access.revocations().version());
        if is_up_to_date && state.told == Some(version) {
            return Ok(());
        }
        let brought = if is_up_to_date { state.lacking(node, now) } else { Brought::default() };
        let fresh = read(&brought.fresh);
        if is_up_to_date && fresh.is_empty() {
            told.caught_up.store(true, Ordering::Relaxed);
            state.told = Some(version);
            return Ok(());
        }
        let answer = transport.nodes().exchange(&state.progress, brought).await.map_err(|_| NotRevoked::NotTold)?;
        let Exchanged::Entries { entries, progress, anew, complete } = answer else {
            return Err(NotRevoked::TooMany(TooMany));
        };
        if anew {
            state.there.clear();
            state.told = None;
        } else {
            state.there.extend(fresh);
        }
        state.progress = progress;
        let entries = read(&entries);
        state.there.extend(entries.iter().cloned());
        // One that does not fit here is told of by the node where it was asked for.
        if node.access.revocations().take(now, entries).unwrap_or(true) {
            node.connections.judge_all();
        }
        is_up_to_date = complete;
    }
}

fn read(texts: &[String]) -> Vec<Revocation> {
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

fn write(revocation: &Revocation) -> String {
    serde_json::to_string(revocation).expect("texts and numbers serialise")
}

impl State {
    /// The revocations that Redis lacks, and those that have ended there.
    fn lacking(&mut self, node: &Node, now: u64) -> Brought {
        let ended: Vec<_> = self.there.iter().filter(|one| one.until <= now).take(BATCH).cloned().collect();
        ended.iter().for_each(|one| _ = self.there.remove(one));
        let held = node.access.revocations().all(now);
        let last = held.iter().map(|one| one.until).max().unwrap_or(now);
        let fresh = held.iter().filter(|one| !self.there.contains(one)).take(BATCH).map(write).collect();
        let life = Duration::from_secs(last.saturating_sub(now) + 1);
        let most = node.settings.access.auth_max_revocations;
        Brought { ended: ended.iter().map(write).collect(), fresh, life, most }
    }
}
