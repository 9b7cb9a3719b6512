//! The actor of a room: handles messages and one timer, and executes the effects.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, SpawnHandle};
use foldhash::fast::RandomState;

use roomcast_core::cluster::Ownership;
use roomcast_core::room::owner::KickRevocation;
use roomcast_core::room::site;
use roomcast_core::room::{ConnectionId, Effect, Input, Refusal, Room};
use roomcast_core::time::Instant;
use roomcast_protocol::access::{Revoke, RoomPattern};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::limits::{BACKLOG_BYTES, BACKLOG_SIGNALS};

use super::broadcasts::Broadcasts;
use super::host::RoomHost;
use super::joined::{JoinSequence, RoomLeft};
use super::message::{Disconnected, JoinRoom, MayBroadcast, NotRevoked, Outcome, RefusedSignal, Renewed, RoomSignal};
use super::outbox::Outbox;

/// The size in bytes of the largest backlog that is sent again at once, including the number of each signal.
const REPLAY: usize = BACKLOG_BYTES + BACKLOG_SIGNALS * 64;

/// The actor of one room.
#[derive(Debug)]
pub struct RoomActor {
    pub(super) host: Arc<RoomHost>,
    pub(super) id: RoomId,
    pub(super) room: Room,
    /// The outbox of every joined connection, and the number of its newest JOIN.
    outboxes: HashMap<ConnectionId, (Outbox, JoinSequence), RandomState>,
    pub(super) broadcasts: Broadcasts,
    /// The ownership that was last reported to the node.
    pub(super) owned: Option<Ownership>,
    timer: Option<(Instant, SpawnHandle)>,
}

/// A message to itself after the end of the room. It marks the end of the mailbox.
#[derive(Message)]
#[rtype(result = "()")]
struct Over;

impl RoomActor {
    pub fn new(host: Arc<RoomHost>, id: RoomId) -> Self {
        let (settings, cluster) = (Arc::clone(&host.settings.room), Arc::clone(&host.settings.cluster));
        let room = Room::new(id.clone(), settings, cluster, (host.boot(), host.next_ids()));
        let room = room.counted(host.tallies.clone());
        Self {
            host,
            id,
            room,
            outboxes: HashMap::default(),
            broadcasts: Broadcasts::default(),
            owned: None,
            timer: None,
        }
    }

    /// Executes a step of the room with the present time and the lease of this node.
    pub(super) fn with_room<T>(&mut self, step: impl FnOnce(&mut Room, site::Context<'_>) -> T) -> T {
        let now = self.host.clock.now();
        let lease = self.host.transport().map(|transport| transport.nodes().lease());
        // Kicks and waits end at times that all nodes share.
        let shared = lease.as_ref().map_or(now, |lease| lease.shared(now));
        let context =
            site::Context { now, shared, lease: lease.as_deref(), draining: self.host.lifecycle.is_draining() };
        step(&mut self.room, context)
    }

    fn step(&mut self, input: Input, sender: Option<(ConnectionId, &Outbox)>, ctx: &mut Context<Self>) {
        let effects = self.with_room(|room, context| room.step(context, input));
        self.carry_out(effects, sender, ctx);
    }

    /// Executes effects. `sender` is the connection that caused them, which the room may not know.
    pub(super) fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        sender: Option<(ConnectionId, &Outbox)>,
        ctx: &mut Context<Self>,
    ) {
        let mut sent = BTreeMap::new();
        for effect in effects {
            match effect {
                Effect::Live { playlist, change } => self.live_room().apply(&playlist, change),
                Effect::Everything { playlist, all } => self.live_room().show(&playlist, all),
                Effect::Revoke { revocation } => self.revoke(revocation, ctx.address()),
                Effect::Uploaded { id, answer } => self.broadcasts.answer(id, answer),
                Effect::ToNode { to, message } => self.send(to, &message, &mut sent),
                Effect::DirectoryQuery(query) => self.ask(query, ctx),
                Effect::Closed => self.end(ctx),
                to_connection => self.tell_connection(to_connection, sender),
            }
        }
        self.note_sent(sent);
        self.note_ownership();
        // Looked at together: each look wants the present time and the lease.
        let (is_sought, now, due) = self.with_room(|room, context| {
            (room.site().is_sought_by_players(context.now), context.now, room.next_deadline(context))
        });
        if !is_sought {
            self.broadcasts.release_players();
        }
        self.set_timer(now, due, ctx);
    }

    /// Executes an effect on a connection.
    fn tell_connection(&mut self, effect: Effect, sender: Option<(ConnectionId, &Outbox)>) {
        let room = || self.id.clone();
        let joined = |connection| self.outboxes.get(&connection).map(|(outbox, _)| outbox);
        match effect {
            Effect::Send { to, message } => {
                if let Some(outbox) = self.outbox(to, sender) {
                    outbox.send(message);
                }
            }
            Effect::AnswerHeartbeats { connection, responder } => {
                if let Some(outbox) = joined(connection) {
                    outbox.answer_heartbeats(room(), responder);
                }
            }
            Effect::Close { connection, code } => {
                self.outbox(connection, sender).into_iter().for_each(|outbox| outbox.close(code));
            }
            Effect::Read { connection, reads } => {
                joined(connection).into_iter().for_each(|outbox| outbox.read(room(), reads));
            }
            Effect::Forget { connection } => {
                if let Some((outbox, sequence)) = self.outboxes.remove(&connection) {
                    outbox.forget(RoomLeft { room: self.id.clone(), sequence });
                }
            }
            _ => {}
        }
    }

    fn outbox<'a>(&'a self, to: ConnectionId, sender: Option<(ConnectionId, &'a Outbox)>) -> Option<&'a Outbox> {
        let unknown = sender.filter(|(connection, _)| *connection == to).map(|(_, outbox)| outbox);
        self.outboxes.get(&to).map(|(outbox, _)| outbox).or(unknown)
    }

    /// Revokes the tokens of a user, issued until now, in this room. If the other nodes cannot be notified at once,
    /// they are when Redis is available again. The operation continues after the end of the room.
    fn revoke(&self, revocation: Box<KickRevocation>, room: Addr<Self>) {
        let rooms = RoomPattern::Exact(self.id.clone());
        let revoke = Revoke { sub: Some(revocation.user.clone()), jti: None, room: Some(rooms) };
        let revoked = self.host.revoke(revoke);
        actix_web::rt::spawn(async move {
            if let Err(refusal) = revoked.await {
                tracing::warn!("a moderator's revocation: {refusal}");
                room.do_send(NotRevoked { revocation, refusal });
            }
        });
    }

    /// Removes the ended room from the host. Messages already in its mailbox are still answered.
    fn end(&self, ctx: &Context<Self>) {
        self.host.remove(&self.id, &ctx.address());
        self.host.owned.remove(&self.id);
        if let Some(live) = self.broadcasts.live() {
            self.host.live.retire(&self.id, live, self.host.settings.hls_window);
        }
        tracing::debug!(room = %self.id, "room closed");
        ctx.address().do_send(Over);
    }

    /// Maintains one timer, which fires no later than the room's next deadline. If the deadline moves to a later time,
    /// as it mostly does, the timer is kept and set again when it has fired.
    fn set_timer(&mut self, now: Instant, due: Option<Instant>, ctx: &mut Context<Self>) {
        let Some(due) = due else { return };
        if self.timer.is_some_and(|(set, _)| set <= due) {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        let handle = ctx.run_later(due.since(now), Self::on_timer);
        self.timer = Some((due, handle));
    }

    fn on_timer(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        self.note_players(ctx);
        let (now, due) = self.with_room(|room, context| (context.now, room.next_deadline(context)));
        if due.is_some_and(|due| due <= now) {
            self.step(Input::Tick, None, ctx);
        } else {
            self.set_timer(now, due, ctx);
        }
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.host.settings.max_room_queue);
        tracing::debug!(room = %self.id, "room created");
    }
}

impl Handler<JoinRoom> for RoomActor {
    type Result = actix::MessageResult<JoinRoom>;

    fn handle(&mut self, join: JoinRoom, ctx: &mut Self::Context) -> Self::Result {
        if self.room.is_closed() {
            return actix::MessageResult(Outcome::Gone);
        }
        let JoinRoom { connection, outbox, sequence, signal, grant } = join;
        let effects = self.with_room(|room, context| room.step(context, Input::Join { connection, signal, grant }));
        let here = effects.iter().map(|effect| effect.size_for(connection)).sum();
        // Signals that an owner elsewhere sends again come later.
        outbox.allow(if self.host.transport().is_some() { REPLAY.max(here) } else { here });
        self.outboxes.insert(connection, (outbox, sequence));
        self.carry_out(effects, None, ctx);
        actix::MessageResult(Outcome::Answered)
    }
}

impl Handler<RoomSignal> for RoomActor {
    type Result = ();

    fn handle(&mut self, message: RoomSignal, ctx: &mut Self::Context) {
        let RoomSignal { connection, outbox, signal } = message;
        self.step(Input::Signal { connection, signal }, Some((connection, &outbox)), ctx);
    }
}

impl Handler<RefusedSignal> for RoomActor {
    type Result = ();

    fn handle(&mut self, refused: RefusedSignal, ctx: &mut Self::Context) {
        let RefusedSignal { connection, kind, numbered } = refused;
        self.step(Input::Refused { connection, kind, numbered }, None, ctx);
    }
}

impl Handler<Renewed> for RoomActor {
    type Result = ();

    fn handle(&mut self, Renewed { connection, permit }: Renewed, ctx: &mut Self::Context) {
        self.step(Input::Renewed { connection, permit }, None, ctx);
    }
}

impl Handler<NotRevoked> for RoomActor {
    type Result = ();

    fn handle(&mut self, NotRevoked { revocation, refusal }: NotRevoked, ctx: &mut Self::Context) {
        let tell = |room: &mut Room, context: site::Context<'_>| {
            room.step_site(|site| site.not_revoked(context, *revocation, refusal))
        };
        let effects = self.with_room(tell);
        self.carry_out(effects, None, ctx);
    }
}

impl Handler<Disconnected> for RoomActor {
    type Result = ();

    fn handle(&mut self, gone: Disconnected, ctx: &mut Self::Context) {
        self.outboxes.remove(&gone.connection);
        self.step(Input::Disconnected { connection: gone.connection }, None, ctx);
    }
}

impl Handler<Over> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Over, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<MayBroadcast> for RoomActor {
    type Result = Result<(), Refusal>;

    fn handle(&mut self, MayBroadcast { user }: MayBroadcast, _: &mut Self::Context) -> Self::Result {
        self.with_room(|room, context| room.may_broadcast(context, &user))
    }
}
