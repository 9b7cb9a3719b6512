//! The communication of a room's actor with other nodes and the directory.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::{
    ActorFutureExt, Arbiter, ArbiterHandle, AsyncContext, Context, Handler, Message as ActorMessage, WrapFuture,
};

use metrics::histogram;
use roomcast_core::cluster::BootId;
use roomcast_core::cluster::directory::{Claimed, Era};
use roomcast_core::room::message::{Body, Message, ToOwner};
use roomcast_core::room::site;
use roomcast_core::room::site::{DirectoryAnswer, DirectoryQuery};
use roomcast_core::room::{Effect, Room};
use roomcast_protocol::id::RoomId;

use super::actor::RoomActor;
use super::broadcasts::store_final_streams;
use super::host::RoomHost;
use crate::backplane::{Directory, Partition, Urgency};
use crate::cluster::{Handled, Receipt, RoomListener};

/// The name of the metric for the time that rooms had no owner before a takeover, in seconds.
pub const TAKEOVER: &str = "roomcast_cluster_takeover_seconds";

/// An event from the node to a room.
#[derive(Debug, ActorMessage)]
#[rtype(result = "()")]
pub struct FromNode(NodeEvent, Handled);

/// The kinds of events from the node.
#[derive(Debug, Clone)]
enum NodeEvent {
    Message(BootId, Box<Message>),
    Doubt(BootId),
    Acked(BootId, u64),
    Era(Era),
    Dead,
    Deposed(BootId),
    Amnesty,
    Drain,
}

impl RoomActor {
    /// Adds a message to the packet for a node, and records the counter of that packet.
    pub(super) fn send(&self, to: BootId, message: &Message, sent: &mut BTreeMap<BootId, u64>) {
        let Some(transport) = self.host.transport() else { return };
        // Others keep nothing until it has arrived.
        let receipt = match &message.body {
            Body::ToOwner(ToOwner::Attach(_) | ToOwner::Signal(..) | ToOwner::Absent(..)) => Receipt::Wanted,
            _ => Receipt::Unwanted,
        };
        sent.extend(transport.send(to, message, receipt).map(|counter| (to, counter)));
    }

    /// Reports to the edge the packet that carries the last of its messages.
    pub(super) fn note_sent(&mut self, sent: BTreeMap<BootId, u64>) {
        if !sent.is_empty()
            && let Some(transport) = self.host.transport()
        {
            // All that this step says to a node goes in one packet.
            transport.publish_soon();
        }
        for (to, counter) in sent {
            self.room.step_site(|site| {
                site.on_packed(to, counter);
                Vec::new()
            });
        }
    }

    /// Reports to the node whether it owns this room, so that the node renews the ownership.
    pub(super) fn note_ownership(&mut self) {
        let owned = self.room.site().owner().filter(|owner| !owner.has_ended()).map(|owner| owner.ownership());
        if self.owned != owned && self.host.transport().is_some() {
            self.owned = owned;
            self.host.owned.set(&self.id, owned);
        }
    }

    /// Sends a query to the directory.
    pub(super) fn ask(&self, ask: DirectoryQuery, ctx: &mut Context<Self>) {
        let Some(transport) = self.host.transport() else { return };
        let (directory, room) = (transport.directory().clone(), self.id.clone());
        let waits = self.room.site().edge().is_some_and(|edge| edge.has_waiting());
        let urgency = if waits { Urgency::Awaited } else { Urgency::Background };
        let over = if matches!(ask, DirectoryQuery::Release(_, None)) { self.final_streams() } else { None };
        let host = Arc::clone(&self.host);
        let asked = async move {
            if let Some(over) = over {
                store_final_streams(&host, &room, &over).await;
            }
            let answer = question(&directory, &room, &ask, urgency).await;
            (ask, answer.unwrap_or(DirectoryAnswer::Failed))
        };
        ctx.spawn(asked.into_actor(self).map(|(ask, answer), actor, ctx| {
            actor.note_takeover(&ask, &answer);
            let effects = actor.with_room(|room, context| room.step_site(|site| site.on_answer(context, ask, answer)));
            actor.carry_out(effects, None, ctx);
        }));
    }
}

impl RoomActor {
    /// Records in a metric for how long the room had no owner, if this node has just taken it over.
    fn note_takeover(&self, ask: &DirectoryQuery, answer: &DirectoryAnswer) {
        let (DirectoryQuery::Claim { expected: Some(former), .. }, DirectoryAnswer::Claimed(Claimed::Won { .. })) =
            (ask, answer)
        else {
            return;
        };
        let died = former.owner.and_then(|owner| self.host.transport()?.nodes().lease().last_renewal(owner));
        let stood_still = died.map_or(Duration::ZERO, |died| self.host.clock.now().since(died));
        histogram!(TAKEOVER).record(stood_still.as_secs_f64());
    }
}

async fn question(
    directory: &Directory,
    room: &RoomId,
    ask: &DirectoryQuery,
    urgency: Urgency,
) -> Option<DirectoryAnswer> {
    Some(match ask {
        DirectoryQuery::Look => DirectoryAnswer::Looked(directory.look(room, urgency).await?),
        DirectoryQuery::Claim { expected, mine, random, fields } => {
            DirectoryAnswer::Claimed(directory.claim(room, *expected, *mine, (*random, fields), urgency).await?)
        }
        DirectoryQuery::Assert(mine) => DirectoryAnswer::Asserted(directory.assert(room, *mine).await?),
        DirectoryQuery::Write(write) => DirectoryAnswer::Journaled(directory.journal(room, write, urgency).await?),
        DirectoryQuery::Release(mine, keep) => {
            directory.release(room, *mine, keep.as_deref()).await?;
            DirectoryAnswer::Released
        }
    })
}

impl Handler<FromNode> for RoomActor {
    type Result = ();

    /// Handles an event. `_handled` is dropped last, after all resulting messages have been sent.
    fn handle(&mut self, FromNode(event, _handled): FromNode, ctx: &mut Self::Context) {
        let effects = self.with_room(|room, context| hear(room, context, event));
        self.carry_out(effects, None, ctx);
    }
}

fn hear(room: &mut Room, context: site::Context<'_>, event: NodeEvent) -> Vec<Effect> {
    room.step_site(|site| match event {
        NodeEvent::Message(from, message) => site.on_message(context, from, (message.attachment, message.body)),
        NodeEvent::Doubt(node) => site.on_doubt(context, node),
        NodeEvent::Acked(node, counter) => site.on_acked(context, node, counter),
        NodeEvent::Era(era) => site.on_era(context, era),
        NodeEvent::Dead => site.on_dead(context),
        NodeEvent::Deposed(boot) => site.on_deposed(context, boot),
        NodeEvent::Amnesty => {
            site.forgive(context);
            Vec::new()
        }
        NodeEvent::Drain => site.drain(context),
    })
}

/// Dispatches events of the transport and the lease to the rooms of a node.
#[derive(Debug)]
pub struct RoomDispatcher {
    host: Weak<RoomHost>,
    /// The thread on which rooms are created that no connection here has requested.
    arbiter: ArbiterHandle,
}

impl RoomDispatcher {
    /// Creates the dispatcher for the rooms of a node. Must be called on an arbiter's thread.
    pub fn new(host: &Arc<RoomHost>) -> Self {
        Self { host: Arc::downgrade(host), arbiter: Arbiter::current() }
    }

    fn tell_all(&self, event: &NodeEvent, which: impl Fn(&RoomId) -> bool, handled: &Handled) {
        let Some(host) = self.host.upgrade() else { return };
        for (_, room) in host.all().into_iter().filter(|(id, _)| which(id)) {
            room.do_send(FromNode(event.clone(), handled.clone()));
        }
    }
}

impl RoomListener for RoomDispatcher {
    fn message(&self, from: BootId, message: Message, handled: Handled) -> Result<(), Box<Message>> {
        let Some(host) = self.host.upgrade() else { return Err(Box::new(message)) };
        let room = match host.find(&message.room) {
            Some(room) => room,
            // The directory may name this node as the owner: by a claim whose answer was lost.
            None if matches!(message.body, Body::ToOwner(ref body) if !matches!(body, ToOwner::Detach)) => {
                match host.open_for_node(&message.room, &self.arbiter) {
                    Some(room) => room,
                    None => return Err(Box::new(message)),
                }
            }
            None => return Err(Box::new(message)),
        };
        room.do_send(FromNode(NodeEvent::Message(from, Box::new(message)), handled));
        Ok(())
    }

    fn doubt(&self, node: BootId, handled: Handled) {
        self.tell_all(&NodeEvent::Doubt(node), |_| true, &handled);
    }

    fn acked(&self, room: &RoomId, node: BootId, counter: u64) {
        let found = self.host.upgrade().and_then(|this| this.find(room));
        found.into_iter().for_each(|room| room.do_send(FromNode(NodeEvent::Acked(node, counter), Handled::default())));
    }

    fn era(&self, partition: Partition, era: Era) {
        self.tell_all(&NodeEvent::Era(era), |room| Partition::of(room) == partition, &Handled::default());
        let put_back = |host: Arc<RoomHost>| async move { host.live.media.put_back(partition).await };
        self.host.upgrade().into_iter().for_each(|host| _ = self.arbiter.spawn(put_back(host)));
    }

    fn dead(&self, _: BootId, _: Duration) {
        self.tell_all(&NodeEvent::Dead, |_| true, &Handled::default());
    }

    fn deposed(&self, boot: BootId) {
        self.tell_all(&NodeEvent::Deposed(boot), |_| true, &Handled::default());
    }

    fn amnesty(&self) {
        self.tell_all(&NodeEvent::Amnesty, |_| true, &Handled::default());
    }

    fn peers(&self) -> Vec<BootId> {
        // Those with which packets were exchanged, which the transport knows.
        Vec::new()
    }

    fn refused(&self, reason: &'static str) {
        if let Some(host) = self.host.upgrade() {
            host.lifecycle.fail(reason);
        }
    }
}

/// Releases all rooms of a stopping node, so that other nodes can take them over at once.
pub fn release_all(host: &Arc<RoomHost>) {
    RoomDispatcher::new(host).tell_all(&NodeEvent::Drain, |_| true, &Handled::default());
}
