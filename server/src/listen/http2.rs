//! One HTTP/2 connection (RFC 9113): its streams, each with a request, and its end.
//!
//! A stream that its peer cancels, or whose connection is lost, is dropped with everything that waits for it. What
//! is sent is never copied: a stream holds a reference to it, and takes bytes from it as the peer's windows allow.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::error::PayloadError;
use actix_http::{Payload, Request};
use actix_service::Service;
use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderValue, HttpDate, TRANSFER_ENCODING, UPGRADE};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::{HttpResponse, rt};
use bytes::Bytes;
use futures_util::Stream;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::peer_stream::OverPeerStream;
use super::unread::RequestBody;
use super::{ListenSettings, faults};

/// Bytes a peer may send on one stream before they are taken.
const STREAM_WINDOW: u32 = 1 << 20;
/// The same over all streams of a connection.
const CONNECTION_WINDOW: u32 = 2 << 20;
/// Bytes of one stream that the library may queue.
const SEND_BUFFER: usize = 64 * 1024;
/// Longest head of a request, uncompressed.
const MAX_HEAD: u32 = 64 * 1024;
/// Bytes handed over at a time.
const PIECE: usize = 16 * 1024;

/// Serves a connection to its end.
pub async fn serve<T, S>(
    mut io: T,
    application: Rc<S>,
    peer: Option<SocketAddr>,
    settings: ListenSettings,
    draining: watch::Receiver<bool>,
) where
    T: OverPeerStream + AsyncRead + AsyncWrite + Unpin,
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    io.peer_stream_mut().restrain();
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(MAX_HEAD)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER);
    let connection = match timeout(settings.request_timeout, builder.handshake(io)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return faults::end_of_http2(&error),
        Err(_) => return,
    };
    let keep_alive = settings.keep_alive;
    let each = move |request: ::http::Request<RecvStream>, respond| {
        let (application, settings) = (Rc::clone(&application), settings.clone());
        async move {
            let answered = answer(&*application, request, respond, peer, &settings).await;
            if let Err(error) = answered {
                tracing::debug!(%error, "a stream ended early");
            }
        }
    };
    accept(connection, keep_alive, draining, each).await;
}

/// Takes requests until the peer goes, has none for too long, or the server stops and all are answered.
async fn accept<T, F>(
    mut connection: Connection<T, Bytes>,
    keep_alive: Duration,
    mut draining: watch::Receiver<bool>,
    each: impl Fn(::http::Request<RecvStream>, SendResponse<Bytes>) -> F,
) where
    T: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()> + 'static,
{
    let streams = Rc::new(());
    let mut idle = pin!(sleep(keep_alive));
    let (mut busy, mut closing) = (false, false);
    loop {
        tokio::select! {
            biased;
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    busy = true;
                    spawn_counted(&streams, each(request, respond));
                }
                Some(Err(error)) => return faults::end_of_http2(&error),
                None => return,
            },
            _ = draining.wait_for(|draining| *draining), if !closing => {
                closing = true;
                connection.graceful_shutdown();
            }
            () = &mut idle => {
                if !busy && Rc::strong_count(&streams) == 1 {
                    if std::mem::replace(&mut closing, true) {
                        return;
                    }
                    connection.graceful_shutdown();
                }
                busy = false;
                idle.as_mut().reset(Instant::now() + keep_alive);
            }
        }
    }
}

/// Runs a stream, which counts until it is answered.
fn spawn_counted(streams: &Rc<()>, answered: impl Future<Output = ()> + 'static) {
    let one = Rc::clone(streams);
    rt::spawn(async move {
        answered.await;
        drop(one);
    });
}

async fn answer<S>(
    application: &S,
    request: ::http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    peer: Option<SocketAddr>,
    settings: &ListenSettings,
) -> Result<(), h2::Error>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let only_head = request.method() == Method::HEAD;
    let (request, request_body) = RequestBody::hold(taken(request, peer));
    let response = tokio::select! {
        biased;
        answered = application.call(request) => match answered {
            Ok(response) => response.into_parts().1,
            Err(error) => error.error_response(),
        },
        _ = std::future::poll_fn(|cx| respond.poll_reset(cx)) => return Ok(()),
    };
    let (response, body) = response.into_parts();
    let head = head(&response, body.size());
    let ends = only_head || matches!(body.size(), BodySize::None | BodySize::Sized(0));
    let mut stream = respond.send_response(head, ends)?;
    if !ends {
        send(body, &mut stream, settings.stall_timeout).await?;
    }
    // The library resets a stream that is dropped before its request has ended: after the answer with `NO_ERROR`.
    if let Some(request_body) = request_body {
        request_body.linger(settings.max_linger).await;
    }
    Ok(())
}

/// Sends a body as fast as the peer's windows allow.
async fn send(body: BoxBody, stream: &mut SendStream<Bytes>, stall_timeout: Duration) -> Result<(), h2::Error> {
    let mut body = pin!(body);
    while let Some(piece) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        let Ok(mut piece) = piece else {
            stream.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        };
        while !piece.is_empty() {
            stream.reserve_capacity(piece.len().min(PIECE));
            let capacity = timeout(stall_timeout, std::future::poll_fn(|cx| stream.poll_capacity(cx)));
            match capacity.await {
                Ok(Some(capacity)) => stream.send_data(piece.split_to(piece.len().min(capacity?)), false)?,
                Ok(None) => return Ok(()),
                Err(_) => {
                    stream.send_reset(Reason::CANCEL);
                    return Ok(());
                }
            }
        }
    }
    stream.send_data(Bytes::new(), true)
}

/// A request as the application takes it.
fn taken(request: ::http::Request<RecvStream>, peer: Option<SocketAddr>) -> Request {
    let (parts, body) = request.into_parts();
    let payload = if body.is_end_stream() {
        Payload::None
    } else {
        Payload::Stream { payload: Box::pin(RequestStream(body)) as _ }
    };
    let mut request = Request::with_payload(payload);
    let head = request.head_mut();
    head.uri = parts.uri;
    head.method = parts.method;
    head.version = Version::HTTP_2;
    head.headers = parts.headers.into();
    head.peer_addr = peer;
    request
}

/// Returns the head of an answer, without what belongs to connections of HTTP/1.1 (section 8.2.2).
fn head(response: &HttpResponse<()>, size: BodySize) -> ::http::Response<()> {
    let mut head = ::http::Response::new(());
    *head.status_mut() = response.status();
    *head.version_mut() = Version::HTTP_2;
    let headers = head.headers_mut();
    headers.reserve(response.headers().len() + 2);
    for (name, value) in response.headers() {
        if ![CONNECTION, TRANSFER_ENCODING, UPGRADE, CONTENT_LENGTH].contains(name) {
            headers.append(name, value.clone());
        }
    }
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status());
    if let BodySize::Sized(length) = size
        && !bodiless
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Ok(now) = HeaderValue::try_from(HttpDate::from(SystemTime::now()).to_string()) {
        headers.insert(DATE, now);
    }
    head
}

/// The body of a request.
struct RequestStream(RecvStream);

impl Stream for RequestStream {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(read) = ready!(self.0.poll_data(cx)) else { return Poll::Ready(None) };
        let lost = |_| PayloadError::Incomplete(None);
        Poll::Ready(Some(read.map_err(lost).and_then(|bytes| {
            self.0.flow_control().release_capacity(bytes.len()).map_err(lost)?;
            Ok(bytes)
        })))
    }
}
