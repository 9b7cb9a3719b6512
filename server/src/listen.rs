//! TCP connections, up to the requests they carry.
//!
//! ```text
//! TcpStream ─▶ PeerStream ─┬─ preface ─┬──▶ HTTP/1.1 (actix-http) ─┐
//!                    └─ TLS, ALPN ┴─▶ HTTP/2 (h2) ───────────┴─▶ the application
//! ```
//!
//! One application per worker thread serves both. HTTP/2 is driven here: actix-http's own dispatcher advertises no
//! bound on concurrent streams, goes on waiting for streams that were cancelled, and does not close in a shutdown;
//! and its look at a connection's first bytes waits for them for ever. Nothing here knows what is served.

mod faults;
mod head_timeout;
mod http2;
mod peer_stream;
mod plain;
mod preface;
mod tls;
mod unread;
mod validity;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_codec::{AsyncRead, AsyncWrite};
use actix_http::error::DispatchError;
use actix_http::{ConnectionType, HttpService, Request, RequestHead, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, fn_factory, fn_service};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Extensions, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use futures_util::future::LocalBoxFuture;
use socket2::{Domain, Socket, Type};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::socket::{SocketHandle, Switching};
use head_timeout::{HeadTimeout, OpenRequest, Requests};
use peer_stream::{OverPeerStream, PeerStream};
use unread::RequestBody;

pub use faults::MALFORMED;
pub use tls::{CertificateFiles, NamedFile, Tls};
pub use validity::Dates;

/// Time for which a peer may take to close, and for which the server goes on reading after an answer that was sent
/// before the end of its request. The library's clock makes shorter times hang.
const LINGER_TIME: Duration = Duration::from_millis(700);
/// Connections that wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 4096;

/// Settings of every connection.
#[derive(Debug, Clone)]
pub struct ListenSettings {
    /// Worker threads; 0: one per core.
    pub workers: usize,
    /// Connections each of them takes.
    pub max_connections: usize,
    /// The time for which requests may continue in a shutdown.
    pub shutdown_timeout: Duration,
    /// Time for which a connection without a request stays open.
    pub keep_alive: Duration,
    /// Timeout for the first bytes of a connection, and for the head of a request.
    pub request_timeout: Duration,
    /// The time for which a peer may accept no data that waits for it.
    pub stall_timeout: Duration,
    /// Unsent bytes in the buffer of the kernel.
    pub max_unsent: u32,
    /// Bytes that are still read of a request whose answer closes the connection.
    pub max_linger: usize,
    /// Requests one HTTP/2 connection may have open.
    pub max_streams: u32,
}

/// Binds every address. One that this machine does not have is left out as long as another is there: a name may have
/// an address of IPv6 where IPv6 is off. With port 0 all take the port that the first was given.
///
/// # Errors
/// When the system does not allow one, or has none of them.
pub fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let (mut bound, mut absent, mut free_port) = (Vec::new(), None, 0);
    for address in addresses {
        let mut address = *address;
        if address.port() == 0 {
            address.set_port(free_port);
        }
        match bind_one(address) {
            Ok(listener) => {
                free_port = listener.local_addr()?.port();
                bound.push(listener);
            }
            Err(error) if is_absent(&error) => absent = Some(error),
            Err(error) => return Err(error),
        }
    }
    match absent {
        Some(error) if bound.is_empty() => Err(error),
        _ => Ok(bound),
    }
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    // Else an address of IPv6 takes IPv4 as well, which a name may have, too.
    if address.is_ipv6() && !address.ip().is_unspecified() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Returns whether the machine lacks the address, or all of its kind.
fn is_absent(error: &io::Error) -> bool {
    let kind_is_off = nix::errno::Errno::EAFNOSUPPORT as i32;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(kind_is_off)
}

/// Judges requests that wait with their body for `100 Continue` (RFC 9110, section 10.1.1); an answer refuses one.
pub type ContinueCheck = Arc<dyn Fn(&RequestHead) -> Option<HttpResponse> + Send + Sync>;

/// A server of this application on the addresses that were bound. `draining` becomes true when it stops.
///
/// # Errors
/// When the system refuses the address after all.
pub fn serve<F, I, S>(
    listeners: Vec<TcpListener>,
    tls: Option<Tls>,
    settings: ListenSettings,
    draining: watch::Receiver<bool>,
    judge: ContinueCheck,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: HttpApplication,
{
    let mut builder = ServerBuilder::new()
        .max_concurrent_connections(settings.max_connections)
        .shutdown_timeout(settings.shutdown_timeout.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
        .disable_signals();
    if settings.workers > 0 {
        builder = builder.workers(settings.workers);
    }
    let per_worker = move || {
        let (tls, settings, draining, judge) = (tls.clone(), settings.clone(), draining.clone(), Arc::clone(&judge));
        let application = application().into_factory();
        let worker = Rc::new(move || {
            let made = application.new_service(AppConfig::default());
            worker(made, tls.clone(), settings.clone(), draining.clone(), Arc::clone(&judge))
        });
        fn_factory(move || worker())
    };
    for listener in listeners {
        builder = builder.listen("roomcast", listener, per_worker.clone())?;
    }
    Ok(builder.run())
}

/// An application of actix-web, as `HttpServer` takes it.
pub trait HttpApplication:
    ServiceFactory<
        Request,
        Config = AppConfig,
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    > + 'static
{
}

impl<S> HttpApplication for S where
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static
{
}

/// Makes the service that handles the connections of one worker thread.
async fn worker<S>(
    application: impl Future<Output = Result<S, ()>>,
    tls: Option<Tls>,
    settings: ListenSettings,
    draining: watch::Receiver<bool>,
    judge: ContinueCheck,
) -> Result<impl Service<TcpStream, Response = (), Error = ()>, ()>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    let application = Rc::new(application.await?);
    let plain = http1(&application, &settings, &draining, &judge).await?;
    let secure = http1(&application, &settings, &draining, &judge).await?;
    let worker = Rc::new(Worker { application, plain, secure, tls, settings, draining });
    Ok(fn_service(move |stream: TcpStream| {
        let worker = Rc::clone(&worker);
        // In boxes of their own, so that a connection holds what begins it no longer than it begins, and no more
        // than what serves it from then on: a future is as large as the largest of what it awaits, at times twice.
        async move {
            if let Some(served) = Box::pin(begin(worker, stream)).await {
                served.await;
            }
            Ok(())
        }
    }))
}

/// State that the connections of one worker thread share.
struct Worker<S, P, Q> {
    application: Rc<S>,
    plain: P,
    secure: Q,
    tls: Option<Tls>,
    settings: ListenSettings,
    draining: watch::Receiver<bool>,
}

/// Waits for a connection's first bytes: what serves it from then on; none when they do not come.
async fn begin<S, P, Q>(worker: Rc<Worker<S, P, Q>>, stream: TcpStream) -> Option<LocalBoxFuture<'static, ()>>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
    P: Service<HttpConnection<PeerStream>, Error = DispatchError, Future: 'static> + 'static,
    Q: Service<HttpConnection<TlsStream<PeerStream>>, Error = DispatchError, Future: 'static> + 'static,
{
    let Worker { settings, tls, .. } = &*worker;
    let peer = stream.peer_addr().ok();
    let mut peer_stream = PeerStream::new(stream, settings);
    if let Some(tls) = tls {
        let stream = timeout(settings.request_timeout, secure(tls, peer_stream, peer, settings)).await.ok()??;
        return Some(if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) {
            http2(&worker, stream, peer)
        } else {
            Box::pin(until_closed(Rc::clone(&worker), |worker| &worker.secure, stream, peer))
        });
    }
    let mut draining = worker.draining.clone();
    let is_http2 = tokio::select! {
        biased;
        read = timeout(settings.request_timeout, preface::is_http2(&mut peer_stream)) => read.ok()?.ok()?,
        _ = draining.wait_for(|draining| *draining) => return None,
    };
    Some(if is_http2 {
        http2(&worker, peer_stream, peer)
    } else {
        Box::pin(until_closed(Rc::clone(&worker), |worker| &worker.plain, peer_stream, peer))
    })
}

/// Serves a connection of HTTP/1.1, and the protocol to which it is switched.
async fn until_closed<S, P, Q, H, T>(
    worker: Rc<Worker<S, P, Q>>,
    http: impl FnOnce(&Worker<S, P, Q>) -> &H,
    stream: T,
    peer: Option<SocketAddr>,
) where
    H: Service<HttpConnection<T>, Error = DispatchError>,
{
    let stream = Switching::new(HeadTimeout::new(stream, worker.settings.request_timeout));
    let switch = stream.switch();
    // In a box of its own, which is gone when it has ended.
    faults::end_of_http1(Box::pin(http(&worker).call((stream, peer))).await);
    drop(worker);
    if let Some(served) = switch.served() {
        drop(switch);
        served.await;
    }
}

/// Performs the TLS handshake; returns `None` if it fails, or if the peer uses plain HTTP and was informed of that.
async fn secure(
    tls: &Tls,
    mut peer_stream: PeerStream,
    peer: Option<SocketAddr>,
    settings: &ListenSettings,
) -> Option<TlsStream<PeerStream>> {
    if !plain::is_http(&mut peer_stream).await.ok()? {
        peer_stream.socket_handle().set_encrypted();
        return tls.acceptor().accept(peer_stream).await.ok();
    }
    tracing::debug!(?peer, "plain HTTP was sent to the port that speaks HTTPS");
    let _ = timeout(LINGER_TIME, plain::answer(&mut peer_stream, settings.max_linger)).await;
    None
}

fn http2<S, P, Q, T>(worker: &Rc<Worker<S, P, Q>>, io: T, peer: Option<SocketAddr>) -> LocalBoxFuture<'static, ()>
where
    T: OverPeerStream + AsyncRead + AsyncWrite + Unpin + 'static,
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    let (application, draining) = (Rc::clone(&worker.application), worker.draining.clone());
    Box::pin(http2::serve(io, application, peer, worker.settings.clone(), draining))
}

/// Has a request of HTTP/1.1 answered, whether or not its body is read.
async fn answer<S>(application: Rc<S>, request: Request, linger: usize) -> Result<HttpResponse, Infallible>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    let socket_handle = request.conn_data::<Rc<SocketHandle>>().map(Rc::clone);
    let open = request.conn_data::<Rc<Requests>>().map(|requests| Rc::clone(requests).begin());
    let upgrades = request.head().upgrade();
    let (request, body) = RequestBody::hold(request);
    let mut response = match application.call(request).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        open.into_iter().for_each(OpenRequest::keep);
    } else if upgrades {
        // The library serves no other request behind one that asks for another protocol, such as `h2c`, and a client
        // that is not told so sends its next one into a connection that ends.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(match body.zip(socket_handle) {
        Some((body, socket_handle)) => body.close_after(response, socket_handle, linger).await,
        None => response,
    })
}

fn judged(judge: &ContinueCheck, request: Request) -> Result<Request, Early> {
    judge(request.head()).map_or(Ok(request), |answer| Err(Early(Box::new(answer))))
}

/// An answer in place of `100 Continue`.
#[derive(Debug)]
struct Early(Box<HttpResponse>);

impl From<Early> for Response<BoxBody> {
    fn from(early: Early) -> Self {
        (*early.0).into()
    }
}

/// A connection as the library serves it.
type HttpConnection<T> = (Switching<HeadTimeout<T>>, Option<SocketAddr>);

/// Returns the library's side of HTTP/1.1.
async fn http1<T, S>(
    application: &Rc<S>,
    settings: &ListenSettings,
    draining: &watch::Receiver<bool>,
    judge: &ContinueCheck,
) -> Result<impl Service<HttpConnection<T>, Response = (), Error = DispatchError, Future: 'static> + use<T, S>, ()>
where
    T: OverPeerStream + AsyncRead + AsyncWrite + Unpin + 'static,
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    let (application, draining, linger) = (Rc::clone(application), draining.clone(), settings.max_linger);
    let service = fn_factory(move || {
        let application = Rc::clone(&application);
        async move { Ok::<_, ()>(fn_service(move |request| answer(Rc::clone(&application), request, linger))) }
    });
    let judge = Arc::clone(judge);
    let expect = fn_factory(move || {
        let judge = Arc::clone(&judge);
        async move { Ok::<_, ()>(fn_service(move |request: Request| std::future::ready(judged(&judge, request)))) }
    });
    let made = HttpService::<Switching<HeadTimeout<T>>, _, BoxBody>::build()
        .expect(expect)
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.request_timeout)
        .client_disconnect_timeout(LINGER_TIME)
        .graceful_shutdown_signal(move || {
            let mut draining = draining.clone();
            async move {
                let _ = draining.wait_for(|draining| *draining).await;
            }
        })
        .on_connect_ext(|connection: &Switching<HeadTimeout<T>>, data: &mut Extensions| {
            data.insert(connection.switch());
            if let Some(stream) = connection.stream() {
                data.insert(stream.requests());
                data.insert(stream.peer_stream().socket_handle());
            }
        })
        .h1(service);
    made.new_service(()).await
}
