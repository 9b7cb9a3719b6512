//! The rule about members in the lists while things break.

use std::collections::BTreeMap;

use crate::lists::seen;
use crate::log::Log;
use crate::stays::{Stay, may_be_forgotten, stays};

/// All nodes know of a change by then.
const SETTLED: u64 = 5000;
/// By then a node that failed has been cleared away, or has its members again.
const CLEARED: u64 = 12_000;

/// Things that a client sees may not be in a new master yet: lost by a failover before, and not written again by their
/// owner.
const UNSAVED: u64 = 10_000;

/// The lists of clients on sound nodes, with the stay of each; what others see may be behind.
fn reliable<'a>(log: &'a Log, stays: &'a [Stay]) -> Vec<(u64, &'a Stay, &'a [usize])> {
    let mut of_client: BTreeMap<usize, Vec<&Stay>> = BTreeMap::new();
    for stay in stays {
        of_client.entry(stay.client).or_default().push(stay);
    }
    let seen = seen(log).filter_map(|(at, client, list)| {
        let viewer = of_client.get(&client)?.iter().rfind(|stay| stay.from <= at && stay.to >= at)?;
        log.is_sound(viewer.node, at.saturating_sub(CLEARED), at).then_some((at, *viewer, list))
    });
    seen.collect()
}

/// A client that has seen itself in a list stays in all lists for as long as it certainly is a member.
pub fn nobody_vanishes(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let lists = reliable(log, &stays);
    let mut wrong = Vec::new();
    for stay in &stays {
        let until = stay.certain_until(log);
        let own = seen(log).find(|(at, client, list)| {
            *client == stay.client && *at >= stay.from && *at < until && list.contains(&stay.client)
        });
        let Some((known, ..)) = own else { continue };
        let settled = log.later(known, SETTLED) + log.slack;
        let room = log.clients[stay.client].room;
        let missing = lists.iter().find(|(at, viewer, list)| {
            *at > settled
                && *at < until
                && log.clients[viewer.client].room == room
                && !list.contains(&stay.client)
                && !may_be_forgotten(log, known.saturating_sub(UNSAVED), *at)
        });
        wrong.extend(missing.map(|(at, viewer, _)| {
            format!("{}, in since {}, is not seen by {} at {at}", stay.client, stay.from, viewer.client)
        }));
    }
    wrong
}
