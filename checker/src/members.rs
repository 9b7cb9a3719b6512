//! Rules about memberships.

use crate::log::{Event, Fault, Log, Outcome, Span, overlaps};
use crate::stays::{Stay, may_be_forgotten, stays};

/// All that was cut off is told by then.
const TOLD: u64 = 15_000;
/// The longest time that a failover of Redis and of an owner may take together, until members know that a room is over.
const SETTLED: u64 = 12_000;
/// The time between two acks of one room at their clients: who joins a new room may know it before its creator does.
const ACKS: u64 = 300;
/// The time by which a kick may end too early: nodes know the time of Redis as far as its answers tell, which may have
/// been under way for a while.
const CLOCKS: u64 = 300;
/// An absence from which a member may be removed: the heartbeat timeout, less what messages may take.
const ABSENCE: u64 = 9_500;

/// Nobody is a member of one existence of a room when another one is created, nor do two create it at once; where Redis
/// lost its data and the owner died, for long after.
pub fn one_creator(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let mut wrong = Vec::new();
    for creation in stays.iter().filter(|stay| stay.created) {
        let room = log.clients[creation.client].room;
        let others = stays.iter().filter(|stay| {
            let same = log.clients[stay.client].room == room && stay.client != creation.client;
            // The earlier ack of two creators was first.
            let before = if stay.created { stay.from <= creation.from } else { stay.from + acks(log) < creation.from };
            same && before && stay.to > creation.from
        });
        for stay in others.filter(|stay| both_until(log, creation, stay) > may_last(log, creation, stay)) {
            wrong.push(format!(
                "room {room} was created by {} at {} while {} is in since {} until {}",
                creation.client, creation.from, stay.client, stay.from, stay.to
            ));
        }
    }
    wrong
}

/// The time between two acks of one room at their clients.
pub const fn acks(log: &Log) -> u64 {
    ACKS + log.slack
}

/// Until when a member of one existence may believe in it behind the creation of another.
fn may_last(log: &Log, creation: &Stay, stay: &Stay) -> u64 {
    let (faults, at) = (log.faults(), creation.from);
    // A node that is apart cannot tell its members.
    let near = |span: &Span| overlaps(span, at.saturating_sub(TOLD), at + TOLD);
    let apart = faults.iter().filter(|span| span.0 == Fault::Apart(stay.node) && near(span));
    let known_by = apart.map(|(.., end)| end.saturating_add(TOLD)).max();
    // "Redis comes back empty and an owner died: its rooms end: members are told when their node knows that the owner
    // died, within 12 s. Meanwhile the name may be created anew at another node" (docs/several-nodes.md).
    let lost = |span: &Span| span.0 == Fault::Data && overlaps(span, at.saturating_sub(2 * TOLD), at);
    let told_by = faults.iter().any(lost).then_some(at + SETTLED);
    let lasted = known_by.max(told_by).unwrap_or(at + ACKS);
    prolonged(faults, lasted).min(log.calm.saturating_add(TOLD).max(at + SETTLED)) + log.slack
}

/// Until when both memberships lasted. The later of two lives may give way to the earlier, whose owner was away: then
/// its creator is let go. One that has lost its connection by then, or left behind a loss of data, cannot be told.
fn both_until(log: &Log, creation: &Stay, stay: &Stay) -> u64 {
    let forgotten = |(fault, at, _): &Span| *fault == Fault::Data && (creation.from..=creation.to).contains(at);
    let gave_way = matches!(creation.outcome, Some(Outcome::Unknown | Outcome::Closed | Outcome::Lost))
        || creation.outcome.is_some() && log.faults().iter().any(forgotten);
    if gave_way { stay.to.min(creation.to) } else { stay.to }
}

/// A time by which members are told, when Redis was away or lost its data again before.
fn prolonged(faults: &[Span], until: u64) -> u64 {
    let mut faults: Vec<_> =
        faults.iter().filter(|(fault, ..)| matches!(fault, Fault::Data | Fault::Away | Fault::Recovering)).collect();
    faults.sort_by_key(|(_, begin, _)| *begin);
    faults.iter().fold(
        until,
        |until, (_, begin, end)| {
            if *begin <= until { until.max(end.saturating_add(TOLD)) } else { until }
        },
    )
}

/// A client that was told of a kick does not join within its time, unless the room was created anew.
pub fn kicked_is_out(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut kicked: Vec<(usize, u64)> = Vec::new();
    let mut asked: Vec<(usize, u64)> = Vec::new();
    for (at, event) in &log.events {
        match event {
            Event::KickAsked { of } => asked.push((*of, *at)),
            Event::Ended { client, outcome: Outcome::Kicked } => {
                let since = asked.iter().filter(|(of, _)| of == client).map(|(_, at)| *at).min();
                asked.retain(|(of, _)| of != client);
                kicked.push((*client, since.unwrap_or(*at)));
            }
            Event::Joined { client, creating: true, resumed: false, .. } => {
                let room = log.clients[*client].room;
                kicked.retain(|(of, _)| log.clients[*of].room != room);
            }
            Event::Joined { client, .. } => {
                let back = |(of, since): &(usize, u64)| {
                    let forgotten = may_be_forgotten(log, *since, *at) || ended_and_lost(log, *client, *since, *at);
                    of == client && at + CLOCKS < since + log.kick && !forgotten
                };
                let back = kicked.iter().any(back);
                wrong.extend(back.then(|| format!("{client} was kicked and is in again at {at}")));
            }
            _ => {}
        }
    }
    wrong
}

/// Whether Redis lost data while nobody was in the room of this client, so that no owner held what it forgot.
fn ended_and_lost(log: &Log, client: usize, since: u64, until: u64) -> bool {
    let room = log.clients[client].room;
    let stays: Vec<Stay> = stays(log).into_iter().filter(|stay| log.clients[stay.client].room == room).collect();
    log.faults().iter().any(|(fault, at, _)| {
        *fault == Fault::Data
            && (since..=until).contains(at)
            && !stays.iter().any(|stay| stay.from <= *at && stay.to >= *at)
    })
}

/// No member whose node is sound is removed, and no room closed under it, because of Redis or of other nodes.
pub fn nobody_removed(log: &Log) -> Vec<String> {
    let faults = log.faults();
    let mut wrong = Vec::new();
    for stay in stays(log) {
        let Some(outcome @ (Outcome::Unknown | Outcome::Closed)) = stay.outcome else { continue };
        let unsound = faults.iter().any(|fault| match fault.0 {
            Fault::Apart(node) => node == stay.node && overlaps(fault, stay.from.saturating_sub(TOLD), stay.to),
            _ => false,
        });
        // Its room ends only where the owner died while Redis lost its data, or the publishers have gone.
        let lost = faults.iter().any(|(fault, at, _)| *fault == Fault::Data && at + 4 * TOLD > stay.to);
        let ended = lost && faults.iter().any(|(fault, ..)| fault.ends_owners());
        let excused = match outcome {
            Outcome::Closed => ended || publishers_gone(log, &stay) || unsound,
            _ => unsound || ended,
        };
        if !excused && !was_kicked(log, &stay) && !may_be_superseded(log, &stay) {
            wrong.push(format!("{} was removed at {} ({outcome:?})", stay.client, stay.to));
        }
    }
    wrong
}

/// Whether a kick of the session may have been carried out while its edge could not be told.
fn was_kicked(log: &Log, stay: &Stay) -> bool {
    let kick = |event: &Event| matches!(event, Event::KickAsked { of } if *of == stay.client);
    log.events.iter().any(|(at, event)| kick(event) && *at <= stay.to)
}

/// Whether the last list before the end of a stay named no publisher that is certainly still in.
fn publishers_gone(log: &Log, stay: &Stay) -> bool {
    let seen = log.events.iter().rev().find_map(|(at, event)| match event {
        Event::List { client, publishers, .. } if *client == stay.client && *at <= stay.to => Some(publishers),
        _ => None,
    });
    seen.is_none_or(|publishers| publishers.is_empty())
}

/// Whether the session was without a live socket for long before this stay, or claimed again.
fn may_be_superseded(log: &Log, stay: &Stay) -> bool {
    let own: Vec<Stay> = stays(log).into_iter().filter(|other| other.client == stay.client).collect();
    let before = own.iter().rfind(|other| other.from < stay.from);
    let absent = before.is_some_and(|before| stay.from.saturating_sub(before.to) > ABSENCE);
    let asked = log.events.iter().any(|(at, event)| {
        matches!(event, Event::Asked { client, .. } if *client == stay.client) && *at > stay.from && *at <= stay.to
    });
    absent || asked
}

/// Everybody who wants to be in is, some time after the last fault.
pub fn nothing_waits(log: &Log) -> Vec<String> {
    let last = log.events.iter().filter_map(|(_, event)| match event {
        Event::Last { client, wants: true, is_in: false } => Some(format!("{client} still waits")),
        _ => None,
    });
    last.collect()
}

/// Nothing is kept of rooms that all have left.
pub fn nothing_left(log: &Log) -> Vec<String> {
    let remains = log.events.iter().filter_map(|(_, event)| match event {
        Event::Remains(text) => Some(text.clone()),
        _ => None,
    });
    remains.collect()
}
