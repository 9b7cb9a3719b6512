//! The actor: one connection, the rooms it is in, and its life.

use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorContext, AsyncContext, Running, StreamHandler};
use actix_http::ws::{CloseReason, Item, Message, ProtocolError};
use actix_web_actors::ws::WebsocketContext;
use tokio_stream::wrappers::WatchStream;

use roomcast_core::room::ConnectionId;
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::frame::Reassembler;

use super::close::close_code;
use crate::config::to_usize;
use crate::node::Node;
use crate::room::{Delivery, Disconnected, Inbox, JoinedRooms, Outbox};

/// Pings that a peer may leave unanswered.
const SILENT_PINGS: u32 = 3;

/// That the server stops.
struct Draining(bool);

/// The shell of one connection.
pub struct SessionActor {
    pub(super) node: Arc<Node>,
    pub(super) connection: ConnectionId,
    pub(super) outbox: Outbox,
    pub(super) rooms: JoinedRooms,
    pub(super) reassembler: Reassembler,
    inbox: Option<Inbox>,
    heard: Instant,
    closing: bool,
}

impl SessionActor {
    pub fn new(node: Arc<Node>) -> Self {
        let (outbox, inbox) = Outbox::new(to_usize(node.settings.max_outbox));
        Self {
            connection: node.next_connection(),
            reassembler: Reassembler::new(to_usize(node.settings.max_message)),
            rooms: JoinedRooms::default(),
            inbox: Some(inbox),
            heard: Instant::now(),
            closing: false,
            outbox,
            node,
        }
    }

    /// Sends a close frame and ends. Nothing is read or written after it.
    pub(super) fn close(&mut self, code: CloseCode, ctx: &mut WebsocketContext<Self>) {
        if self.closing {
            return;
        }
        self.closing = true;
        let description = (!code.reason().is_empty()).then(|| code.reason().to_owned());
        ctx.close(Some(CloseReason { code: code.number().into(), description }));
        ctx.stop();
    }

    fn ping(&mut self, ctx: &mut WebsocketContext<Self>) {
        if self.heard.elapsed() > self.node.settings.ping_interval * SILENT_PINGS {
            tracing::debug!(connection = self.connection.0, "peer is silent");
            ctx.stop();
            return;
        }
        ctx.ping(b"");
    }

    fn frame(&mut self, frame: Message, ctx: &mut WebsocketContext<Self>) -> Result<(), CloseCode> {
        match frame {
            Message::Text(text) => {
                self.reassembler.whole(text.len())?;
                self.on_message(&text, ctx);
            }
            Message::Binary(_) | Message::Continuation(Item::FirstBinary(_)) => return Err(CloseCode::Binary),
            Message::Continuation(Item::FirstText(bytes)) => self.reassembler.first(&bytes)?,
            Message::Continuation(Item::Continue(bytes)) => self.reassembler.append(&bytes)?,
            Message::Continuation(Item::Last(bytes)) => {
                let text = self.reassembler.last(&bytes)?;
                self.on_message(&text, ctx);
            }
            Message::Ping(payload) => ctx.pong(&payload),
            Message::Close(_) => return Err(CloseCode::Normal),
            Message::Pong(_) | Message::Nop => {}
        }
        Ok(())
    }
}

impl Actor for SessionActor {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(inbox) = self.inbox.take() {
            ctx.add_stream(inbox);
        }
        ctx.add_stream(futures_util::StreamExt::map(WatchStream::new(self.node.watch_draining()), Draining));
        ctx.run_interval(self.node.settings.ping_interval, Self::ping);
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        for room in self.rooms.values() {
            room.do_send(Disconnected { connection: self.connection });
        }
        Running::Stop
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for SessionActor {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        if self.closing {
            return;
        }
        self.heard = Instant::now();
        let result = frame.map_err(|error| close_code(&error)).and_then(|frame| self.frame(frame, ctx));
        if let Err(code) = result {
            self.close(code, ctx);
        }
    }
}

impl StreamHandler<Delivery> for SessionActor {
    fn handle(&mut self, delivery: Delivery, ctx: &mut Self::Context) {
        if self.closing {
            return;
        }
        match delivery {
            Delivery::Message(message) => self.write(&message.text(), ctx),
            Delivery::Close(code) => self.close(code, ctx),
            Delivery::Forget(departure) => self.rooms.forget(&departure),
        }
    }
}

impl StreamHandler<Draining> for SessionActor {
    fn handle(&mut self, draining: Draining, ctx: &mut Self::Context) {
        if draining.0 {
            self.close(CloseCode::ServiceRestart, ctx);
        }
    }

    fn finished(&mut self, _: &mut Self::Context) {}
}
