//! Shared code of the end-to-end tests: real server processes, a plain WebSocket client, real Redis servers and a
//! network between them that fails on demand.
//!
//! Every server takes a free port of its own and is stopped by its own process. Nothing here waits for time:
//! whatever is awaited has a bound after which the test fails with a reason.

pub mod broadcast;
pub mod client;
pub mod media;
pub mod member;
pub mod nginx;
pub mod nodes;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod redis;
pub mod rust_client;
pub mod server;
pub mod token;

use std::future::Future;
use std::time::Duration;

/// Timeout after which a test fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Awaits something that must happen.
///
/// # Panics
/// When it does not happen in time.
pub async fn with_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIMEOUT, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
