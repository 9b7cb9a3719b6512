//! The connections of a node to Redis: to every master one for commands and packets and one for media, and to the
//! master of the leases a separate one, so that no other traffic delays a renewal.

mod channel;
mod counters;
mod discovery;
mod media;
mod routes;
mod session;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use roomcast_core::cluster::BootId;

use super::call_link::{Call, CallLink};
use super::connector::Connector;
use super::failure::{Consequence, reply};
use super::sentinel::Whereabouts;
use super::slot;
use crate::backplane::{BackplaneSettings, Failure, Partition, Reply, Script, Topology};
pub use channel::{Channel, Inbox};
use counters::Counters;
use routes::{Master, Routes};

/// The maximum number of attempts of a call whose slot is moving.
const MAX_ATTEMPTS: usize = 3;
/// The hash tag of the keys with the leases of all nodes.
const LEASE_TAG: &str = "L";

/// The connections to all masters.
pub struct Masters {
    settings: BackplaneSettings,
    connector: Connector,
    counters: Counters,
    routes: RwLock<Arc<Routes>>,
    /// The scripts used so far, which are loaded on each new connection.
    scripts: Mutex<Vec<&'static Script>>,
    /// Requests a query of the cluster's slots.
    refresh: Arc<Notify>,
    /// The number of changes of the routes.
    routed: watch::Sender<u64>,
    /// The numbers of connections opened so far, for leases and for commands.
    lease_opened: watch::Sender<u64>,
    commands_opened: watch::Sender<u64>,
    stopped: watch::Sender<bool>,
}

impl Masters {
    /// Starts to maintain the connections in the background.
    ///
    /// # Errors
    /// A sentence if the address or the certificate file is invalid.
    pub fn start(settings: BackplaneSettings) -> Result<Arc<Self>, String> {
        let masters = Arc::new(Self {
            connector: Connector::new(&settings)?,
            counters: Counters::describe(),
            settings,
            routes: RwLock::default(),
            scripts: Mutex::default(),
            refresh: Arc::default(),
            routed: watch::Sender::new(0),
            lease_opened: watch::Sender::new(0),
            commands_opened: watch::Sender::new(0),
            stopped: watch::Sender::new(false),
        });
        if let Some(place) = Whereabouts::of(&masters.settings.address.topology) {
            let master = Arc::new(Master::new(place, &masters.settings, &masters.refresh));
            masters.set_routes(Routes::of_one(Arc::clone(&master)));
            masters.spawn(session::supervise(Arc::clone(&masters), master));
        } else {
            masters.spawn(discovery::follow(Arc::clone(&masters)));
        }
        Ok(masters)
    }

    /// Spawns a task that is aborted when the connections end.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> tokio::task::AbortHandle {
        let mut stopped = self.stopped.subscribe();
        let task = tokio::spawn(async move {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => {}
                () = work => {}
            }
        });
        task.abort_handle()
    }

    /// Closes all connections.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
        self.routes().all.iter().for_each(|master| master.close());
    }

    pub const fn is_cluster(&self) -> bool {
        matches!(self.settings.address.topology, Topology::Cluster(_))
    }

    /// Returns whether every slot has a master that is connected.
    pub fn are_connected(&self) -> bool {
        let routes = self.routes();
        let leases = routes.of_slot(slot::of_tag(LEASE_TAG)).is_some_and(|master| master.lease.is_open());
        leases && routes.is_complete() && routes.all.iter().all(|master| master.commands.is_open())
    }

    /// Returns a counter of the connections opened for leases. A renewal is the first command on each.
    pub fn lease_opened(&self) -> watch::Receiver<u64> {
        self.lease_opened.subscribe()
    }

    /// Returns a counter of the connections opened for commands.
    pub fn commands_opened(&self) -> watch::Receiver<u64> {
        self.commands_opened.subscribe()
    }

    fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_routes(&self, routes: Routes) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
        self.routed.send_modify(|count| *count += 1);
    }

    fn scripts(&self) -> Vec<&'static Script> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls a script on the connection for leases.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call_lease(
        self: &Arc<Self>,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        self.on(slot::of_tag(LEASE_TAG), move |masters, master| masters.call_on(&master.lease, script, &keys, &args))
    }

    /// Calls a script on a partition. Calls on one partition are executed in order, except for those that are repeated
    /// because Redis lost its scripts or a slot is moving.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call(
        self: &Arc<Self>,
        partition: Partition,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        let slot = slot::of_tag(&partition.to_string());
        self.on(slot, move |masters, master| masters.call_on(&master.commands, script, &keys, &args))
    }

    fn call_on(&self, link: &Arc<CallLink>, script: &'static Script, keys: &[String], args: &[Bytes]) -> Call {
        self.counters.commands.increment(1);
        let call = CallLink::script(link, script, keys, args);
        if call.is_first_use() {
            let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
            if !scripts.iter().any(|known| std::ptr::eq(*known, script)) {
                scripts.push(script);
            }
        }
        call
    }

    /// Publishes to the channel of a node at once, in the order of the calls. A message sent to the wrong server is
    /// lost.
    pub fn publish(&self, to: BootId, payload: &[u8]) -> Option<Call> {
        let tag = boot_text(to);
        let routes = self.routes();
        let master = routes.of_slot(slot::of_tag(&tag))?;
        self.counters.commands.increment(1);
        let mut command = redis::cmd(if self.is_cluster() { "SPUBLISH" } else { "PUBLISH" });
        command.arg(channel_of(&tag)).arg(payload);
        Some(CallLink::command(&master.commands, command, payload.len()))
    }

    /// Makes a call on the master of a slot at once, and repeats it if the slot has moved.
    fn on<C>(self: &Arc<Self>, slot: u16, call: C) -> impl Future<Output = Result<Reply, Failure>> + Send + use<C>
    where
        C: Fn(&Self, &Master) -> Call + Send,
    {
        let mut routed = self.routed.subscribe();
        let mut under_way = self.routes().of_slot(slot).map(|master| call(self, master));
        let masters = Arc::clone(self);
        async move {
            for _ in 0..MAX_ATTEMPTS {
                let Some(current) = under_way.take() else { break };
                match current.await {
                    Err((_, Consequence::Astray)) => {}
                    answer => return answer.map_err(|(failure, _)| failure).and_then(reply),
                }
                // While the slot moves there may be nothing new to know.
                let _ = tokio::time::timeout(masters.settings.timeout, routed.changed()).await;
                under_way = masters.routes().of_slot(slot).map(|master| call(&masters, master));
            }
            Err(Failure::Unavailable)
        }
    }
}

/// Returns a boot id as written in the names of keys and channels.
pub fn boot_text(boot: BootId) -> String {
    format!("{:016x}", boot.0)
}

fn channel_of(boot: &str) -> String {
    format!("rc:{{{boot}}}:n")
}
