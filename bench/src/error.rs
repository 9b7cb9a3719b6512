//! Reasons why a scenario could not be carried out.

use std::io;
use std::time::Duration;

use crate::wire::FrameError;

/// Every way to fail. A target that is missed is no error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused something.
    #[error("cannot {what}: {source}")]
    System { what: &'static str, source: io::Error },
    /// The server did not upgrade a connection.
    #[error("the server did not upgrade the connection: {0}")]
    Handshake(String),
    /// The server broke the framing.
    #[error(transparent)]
    Frame(FrameError),
    /// The server closed a connection that was to stay.
    #[error("the server closed a connection with {0}")]
    Closed(u16),
    /// The connection ended without a close frame.
    #[error("a connection ended")]
    Ended,
    /// The server refused a signal.
    #[error("the server refused a signal: {0}")]
    Refused(String),
    /// An HTTP request got another answer than was expected.
    #[error("an unexpected answer over HTTP: {0}")]
    Http(String),
    /// Something did not happen in time.
    #[error("{what} took longer than {} s", bound.as_secs())]
    Late { what: &'static str, bound: Duration },
    /// Connections were lost while they were measured.
    #[error("{0} connections were lost: {1}")]
    Lost(usize, String),
    /// SIGTERM or SIGINT.
    #[error("stopped before everything was measured")]
    Stopped,
    /// There is no server to measure.
    #[error("there is no server beside this program: build it with `cargo build --release -p roomcast-server`")]
    NotBuilt,
    /// A program ended before it listened.
    #[error("{0} ended before it listened")]
    NotListening(String),
    /// A key could not be made, or not be used.
    #[error("the generator could not sign an access token")]
    Signature,
    /// A task panicked.
    #[error("a task of the generator failed")]
    Task,
}

/// Says what the system was asked for.
///
/// # Errors
/// The given one, with a reason.
pub fn attempt<T>(what: &'static str, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::System { what, source })
}

/// Awaits something that must happen in time.
///
/// # Errors
/// When it does not.
pub async fn within<T>(
    bound: Duration,
    what: &'static str,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(bound, future).await.unwrap_or(Err(Error::Late { what, bound }))
}
