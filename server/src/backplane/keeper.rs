//! Maintains the lease of this node and the eras of all partitions, and reports their events.

mod eras;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Counter, counter, describe_counter};
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use roomcast_core::cluster::directory::{Era, LeaseAnswer};
use roomcast_core::cluster::lease::Lease;
use roomcast_core::cluster::{BootId, ClusterSettings};

use super::complaint::Complaint;
use super::directory::text::{Arguments, ReplyReader};
use super::directory::{answer, scripts};
use super::redis::Masters;
use super::{Failure, Partition, Reply};
use crate::clock::Clock;
use eras::Eras;

/// The key of the leases. The next constant is the key of the former design.
const NODES_KEY: &str = "rc:{L}:nodes";
const FORMER_KEY: &str = "rc:{L}:lease";

/// A receiver of events of leases and eras. Implementations must not block.
pub trait LeaseListener: Send + Sync + 'static {
    /// Returns the nodes to which this one is attached, and the nodes of members of its rooms.
    fn peers(&self) -> Vec<BootId>;

    /// Reports that another era has begun. Owners assert their rooms of that partition.
    fn era(&self, partition: Partition, era: Era);

    /// Reports a node that was declared dead, with the time since its last renewal.
    fn dead(&self, node: BootId, age: Duration);

    /// Reports that this node was declared dead. It drops its rooms and continues under another boot id.
    fn deposed(&self, boot: BootId);

    /// Restarts the timeouts of all absent members, because no message from them could arrive.
    fn amnesty(&self);

    /// Reports that this node must exit, because nodes of the former design use the same Redis.
    fn refused(&self, reason: &'static str);
}

/// The task that maintains the lease of this node.
pub struct Keeper {
    masters: Arc<Masters>,
    listener: Arc<dyn LeaseListener>,
    clock: Clock,
    /// The highest packet version that this node reads.
    version: u16,
    lease_time: Duration,
    lease: Mutex<Arc<Lease>>,
    boot: watch::Sender<BootId>,
    eras: Eras,
    complaint: Complaint,
    /// Requests a renewal before the next one is due.
    soon: Notify,
    has_left: AtomicBool,
    deposed: Counter,
    amnesties: Counter,
}

impl Keeper {
    /// Starts to renew the lease in the background.
    pub fn start(
        masters: &Arc<Masters>,
        settings: ClusterSettings,
        version: u16,
        clock: Clock,
        listener: Arc<dyn LeaseListener>,
    ) -> Arc<Self> {
        let (deposed, amnesties) = ("roomcast_cluster_deposed_total", "roomcast_cluster_amnesties_total");
        describe_counter!(deposed, "Times that other nodes took this one for dead");
        describe_counter!(amnesties, "Times that absent members got more time because Redis was away");
        let boot = fresh_boot();
        let keeper = Arc::new(Self {
            masters: Arc::clone(masters),
            listener,
            clock,
            version,
            lease_time: settings.lease,
            lease: Mutex::new(Arc::new(Lease::new(settings, boot, clock.now()))),
            boot: watch::Sender::new(boot),
            eras: Eras::default(),
            complaint: Complaint::default(),
            soon: Notify::new(),
            has_left: AtomicBool::new(false),
            deposed: counter!(deposed),
            amnesties: counter!(amnesties),
        });
        masters.spawn(Arc::clone(&keeper).keep());
        if masters.is_cluster() {
            masters.spawn(eras::keep(Arc::clone(&keeper)));
        }
        keeper
    }

    /// Returns the boot id of this node. It changes after the node was declared dead.
    pub fn boot(&self) -> watch::Receiver<BootId> {
        self.boot.subscribe()
    }

    /// Returns whether this node may decide.
    pub fn is_fresh(&self) -> bool {
        self.lease().is_fresh(self.clock.now())
    }

    /// Returns whether each partition has settled since this node saw it first.
    pub fn has_settled(&self) -> bool {
        self.eras.have_settled(self.clock.now())
    }

    /// Returns the present state of the leases.
    pub fn state(&self) -> Arc<Lease> {
        Arc::clone(&self.lease())
    }

    pub fn is_dead(&self, node: BootId) -> bool {
        self.lease().is_dead(node)
    }

    pub const fn lease_time(&self) -> Duration {
        self.lease_time
    }

    fn lease(&self) -> MutexGuard<'_, Arc<Lease>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(self: Arc<Self>) {
        let mut opened = self.masters.lease_opened();
        let mut ticks = tokio::time::interval(self.lease_time / 5);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_alone = false;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.soon.notified() => ticks.reset(),
                _ = opened.changed() => ticks.reset(),
            }
            if self.has_left.load(Ordering::SeqCst) {
                return;
            }
            if !is_alone {
                match self.meets_former_nodes().await {
                    Some(false) => is_alone = true,
                    Some(true) => {
                        return self.listener.refused(
                            "nodes of an earlier version use this Redis: stop all of them first, then start this one",
                        );
                    }
                    None => continue,
                }
            }
            self.renew().await;
        }
    }

    /// Returns whether nodes of the former design are alive.
    async fn meets_former_nodes(&self) -> Option<bool> {
        match self.masters.call_lease(&scripts::FORMER, vec![FORMER_KEY.into()], Vec::new()).await {
            Ok(Reply::Int(count)) => Some(count > 0),
            answered => {
                answer(answered, &self.complaint, "leases are not read, so this node is not ready");
                None
            }
        }
    }

    /// Renews the lease once, and the eras, which outside of a Redis Cluster take one more call.
    async fn renew(&self) {
        let (sent, boot) = (self.clock.now(), *self.boot.borrow());
        let mut args = Arguments::default();
        args.millis(self.lease_time).number(boot.0).text(self.version.to_string());
        for peer in self.listener.peers().into_iter().filter(|peer| *peer != boot).collect::<BTreeSet<_>>() {
            args.number(peer.0);
        }
        let renewal = self.masters.call_lease(&scripts::LEASE, vec![NODES_KEY.into()], args.0);
        let begun = (!self.masters.is_cluster()).then(|| self.eras.begin_all(self));
        let of = "the lease was not renewed, so this node is not ready";
        if let Some(answer) = answer(renewal.await, &self.complaint, of).and_then(ReplyReader::lease) {
            self.take(sent, boot, &answer);
        }
        if let Some(begun) = begun {
            begun.await;
        }
    }

    fn take(&self, sent: roomcast_core::time::Instant, boot: BootId, answer: &LeaseAnswer) {
        let (news, dead) = {
            let mut lease = self.lease();
            if lease.boot() != boot || self.has_left.load(Ordering::SeqCst) {
                return;
            }
            let known: BTreeSet<BootId> = lease.dead().collect();
            let news = Arc::make_mut(&mut lease).on_answer(sent, self.clock.now(), answer);
            let dead: Vec<_> = answer.dead.iter().filter(|(node, _)| !known.contains(node)).collect();
            (news, dead)
        };
        if news.deposed {
            return self.depose();
        }
        if news.amnesty {
            self.amnesties.increment(1);
            self.listener.amnesty();
        }
        dead.into_iter().for_each(|(node, age)| self.listener.dead(*node, *age));
    }

    fn depose(&self) {
        let boot = fresh_boot();
        tracing::warn!("other nodes took this one for dead: it goes on under another name, without its rooms");
        self.deposed.increment(1);
        Arc::make_mut(&mut self.lease()).restart(boot);
        self.boot.send_replace(boot);
        self.listener.deposed(boot);
        self.soon.notify_one();
    }

    /// Releases the lease, as the last step of a drained node.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn leave(&self) -> Result<(), Failure> {
        self.has_left.store(true, Ordering::SeqCst);
        let boot = *self.boot.borrow();
        let mut args = Arguments::default();
        args.number(boot.0);
        self.masters.call_lease(&scripts::LEAVE, vec![NODES_KEY.into()], args.0).await.map(drop)
    }
}

/// Returns a boot id that no other node has.
fn fresh_boot() -> BootId {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    BootId(u64::from_le_bytes(bytes))
}
