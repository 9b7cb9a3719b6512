//! Keys published elsewhere (JWKS), fetched at the start, when they are too old, and for tokens of unknown keys.

mod jwks;
mod schedule;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::counter;
use tokio::sync::{Notify, watch};

pub use jwks::KeySet;
use jwks::read;

use super::{Access, Key};
use crate::fetch::{self, Fetcher, Source};
use schedule::Schedule;

/// Counts fetches of the key set that failed.
pub const FETCH_FAILURES: &str = "roomcast_access_key_fetch_failures_total";
/// The time for which a request waits for the key of its token.
const WAIT: Duration = Duration::from_secs(2);

/// The state of a key set that is fetched.
#[derive(Debug)]
pub struct Remote {
    schedule: Mutex<Schedule>,
    /// Wakes the task that fetches.
    wake: Notify,
    /// Counts fetches that have ended, well or not.
    ended: watch::Sender<u64>,
}

impl Remote {
    /// A set that was never fetched.
    pub fn new() -> Self {
        let (wake, ended) = (Notify::new(), watch::Sender::new(0));
        Self { schedule: Mutex::new(Schedule::new(Instant::now())), wake, ended }
    }

    /// Returns whether there was a set ever.
    pub fn was_fetched(&self) -> bool {
        self.schedule().was_fetched()
    }

    /// Returns the time since the last set.
    pub fn age(&self) -> Option<Duration> {
        self.schedule().age(Instant::now())
    }

    /// Fetches soon, whatever the age of the set.
    pub fn hurry(&self) {
        self.schedule().hurry(Instant::now());
        self.wake.notify_one();
    }

    /// Fetches for a token of an unknown key, if it is time to, and waits for the end of the fetch. However many ask,
    /// one fetch serves all.
    pub async fn ask(&self) {
        // From before the question: a fetch that ends in between is seen.
        let mut ended = self.ended.subscribe();
        if !self.schedule().ask(Instant::now()) {
            return;
        }
        self.wake.notify_one();
        let _ = tokio::time::timeout(WAIT, ended.changed()).await;
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches the key set of a server as long as the server runs.
pub async fn follow(access: Arc<Access>, fetcher: Fetcher, source: Source) {
    let Some(remote) = access.remote() else { return };
    loop {
        remote.schedule().begin();
        take(&access, remote, &source, fetch(&fetcher, &source).await);
        fetch::wait(|| remote.schedule().due(), &remote.wake).await;
    }
}

/// Fetches a key set once: its keys, and the age that it may have.
///
/// # Errors
/// A sentence that says why there is none that can be used.
pub async fn fetch(fetcher: &Fetcher, source: &Source) -> Result<(KeySet, Option<Duration>), String> {
    let (text, age) = fetcher.fetch(source).await?;
    Ok((read(&text)?, age))
}

/// Stores the fetched keys, and reports the changes.
fn take(access: &Access, remote: &Remote, source: &Source, fetched: Result<(KeySet, Option<Duration>), String>) {
    let now = Instant::now();
    match fetched {
        Ok((set, age)) => {
            let names = names(&set.keys);
            let is_changed = access.take_fetched(set.keys);
            let is_back = remote.schedule().succeed(now, age);
            if is_changed {
                tracing::info!("access tokens are verified by the keys {names} of {source}");
                set.ignored.iter().for_each(|ignored| tracing::warn!("{source}: {ignored}"));
            } else if is_back {
                tracing::info!("{source} can be fetched again");
            }
        }
        Err(reason) => {
            counter!(FETCH_FAILURES).increment(1);
            let (is_first, is_over) = {
                let mut schedule = remote.schedule();
                (schedule.fail(now), schedule.is_over(now))
            };
            if is_first {
                tracing::warn!("the keys of access tokens were not fetched from {source}: {reason}");
            }
            if is_over && access.take_fetched(Vec::new()) {
                tracing::error!("no key of {source} counts any more: none was fetched for a day ({reason})");
            }
        }
    }
    remote.ended.send_modify(|count| *count += 1);
}

/// Returns the names of keys, as a list.
fn names(keys: &[Key]) -> String {
    let names: Vec<_> = keys.iter().map(|key| format!("{:?}", key.id.as_deref().unwrap_or_default())).collect();
    names.join(", ")
}
