//! The application above a connection, and its answers.

use std::time::Duration;

use actix::fut::{ActorFutureExt, ActorStreamExt, wrap_future, wrap_stream};
use actix::{ActorContext, AsyncContext};
use actix_http::ws::{CloseReason, Message};
use actix_web_actors::ws::WebsocketContext;
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::Stream;

use roomcast_protocol::code::CloseCode;

use super::connection::{Connection, Wire};
use super::outbound;
use super::send_queue::SendQueue;

/// Time that a peer may take to answer a close frame. Only then is the connection closed without it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The server's side of a connection.
///
/// It gets whole messages, in order and within the limits, and the [`ConnectionHandle`] through which it answers.
pub trait Application: Sized + Unpin + 'static {
    /// Handles the opening of the connection.
    fn opened(&mut self, _handle: &mut ConnectionHandle<'_, Self>) {}

    /// Handles a text message.
    fn text(&mut self, text: ByteString, handle: &mut ConnectionHandle<'_, Self>);

    /// Whether binary messages are taken; else they close the connection with 1003.
    const BINARY: bool = false;

    /// Handles a binary message.
    fn binary(&mut self, _bytes: Bytes, _handle: &mut ConnectionHandle<'_, Self>) {}

    /// Returns the message to a peer that has not been sent anything for long.
    fn keepalive(&mut self) -> Option<ByteString> {
        None
    }

    /// Handles the end of the connection, closed or lost; called once.
    fn closed(&mut self) {}
}

/// The handle through which the application controls its connection.
pub struct ConnectionHandle<'a, A: Application> {
    pub(super) wire: &'a mut Wire,
    pub(super) ctx: &'a mut WebsocketContext<Connection<A>>,
}

impl<A: Application> ConnectionHandle<'_, A> {
    /// Sends a text message. If the bound of unsent data is exceeded, the connection is closed as a slow consumer
    /// instead.
    pub fn send_text(&mut self, text: ByteString) {
        if !self.wire.claim(outbound::size(text.len(), self.wire.max_frame())) {
            return self.close(CloseCode::SlowConsumer);
        }
        self.wire.note_sent();
        outbound::text(text, self.wire.max_frame(), |frame| self.ctx.write_raw(frame));
    }

    /// Returns the way to the peer, for messages whose bytes were claimed when they were queued.
    #[must_use]
    pub fn send_queue(&self) -> &SendQueue {
        self.wire.send_queue()
    }

    /// Pauses or resumes reading from the connection.
    pub fn set_reading(&mut self, reads: bool) {
        self.wire.gate().set(reads);
    }

    /// Sends a binary message, as [`send_text`](Self::send_text).
    pub fn send_binary(&mut self, bytes: Bytes) {
        if !self.wire.claim(outbound::size(bytes.len(), self.wire.max_frame())) {
            return self.close(CloseCode::SlowConsumer);
        }
        self.wire.note_sent();
        outbound::binary(bytes, self.wire.max_frame(), |frame| self.ctx.write_raw(frame));
    }

    /// Sends a keepalive. It does not count as a message for the idle timeout.
    pub(super) fn send_keepalive(&mut self, text: ByteString) {
        if self.wire.claim(outbound::size(text.len(), self.wire.max_frame())) {
            outbound::text(text, self.wire.max_frame(), |frame| self.ctx.write_raw(frame));
        } else {
            self.close(CloseCode::SlowConsumer);
        }
    }

    /// Closes the connection behind what was sent before. Nothing is written after it, and of what is still read
    /// only the peer's own close frame counts.
    pub fn close(&mut self, code: CloseCode) {
        let description = (!code.reason().is_empty()).then(|| code.reason().to_owned());
        self.close_with(Some(CloseReason { code: code.number().into(), description }));
    }

    pub(super) fn close_with(&mut self, reason: Option<CloseReason>) {
        if self.wire.closing {
            return;
        }
        self.wire.closing = true;
        self.wire.send_queue().shut();
        // The last frame is let through over the bound: it is small, and the peer may read it yet.
        self.wire.exchange(0, outbound::close_size(reason.as_ref()));
        self.ctx.close(reason);
        self.ctx.run_later(CLOSE_TIMEOUT, |_, ctx| ctx.stop());
    }

    pub(super) fn control(&mut self, payload: &Bytes, frame: impl FnOnce(Bytes) -> Message) {
        if self.wire.claim(outbound::size(payload.len(), usize::MAX)) {
            self.ctx.write_raw(frame(payload.clone()));
        } else {
            self.close(CloseCode::SlowConsumer);
        }
    }

    /// Passes each item of a stream to the application while the connection is open.
    pub fn listen<S: Stream + 'static>(
        &mut self,
        stream: S,
        mut each: impl FnMut(&mut A, S::Item, &mut ConnectionHandle<'_, A>) + 'static,
    ) {
        let handled = wrap_stream::<_, Connection<A>>(stream)
            .map(move |item, connection, ctx| connection.run(ctx, |app, handle| each(app, item, handle)));
        self.ctx.spawn(handled.finish());
    }

    /// Passes the result of a future to the application, if the connection is still open by then.
    pub fn when_done<F: Future + 'static>(
        &mut self,
        future: F,
        then: impl FnOnce(&mut A, F::Output, &mut ConnectionHandle<'_, A>) + 'static,
    ) {
        let done = wrap_future::<_, Connection<A>>(future)
            .map(move |output, connection, ctx| connection.run(ctx, |app, handle| then(app, output, handle)));
        self.ctx.spawn(done);
    }
}
