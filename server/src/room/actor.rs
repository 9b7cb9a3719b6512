//! The actor: messages and one timer in, effects out.

use std::collections::HashMap;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, SpawnHandle};

use roomcast_core::room::{ConnectionId, Effect, Errand, Input, Room};
use roomcast_core::time::Instant;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::RoomType;

use super::joined::{Attempt, Departure};
use super::message::{Disconnected, JoinRoom, Outcome, RoomSignal};
use super::outbox::Outbox;
use super::spanning::Spanning;
use crate::live::LiveRoom;
use crate::node::Node;

/// The shell of one room.
#[derive(Debug)]
pub struct RoomActor {
    pub(super) node: Arc<Node>,
    pub(super) id: RoomId,
    pub(super) room: Room,
    /// Of a room that spans nodes.
    pub(super) spanning: Option<Box<Spanning>>,
    /// The way to every connection that joined, and which of its `JOIN`s was the last.
    outboxes: HashMap<ConnectionId, (Outbox, Attempt)>,
    /// Of a broadcast.
    pub(super) live: Option<Arc<LiveRoom>>,
    timer: Option<(Instant, SpawnHandle)>,
}

/// That the room is over and its mailbox read to the end.
#[derive(Message)]
#[rtype(result = "()")]
struct Over;

impl RoomActor {
    pub fn new(node: Arc<Node>, id: RoomId, room_type: RoomType) -> Self {
        let mut room = Room::new(id.clone(), room_type, node.settings.room(), node.clock.now());
        let live = (room_type == RoomType::P2m).then(|| node.live.open(&id));
        let spanning = node.backplane().map(|backplane| Box::new(Spanning::new(backplane, &id)));
        if let Some(spanning) = &spanning {
            room.share(node.clock.now(), spanning.ahead(node.clock));
        }
        Self { node, id, room, spanning, outboxes: HashMap::new(), live, timer: None }
    }

    fn step(&mut self, input: Input, ctx: &mut Context<Self>) {
        let effects = self.room.step(self.node.clock.now(), input);
        self.carry_out(effects, None, ctx);
    }

    /// `sender` is who caused the effects, in case the room does not know it.
    pub(super) fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        sender: Option<(ConnectionId, &Outbox)>,
        ctx: &mut Context<Self>,
    ) {
        let mut effects = effects.into_iter();
        while let Some(effect) = effects.next() {
            match effect {
                Effect::Elsewhere(Errand::Replays { to }) => {
                    if let Some((outbox, _)) = self.outboxes.get(&to) {
                        outbox.allow(effects.as_slice().iter().map(|effect| effect.size_for(to)).sum());
                    }
                }
                Effect::Send { to, message } => {
                    if let Some(outbox) = self.outbox(to, sender) {
                        outbox.send(message);
                    }
                }
                Effect::Close { connection, code } => {
                    if let Some(outbox) = self.outbox(connection, sender) {
                        outbox.close(code);
                    }
                }
                Effect::Forget { connection } => {
                    if let Some((outbox, attempt)) = self.outboxes.remove(&connection) {
                        outbox.forget(Departure { room: self.id.clone(), attempt });
                    }
                }
                Effect::Live { playlist, change } => {
                    if let Some(live) = &self.live {
                        live.apply(&playlist, change);
                    }
                }
                Effect::Elsewhere(errand) => self.send_away(errand, ctx),
                Effect::Closed => self.end(ctx),
            }
        }
        self.propose(ctx);
        self.set_timer(ctx);
    }

    fn outbox<'a>(&'a self, to: ConnectionId, sender: Option<(ConnectionId, &'a Outbox)>) -> Option<&'a Outbox> {
        let unknown = sender.filter(|(connection, _)| *connection == to).map(|(_, outbox)| outbox);
        self.outboxes.get(&to).map(|(outbox, _)| outbox).or(unknown)
    }

    /// Nobody finds the room any more. What is in its mailbox already is still answered.
    fn end(&self, ctx: &Context<Self>) {
        self.node.rooms.remove(&self.id, &ctx.address());
        if let Some(live) = &self.live {
            self.node.live.retire(&self.id, live, self.node.settings.hls_window);
        }
        tracing::debug!(room = %self.id, "room closed");
        ctx.address().do_send(Over);
    }

    /// Keeps one timer, which fires no later than the room's next deadline. That mostly moves to a later time:
    /// then the timer is left alone, and set anew when it has fired.
    fn set_timer(&mut self, ctx: &mut Context<Self>) {
        let Some(due) = self.room.next_deadline() else { return };
        if self.timer.is_some_and(|(set, _)| set <= due) {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        let handle = ctx.run_later(due.since(self.node.clock.now()), Self::on_timer);
        self.timer = Some((due, handle));
    }

    fn on_timer(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        let due = self.room.next_deadline();
        if due.is_some_and(|due| due <= self.node.clock.now()) {
            self.step(Input::Tick, ctx);
        } else {
            self.set_timer(ctx);
        }
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.node.settings.max_room_queue);
        self.keep_broadcasts(ctx);
        self.compare_regularly(ctx);
        tracing::debug!(room = %self.id, "room created");
        self.set_timer(ctx);
    }
}

impl Handler<JoinRoom> for RoomActor {
    type Result = actix::MessageResult<JoinRoom>;

    fn handle(&mut self, join: JoinRoom, ctx: &mut Self::Context) -> Self::Result {
        if self.room.is_closed() {
            return actix::MessageResult(Outcome::Gone);
        }
        let JoinRoom { connection, outbox, attempt, signal, welcome } = join;
        let effects = self.room.step(self.node.clock.now(), Input::Join { connection, signal, welcome });
        outbox.allow(effects.iter().map(|effect| effect.size_for(connection)).sum());
        self.outboxes.insert(connection, (outbox, attempt));
        self.carry_out(effects, None, ctx);
        actix::MessageResult(Outcome::Answered)
    }
}

impl Handler<RoomSignal> for RoomActor {
    type Result = ();

    fn handle(&mut self, message: RoomSignal, ctx: &mut Self::Context) {
        let RoomSignal { connection, outbox, signal } = message;
        let effects = self.room.step(self.node.clock.now(), Input::Signal { connection, signal });
        self.carry_out(effects, Some((connection, &outbox)), ctx);
    }
}

impl Handler<Disconnected> for RoomActor {
    type Result = ();

    fn handle(&mut self, gone: Disconnected, ctx: &mut Self::Context) {
        self.outboxes.remove(&gone.connection);
        self.step(Input::Disconnected { connection: gone.connection }, ctx);
    }
}

impl Handler<Over> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Over, ctx: &mut Self::Context) {
        // What is on its way to other nodes goes out first.
        self.end_when_done(ctx);
    }
}
