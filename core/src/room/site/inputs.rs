//! Inputs from sessions, other nodes, the lease and the clock.

use roomcast_protocol::access::Permit;
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal;

use super::{Context, QueryState, Site, SiteEffect};
use crate::cluster::directory::Era;
use crate::cluster::{BootId, Life};
use crate::hls::UploadEntry;
use crate::room::edge::{Edge, Speaker};
use crate::room::message::{AttachmentId, Body, JoinId, JoinRequest, Signal, ToEdge, ToOwner};
use crate::room::owner::{KickRevocation, Owner};
use crate::room::streams::{Upload, Uploader};
use crate::room::{ConnectionId, Refusal};
use crate::time::Instant;

impl Site {
    /// Handles a JOIN; returns the id under which it is answered.
    pub fn join(
        &mut self,
        context: Context<'_>,
        connection: ConnectionId,
        mut request: JoinRequest,
    ) -> (JoinId, Vec<SiteEffect>) {
        let id = JoinId { edge: self.boot, counter: self.next_id() };
        request.id = id;
        self.edge_mut();
        self.with_edge(|edge, out| edge.join((context.now, context.turn().fresh), connection, request, out));
        (id, self.end(context))
    }

    /// Handles a signal other than JOIN and HEARTBEAT. `n` is the signal's number, if the client numbers its signals.
    pub fn signal(
        &mut self,
        context: Context<'_>,
        from: ConnectionId,
        n: Option<u64>,
        signal: &signal::Signal,
    ) -> Vec<SiteEffect> {
        self.with_edge(|edge, out| edge.signal(context.now, from, n, signal, out));
        self.end(context)
    }

    /// Handles a signal that is known to exist in this type of room.
    pub fn take_signal(
        &mut self,
        context: Context<'_>,
        from: Speaker<'_>,
        n: Option<u64>,
        signal: Signal,
    ) -> Vec<SiteEffect> {
        self.with_edge(|edge, out| edge.take_signal(context.now, from, n, signal, out));
        self.end(context)
    }

    /// Handles a heartbeat.
    pub fn heartbeat(&mut self, context: Context<'_>, from: Speaker<'_>, sq: Option<u64>) -> Vec<SiteEffect> {
        self.with_edge(|edge, out| edge.heartbeat(context.now, from, sq, out));
        self.end(context)
    }

    /// Handles a new token for a connection.
    pub fn renew(&mut self, context: Context<'_>, connection: ConnectionId, permit: &Permit) -> Vec<SiteEffect> {
        self.with_edge(|edge, out| edge.renew(context.now, connection, permit, out));
        self.end(context)
    }

    /// Tells a moderator that tokens were not revoked, or not on all nodes.
    pub fn not_revoked(
        &mut self,
        context: Context<'_>,
        revocation: KickRevocation,
        refusal: Refusal,
    ) -> Vec<SiteEffect> {
        self.with_owner(context, |owner, _, out| owner.on_not_revoked(revocation, refusal, out));
        self.end(context)
    }

    /// Handles the loss of a connection.
    pub fn disconnected(&mut self, context: Context<'_>, connection: ConnectionId) -> Vec<SiteEffect> {
        self.with_edge(|edge, out| edge.disconnected(context.now, connection, out));
        self.end(context)
    }

    /// Handles an upload whose media is already stored; returns the id under which it is answered.
    pub fn upload(&mut self, context: Context<'_>, by: Uploader, entry: Option<UploadEntry>) -> (u64, Vec<SiteEffect>) {
        let id = self.next_id();
        self.edge_mut();
        self.with_edge(|edge, out| edge.upload(context.now, Upload { id, by, entry }, out));
        (id, self.end(context))
    }

    /// Records that a player requested a broadcast here. On a standalone node, the owner is either here or does not
    /// exist.
    pub fn play(&mut self, context: Context<'_>) -> Vec<SiteEffect> {
        self.edge_mut();
        self.with_edge(|edge, out| edge.play(context.now, out));
        self.end(context)
    }

    /// Returns whether players wait for an owner.
    #[must_use]
    pub fn is_sought_by_players(&self, now: Instant) -> bool {
        !self.owns() && self.edge.as_ref().is_some_and(|edge| edge.is_sought_by_players(now))
    }

    /// Returns whether requests of players may keep the edge; see [`Edge::can_be_played`].
    #[must_use]
    pub fn can_be_played(&self, now: Instant) -> bool {
        self.edge.as_ref().is_some_and(|edge| edge.can_be_played(now))
    }

    /// Returns the life of the room, if it is known here.
    #[must_use]
    pub fn life(&self) -> Option<Life> {
        let owned = self.owner.as_ref().map(|owner| owner.ownership().life);
        owned.or_else(|| self.edge.as_ref().and_then(Edge::life))
    }

    /// Publishes the streams of a new owner, which adopts the copies of its edge where they are more recent.
    pub(super) fn show_owned_streams(&mut self, context: Context<'_>) {
        let copies = self.edge.as_mut().map(Edge::give_streams).unwrap_or_default();
        self.with_owner(context, |owner, turn, out| owner.adopt_streams(turn, &copies, out));
    }

    /// Checks whether a JOIN of this user to a broadcast of this name would make the user a publisher.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, context: Context<'_>, user: &UserId) -> Result<(), Refusal> {
        self.owner.as_ref().map_or(Ok(()), |owner| owner.may_broadcast(context.turn(), user))
    }

    /// Handles a message from another node. A message for a room that this node does not hold is answered.
    pub fn on_message(
        &mut self,
        context: Context<'_>,
        from: BootId,
        (attachment, body): (AttachmentId, Body),
    ) -> Vec<SiteEffect> {
        match body {
            Body::ToOwner(message) if self.owner.is_some() => {
                self.with_owner(context, |owner, turn, out| owner.on_message(turn, attachment, message, out));
            }
            Body::ToOwner(ToOwner::Detach) => {}
            Body::ToOwner(_) => {
                self.send(from, attachment, Body::ToEdge(ToEdge::NotOwner));
                // The directory may name this node: by a claim whose answer was lost.
                self.seek(context);
            }
            Body::ToEdge(message) if self.edge.is_some() => {
                self.with_edge(|edge, out| edge.on_message(context.now, (from, attachment), message, out));
            }
            Body::ToEdge(ToEdge::NotOwner | ToEdge::Closed(_)) => {}
            Body::ToEdge(_) => self.send(from, attachment, Body::ToOwner(ToOwner::Detach)),
        }
        self.end(context)
    }

    /// Handles possible loss of packets from a node.
    pub fn on_doubt(&mut self, context: Context<'_>, node: BootId) -> Vec<SiteEffect> {
        self.with_owner(context, |owner, _, out| owner.on_doubt(node, out));
        self.with_edge(|edge, out| edge.on_doubt(node, out));
        self.end(context)
    }

    /// Records the counter of the packet that carries the messages sent to a node in this turn.
    pub fn on_packed(&mut self, to: BootId, counter: u64) {
        let edge = self.edge.iter_mut().find(|edge| edge.attachment().is_some_and(|(owner, _)| owner == to));
        edge.into_iter().for_each(|edge| edge.on_packed(counter));
    }

    /// Records that a node has received the packets up to a counter.
    pub fn on_acked(&mut self, context: Context<'_>, node: BootId, counter: u64) -> Vec<SiteEffect> {
        self.with_edge(|edge, out| edge.on_acked(node, counter, out));
        self.end(context)
    }

    /// Handles the beginning of another era of Redis.
    ///
    /// Redis may have lost the record that this node was declared dead, whereupon the owner dropped the attachment. An
    /// edge without messages to send would not notice this.
    pub fn on_era(&mut self, context: Context<'_>, era: Era) -> Vec<SiteEffect> {
        self.with_owner(context, |owner, turn, out| owner.on_era(turn, era, out));
        let boot = self.boot;
        self.with_edge(|edge, out| {
            let elsewhere = edge.attachment().filter(|(owner, _)| *owner != boot);
            elsewhere.into_iter().for_each(|(owner, _)| edge.on_doubt(owner, out));
        });
        self.end(context)
    }

    /// Restarts the timeouts of all absent members, because Redis or the subscription was unavailable.
    pub fn forgive(&mut self, context: Context<'_>) {
        self.owner.iter_mut().for_each(|owner| owner.forgive(context.now));
    }

    /// Handles the nodes that the lease reports as dead.
    pub fn on_dead(&mut self, context: Context<'_>) -> Vec<SiteEffect> {
        self.drop_dead_nodes(context);
        self.end(context)
    }

    /// Handles the declaration of this node as dead: drops the owner, and attaches under another boot id.
    pub fn on_deposed(&mut self, context: Context<'_>, boot: BootId) -> Vec<SiteEffect> {
        let before = std::mem::replace(&mut self.boot, boot);
        self.drop_owner();
        self.with_edge(|edge, out| match edge.attachment() {
            Some((owner, _)) if owner == before => edge.seek(out),
            Some((owner, _)) => edge.on_doubt(owner, out),
            None => {}
        });
        self.end(context)
    }

    /// Ends the ownership so that another node takes the room.
    pub fn drain(&mut self, context: Context<'_>) -> Vec<SiteEffect> {
        self.with_owner(context, |owner, _, out| owner.drain(out));
        self.end(context)
    }

    /// Performs the actions that are due.
    pub fn on_time(&mut self, context: Context<'_>) -> Vec<SiteEffect> {
        let fresh = context.turn().fresh;
        self.with_edge(|edge, out| edge.on_time(context.now, fresh, out));
        // The owner beside it knows who is silent before it shows anything.
        self.carry_out(context);
        self.with_owner(context, Owner::on_time);
        if self.seek.is_due(context.now) {
            self.seek = QueryState::No;
            self.seek(context);
        }
        if self.release.is_due(context.now) {
            self.release = QueryState::Asked;
            self.with_owner(context, |owner, _, out| owner.repeat_release(out));
        }
        self.end(context)
    }

    pub(super) fn drop_dead_nodes(&mut self, context: Context<'_>) {
        let Some(lease) = context.lease else { return };
        for (boot, renewed) in lease.dead().filter_map(|boot| Some((boot, lease.last_renewal(boot)?))) {
            self.owner.iter_mut().for_each(|owner| owner.on_edge_dead(boot, renewed));
            self.with_edge(|edge, out| seek_another(edge, boot, out));
        }
    }

    /// Returns the nodes on whose leases this room depends.
    pub fn peers(&self) -> impl Iterator<Item = BootId> + '_ {
        let owner = self.edge.as_ref().and_then(Edge::attachment).map(|(owner, _)| owner);
        self.owner.iter().flat_map(Owner::peers).chain(owner).filter(|peer| *peer != self.boot)
    }
}

fn seek_another(edge: &mut Edge, dead: BootId, out: &mut Vec<crate::room::edge::EdgeEffect>) {
    if edge.attachment().is_some_and(|(owner, _)| owner == dead) {
        edge.seek(out);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::directory::{LeaseAnswer, Looked};
    use crate::cluster::lease::Lease;
    use crate::cluster::{ClusterSettings, Ownership};
    use crate::room::owner::StreamSettings;
    use crate::room::site::{DirectoryAnswer, DirectoryQuery};

    const OWNER: BootId = BootId(2);

    fn attaches(effects: &[SiteEffect]) -> bool {
        let attach = |body: &Body| matches!(body, Body::ToOwner(ToOwner::Attach(_)));
        effects.iter().any(|effect| matches!(effect, SiteEffect::Send(OWNER, message) if attach(&message.body)))
    }

    #[test]
    fn an_edge_attaches_anew_in_a_new_era() {
        let settings = ClusterSettings::default();
        let mut lease = Lease::new(settings, BootId(1), Instant(0));
        lease.on_answer(Instant(0), Instant(1), &LeaseAnswer::default());
        let context = Context { now: Instant(2), shared: Instant(2), lease: Some(&lease), draining: false };
        let room = roomcast_protocol::id::RoomId::parse("room").unwrap();
        let mut site = Site::new(Arc::new(settings), StreamSettings::default(), (BootId(1), 0), room);
        site.play(context);
        let standing = Ownership { life: Life { created: 1, random: 1 }, term: 1, owner: Some(OWNER) };
        assert!(attaches(&site.on_answer(
            context,
            DirectoryQuery::Look,
            DirectoryAnswer::Looked(Looked::Stands(standing))
        )));
        assert!(attaches(&site.on_era(context, Era { master: 2, began: Instant(2) })));
    }
}
