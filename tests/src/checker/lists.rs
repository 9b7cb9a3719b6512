//! Lists of publishers: who must and who must not be in them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log::{Fault, Log, What};
use super::stays::{Stay, stays};

/// Publishers of a group at most.
const PLACES: usize = 9;
/// Members of a killed node are gone by then.
const GONE: Duration = Duration::from_secs(10);
/// All nodes know of a change by then.
const SETTLED: Duration = Duration::from_secs(5);
/// By then a node that failed has been cleared away, or has its members again.
const CLEARED: Duration = Duration::from_secs(12);

type Seen<'a> = (Duration, u32, &'a [(String, String)]);

fn seen(log: &Log) -> impl Iterator<Item = Seen<'_>> {
    log.entries.iter().filter_map(|entry| match &entry.what {
        What::Saw(connection, list) => Some((entry.at, *connection, list.as_slice())),
        _ => None,
    })
}

fn names(list: &[(String, String)], session: &str) -> bool {
    list.iter().any(|(listed, _)| listed == session)
}

/// No list names more than a room has places, nor anyone twice.
pub fn capacity(log: &Log) -> Vec<String> {
    let over = |(at, connection, list): Seen| {
        let mut sessions: Vec<_> = list.iter().map(|(session, _)| session).collect();
        sessions.sort();
        sessions.dedup();
        (list.len() > PLACES || sessions.len() < list.len())
            .then(|| format!("{} saw {list:?} at {at:?}", log.session(connection)))
    };
    seen(log).filter_map(over).collect()
}

/// The oldest publisher, and nobody else, is the owner.
pub fn owner_is_first(log: &Log) -> Vec<String> {
    let wrong = |(at, connection, list): Seen| {
        let owners = list.iter().filter(|(_, role)| role == "admin").count();
        let first = list.first().is_none_or(|(_, role)| role == "admin");
        (!first || owners > 1).then(|| format!("{} saw owners {list:?} at {at:?}", log.session(connection)))
    };
    seen(log).filter_map(wrong).collect()
}

/// What a connection on a sound node sees; another may be behind.
fn reliable<'a>(log: &'a Log, stays: &'a [Stay]) -> impl Iterator<Item = (Seen<'a>, &'a Stay<'a>)> {
    let nodes: BTreeMap<u32, &Stay> = stays.iter().map(|stay| (stay.connection, stay)).collect();
    seen(log).filter_map(move |seen| {
        let viewer = *nodes.get(&seen.1)?;
        log.sound(viewer.node, seen.0.saturating_sub(CLEARED), seen.0).then_some((seen, viewer))
    })
}

/// Whoever was on a killed node and did not come back is in no list ten seconds later.
pub fn dead_are_gone(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let mut wrong = Vec::new();
    for (fault, killed, _) in log.faults() {
        let Fault::Killed(node) = fault else { continue };
        let due = log.later(killed, GONE);
        for dead in stays.iter().filter(|stay| stay.node == node && stay.to == killed) {
            let mut others = stays.iter().filter(|stay| stay.session == dead.session);
            if others.any(|stay| stay.connection != dead.connection && stay.from >= dead.from) || maybe_back(log, dead)
            {
                continue;
            }
            let late = reliable(log, &stays)
                .find(|((at, _, list), viewer)| *at > due && viewer.room == dead.room && names(list, dead.session));
            if let Some(((at, _, _), viewer)) = late {
                wrong.push(format!(
                    "{}, killed with its node at {killed:?}, is seen by {} at {at:?}",
                    dead.session, viewer.session
                ));
            }
        }
    }
    wrong
}

/// Whether a connection that nothing is known of may have joined for it.
fn maybe_back(log: &Log, dead: &Stay) -> bool {
    let known = |connection: u32| {
        log.entries.iter().any(|entry| matches!(entry.what, What::Joined(joined, ..) if joined == connection))
    };
    let later = (dead.connection + 1..).zip(log.connections.iter().skip(dead.connection as usize + 1));
    later.into_iter().any(|(connection, (session, _))| session == dead.session && !known(connection))
}

/// Whoever has seen itself in a list stays in all lists for as long as it certainly is a member.
pub fn nobody_leaves(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let mut wrong = Vec::new();
    for stay in &stays {
        let own = seen(log).find(|(_, connection, list)| *connection == stay.connection && names(list, stay.session));
        let Some((known, ..)) = own.filter(|(at, ..)| *at <= stay.to) else { continue };
        let settled = log.later(known.max(stay.from), SETTLED);
        let missing = reliable(log, &stays).find(|((at, _, list), viewer)| {
            viewer.room == stay.room && *at > settled && *at < stay.to && !names(list, stay.session)
        });
        if let Some(((at, ..), viewer)) = missing {
            wrong.push(format!(
                "{}, in since {:?}, is not seen by {} at {at:?}",
                stay.session, stay.from, viewer.session
            ));
        }
    }
    wrong
}

/// At the end all nodes have the same list of a room.
pub fn all_agree(log: &Log) -> Vec<String> {
    let mut rooms: BTreeMap<&str, (usize, &[String])> = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in &log.entries {
        let What::Last(node, room, list) = &entry.what else { continue };
        let (first, known) = *rooms.entry(room).or_insert((*node, list));
        if known != list {
            wrong.push(format!("room {room} is {known:?} on node {first} and {list:?} on node {node}"));
        }
    }
    wrong
}
