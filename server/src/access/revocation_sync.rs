//! Revocations between nodes: each says to Redis what it holds, and asks twice a second for what others hold. State is
//! compared, so that a node that was away, and a Redis that comes back empty, lack nothing for long.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use roomcast_protocol::access::{Revocation, TooMany};

use super::Access;
use super::revocations::NotRevoked;
use crate::backplane::{Brought, Exchanged, Nodes, Progress};
use crate::clock::unix_millis;

/// The most revocations of one call.
const BATCH: usize = 500;

/// The revocations in Redis, as far as this node knows them.
#[derive(Debug, Default)]
pub struct RevocationSync {
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

impl RevocationSync {
    /// Returns whether all that the others had revoked was here once.
    pub fn has_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }
}

impl Access {
    /// Brings what Redis lacks and takes what this node lacks, until both have the same. `most` is the number that
    /// Redis may hold; `judge` is called when something was new here.
    ///
    /// # Errors
    /// Where Redis does not answer, or holds too many already.
    pub async fn exchange(&self, nodes: &Nodes, most: usize, judge: impl Fn()) -> Result<(), NotRevoked> {
        let told = &self.revocation_sync;
        let mut state = told.state.lock().await;
        let mut is_up_to_date = false;
        loop {
            let (now, version) = (unix_millis() / 1000, self.revocations().version());
            if is_up_to_date && state.told == Some(version) {
                return Ok(());
            }
            let brought =
                if is_up_to_date { state.lacking(&self.revocations().all(now), most, now) } else { Brought::default() };
            let fresh = read(&brought.fresh);
            if is_up_to_date && fresh.is_empty() {
                told.caught_up.store(true, Ordering::Relaxed);
                state.told = Some(version);
                return Ok(());
            }
            let answer = nodes.exchange(&state.progress, brought).await.map_err(|_| NotRevoked::NotTold)?;
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
            if self.revocations().take(now, entries).unwrap_or(true) {
                judge();
            }
            is_up_to_date = complete;
        }
    }
}

fn read(texts: &[String]) -> Vec<Revocation> {
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

fn write(revocation: &Revocation) -> String {
    serde_json::to_string(revocation).expect("texts and numbers serialise")
}

impl State {
    /// Returns the revocations that Redis lacks, and those that have ended there.
    fn lacking(&mut self, held: &[Revocation], most: usize, now: u64) -> Brought {
        let ended: Vec<_> = self.there.iter().filter(|one| one.until <= now).take(BATCH).cloned().collect();
        ended.iter().for_each(|one| _ = self.there.remove(one));
        let last = held.iter().map(|one| one.until).max().unwrap_or(now);
        let fresh = held.iter().filter(|one| !self.there.contains(one)).take(BATCH).map(write).collect();
        let life = Duration::from_secs(last.saturating_sub(now) + 1);
        Brought { ended: ended.iter().map(write).collect(), fresh, life, most }
    }
}
