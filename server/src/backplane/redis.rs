//! The backplane over Redis: who holds what together.
//!
//! A shard is one master with all that leads there. One server or a service of Sentinels is one shard; a cluster has
//! several, and which partition is whose changes while it runs.

mod backoff;
mod beat;
mod connector;
mod failure;
mod lease;
mod link;
mod push;
mod reaper;
mod session;
mod shard;
mod subscription;

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use roomcast_core::time::UnixTime;

use super::{BackplaneSettings, BootId, Counters, Failure, Listener, Partition, Place, Reply, Reset, Script};
use connector::Connector;
use failure::reply;
use lease::Membership;
use link::Link;
use shard::{Shard, Shards};

/// All of one node's way to Redis.
pub struct Fabric {
    settings: BackplaneSettings,
    listener: Arc<dyn Listener>,
    pub counters: Counters,
    connector: Connector,
    boot: RwLock<BootId>,
    shards: RwLock<Arc<Shards>>,
    /// Every script used so far: loaded on each new connection.
    scripts: Mutex<Vec<&'static Script>>,
    membership: Membership,
    stop: watch::Sender<bool>,
}

impl Fabric {
    pub fn start(settings: BackplaneSettings, listener: Arc<dyn Listener>) -> Result<Arc<Self>, String> {
        let fabric = Arc::new(Self {
            connector: Connector::new(&settings)?,
            membership: Membership::new(&settings),
            settings,
            listener,
            counters: Counters::describe(),
            boot: RwLock::new(BootId::fresh()),
            shards: RwLock::default(),
            scripts: Mutex::default(),
            stop: watch::Sender::new(false),
        });
        if matches!(fabric.settings.address.place, Place::Cluster(_)) {
            return Err("a cluster is not spoken to yet".into());
        }
        let shard = Arc::new(Shard::whole(&fabric.settings));
        fabric.set_shards(Shards::single(&shard));
        fabric.spawn(session::supervise(Arc::clone(&fabric), shard));
        fabric.spawn(lease::keep(Arc::clone(&fabric)));
        Ok(fabric)
    }

    /// Runs until the end of the backplane at most.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stop.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = work => {}
            }
        });
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
        let shard = self.shards().of(partition);
        let call = shard.map(|shard| self.script(&shard, script, &keys, &args));
        async move {
            match call {
                Some(call) => call.await,
                None => Err(Failure::Unavailable),
            }
        }
    }

    /// Calls a script on a shard.
    fn script(
        &self,
        shard: &Shard,
        script: &'static Script,
        keys: &[String],
        args: &[Bytes],
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        self.counters.commands.increment(1);
        let call = Link::script(&shard.commands, script, keys, args);
        if call.is_first_use() {
            self.remember(script);
        }
        async move { call.await.and_then(reply) }
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
        let call = self.media(partition, command, bytes.len());
        async move { call.await.map(drop) }
    }

    pub fn fetch(
        self: &Arc<Self>,
        partition: Partition,
        key: &str,
    ) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send + use<> {
        let mut command = redis::cmd("GET");
        command.arg(key);
        let call = self.media(partition, command, key.len());
        async move {
            match call.await? {
                Reply::Bytes(bytes) => Ok(Some(bytes)),
                _ => Ok(None),
            }
        }
    }

    fn media(
        &self,
        partition: Partition,
        command: redis::Cmd,
        size: usize,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        self.counters.commands.increment(1);
        let call = self.shards().of(partition).map(|shard| Link::command(&shard.media, command, size));
        async move {
            match call {
                Some(call) => call.await.and_then(reply),
                None => Err(Failure::Unavailable),
            }
        }
    }
}
