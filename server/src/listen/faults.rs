//! Ends of connections that are nobody's fault here: counted or noted, never an error of the server.

use actix_http::error::DispatchError;
use metrics::counter;

/// Requests that are not HTTP, or not as their version of it demands.
pub const MALFORMED: &str = "roomcast_malformed_requests_total";

/// Notes how a connection of HTTP/1.1 ended.
pub fn end_of_http1<R>(served: Result<R, DispatchError>) {
    match served {
        Ok(_) => {}
        Err(DispatchError::Parse(error)) => malformed("HTTP/1.1", &error),
        Err(error @ (DispatchError::InternalError | DispatchError::Body(_))) => {
            tracing::error!(%error, "a connection was given up");
        }
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

/// Notes that a connection of HTTP/2 ended with an error.
pub fn end_of_http2(error: &h2::Error) {
    if error.is_io() {
        tracing::debug!(%error, "a connection ended early");
    } else {
        malformed("HTTP/2", error);
    }
}

/// Counts a request that is malformed, in its head or later in its body.
pub fn malformed(protocol: &'static str, error: &dyn std::fmt::Display) {
    counter!(MALFORMED).increment(1);
    tracing::debug!(protocol, %error, "a malformed request");
}
