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

use super::Settings;
use super::ages::{Ages, Due};
use super::application::{Application, Port};
use super::close::close_code;
use super::descriptor::Descriptor;
use super::fill::Fill;
use super::gate::Gate;
use super::intake::Verdict;
use super::lane::Lane;

/// The shell of one connection.
pub struct Connection<A: Application> {
    app: A,
    wire: Wire,
    told: bool,
}

/// The ends of a connection's wire: the count and the queue of its output, and the gate of its input.
pub struct Ends {
    pub(super) fill: Arc<Fill>,
    pub(super) lane: Rc<Lane>,
    pub(super) gate: Rc<Gate>,
}

/// State of a connection's wire.
pub struct Wire {
    pub(super) settings: Arc<Settings>,
    ends: Ends,
    pub(super) closing: bool,
    socket: Weak<Descriptor>,
    reassembler: Reassembler,
    ages: Ages,
    verdict: Verdict,
}

impl Wire {
    pub(super) fn new(settings: Arc<Settings>, ends: Ends, verdict: &Verdict, socket: &Weak<Descriptor>) -> Self {
        let reassembler = Reassembler::new(settings.max_message);
        let ages = Ages::new(Instant::now());
        Self {
            settings,
            ends,
            closing: false,
            socket: Weak::clone(socket),
            reassembler,
            ages,
            verdict: Rc::clone(verdict),
        }
    }

    pub(super) fn max_frame(&self) -> usize {
        self.settings.max_frame
    }

    /// Claims the bytes of something that is queued, if they fit.
    pub(super) fn claim(&self, bytes: usize) -> bool {
        self.ends.fill.claim(bytes)
    }

    /// Something is queued for which another number of bytes was claimed.
    pub(super) fn exchange(&self, claimed: usize, bytes: usize) {
        self.ends.fill.exchange(claimed, bytes);
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.ends.lane
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.ends.gate
    }

    pub(super) fn said(&mut self) {
        self.ages.on_said(Instant::now());
    }
}

impl<A: Application> Connection<A> {
    pub(super) const fn new(app: A, wire: Wire) -> Self {
        Self { app, wire, told: false }
    }

    /// Lets the application act, unless the connection is closing.
    pub(super) fn run(&mut self, ctx: &mut WebsocketContext<Self>, act: impl FnOnce(&mut A, &mut Port<'_, A>)) {
        if !self.wire.closing {
            act(&mut self.app, &mut Port { wire: &mut self.wire, ctx });
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
        self.run(ctx, |_, port| port.close_with(answer));
        ctx.stop();
    }

    fn frame(&mut self, frame: Message, ctx: &mut WebsocketContext<Self>) -> Result<(), CloseCode> {
        match frame {
            Message::Text(text) => {
                self.wire.reassembler.whole(text.len())?;
                self.wire.ages.on_message(Instant::now());
                self.run(ctx, |app, port| app.text(text, port));
            }
            Message::Binary(bytes) => {
                self.wire.reassembler.whole(bytes.len())?;
                self.binary(bytes, ctx)?;
            }
            Message::Continuation(item) => self.fragment(item, ctx)?,
            Message::Ping(payload) => self.run(ctx, |_, port| port.control(&payload, Message::Pong)),
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
                self.wire.ages.on_message(Instant::now());
                self.run(ctx, |app, port| app.text(text.into(), port));
                Ok(())
            }
            Whole::Binary(bytes) => self.binary(bytes.into(), ctx),
        }
    }

    fn binary(&mut self, bytes: Bytes, ctx: &mut WebsocketContext<Self>) -> Result<(), CloseCode> {
        if !A::BINARY {
            return Err(CloseCode::Binary);
        }
        self.wire.ages.on_message(Instant::now());
        self.run(ctx, |app, port| app.binary(bytes, port));
        Ok(())
    }

    /// Does what is due and sets the timer for what is due next.
    fn tick(&mut self, ctx: &mut WebsocketContext<Self>) {
        let now = Instant::now();
        let spans = self.wire.settings.spans;
        if let Some(said) = self.wire.lane().take_said() {
            self.wire.ages.on_said(said);
        }
        while let Some(due) = self.wire.ages.due(now, &spans) {
            self.run(ctx, |app, port| match due {
                Due::Close(code) => port.close(code),
                Due::Drop => port.wire.closing = true,
                Due::Ping => port.control(&Bytes::new(), Message::Ping),
                Due::Keepalive => app.keepalive().into_iter().for_each(|text| port.send_keepalive(text)),
            });
            if due == Due::Drop {
                ctx.stop();
            }
            if self.wire.closing {
                return;
            }
        }
        ctx.run_later(self.wire.ages.next(&spans).duration_since(now), Self::tick);
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
        self.wire.ages.on_frame();
        if let Err(code) = frame.map_err(|error| close_code(&error)).and_then(|frame| self.frame(frame, ctx)) {
            // An error that is passed over comes again for ever: nothing more can be read.
            self.run(ctx, |_, port| port.close(code));
            ctx.stop();
        }
    }

    /// The end of the input: the peer is gone, or the intake refused to read on.
    fn finished(&mut self, ctx: &mut Self::Context) {
        if let Some(code) = self.wire.verdict.take() {
            self.run(ctx, |_, port| port.close(code));
        }
        ctx.stop();
    }
}
