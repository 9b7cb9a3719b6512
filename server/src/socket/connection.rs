//! The actor of one WebSocket connection: from frames to messages, and everything that is due with time.

use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, ActorContext, AsyncContext, Running, StreamHandler};
use actix_http::ws::{CloseReason, Item, Message, ProtocolError};
use actix_web_actors::ws::WebsocketContext;
use bytes::Bytes;

use roomcast_protocol::code::CloseCode;
use roomcast_protocol::frame::{Reassembler, Whole};

use super::SocketSettings;
use super::application::{Application, ConnectionHandle};
use super::close::close_code;
use super::rate_limited_reader::Verdict;
use super::read_gate::ReadGate;
use super::send_budget::SendBudget;
use super::send_queue::SendQueue;
use super::socket_handle::SocketHandle;
use super::timers::{TimerAction, Timers};

/// The actor of one connection.
pub struct Connection<A: Application> {
    app: A,
    wire: Wire,
    told: bool,
}

/// The ends of a connection's wire: the count and the queue of its output, and the gate of its input.
pub struct Ends {
    pub(super) budget: Arc<SendBudget>,
    pub(super) send_queue: Rc<SendQueue>,
    pub(super) gate: Rc<ReadGate>,
}

/// State of a connection's wire.
pub struct Wire {
    pub(super) settings: Arc<SocketSettings>,
    ends: Ends,
    pub(super) closing: bool,
    socket: Weak<SocketHandle>,
    reassembler: Reassembler,
    timers: Timers,
    verdict: Verdict,
}

impl Wire {
    pub(super) fn new(
        settings: Arc<SocketSettings>,
        ends: Ends,
        verdict: &Verdict,
        socket: &Weak<SocketHandle>,
    ) -> Self {
        let reassembler = Reassembler::new(settings.max_message);
        let timers = Timers::new(Instant::now());
        Self {
            settings,
            ends,
            closing: false,
            socket: Weak::clone(socket),
            reassembler,
            timers,
            verdict: Rc::clone(verdict),
        }
    }

    pub(super) fn max_frame(&self) -> usize {
        self.settings.max_frame
    }

    /// Reserves the bytes of queued data, if they fit the bound.
    pub(super) fn claim(&self, bytes: usize) -> bool {
        self.ends.budget.claim(bytes)
    }

    /// Adjusts the reserved bytes to the actual length of queued data.
    pub(super) fn exchange(&self, claimed: usize, bytes: usize) {
        self.ends.budget.exchange(claimed, bytes);
    }

    pub(super) fn send_queue(&self) -> &SendQueue {
        &self.ends.send_queue
    }

    pub(super) fn gate(&self) -> &ReadGate {
        &self.ends.gate
    }

    pub(super) fn note_sent(&mut self) {
        self.timers.on_sent(Instant::now());
    }
}

impl<A: Application> Connection<A> {
    pub(super) const fn new(app: A, wire: Wire) -> Self {
        Self { app, wire, told: false }
    }

    /// Lets the application act, unless the connection is closing.
    pub(super) fn run(
        &mut self,
        ctx: &mut WebsocketContext<Self>,
        act: impl FnOnce(&mut A, &mut ConnectionHandle<'_, A>),
    ) {
        if !self.wire.closing {
            act(&mut self.app, &mut ConnectionHandle { wire: &mut self.wire, ctx });
        }
        if self.wire.closing {
            self.tell();
        }
    }

    /// Tells the application that the connection is closed.
    fn tell(&mut self) {
        if !self.told {
            self.told = true;
            self.app.closed();
        }
    }

    /// The peer's close frame: answered in kind, unless it is itself the answer. Either way this was the last frame.
    fn closed_by_peer(&mut self, reason: Option<CloseReason>, ctx: &mut WebsocketContext<Self>) {
        if let Some(socket) = self.wire.socket.upgrade() {
            socket.set_closed_by_peer();
        }
        let answer = reason.map(|reason| CloseReason { description: None, ..reason });
        self.run(ctx, |_, handle| handle.close_with(answer));
        ctx.stop();
    }

    fn frame(&mut self, frame: Message, ctx: &mut WebsocketContext<Self>) -> Result<(), CloseCode> {
        match frame {
            Message::Text(text) => {
                self.wire.reassembler.whole(text.len())?;
                self.wire.timers.on_message(Instant::now());
                self.run(ctx, |app, handle| app.text(text, handle));
            }
            Message::Binary(bytes) => {
                self.wire.reassembler.whole(bytes.len())?;
                self.binary(bytes, ctx)?;
            }
            Message::Continuation(item) => self.fragment(item, ctx)?,
            Message::Ping(payload) => self.run(ctx, |_, handle| handle.control(&payload, Message::Pong)),
            Message::Close(reason) => self.closed_by_peer(reason, ctx),
            Message::Pong(_) | Message::Nop => {}
        }
        Ok(())
    }

    fn fragment(&mut self, item: Item, ctx: &mut WebsocketContext<Self>) -> Result<(), CloseCode> {
        let reassembler = &mut self.wire.reassembler;
        let bytes = match item {
            Item::FirstText(bytes) => return reassembler.first(&bytes),
            Item::FirstBinary(_) if !A::BINARY => return Err(CloseCode::Binary),
            Item::FirstBinary(bytes) => return reassembler.first_binary(&bytes),
            Item::Continue(bytes) => return reassembler.append(&bytes),
            Item::Last(bytes) => bytes,
        };
        match reassembler.finish(&bytes)? {
            Whole::Text(text) => {
                self.wire.timers.on_message(Instant::now());
                self.run(ctx, |app, handle| app.text(text.into(), handle));
                Ok(())
            }
            Whole::Binary(bytes) => self.binary(bytes.into(), ctx),
        }
    }

    fn binary(&mut self, bytes: Bytes, ctx: &mut WebsocketContext<Self>) -> Result<(), CloseCode> {
        if !A::BINARY {
            return Err(CloseCode::Binary);
        }
        self.wire.timers.on_message(Instant::now());
        self.run(ctx, |app, handle| app.binary(bytes, handle));
        Ok(())
    }

    /// Performs the actions that are due and sets the timer for the next one.
    fn tick(&mut self, ctx: &mut WebsocketContext<Self>) {
        let now = Instant::now();
        let timeouts = self.wire.settings.timeouts;
        if let Some(said) = self.wire.send_queue().take_last_sent() {
            self.wire.timers.on_sent(said);
        }
        while let Some(due) = self.wire.timers.due(now, &timeouts) {
            self.run(ctx, |app, handle| match due {
                TimerAction::Close(code) => handle.close(code),
                TimerAction::Drop => handle.wire.closing = true,
                TimerAction::Ping => handle.control(&Bytes::new(), Message::Ping),
                TimerAction::Keepalive => app.keepalive().into_iter().for_each(|text| handle.send_keepalive(text)),
            });
            if due == TimerAction::Drop {
                ctx.stop();
            }
            if self.wire.closing {
                return;
            }
        }
        ctx.run_later(self.wire.timers.next(&timeouts).duration_since(now), Self::tick);
    }
}

impl<A: Application> Actor for Connection<A> {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.run(ctx, A::opened);
        self.tick(ctx);
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.wire.closing = true;
        self.tell();
        Running::Stop
    }
}

impl<A: Application> StreamHandler<Result<Message, ProtocolError>> for Connection<A> {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        if self.wire.closing {
            match frame {
                Ok(Message::Close(reason)) => self.closed_by_peer(reason, ctx),
                Ok(_) => {}
                Err(_) => ctx.stop(),
            }
            return;
        }
        self.wire.timers.on_frame();
        if let Err(code) = frame.map_err(|error| close_code(&error)).and_then(|frame| self.frame(frame, ctx)) {
            // An error that is passed over comes again for ever: nothing more can be read.
            self.run(ctx, |_, handle| handle.close(code));
            ctx.stop();
        }
    }

    /// Handles the end of the input: the peer is gone, or the reader has stopped.
    fn finished(&mut self, ctx: &mut Self::Context) {
        if let Some(code) = self.wire.verdict.take() {
            self.run(ctx, |_, handle| handle.close(code));
        }
        ctx.stop();
    }
}
