//! The channel on which other nodes send packets to this node, and the beats that show that the subscription works.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::watch;

use roomcast_core::cluster::BootId;

use super::{Masters, boot_text, channel_of};
use crate::backplane::Server;
use crate::backplane::complaint::Complaint;
use crate::backplane::redis::backoff::Backoff;
use crate::backplane::redis::beat::{self, Beats};
use crate::backplane::redis::connector::{Connection, Login, Purpose};
use crate::backplane::redis::push::{PushQueue, Pushed};
use crate::backplane::redis::slot;

/// The interval at which the subscription is checked.
const EXAMINE: Duration = Duration::from_millis(50);

/// A receiver of the packets for this node. Implementations must not block.
pub trait Inbox: Send + Sync + 'static {
    /// Handles a packet.
    fn packet(self: Arc<Self>, payload: Bytes);

    /// Reports that packets may be missing, because the subscription was created again or its queue overflowed.
    fn interrupted(&self);
}

/// The subscription of a node to its channel, which follows its boot id.
pub struct Channel {
    masters: Arc<Masters>,
    beats: Arc<Beats>,
}

/// An established subscription.
struct Subscription {
    connection: Connection,
    queue: Arc<PushQueue>,
    boot: BootId,
    server: Server,
}

impl Channel {
    /// Starts to maintain the subscription in the background.
    pub fn start(masters: &Arc<Masters>, boot: watch::Receiver<BootId>, inbox: Arc<dyn Inbox>) -> Arc<Self> {
        let channel = Arc::new(Self { masters: Arc::clone(masters), beats: Arc::default() });
        masters.spawn(Arc::clone(&channel).keep(boot, inbox));
        channel
    }

    /// Returns whether the newest beat returned in time.
    pub fn is_fresh(&self) -> bool {
        self.beats.is_fresh(self.masters.settings.beat_timeout)
    }

    async fn keep(self: Arc<Self>, mut boot: watch::Receiver<BootId>, inbox: Arc<dyn Inbox>) {
        let mut backoff = Backoff::new();
        let (mut stood_before, complaint) = (false, Complaint::default());
        loop {
            let name = *boot.borrow_and_update();
            let Some(server) = self.server(name) else {
                // Its master is out of reach, which the connection for commands says.
                tokio::time::sleep(EXAMINE).await;
                continue;
            };
            match self.subscribe(name, server).await {
                Ok(subscription) => {
                    backoff = Backoff::new();
                    complaint.end();
                    if std::mem::replace(&mut stood_before, true) {
                        self.interrupt(&inbox);
                    }
                    self.beats.announce();
                    self.deliver(subscription, &mut boot, &inbox).await;
                    self.beats.restart();
                }
                Err(reason) => {
                    complaint.warn(format!("this node gets no messages of others, so it is not ready: {reason}"));
                    tokio::time::sleep(backoff.pause()).await;
                }
            }
        }
    }

    /// Returns the server of a node's channel, while it is connected.
    fn server(&self, boot: BootId) -> Option<Server> {
        self.masters.routes().of_slot(slot::of_tag(&boot_text(boot)))?.server()
    }

    async fn subscribe(&self, boot: BootId, server: Server) -> Result<Subscription, String> {
        let Masters { settings, connector, .. } = &*self.masters;
        let queue = Arc::new(PushQueue::new(settings.max_push_bytes));
        let push = Some(self.pusher(&queue));
        let purpose = Purpose { login: Login::Ours, timeout: settings.timeout, push };
        let mut connection = connector.connect(&server, purpose).await?;
        let mut command = redis::cmd(if self.masters.is_cluster() { "SSUBSCRIBE" } else { "SUBSCRIBE" });
        command.arg(channel_of(&boot_text(boot)));
        let subscribed = command.exec_async(&mut connection.commands).await;
        subscribed.map_err(|error| {
            self.masters.refresh.notify_one();
            format!("{server} {}", connector.advice().explain(&error, Login::Ours))
        })?;
        self.beats.restart();
        Ok(Subscription { connection, queue, boot, server })
    }

    /// Returns a receiver that handles beats on arrival, so that a slow listener does not delay them, and queues all
    /// other messages.
    fn pusher(&self, queue: &Arc<PushQueue>) -> Arc<dyn redis::aio::AsyncPushSender> {
        let (beats, queue, refresh) = (Arc::clone(&self.beats), Arc::clone(queue), Arc::clone(&self.masters.refresh));
        let lag = self.masters.counters.beat_lag.clone();
        Arc::new(move |push: PushInfo| -> Result<(), ()> {
            if push.kind == PushKind::SUnsubscribe {
                // The slot has moved to another server.
                refresh.notify_one();
            }
            let Some(payload) = payload_of(push) else { return Ok(()) };
            if payload.first() == Some(&beat::KIND) {
                beats.returned(&payload).into_iter().for_each(|took| lag.set(took.as_secs_f64()));
            } else {
                queue.put(payload);
            }
            Ok(())
        })
    }

    /// Passes on packets until the subscription is unusable.
    async fn deliver(
        &self,
        mut subscription: Subscription,
        boot: &mut watch::Receiver<BootId>,
        inbox: &Arc<dyn Inbox>,
    ) {
        let settings = &self.masters.settings;
        let mut examine = tokio::time::interval(EXAMINE);
        let mut beats = tokio::time::interval(settings.interval());
        loop {
            tokio::select! {
                pushed = subscription.queue.next() => {
                    match pushed {
                        Pushed::Message(payload) => Arc::clone(inbox).packet(payload),
                        Pushed::Gap => self.interrupt(inbox),
                    }
                    // However much comes, other tasks get their turn.
                    tokio::task::coop::consume_budget().await;
                }
                _ = beats.tick() => self.beat(subscription.boot),
                _ = boot.changed() => return,
                () = subscription.connection.lost() => {
                    tracing::warn!("the subscription is lost");
                    return;
                }
                _ = examine.tick() => {
                    if self.beats.is_overdue(settings.beat_timeout) {
                        tracing::warn!("the subscription is silent: a beat did not come back");
                        return;
                    }
                    if self.server(subscription.boot).is_some_and(|server| server != subscription.server) {
                        return;
                    }
                }
            }
        }
    }

    fn interrupt(&self, inbox: &Arc<dyn Inbox>) {
        self.masters.counters.gaps.increment(1);
        inbox.interrupted();
    }

    /// Publishes a beat to this node itself.
    fn beat(&self, boot: BootId) {
        let (number, payload) = self.beats.send();
        let Some(call) = self.masters.publish(boot, &payload) else { return self.beats.withdraw(number) };
        let beats = Arc::clone(&self.beats);
        self.masters.spawn(async move {
            if call.await.is_err() {
                beats.withdraw(number);
            }
        });
    }
}

/// Returns the content of a message.
fn payload_of(push: PushInfo) -> Option<Bytes> {
    if !matches!(push.kind, PushKind::Message | PushKind::SMessage) {
        return None;
    }
    match push.data.into_iter().nth(1)? {
        Value::BulkString(payload) => Some(payload.into()),
        _ => None,
    }
}
