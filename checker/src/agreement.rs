//! Rules about the time within which all agree again.

use std::collections::BTreeMap;

use crate::log::{Event, Fault, Log, Outcome};
use crate::members::acks;
use crate::stays::stays;

/// All agree so long after healing, with what the last messages take to the clients.
const AGREED: u64 = 7500;
/// The same where Redis lost its data.
const RECOVERED: u64 = 12_500;

/// The time after which an absent member is removed.
const ABSENT: u64 = 10_500;

/// Returns when all must agree on what happened at a time: some time after the faults that met it or followed too soon.
/// `more` is added to the time that each fault takes.
pub(crate) fn agreed_by(log: &Log, at: u64, more: u64) -> u64 {
    let mut faults = log.faults().to_vec();
    faults.sort_by_key(|(_, begin, _)| *begin);
    let more = more + log.slack;
    let mut due = at + AGREED + more;
    for (fault, begin, end) in faults {
        let time = more + if fault == Fault::Data { RECOVERED } else { AGREED };
        if begin <= due && end.saturating_add(time) >= at {
            due = due.max(end.saturating_add(time));
        }
    }
    due
}

/// The last list of each client that is a member at a time.
pub(crate) fn lists_at(log: &Log, due: u64) -> BTreeMap<usize, &[usize]> {
    let mut lists: BTreeMap<usize, &[usize]> = BTreeMap::new();
    for (_, event) in log.events.iter().take_while(|(at, _)| *at <= due) {
        match event {
            Event::List { client, publishers, .. } => _ = lists.insert(*client, publishers),
            Event::Ended { client, .. } => _ = lists.remove(client),
            _ => {}
        }
    }
    lists
}

/// Checks that a client that has sent LEAVE is, some time later, in no list that a member has.
pub fn left_are_off(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        let Event::LeaveSaid { client: left } = event else { continue };
        let due = agreed_by(log, *at, 0);
        let due = if owner_may_have_ended(log, *at, due) { agreed_by(log, *at, ABSENT) } else { due };
        if log.end() < due
            || is_back(log, *left, *at, due)
            || took_it_along(log, *left, *at, due)
            || may_be_undone(log, *at)
        {
            continue;
        }
        let room = log.clients[*left].room;
        for (client, list) in lists_at(log, due) {
            if log.clients[client].room == room && list.contains(left) {
                wrong.push(format!("{left} left at {at} and {client} has {list:?} at {due}"));
            }
        }
    }
    wrong
}

/// A client that was lost, with its node or alone, and does not come back is in no list once it was absent for so
/// long.
pub fn lost_are_off(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    for stay in stays(log).iter().filter(|stay| stay.outcome == Some(Outcome::Lost)) {
        let due = agreed_by(log, stay.to, ABSENT);
        if log.end() < due || is_back(log, stay.client, stay.asked + 1, due) || may_be_undone(log, stay.to) {
            continue;
        }
        let room = log.clients[stay.client].room;
        for (client, list) in lists_at(log, due) {
            if log.clients[client].room == room && list.contains(&stay.client) {
                wrong.push(format!("{} was lost at {} and {client} has {list:?} at {due}", stay.client, stay.to));
            }
        }
    }
    wrong
}

/// Whether an owner may have had the LEAVE and ended before the journal had it: its member is removed as absent.
fn owner_may_have_ended(log: &Log, from: u64, to: u64) -> bool {
    let ends = |fault: &Fault| fault.ends_owners() || *fault == Fault::Data;
    log.faults().iter().any(|(fault, begin, end)| ends(fault) && *begin <= to && end.saturating_add(AGREED) >= from)
}

/// Whether Redis may have forgotten the removal: it counts anew for whoever loads the room then.
fn may_be_undone(log: &Log, at: u64) -> bool {
    log.faults().iter().any(|(fault, begin, _)| *fault == Fault::Data && *begin >= at && *begin <= at + RECOVERED)
}

fn is_back(log: &Log, who: usize, from: u64, to: u64) -> bool {
    let asked = |event: &Event| matches!(event, Event::Asked { client } if *client == who);
    log.events.iter().any(|(at, event)| asked(event) && *at >= from && *at <= to)
}

/// Whether the node to which LEAVE was said may have died before an owner had it.
fn took_it_along(log: &Log, who: usize, from: u64, to: u64) -> bool {
    let before = log.events.iter().take_while(|(at, _)| *at <= from);
    let node = before.filter_map(|(_, event)| match event {
        Event::Joined { client, node, .. } if *client == who => Some(*node),
        _ => None,
    });
    let ends = |node| [Fault::Killed(node), Fault::Drained(node)];
    let died = |node| log.faults().iter().any(|(fault, at, _)| ends(node).contains(fault) && *at >= from && *at <= to);
    node.last().is_none_or(died)
}

/// A connection does not stay a member's once a newer one of its session is. A viewer's does, at another node.
pub fn one_connection(log: &Log) -> Vec<String> {
    let doubled = log.events.iter().filter_map(|(at, event)| match event {
        Event::Doubled { client, since } if *at > agreed_by(log, *since, 0) => (!log.is_viewer(*client, *since))
            .then(|| format!("{client} has a former connection at {at}, replaced at {since}")),
        _ => None,
    });
    doubled.collect()
}

/// Some time after the last fault all members of a room have the same list.
pub fn agree_soon(log: &Log) -> Vec<String> {
    let due = agreed_by(log, log.calm, 0);
    // Another change may be on its way just then.
    if disagreements(log, due).is_empty() { Vec::new() } else { disagreements(log, due + acks(log)) }
}

fn disagreements(log: &Log, at: u64) -> Vec<String> {
    let mut rooms: BTreeMap<usize, (usize, &[usize])> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (client, list) in lists_at(log, at) {
        let (first, known) = *rooms.entry(log.clients[client].room).or_insert((client, list));
        if known != list {
            wrong.push(format!("{first} has {known:?}, {client} has {list:?} at {at}"));
        }
    }
    wrong
}
