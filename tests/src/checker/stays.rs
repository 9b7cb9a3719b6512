//! From when to when who was certainly a member.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log::{Fault, Joined, Log, What};

/// A connection's membership.
#[derive(Debug, Clone)]
pub struct Stay<'a> {
    pub connection: u32,
    pub session: &'a str,
    pub room: &'a str,
    pub node: usize,
    pub joined: &'a Joined,
    /// When the answer came.
    pub from: Duration,
    /// Until when it certainly was a member: it left, its connection ended, it was kicked, or its node failed then.
    pub to: Duration,
    /// When its connection ended.
    pub ended: Duration,
}

/// All of them, in the order of their answers.
pub fn stays(log: &Log) -> Vec<Stay<'_>> {
    let joins = log.entries.iter().filter_map(|entry| match &entry.what {
        What::Joined(connection, node, joined) => Some((entry.at, *connection, *node, joined)),
        _ => None,
    });
    let ends: BTreeMap<u32, Duration> = log
        .entries
        .iter()
        .rev()
        .filter_map(|entry| match entry.what {
            What::Ended(connection) => Some((connection, entry.at)),
            _ => None,
        })
        .collect();
    joins
        .map(|(from, connection, node, joined)| {
            let session = log.session(connection);
            let to = until(log, connection, node, joined.asked);
            let ended = ends.get(&connection).copied().unwrap_or_else(|| log.end());
            Stay { connection, session, room: log.room(connection), node, joined, from, to, ended }
        })
        .collect()
}

/// The first thing after a join was asked for by which the member may have gone.
fn until(log: &Log, connection: u32, node: usize, asked: Duration) -> Duration {
    let session = log.session(connection);
    let doubt = log.entries.iter().find(|entry| {
        entry.at >= asked
            && match &entry.what {
                What::Ended(ended) => *ended == connection,
                // Another connection of the session may leave for it, or have its own answer on the way.
                What::Left(left) => log.session(*left) == session,
                What::KickAsked(kicked) | What::Kicked(kicked) => kicked == session,
                What::Begins(Fault::Killed(failed) | Fault::Apart(failed)) => *failed == node,
                _ => false,
            }
    });
    let first = doubt.map_or(log.end(), |entry| entry.at);
    let failed =
        log.faults().filter(|(fault, begin, end)| *fault == Fault::Apart(node) && *begin <= asked && *end >= asked);
    if failed.count() > 0 { asked } else { first }
}
