//! The backplane over Redis: who holds what together.
//!
//! A shard is one master with all that leads there. One server or a service of Sentinels is one shard; a cluster has
//! several, and which partition is whose changes while it runs.

mod advice;
mod backoff;
mod beat;
mod cluster;
mod connector;
mod failure;
mod lease;
mod link;
mod permission;
mod push;
mod reach;
mod reaper;
mod sentinel;
mod session;
mod shard;
mod slot;
mod subscription;

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use roomcast_core::time::UnixTime;

use super::{BackplaneSettings, BootId, Counters, Failure, Listener, Partition, Place, Reply, Reset, Script};
use connector::Connector;
use failure::{Consequence, reply};
use lease::Membership;
use link::{Call, Link};
pub use reach::{Reached, reach};
use shard::{Assigned, Shard, Shards, Whereabouts};

/// How often a call is made whose partition moves.
const TRIES: usize = 3;

/// By how much the estimate of Redis' clock may be wrong.
const CLOCKS_DIFFER: Duration = Duration::from_millis(250);

/// All of one node's way to Redis.
pub struct Fabric {
    settings: BackplaneSettings,
    listener: Arc<dyn Listener>,
    pub counters: Counters,
    connector: Connector,
    /// The first boot id.
    origin: BootId,
    boot: RwLock<BootId>,
    shards: RwLock<Arc<Shards>>,
    /// Every script used so far: loaded on each new connection.
    scripts: Mutex<Vec<&'static Script>>,
    membership: Membership,
    /// Somebody else may have a partition now: a cluster is to be asked.
    refresh: Arc<Notify>,
    /// Counts how often who has what was told anew.
    assigned: watch::Sender<u64>,
    stop: watch::Sender<bool>,
}

impl Fabric {
    pub fn start(settings: BackplaneSettings, listener: Arc<dyn Listener>) -> Result<Arc<Self>, String> {
        let origin = BootId::fresh();
        let fabric = Arc::new(Self {
            connector: Connector::new(&settings)?,
            membership: Membership::new(&settings),
            settings,
            listener,
            counters: Counters::describe(),
            boot: RwLock::new(origin.clone()),
            origin,
            shards: RwLock::default(),
            scripts: Mutex::default(),
            refresh: Arc::default(),
            assigned: watch::Sender::new(0),
            stop: watch::Sender::new(false),
        });
        let place = match &fabric.settings.address.place {
            Place::Cluster(_) => None,
            Place::Single(server) => Some(Whereabouts::At(server.clone())),
            Place::Sentinel { sentinels, service } => {
                Some(Whereabouts::Watched { sentinels: sentinels.clone(), service: service.clone() })
            }
        };
        if let Some(place) = place {
            let shard = fabric.shard(place, Assigned { partitions: Partition::all().collect(), lease: true });
            fabric.set_shards(Shards::of_all(std::iter::once(Arc::clone(&shard))));
            fabric.spawn(session::supervise(Arc::clone(&fabric), shard));
        } else {
            fabric.spawn(cluster::follow(Arc::clone(&fabric)));
        }
        fabric.spawn(lease::keep(Arc::clone(&fabric)));
        Ok(fabric)
    }

    /// Runs until the end of the backplane at most.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut stopped = self.stop.subscribe();
        let task = tokio::spawn(async move {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = work => {}
            }
        });
        task.abort_handle()
    }

    fn shard(&self, place: Whereabouts, assigned: Assigned) -> Arc<Shard> {
        Arc::new(Shard::new(place, assigned, &self.settings, &self.refresh))
    }

    pub fn stop(&self) {
        self.stop.send_replace(true);
        for shard in &self.shards().all {
            shard.close();
        }
    }

    pub async fn leave(self: &Arc<Self>) {
        self.membership.leave();
        let _ = lease::give_back(self).await;
        self.stop();
    }

    pub const fn origin(&self) -> &BootId {
        &self.origin
    }

    /// How long a call may be under way, with some more for clocks that differ.
    pub fn patience(&self) -> Duration {
        self.settings.timeout + CLOCKS_DIFFER
    }

    pub fn boot(&self) -> BootId {
        self.boot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes another boot id, if the fenced one is still ours.
    pub fn fence_self(&self, fenced: &BootId) {
        {
            let mut boot = self.boot.write().unwrap_or_else(PoisonError::into_inner);
            if *boot != *fenced {
                return;
            }
            *boot = BootId::fresh();
        }
        tracing::warn!("other nodes took this one for dead: it goes on under another name");
        for shard in &self.shards().all {
            shard.resubscribe(Reset::Fenced);
        }
        self.membership.soon.notify_one();
    }

    pub fn is_ready(&self) -> bool {
        let shards = self.shards();
        shards.is_complete() && shards.all.iter().all(|shard| shard.is_ready(self.settings.beat_timeout))
    }

    pub fn is_alive(&self, node: &str) -> bool {
        self.membership.is_alive(node)
    }

    pub fn nodes(&self) -> HashSet<String> {
        self.membership.nodes()
    }

    pub fn now(&self) -> UnixTime {
        self.membership.now()
    }

    pub fn publish_command(&self) -> &'static str {
        if matches!(self.settings.address.place, Place::Cluster(_)) { "SPUBLISH" } else { "PUBLISH" }
    }

    fn shards(&self) -> Arc<Shards> {
        Arc::clone(&self.shards.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_shards(&self, shards: Shards) {
        *self.shards.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shards);
        self.assigned.send_modify(|count| *count += 1);
    }

    /// Remembers a script, so that later connections load it before they are used.
    fn remember(&self, script: &'static Script) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        if !scripts.iter().any(|known| std::ptr::eq(*known, script)) {
            scripts.push(script);
        }
    }

    fn scripts(&self) -> Vec<&'static Script> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn run(
        self: &Arc<Self>,
        partition: Partition,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        self.on(partition, move |fabric, shard| fabric.call(shard, script, &keys, &args))
    }

    /// Calls a script on a shard.
    async fn script(
        &self,
        shard: &Shard,
        script: &'static Script,
        keys: &[String],
        args: &[Bytes],
    ) -> Result<Reply, Failure> {
        self.call(shard, script, keys, args).await.map_err(|(failure, _)| failure).and_then(reply)
    }

    fn call(&self, shard: &Shard, script: &'static Script, keys: &[String], args: &[Bytes]) -> Call {
        self.counters.commands.increment(1);
        let call = Link::script(&shard.commands, script, keys, args);
        if call.is_first_use() {
            self.remember(script);
        }
        call
    }

    pub fn store(
        self: &Arc<Self>,
        partition: Partition,
        key: &str,
        bytes: &Bytes,
        expires: Duration,
    ) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        let mut command = redis::cmd("SET");
        let millis = u64::try_from(expires.as_millis()).unwrap_or(u64::MAX).max(1);
        command.arg(key).arg(bytes.as_ref()).arg("PX").arg(millis);
        let stored = self.media(partition, command, bytes.len());
        async move { stored.await.map(drop) }
    }

    pub fn fetch(
        self: &Arc<Self>,
        partition: Partition,
        key: &str,
    ) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send + use<> {
        let mut command = redis::cmd("GET");
        command.arg(key);
        let fetched = self.media(partition, command, key.len());
        async move {
            match fetched.await? {
                Reply::Bytes(bytes) => Ok(Some(bytes)),
                _ => Ok(None),
            }
        }
    }

    fn media(
        self: &Arc<Self>,
        partition: Partition,
        command: redis::Cmd,
        size: usize,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        self.on(partition, move |fabric, shard| {
            fabric.counters.commands.increment(1);
            Link::command(&shard.media, command.clone(), size)
        })
    }

    /// Calls on the shard of a partition, at once; again when the partition turns out to have moved.
    fn on<C>(
        self: &Arc<Self>,
        partition: Partition,
        call: C,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<C>
    where
        C: Fn(&Self, &Shard) -> Call + Send,
    {
        let mut changes = self.assigned.subscribe();
        let mut under_way = self.shards().of(partition).map(|shard| call(self, &shard));
        let fabric = Arc::clone(self);
        async move {
            for _ in 0..TRIES {
                let Some(current) = under_way.take() else { break };
                match current.await {
                    Err((_, Consequence::Astray)) => {}
                    answer => return answer.map_err(|(failure, _)| failure).and_then(reply),
                }
                // Whoever has it now is soon known; while it moves, there may be nothing new to know.
                let _ = tokio::time::timeout(fabric.settings.timeout, changes.changed()).await;
                under_way = fabric.shards().of(partition).map(|shard| call(&fabric, &shard));
            }
            Err(Failure::Unavailable)
        }
    }
}
