//! What is published to this node, and the end of silence: a subscription that gets no beat is built anew.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{Pipeline, PushInfo, PushKind, Value};

use super::Fabric;
use super::backoff::Backoff;
use super::beat;
use super::connector::{Connection, Login, Purpose};
use super::push::{PushQueue, Pushed};
use super::shard::Shard;
use crate::backplane::{BootId, Partition, Reset, Server};

/// How often it is looked whether a beat is overdue.
const LOOK: Duration = Duration::from_millis(50);

/// A subscription that stands.
pub struct Subscription {
    connection: Connection,
    queue: Arc<PushQueue>,
    partitions: Vec<Partition>,
    /// Why it was asked for, if it was.
    asked: Option<Reset>,
}

/// The channel of the lease's beat.
pub fn lease_channel(boot: &BootId) -> String {
    format!("rc:{{L}}:n:{boot}")
}

/// Connects and subscribes to this node's channels.
///
/// # Errors
/// A sentence.
pub async fn open(fabric: &Arc<Fabric>, shard: &Arc<Shard>, server: &Server) -> Result<Subscription, String> {
    // Asked for before this one is built, by which it is done.
    let asked = shard.take_reason();
    let opened = subscribe(fabric, shard, server, asked).await;
    if let (Err(_), Some(reason)) = (&opened, asked) {
        shard.resubscribe(reason);
    }
    opened
}

async fn subscribe(
    fabric: &Arc<Fabric>,
    shard: &Arc<Shard>,
    server: &Server,
    asked: Option<Reset>,
) -> Result<Subscription, String> {
    let queue = Arc::new(PushQueue::new(fabric.settings.max_push_bytes));
    let purpose =
        Purpose { login: Login::Ours, timeout: fabric.settings.timeout, push: Some(pusher(fabric, shard, &queue)) };
    let mut connection = fabric.connector.connect(server, purpose).await?;
    let (assigned, boot) = (shard.assigned(), fabric.boot());
    let mut channels: Vec<_> = assigned.partitions.iter().map(|partition| partition.channel(boot.as_str())).collect();
    channels.extend(assigned.lease.then(|| lease_channel(&boot)));
    let command = if fabric.publish_command() == "SPUBLISH" { "SSUBSCRIBE" } else { "SUBSCRIBE" };
    let mut pipeline = Pipeline::with_capacity(channels.len());
    // One by one: each is of another slot, and each is answered once.
    for channel in &channels {
        pipeline.cmd(command).arg(channel);
    }
    let subscribed = pipeline.exec_async(&mut connection.commands).await;
    subscribed.map_err(|error| format!("{server} {}", fabric.connector.advice().explain(&error, Login::Ours)))?;
    shard.beats.restart();
    // The first beat of this subscription is soon.
    fabric.membership.soon.notify_one();
    Ok(Subscription { connection, queue, partitions: assigned.partitions, asked })
}

/// Takes beats where they arrive, so that a slow listener delays none, and queues the rest.
fn pusher(fabric: &Arc<Fabric>, shard: &Arc<Shard>, queue: &Arc<PushQueue>) -> Arc<dyn redis::aio::AsyncPushSender> {
    let (lag, beats, queue) = (fabric.counters.beat_lag.clone(), Arc::clone(&shard.beats), Arc::clone(queue));
    let refresh = Arc::clone(&fabric.refresh);
    Arc::new(move |push: PushInfo| -> Result<(), ()> {
        if push.kind == PushKind::SUnsubscribe {
            // The slot has moved to another server.
            refresh.notify_one();
        }
        let Some((channel, payload)) = message(push) else { return Ok(()) };
        if payload.first() == Some(&beat::KIND) {
            if let Some(took) = beats.returned(&payload) {
                lag.set(took.as_secs_f64());
            }
        } else if let Some(partition) = Partition::of_key(&channel) {
            queue.put(partition, payload);
        }
        Ok(())
    })
}

fn message(push: PushInfo) -> Option<(Vec<u8>, Bytes)> {
    if !matches!(push.kind, PushKind::Message | PushKind::SMessage) {
        return None;
    }
    let mut data = push.data.into_iter();
    match (data.next()?, data.next()?) {
        (Value::BulkString(channel), Value::BulkString(payload)) => Some((channel, payload.into())),
        _ => None,
    }
}

/// Hands over what comes, and builds the subscription anew as often as needed.
pub async fn keep(fabric: &Arc<Fabric>, shard: &Arc<Shard>, server: &Server, first: Subscription) {
    let mut subscription = first;
    let mut reason = Reset::Connected;
    loop {
        reset(fabric, &subscription, subscription.asked.map_or(reason, |asked| asked.max(reason)));
        shard.beats.announce();
        reason = deliver(fabric, shard, &mut subscription).await;
        // Its connection is closed before the next is made: two would deliver twice.
        drop(subscription);
        subscription = rebuild(fabric, shard, server).await;
    }
}

async fn rebuild(fabric: &Arc<Fabric>, shard: &Arc<Shard>, server: &Server) -> Subscription {
    let mut backoff = Backoff::new();
    loop {
        match open(fabric, shard, server).await {
            Ok(subscription) => return subscription,
            Err(reason) => tracing::debug!("no subscription: {reason}"),
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// Hands over messages until the subscription is no good any more; tells why.
async fn deliver(fabric: &Fabric, shard: &Shard, subscription: &mut Subscription) -> Reset {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            pushed = subscription.queue.next() => match pushed {
                Pushed::Message(partition, payload) => {
                    fabric.listener.message(partition, payload);
                    // However much comes, others on this thread get their turn.
                    tokio::task::coop::consume_budget().await;
                }
                Pushed::Gap => reset(fabric, subscription, Reset::Gap),
            },
            () = shard.changed.notified() => match shard.take_reason() {
                Some(Reset::Gap) => subscription.queue.gap(),
                Some(reason) => return reason,
                None => {}
            },
            () = subscription.connection.lost() => {
                tracing::warn!("the subscription is lost");
                return Reset::Gap;
            }
            _ = looks.tick() => if shard.beats.is_overdue(fabric.settings.beat_timeout) {
                tracing::warn!("the subscription is silent: a beat did not come back");
                return Reset::Gap;
            },
        }
    }
}

fn reset(fabric: &Fabric, subscription: &Subscription, reason: Reset) {
    fabric.counters.resyncs.increment(1);
    if reason == Reset::Gap {
        fabric.counters.gaps.increment(1);
    }
    fabric.listener.reset(&subscription.partitions, reason);
}
