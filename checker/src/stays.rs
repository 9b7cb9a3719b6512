//! Memberships as the log tells them: from when to when a client was a member, and until when it certainly was.

use std::collections::BTreeSet;

use crate::access::token_at;
use crate::log::{Event, Fault, Log, Outcome};

/// A connection's membership as its client saw it.
#[derive(Debug, Clone, Copy)]
pub struct Stay {
    pub client: usize,
    pub node: usize,
    /// The time at which JOIN was sent.
    pub asked: u64,
    pub created: bool,
    pub from: u64,
    pub to: u64,
    pub outcome: Option<Outcome>,
}

/// All memberships in the order of their acks.
pub fn stays(log: &Log) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    let mut asked: Vec<Option<u64>> = vec![None; log.clients.len()];
    // Clients with an earlier JOIN that was never answered, and may have made them members.
    let mut doubtful = BTreeSet::new();
    for (at, event) in &log.events {
        match event {
            Event::Asked { client } => {
                let unanswered = asked[*client].replace(*at).is_some();
                doubtful.extend(unanswered.then_some(*client));
            }
            Event::Refused { client, code } => {
                asked[*client] = None;
                // Only "no such room" and "exists already" say that the session is no member of it.
                if matches!(code, 4001 | 4022) {
                    doubtful.remove(client);
                }
            }
            Event::Joined { client, node, creating, resumed } => {
                let asked = asked[*client].take().unwrap_or(*at);
                let created = *creating && !resumed && !doubtful.remove(client);
                let (from, to, outcome) = (*at, u64::MAX, None);
                stays.push(Stay { client: *client, node: *node, asked, created, from, to, outcome });
            }
            Event::Ended { client, outcome } => {
                let open = stays.iter_mut().rev().find(|stay| stay.client == *client && stay.outcome.is_none());
                open.into_iter().for_each(|stay| (stay.to, stay.outcome) = (*at, Some(*outcome)));
            }
            _ => {}
        }
    }
    stays
}

impl Stay {
    /// The first moment since JOIN was sent at which the client may have ceased to be a member.
    pub fn certain_until(&self, log: &Log) -> u64 {
        let was_apart = |(fault, begin, end): &(Fault, u64, u64)| {
            matches!(fault, Fault::Apart(node) | Fault::Drained(node) if *node == self.node)
                && *begin <= self.asked
                && *end >= self.asked
        };
        if log.faults().iter().any(was_apart) {
            return self.asked;
        }
        if token_at(log, self.client, self.asked).is_some_and(|token| !token.publishes) {
            return self.asked;
        }
        let ends = |event: &Event| match event {
            Event::LeaveSaid { client } | Event::KickAsked { of: client } | Event::RevokeAsked { client } => {
                *client == self.client
            }
            Event::Token { client, publishes: false, .. } => *client == self.client,
            Event::Begins(fault) => fault.node() == Some(self.node),
            _ => false,
        };
        let begin = log.events.partition_point(|(at, _)| *at < self.asked);
        let doubt = log.events[begin..].iter().take_while(|(at, _)| *at <= self.to).find(|(_, event)| ends(event));
        doubt.map_or(self.to.min(log.end()), |(at, _)| *at)
    }
}

/// Whether a change may be forgotten: Redis lost it, and its owner had ended, or did before it wrote it again.
pub fn may_be_forgotten(log: &Log, since: u64, until: u64) -> bool {
    let lost = |(fault, at, _): &(Fault, u64, u64)| *fault == Fault::Data && since <= *at && *at <= until;
    log.faults().iter().any(lost) && log.is_any_unsound(since, until)
}
