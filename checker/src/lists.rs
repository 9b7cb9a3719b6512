//! Rules about lists of publishers.

use std::collections::{BTreeMap, BTreeSet};

use crate::log::{Event, Log};
use crate::members::acks;
use crate::stays::may_be_forgotten;

/// The time in which a list of before may come back after Redis lost its data with an owner.
const RECOVERED: u64 = 20_000;

type Seen<'a> = (u64, usize, &'a [usize]);

/// All lists that were seen, with time and client.
pub fn seen(log: &Log) -> impl Iterator<Item = Seen<'_>> {
    log.events.iter().filter_map(|(at, event)| match event {
        Event::List { client, publishers, .. } => Some((*at, *client, publishers.as_slice())),
        _ => None,
    })
}

/// No list names more than a room has places, nor anyone twice.
pub fn capacity(log: &Log) -> Vec<String> {
    let wrong = seen(log).filter(|(_, client, list)| {
        list.len() > log.clients[*client].places || list.iter().collect::<BTreeSet<_>>().len() < list.len()
    });
    wrong.map(|(at, client, list)| format!("{client} saw {list:?} at {at}")).collect()
}

/// Lists of one connection are never older than the ones before, and one version says the same to all.
pub fn never_back(log: &Log) -> Vec<String> {
    let mut newest: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    let mut content: BTreeMap<(usize, (u64, u64)), &[usize]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        match event {
            Event::Joined { client, .. } => _ = newest.remove(client),
            Event::List { client, version: Some(version), publishers, .. } => {
                if newest.insert(*client, *version).is_some_and(|before| before > *version) {
                    wrong.push(format!("{client} saw an older list at {at}"));
                }
                let room = log.clients[*client].room;
                let known = *content.entry((room, *version)).or_insert(publishers);
                if known != publishers.as_slice() {
                    wrong.push(format!("{client} saw {publishers:?} at {at}, others {known:?} as {version:?}"));
                }
            }
            _ => {}
        }
    }
    wrong
}

/// Publishers stay in the order in which they became publishers, so that the first is the oldest.
pub fn oldest_first(log: &Log) -> Vec<String> {
    let mut before: BTreeMap<usize, (u64, &[usize])> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        match event {
            Event::Joined { client, resumed: false, .. } => _ = before.remove(client),
            Event::List { client, publishers, .. } => {
                let (since, old) = before.insert(*client, (*at, publishers)).unwrap_or_default();
                let anew = joined_anew(log, since.saturating_sub(acks(log)), at + acks(log));
                let kept = |list: &[usize], other: &[usize]| -> Vec<usize> {
                    list.iter().copied().filter(|one| other.contains(one) && !anew.contains(one)).collect()
                };
                let forgotten = || may_be_forgotten(log, at.saturating_sub(RECOVERED), *at);
                if kept(old, publishers) != kept(publishers, old) && !forgotten() {
                    wrong.push(format!("{client} saw {old:?} become {publishers:?} at {at}"));
                }
            }
            _ => {}
        }
    }
    wrong
}

/// The oldest publisher, and nobody else, is called the owner.
pub fn owner_is_first(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        let Event::List { client, publishers, owners, .. } = event else { continue };
        if !owners.iter().eq(publishers.first()) {
            wrong.push(format!("{client} saw {publishers:?} with the owners {owners:?} at {at}"));
        }
    }
    wrong
}

/// Clients that left or whose new membership was acknowledged in a time: it may stand elsewhere in the list.
fn joined_anew(log: &Log, from: u64, to: u64) -> BTreeSet<usize> {
    let begin = log.events.partition_point(|(at, _)| *at < from);
    let anew = log.events[begin..].iter().take_while(|(at, _)| *at <= to).filter_map(|(_, event)| match event {
        Event::Joined { client, resumed: false, .. } | Event::LeaveSaid { client } => Some(*client),
        _ => None,
    });
    anew.collect()
}

/// The last list that each member saw.
fn last(log: &Log) -> BTreeMap<usize, &[usize]> {
    let is_in: BTreeSet<usize> = is_in(log);
    seen(log).filter(|(_, client, _)| is_in.contains(client)).map(|(_, client, list)| (client, list)).collect()
}

fn is_in(log: &Log) -> BTreeSet<usize> {
    let last = log.events.iter().filter_map(|(_, event)| match event {
        Event::Last { client, is_in: true, .. } => Some(*client),
        _ => None,
    });
    last.collect()
}

/// At the end all members of a room have the same list.
pub fn all_agree(log: &Log) -> Vec<String> {
    let mut rooms: BTreeMap<usize, (usize, &[usize])> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (client, list) in last(log) {
        let (first, known) = *rooms.entry(log.clients[client].room).or_insert((client, list));
        if known != list {
            wrong.push(format!("{first} has {known:?}, {client} has {list:?}"));
        }
    }
    wrong
}

/// At the end nobody is listed who is not in.
pub fn gone_are_gone(log: &Log) -> Vec<String> {
    let is_in = is_in(log);
    let mut wrong = Vec::new();
    for (client, list) in last(log) {
        if let Some(gone) = list.iter().find(|listed| !is_in.contains(listed)) {
            wrong.push(format!("{client} has {gone} in its last list {list:?}"));
        }
    }
    wrong
}
