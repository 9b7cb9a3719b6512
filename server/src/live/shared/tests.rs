//! Replicated broadcasts over a real Redis: nodes of one process, each with a connection of its own.

mod faults;
mod feed;
mod media;
mod node;
#[expect(dead_code, reason = "shared with the tests of the backplane")]
#[path = "../../../tests/backplane/server.rs"]
mod server;
mod uploads;
