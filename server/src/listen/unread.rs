//! Answers to requests whose body has not been read to its end (RFC 9112, section 9.3; RFC 9113, section 8.1).
//!
//! With HTTP/1.1 actix-http reads and discards the rest of a chunked body without a bound once its handler has dropped
//! it. Here the body is kept until the answer is out, which makes the dispatcher close the connection instead; the
//! [`PeerStream`] below bounds what it still reads while it lingers, so that the client learns of the answer and of the end.
//! With HTTP/2 the stream lingers in the same way before it is reset with `NO_ERROR`.
//!
//! [`PeerStream`]: super::peer_stream::PeerStream

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker, ready};

use actix_http::error::PayloadError;
use actix_http::{BoxedPayloadStream, HttpMessage as _, Payload, Request};
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::TRANSFER_ENCODING;
use bytes::Bytes;
use futures_util::Stream;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{LINGER_TIME, faults};
use crate::socket::SocketHandle;

const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// The body of a request, shared by its handler and its answer.
pub struct RequestBody {
    payload: RefCell<Payload>,
    ended: Cell<bool>,
    answered: Cell<bool>,
    /// The connection, of a request of HTTP/1.1. Weak: a body may outlive it, and its number then means another one.
    http1: Option<Weak<SocketHandle>>,
}

impl RequestBody {
    /// Takes hold of the body of a request, if it has one. What follows a WebSocket handshake is none.
    pub fn hold(mut request: Request) -> (Request, Option<Rc<Self>>) {
        let upgrades = request.head().upgrade() && !request.headers().contains_key(TRANSFER_ENCODING);
        if upgrades || matches!(request.payload(), Payload::None) {
            return (request, None);
        }
        let (request, payload) = request.replace_payload(Payload::<BoxedPayloadStream>::None);
        let http1 = request.conn_data::<Rc<SocketHandle>>().map(Rc::downgrade);
        let (ended, answered) = (Cell::new(false), Cell::new(false));
        let body = Rc::new(Self { payload: RefCell::new(payload), ended, answered, http1 });
        let stream = Payload::Stream { payload: Box::pin(Reading(Rc::clone(&body))) as BoxedPayloadStream };
        (request.replace_payload(stream).0, Some(body))
    }

    /// Makes an answer of HTTP/1.1 close the connection if the body is not there whole.
    pub async fn close_after(
        self: Rc<Self>,
        response: HttpResponse,
        socket_handle: Rc<SocketHandle>,
        linger: usize,
    ) -> HttpResponse {
        self.answered.set(true);
        if !self.has_arrived() {
            // The dispatcher may have read it with the head, and decodes it when it is told to wait.
            yield_now().await;
        }
        if self.has_arrived() {
            return response;
        }
        socket_handle.linger(linger);
        response.map_body(|_, body| BoxBody::new(AnswerBody { body, _unread: self }))
    }

    /// Discards what still comes of the body of an answered request: at most this many bytes, for [`LINGER_TIME`].
    pub async fn linger(self: Rc<Self>, bytes: usize) {
        let discard = async {
            let mut left = bytes;
            while left > 0
                && let Some(Ok(chunk)) = poll_fn(|cx| self.poll(cx)).await
            {
                left = left.saturating_sub(chunk.len());
            }
            if left == 0 {
                std::future::pending::<()>().await;
            }
        };
        if !self.ended.get() {
            let _ = timeout(LINGER_TIME, discard).await;
        }
    }

    /// Discards what of the body has arrived; true when that is all of it.
    fn has_arrived(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        while !self.ended.get() {
            if self.poll(&mut cx).is_pending() {
                return false;
            }
        }
        true
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        let read = ready!(Pin::new(&mut *self.payload.borrow_mut()).poll_next(cx));
        if !matches!(read, Some(Ok(_))) {
            self.ended.set(true);
        }
        // The dispatcher takes chunks without a length for the end of the connection, and writes nothing any more.
        if let Some(Err(PayloadError::EncodingCorrupted | PayloadError::Incomplete(_))) = &read
            && let Some(connection) =
                self.http1.as_ref().and_then(Weak::upgrade).filter(|connection| !connection.is_ended())
        {
            faults::malformed("HTTP/1.1", &"the chunks of a body are malformed");
            if !self.answered.get() {
                connection.write_last(BAD_REQUEST);
            }
        }
        Poll::Ready(read)
    }
}

/// The body as its handler reads it.
struct Reading(Rc<RequestBody>);

impl Stream for Reading {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.ended.get() { Poll::Ready(None) } else { self.0.poll(cx) }
    }
}

/// The body of an answer that keeps the body of its request.
struct AnswerBody {
    body: BoxBody,
    _unread: Rc<RequestBody>,
}

impl MessageBody for AnswerBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
