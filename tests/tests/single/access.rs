//! Access tokens: which door wants one, how it arrives, what is refused and in which words.

mod caches;
mod canary;
mod doors;
mod ends;
mod hostile;
mod pushes;
mod rooms;

use roomcast_tests::server::Server;
use roomcast_tests::token::SECRET;

/// A server with a key.
async fn closed(flags: &[&str]) -> Server {
    Server::start(&[&["--auth-secret", SECRET][..], flags].concat()).await
}
