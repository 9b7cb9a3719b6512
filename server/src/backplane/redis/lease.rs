//! The lease: each node says regularly that it lives, and learns who else does.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use roomcast_core::time::UnixTime;

use super::reaper::{self, Reaping};
use super::subscription::lease_channel;
use super::{Fabric, Shard};
use crate::backplane::{BackplaneSettings, BootId, Failure, Reply, Reset, Script};

static BEAT: Script = Script::new(include_str!("beat.lua"));
static LEASE: Script = Script::new(include_str!("lease.lua"));

/// The sorted set of nodes.
pub const LEASE_KEY: &str = "rc:{L}:lease";
/// Until when nobody is taken for dead.
pub const GRACE_KEY: &str = "rc:{L}:grace";
const SEEN_KEY: &str = "rc:{L}:seen";

/// What is known of the nodes.
pub struct Membership {
    reading: RwLock<Option<Reading>>,
    /// Who renewed last in this session.
    registered: Mutex<Option<BootId>>,
    /// Who is being reaped by this node.
    pub reaping: Reaping,
    /// The lease is to be renewed now, not with the next tick.
    pub soon: Notify,
    left: std::sync::atomic::AtomicBool,
    away: Duration,
}

struct Reading {
    at: Instant,
    alive: HashSet<String>,
    clock: Estimate,
}

/// What Redis' clock says, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Estimate {
    micros: i64,
    /// By how much that may be wrong.
    doubt: i64,
}

impl Estimate {
    /// Clocks run apart by no more than one part in so many.
    const DRIFT: i64 = 1000;

    /// From an answer that told the time and took so long: half of the way was the way back, as far as is known.
    const fn told(micros: i64, took: i64) -> Self {
        Self { micros: micros.saturating_add(took / 2), doubt: took / 2 }
    }

    const fn later(self, passed: i64) -> Self {
        Self { micros: self.micros.saturating_add(passed), doubt: self.doubt.saturating_add(passed / Self::DRIFT) }
    }

    /// The better of two of the same moment; the newer one when both cannot be true: the clock was set, or it is that of
    /// another machine.
    fn or(self, newer: Self) -> Self {
        let apart = self.micros.abs_diff(newer.micros);
        let agree = apart <= self.doubt.saturating_add(newer.doubt).unsigned_abs();
        if agree && self.doubt <= newer.doubt { self } else { newer }
    }
}

impl Membership {
    pub fn new(settings: &BackplaneSettings) -> Self {
        Self {
            reading: RwLock::default(),
            registered: Mutex::default(),
            reaping: Reaping::default(),
            soon: Notify::new(),
            left: std::sync::atomic::AtomicBool::new(false),
            away: settings.away(),
        }
    }

    pub fn is_alive(&self, node: &str) -> bool {
        let reading = self.reading.read().unwrap_or_else(PoisonError::into_inner);
        reading.as_ref().is_none_or(|reading| reading.at.elapsed() > self.away || reading.alive.contains(node))
    }

    pub fn nodes(&self) -> HashSet<String> {
        let reading = self.reading.read().unwrap_or_else(PoisonError::into_inner);
        reading.as_ref().map(|reading| reading.alive.clone()).unwrap_or_default()
    }

    pub fn now(&self) -> UnixTime {
        let reading = self.reading.read().unwrap_or_else(PoisonError::into_inner);
        match &*reading {
            Some(reading) => UnixTime(reading.clock.later(micros(reading.at.elapsed())).micros),
            None => UnixTime::from_millis(crate::clock::unix_millis()),
        }
    }

    /// Takes the answer to a renewal. The time in one that was long on its way says little.
    fn read(&self, told: i64, asked: Instant, alive: Vec<String>) {
        let told = Estimate::told(told, micros(asked.elapsed()));
        let mut reading = self.reading.write().unwrap_or_else(PoisonError::into_inner);
        let before = reading.as_ref().map(|before| before.clock.later(micros(before.at.elapsed())));
        let clock = before.map_or(told, |before| before.or(told));
        *reading = Some(Reading { at: Instant::now(), alive: alive.into_iter().collect(), clock });
    }

    /// Redis may be another one: that our lease is not in it means nothing.
    pub fn forget_registration(&self) {
        *self.registered() = None;
    }

    /// The lease is not renewed any more.
    pub fn leave(&self) {
        self.left.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    fn has_left(&self) -> bool {
        self.left.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn registered(&self) -> std::sync::MutexGuard<'_, Option<BootId>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Renews for ever.
pub async fn keep(fabric: Arc<Fabric>) {
    let mut ticks = tokio::time::interval(fabric.settings.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // One line in the log for each refusal that lasts, however often it is tried.
    let mut told = None;
    loop {
        tokio::select! { _ = ticks.tick() => {}, () = fabric.membership.soon.notified() => ticks.reset() }
        if fabric.membership.has_left() {
            continue;
        }
        let shards = fabric.shards();
        for shard in shards.all.iter().filter(|shard| shard.commands.is_open() && !shard.assigned().lease) {
            fabric.spawn(beat(Arc::clone(&fabric), Arc::clone(shard)));
        }
        let Some(shard) = shards.lease.as_ref().filter(|shard| shard.commands.is_open()) else { continue };
        let (number, beat) = shard.beats.send();
        match renew(&fabric, shard, beat).await {
            Ok(()) => told = None,
            Err(failure) => {
                shard.beats.withdraw(number);
                if matches!(failure, Failure::Refused(_)) && told.as_ref() != Some(&failure) {
                    tracing::warn!("the lease was not renewed, so this node is not ready: {failure}");
                    told = Some(failure);
                } else {
                    tracing::debug!("the lease was not renewed: {failure}");
                }
            }
        }
    }
}

/// The beat of a shard without the lease.
async fn beat(fabric: Arc<Fabric>, shard: Arc<Shard>) {
    let Some(partition) = shard.assigned().partitions.first().copied() else { return };
    let boot = fabric.boot();
    let key = partition.key(&format!("b:{boot}"));
    // Before it is sent: of two beats under way at once, neither is told by the other's mark.
    let known = shard.beats.has_mark(&key);
    let (number, payload) = shard.beats.send();
    let args = [
        partition.channel(boot.as_str()).into(),
        fabric.publish_command().into(),
        payload,
        (fabric.settings.lease * 10).as_millis().to_string().into(),
    ];
    match fabric.script(&shard, &BEAT, std::slice::from_ref(&key), &args).await {
        Ok(former) => {
            shard.beats.leave_mark(&key);
            if known && former == Reply::Int(0) {
                tracing::warn!("a part of the cluster has lost its data: its rooms are built anew");
                shard.resubscribe(Reset::Gap);
            }
        }
        Err(failure) => {
            shard.beats.withdraw(number);
            tracing::debug!("no beat: {failure}");
        }
    }
}

async fn renew(fabric: &Arc<Fabric>, shard: &Arc<Shard>, beat: Bytes) -> Result<(), Failure> {
    let boot = fabric.boot();
    let known = fabric.membership.registered().as_ref() == Some(&boot);
    let keys = [LEASE_KEY.to_owned(), fence_key(&boot), SEEN_KEY.to_owned(), GRACE_KEY.to_owned()];
    let millis = |duration: Duration| Bytes::from(duration.as_millis().to_string());
    let args = [
        boot.to_string().into(),
        millis(fabric.settings.lease),
        millis(fabric.settings.away()),
        lease_channel(&boot).into(),
        fabric.publish_command().into(),
        beat,
        if known { "1" } else { "0" }.into(),
    ];
    let asked = Instant::now();
    let reply = fabric.script(shard, &LEASE, &keys, &args).await?;
    let answer = Answer::read(reply).ok_or_else(|| Failure::Refused("the lease reads otherwise".into()))?;
    if answer.state == 2 {
        fabric.fence_self(&boot);
        return Err(Failure::Unavailable);
    }
    *fabric.membership.registered() = Some(boot.clone());
    if answer.state == 1 {
        tracing::warn!("Redis has lost its data: rooms are built anew");
        for shard in &fabric.shards().all {
            shard.resubscribe(Reset::Gap);
        }
    }
    fabric.membership.read(answer.micros, asked, answer.alive);
    for dead in answer.dead.iter().map(|dead| BootId::known(dead)).filter(|dead| *dead != boot) {
        reaper::reap(fabric, dead);
    }
    Ok(())
}

/// The fence of a node beside the lease.
pub fn fence_key(boot: &BootId) -> String {
    format!("rc:{{L}}:x:{boot}")
}

/// Takes the node out of the lease.
pub async fn give_back(fabric: &Arc<Fabric>) -> Result<(), Failure> {
    let Some(shard) = fabric.shards().lease.clone() else { return Err(Failure::Unavailable) };
    reaper::finish(fabric, &shard, &fabric.boot(), true).await
}

struct Answer {
    state: i64,
    micros: i64,
    alive: Vec<String>,
    dead: Vec<String>,
}

impl Answer {
    fn read(reply: Reply) -> Option<Self> {
        let Reply::Array(parts) = reply else { return None };
        let [Reply::Int(state), Reply::Int(micros), alive, dead] = <[Reply; 4]>::try_from(parts).ok()? else {
            return None;
        };
        Some(Self { state, micros, alive: names(alive)?, dead: names(dead)? })
    }
}

fn names(reply: Reply) -> Option<Vec<String>> {
    let Reply::Array(names) = reply else { return None };
    let name = |reply| match reply {
        Reply::Bytes(bytes) => String::from_utf8(bytes.into()).ok(),
        _ => None,
    };
    names.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_took_long_does_not_move_a_clock_that_is_known_better() {
        let known = Estimate::told(1_000_000, 400);
        let second_later = known.later(1_000_000);
        assert_eq!(second_later, Estimate { micros: 2_000_200, doubt: 1200 });
        // 300 ms on its way, all of it on the way back.
        let late = Estimate::told(1_700_200, 300_000);
        assert_eq!(second_later.or(late), second_later);
        let prompt = Estimate::told(1_999_900, 500);
        assert_eq!(second_later.or(prompt), prompt);
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let known = Estimate::told(1_000_000, 400).later(1_000_000);
        let set = Estimate::told(61_000_000, 300_000);
        assert_eq!(known.or(set), set);
    }
}
