//! The client against a small server in the same process, which says and does only what a test tells it to.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod media;
mod member;
mod publish;
mod server;
