//! Rules about access tokens: revoked ones open nothing, good ones close nothing, and the newest says who may publish.

use crate::agreement::{agreed_by, lists_at};
use crate::log::{Event, Fault, Log, Outcome, overlaps};
use crate::stays::{Stay, stays};

/// The code of a JOIN that is refused for its token.
pub const UNAUTHENTICATED: u16 = 4041;
/// A revocation that goes with a kick is at Redis by then.
const TOLD: u64 = 3000;
/// A node that began or was away has all revocations by then.
const LEARNT: u64 = 12_500;

/// A token as a client has it.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    issued: u64,
    ends: u64,
    pub publishes: bool,
}

/// The newest token of a client before or at a time.
pub fn token_at(log: &Log, who: usize, then: u64) -> Option<Token> {
    log.events.iter().take_while(|(at, _)| *at <= then).fold(None, |token, (_, event)| match event {
        Event::Token { client, issued, ends, publishes } if *client == who => {
            Some(Token { issued: *issued, ends: *ends, publishes: *publishes })
        }
        _ => token,
    })
}

/// The revocations that certainly count: when they do, of whom, and the tokens that were issued until then.
fn revocations(log: &Log) -> Vec<(u64, usize, u64)> {
    let mut found = Vec::new();
    for (index, (at, event)) in log.events.iter().enumerate() {
        match event {
            Event::Revoked { client, before } => found.push((*at, *client, *before)),
            Event::Ended { client, outcome: Outcome::Kicked } => {
                let banished = log.events[..index].iter().rev().find_map(|(at, event)| match event {
                    Event::KickAsked { of } if of == client => Some(None),
                    Event::BanishAsked { of } if of == client => Some(Some(*at)),
                    _ => None,
                });
                let asked = banished.flatten();
                // Another kick may have been the one that it was told of.
                let kicks = |from: u64| {
                    let kick = |event: &Event| matches!(event, Event::KickAsked { of } if of == client);
                    log.events[..index].iter().filter(|(at, event)| *at + log.kick >= from && kick(event)).count()
                };
                let calm = |from: u64| !log.faults().iter().any(|span| overlaps(span, from, at + TOLD));
                found.extend(
                    asked.filter(|from| kicks(*from) == 1 && calm(*from)).map(|from| (at + TOLD, *client, from)),
                );
            }
            _ => {}
        }
    }
    found
}

/// Until when a stay with a refused token may last.
fn may_last(log: &Log, revoked: u64, stay: &Stay) -> u64 {
    let due = agreed_by(log, revoked.max(stay.from), 0);
    let calm = !log.faults().iter().any(|span| overlaps(span, stay.from.saturating_sub(LEARNT), stay.from));
    if stay.from > agreed_by(log, revoked, 0) && calm { stay.from } else { due }
}

/// A client whose token is revoked is out soon, off all lists, and does not come in with it again.
pub fn revoked_is_out(log: &Log) -> Vec<String> {
    let revocations = revocations(log);
    if revocations.is_empty() {
        return Vec::new();
    }
    let stays = stays(log);
    let mut wrong = Vec::new();
    for (at, who, before) in revocations {
        for stay in stays.iter().filter(|stay| stay.client == who && stay.to >= at) {
            let until = may_last(log, at, stay);
            let is_old = |then: u64| token_at(log, who, then).is_some_and(|token| token.issued <= before);
            if stay.to.min(log.end()) > until && is_old(stay.asked) && is_old(until) {
                wrong.push(format!(
                    "{who} is in from {} to {} with a token that was revoked at {at}",
                    stay.from, stay.to
                ));
            }
        }
        wrong.extend(still_listed(log, who, (at, before)));
    }
    wrong
}

/// Members that list somebody whose tokens were revoked, and who has not come back.
fn still_listed(log: &Log, who: usize, (at, before): (u64, u64)) -> Vec<String> {
    let due = agreed_by(log, at, 0);
    let lost = |(fault, begin, _): &(Fault, u64, u64)| {
        (*fault == Fault::Data || fault.ends_owners()) && *begin <= due && *begin + 2 * LEARNT >= at
    };
    let asked = |event: &Event| matches!(event, Event::Asked { client } if *client == who);
    let returns = log.events.iter().any(|(then, event)| asked(event) && *then + LEARNT >= at && *then <= due);
    let vanished = log.events.iter().any(|(then, event)| {
        matches!(event, Event::Ended { client, outcome: Outcome::Lost } if *client == who)
            && *then <= due
            && *then + 2 * LEARNT >= at
    });
    let has_another = token_at(log, who, due).is_some_and(|token| token.issued > before);
    if log.end() < due || has_another || returns || vanished || log.faults().iter().any(lost) {
        return Vec::new();
    }
    let lists = lists_at(log, due);
    let wrong = lists
        .iter()
        .filter(|(client, list)| log.clients[**client].room == log.clients[who].room && list.contains(&who));
    wrong.map(|(client, list)| format!("{who} was revoked at {at} and {client} has {list:?} at {due}")).collect()
}

/// No connection is closed and no JOIN refused for a token that is good.
pub fn good_tokens_hold(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, (at, event)) in log.events.iter().enumerate() {
        let who = match event {
            Event::Ended { client, outcome: Outcome::TokenOver } => *client,
            Event::Refused { client, code: UNAUTHENTICATED } => *client,
            _ => continue,
        };
        let token = token_at(log, who, *at);
        let ended = token.is_none_or(|token| token.ends <= *at);
        let revoked = log.events[..index].iter().any(|(asked, event)| {
            matches!(event, Event::RevokeAsked { client } if *client == who)
                && token.is_none_or(|token| token.issued <= asked + LEARNT)
        });
        wrong.extend((!ended && !revoked).then(|| format!("{who} was let go at {at} with {token:?}")));
    }
    wrong
}

/// A member whose newest token does not let it publish is on no list soon. In a call everybody has a place.
pub fn only_publishers_publish(log: &Log) -> Vec<String> {
    let stays = stays(log);
    let mut wrong = Vec::new();
    for (at, event) in &log.events {
        let Event::Token { client: who, publishes: false, .. } = event else { continue };
        let due = agreed_by(log, *at, 0);
        let grants = |event: &Event| matches!(event, Event::Token { client, publishes: true, .. } if client == who);
        let may_not = !log.events.iter().any(|(then, event)| then >= at && *then <= due && grants(event));
        // A client that has lost its connection, with the node that knew of it, is absent; the rules for absent clients
        // apply.
        let is_in = stays.iter().any(|stay| stay.client == *who && stay.from <= due && stay.to >= due);
        if log.end() < due || !may_not || !is_in {
            continue;
        }
        for (client, list) in lists_at(log, due) {
            if log.clients[client].room == log.clients[*who].room && list.contains(who) {
                wrong.push(format!("{who} may not publish since {at} and {client} has {list:?} at {due}"));
            }
        }
    }
    wrong
}
