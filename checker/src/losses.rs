//! Rules about losses: no signal is lost without a word, and all that is numbered is confirmed in the end.

use std::collections::{BTreeMap, BTreeSet};

use crate::log::{Event, Fault, Log, Outcome, Span, overlaps};
use crate::stays::{Stay, stays};

/// The time by which a signal has been written to a socket that took it.
const WRITTEN: u64 = 20_000;
/// A node's accepted signal may still be on its way to the owner.
const ON_ITS_WAY: u64 = 3000;
/// A client that is refused is told by then.
const REFUSED: u64 = 1000;
/// By then a node that failed has been cleared away, or has its members again.
const CLEARED: u64 = 12_000;
/// By then nodes that are sound pass on again what waited for Redis.
const SETTLED: u64 = 6000;
/// Signals so shortly before the end may come behind it.
const LATE: u64 = 3000;

/// A signal that was sent, and what became of it.
struct Sent {
    at: u64,
    from: usize,
    to: usize,
    id: u64,
}

/// Signals that did not arrive although their recipient was a member all the time and was told of no loss.
fn missing(log: &Log, numbered: bool) -> Vec<Sent> {
    let mut got: BTreeSet<(usize, u64)> = BTreeSet::new();
    let mut doubtful: BTreeSet<u64> = BTreeSet::new();
    for (_, event) in &log.events {
        match event {
            Event::Got { to, id, .. } => _ = got.insert((*to, *id)),
            Event::Doubtful { id } => _ = doubtful.insert(*id),
            _ => {}
        }
    }
    let sent = log.events.iter().filter_map(|(at, event)| match event {
        Event::Sent { from, to, id } if log.clients[*from].numbers == numbered => {
            Some(Sent { at: *at, from: *from, to: *to, id: *id })
        }
        _ => None,
    });
    let last = log.end().saturating_sub(LATE);
    let missing =
        sent.filter(|sent| sent.at < last && !got.contains(&(sent.to, sent.id)) && !doubtful.contains(&sent.id));
    missing
        .filter(|sent| is_in_throughout(log, sent.to, sent.at) && is_in_throughout(log, sent.from, sent.at))
        .collect()
}

/// Whether a client was a member from some time before then to the end, and nothing was announced as lost.
fn is_in_throughout(log: &Log, who: usize, then: u64) -> bool {
    let mut is_in = false;
    for (at, event) in &log.events {
        if *at > then && !is_in {
            return false;
        }
        match event {
            Event::Joined { client, resumed, .. } if *client == who => {
                if *at > then && !resumed {
                    return false;
                }
                is_in = true;
            }
            Event::Ended { client, outcome } if *client == who => match outcome {
                // A signal written to a dead socket counts as received if the client sends no confirmations.
                Outcome::Lost => {
                    is_in = log.clients[who].confirms || *at > then + WRITTEN;
                }
                // It was removed, whatever a later owner says: a failover may have forgotten the removal.
                _ if *at <= then => is_in = false,
                _ => return false,
            },
            Event::Gap { client } if *client == who && *at > then => return false,
            Event::Last { client, is_in: last, .. } if *client == who => return is_in && *last,
            _ => {}
        }
    }
    false
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} to {}, sent at {}, is lost", self.id, self.from, self.to, self.at)
    }
}

/// Checks that every signal of a client that numbers its signals has arrived, or that its loss was announced.
pub fn numbered_arrive(log: &Log) -> Vec<String> {
    missing(log, true).iter().map(ToString::to_string).collect()
}

/// Signals of others have arrived, unless its loss was announced, or the node of its sender or recipient failed.
pub fn unnumbered_arrive(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let carried = |sent: &Sent| {
        let carrier = stays.iter().rfind(|stay| stay.client == sent.from && stay.from <= sent.at);
        carrier.is_some_and(|stay| {
            // A refusal would have been heard.
            let heard = stay.to >= log.later(sent.at, REFUSED).min(log.end());
            heard && log.is_sound(stay.node, sent.at, log.later(sent.at, ON_ITS_WAY))
        })
    };
    let lost = missing(log, false).into_iter();
    let lost = lost.filter(|sent| carried(sent) && !was_apart(log, &stays, sent) && !moved_on_in_doubt(log, sent));
    lost.map(|sent| sent.to_string()).collect()
}

/// Whether the sender joined over another connection while its node could not pass on what it had read: the new
/// membership of the session ends the former one with all that still waits there.
fn moved_on_in_doubt(log: &Log, sent: &Sent) -> bool {
    let begin = log.events.partition_point(|(at, _)| *at < sent.at);
    let asked = |event: &Event| matches!(event, Event::Asked { client } if *client == sent.from);
    let moved = log.events[begin..].iter().find(|(_, event)| asked(event)).map(|(at, _)| *at);
    moved.is_some_and(|moved| {
        let doubt = |(fault, ..): &Span| matches!(fault, Fault::Lossy | Fault::Away | Fault::Recovering | Fault::Data);
        let met = |span: &Span| doubt(span) && overlaps(span, sent.at.saturating_sub(SETTLED), moved);
        moved <= log.later(sent.at, SETTLED) && log.faults().iter().any(met)
    })
}

/// A client that says more than its node may keep is read no further where its owner is known, and not closed.
pub fn held_back(log: &Log) -> Vec<String> {
    let cut = log.events.iter().filter_map(|(at, event)| match event {
        Event::CutOff { client } => Some(format!("{client} was closed at {at} for what it said")),
        _ => None,
    });
    cut.collect()
}

/// Whether a node on which the recipient was stood still or was cut off since a signal was sent.
fn was_apart(log: &Log, stays: &[Stay], sent: &Sent) -> bool {
    stays.iter().filter(|stay| stay.client == sent.to && stay.to >= sent.at).any(|stay| {
        let apart = |span: &Span| span.0 == Fault::Apart(stay.node) || span.0 == Fault::Drained(stay.node);
        log.faults().iter().any(|span| apart(span) && overlaps(span, sent.at.saturating_sub(CLEARED), stay.to))
    })
}

/// At the end everything that members said with numbers is confirmed.
pub fn confirmed(log: &Log) -> Vec<String> {
    let mut last: BTreeMap<usize, u64> = BTreeMap::new();
    let mut sure: BTreeMap<usize, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (_, event) in &log.events {
        match event {
            Event::Sent { from, id, .. } if log.clients[*from].numbers => _ = last.insert(*from, *id),
            Event::Confirmed { client, id } => _ = sure.insert(*client, *id),
            Event::Joined { client, resumed: false, .. } => _ = last.remove(client),
            // A client that has gone for good keeps nothing.
            Event::Ended { client, outcome } if !matches!(outcome, Outcome::Lost | Outcome::Unknown) => {
                last.remove(client);
            }
            Event::Last { client, is_in: true, .. } => {
                let (last, sure) = (last.get(client).copied(), sure.get(client).copied());
                if last.is_some_and(|last| sure.is_none_or(|sure| sure < last)) {
                    wrong.push(format!("{client} said {last:?}, confirmed is {sure:?}"));
                }
            }
            _ => {}
        }
    }
    wrong
}
