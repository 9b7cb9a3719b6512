//! Every accepted signal is delivered exactly once and in order, across reconnects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::log::{Log, What};
use super::stays::{Stay, stays};

/// What is accepted by a node may still be on its way to Redis.
const ON_ITS_WAY: Duration = Duration::from_secs(3);
/// Whoever is refused is told by then.
const REFUSED: Duration = Duration::from_secs(1);
/// By then a node that failed has been cleared away, or has its members again.
const CLEARED: Duration = Duration::from_secs(12);
/// What is said at the very end may come behind it.
const LATE: Duration = Duration::from_secs(3);

/// Numbers of a session never run backwards nor come twice.
pub fn numbers_rise(log: &Log) -> Vec<String> {
    let mut highest = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in &log.entries {
        let What::Number(connection, number) = entry.what else { continue };
        let session = log.session(connection);
        if let Some(before) = highest.insert(session, number).filter(|before| *before >= number) {
            wrong.push(format!("{session} got number {number} behind {before} at {:?}", entry.at));
        }
    }
    wrong
}

/// Signals of a pair come in the order they were sent, and none twice.
///
/// A sender that goes on over another node, while the one before cannot reach Redis, may be overtaken by itself: what
/// that node has accepted comes late rather than never. So the order is that of one connection of the sender.
pub fn once_and_in_order(log: &Log) -> Vec<String> {
    let sent = log.entries.iter().filter_map(|entry| match &entry.what {
        What::Sent { connection, to, number, .. } => {
            Some(((log.session(*connection), to.as_str(), *number), *connection))
        }
        _ => None,
    });
    let sent: BTreeMap<_, _> = sent.collect();
    let (mut newest, mut got) = (BTreeMap::new(), BTreeSet::new());
    let mut wrong = Vec::new();
    for entry in &log.entries {
        let What::Got { connection, from, number } = &entry.what else { continue };
        let to = log.session(*connection);
        if !got.insert((from, to, *number)) {
            wrong.push(format!("{to} got {number} of {from} twice, again at {:?}", entry.at));
        }
        let over = sent.get(&(from.as_str(), to, *number));
        if let Some(before) = newest.insert((from, over, to), *number).filter(|before| before > number) {
            wrong.push(format!("{to} got {number} of {from} behind {before} at {:?}", entry.at));
        }
    }
    wrong
}

/// What was accepted came, unless its recipient was not a member all the time or the loss was announced.
pub fn nothing_lost(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let got: BTreeSet<_> = log
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Got { connection, from, number } => Some((from.as_str(), log.session(*connection), *number)),
            _ => None,
        })
        .collect();
    let mut wrong = Vec::new();
    let (members, carriers) = (members(log, &stays), carriers(&stays));
    for entry in &log.entries {
        let What::Sent { connection, to, number, accepted: true } = &entry.what else { continue };
        let from = log.session(*connection);
        if got.contains(&(from, to.as_str(), *number)) || entry.at + LATE >= log.end() {
            continue;
        }
        let carried = carriers.get(connection).is_some_and(|stay| {
            log.sound(stay.node, entry.at, log.later(entry.at, ON_ITS_WAY))
                // A refusal would have been heard.
                && stay.ended >= log.later(entry.at, REFUSED).min(log.end())
        });
        if carried && members.get(to.as_str()).is_some_and(|member| member.is_there(log, entry.at)) {
            wrong.push(format!("{number} of {from} to {to}, sent at {:?}, is lost", entry.at));
        }
    }
    wrong
}

fn carriers<'a>(stays: &'a [Stay]) -> BTreeMap<u32, &'a Stay<'a>> {
    stays.iter().map(|stay| (stay.connection, stay)).collect()
}

/// A session: its stays, and when it may have gone or was told of a loss.
#[derive(Default)]
struct Member<'a> {
    stays: Vec<&'a Stay<'a>>,
    doubts: Vec<Duration>,
}

fn members<'a>(log: &'a Log, stays: &'a [Stay]) -> BTreeMap<&'a str, Member<'a>> {
    let mut members: BTreeMap<&str, Member> = BTreeMap::new();
    for stay in stays {
        members.entry(stay.session).or_default().stays.push(stay);
    }
    for entry in &log.entries {
        let session = match &entry.what {
            What::Left(connection) | What::Gap(connection) => log.session(*connection),
            What::KickAsked(session) | What::Kicked(session) => session,
            _ => continue,
        };
        members.entry(session).or_default().doubts.push(entry.at);
    }
    members
}

impl Member<'_> {
    /// Whether it was a member from then to the end, on whatever connections, and was told of no loss.
    fn is_there(&self, log: &Log, then: Duration) -> bool {
        let Some(current) = self.stays.iter().rfind(|stay| stay.from <= then) else { return false };
        let moved = self.stays.iter().filter(|stay| stay.from > then).all(|stay| stay.joined.resumed);
        let stayed = self.doubts.iter().all(|doubt| *doubt < current.joined.asked);
        // One whose connection ended without another one has not read what waits for it.
        let connected = self.stays.last().is_some_and(|last| last.ended >= log.end());
        let apart = || {
            self.stays.iter().any(|stay| {
                log.faults().any(|(fault, begin, end)| {
                    fault == super::Fault::Apart(stay.node) && end + CLEARED >= then && begin <= stay.ended
                })
            })
        };
        moved && stayed && connected && !apart()
    }
}
