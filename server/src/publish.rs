//! `roomcast publish`: the command around the client's publisher.

use crate::config::Publish;

/// Runs the command to the end of its input or until Ctrl-C.
pub fn run(_options: Publish) -> Result<(), String> {
    Err("not wired".into())
}
