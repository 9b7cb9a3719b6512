//! Rules about JOINs while something is away, and about those who come back.

use crate::access::UNAUTHENTICATED;
use crate::log::{Event, Fault, Log, Outcome};

/// The age of the last renewal at which a lease is not fresh any more, with the time to the next renewal.
const EXPIRED: u64 = 6200;
/// The time that a refusal takes.
const AT_ONCE: u64 = 500;
/// The code of a refusal for want of the service.
const UNAVAILABLE: u16 = 503;
/// The longest silence after which a member is still there: the heartbeat timeout, less the time between two signs of
/// life and what messages may take.
const SILENCE: u64 = 6000;
/// The shortest absence of Redis that is forgiven.
const FORGIVEN: u64 = 3500;

/// While Redis is away for longer than the leases last, JOINs are refused at once.
pub fn refused_at_once(log: &Log) -> Vec<String> {
    let faults = log.faults();
    let mut wrong = Vec::new();
    for (index, (at, event)) in log.events.iter().enumerate() {
        let Event::Asked { client: asked } = event else { continue };
        let away = |(fault, begin, end): &(Fault, u64, u64)| {
            *fault == Fault::Away && begin + EXPIRED <= *at && *end >= at + 2 * AT_ONCE
        };
        let unsound = |(fault, begin, end): &(Fault, u64, u64)| {
            matches!(fault, Fault::Apart(_) | Fault::Killed(_) | Fault::Drained(_))
                && *begin <= at + AT_ONCE
                && end >= at
        };
        if !faults.iter().any(away) || faults.iter().any(unsound) {
            continue;
        }
        let answer = log.events[index + 1..].iter().find(|(_, event)| {
            matches!(event, Event::Asked { client } | Event::Joined { client, .. } | Event::Refused { client, .. }
                | Event::Ended { client, .. } if client == asked)
        });
        let wrongly = match answer {
            Some((then, Event::Refused { code, .. })) => {
                !matches!(*code, UNAVAILABLE | UNAUTHENTICATED) || *then > at + AT_ONCE
            }
            Some((_, Event::Joined { .. })) => true,
            // It was given up, or asked again elsewhere.
            _ => false,
        };
        wrong.extend(wrongly.then(|| format!("{asked} asked at {at} without Redis, and got {answer:?}")));
    }
    wrong
}

/// Finds clients that came back before they were silent for too long and are not the members they were: silence does
/// not count while Redis is away. For a viewer of a broadcast this holds where it comes back to the node on which it
/// was.
pub fn resumes_in_time(log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, (back, event)) in log.events.iter().enumerate() {
        let Event::Joined { client: who, node, creating: false, resumed: false } = event else { continue };
        let before = log.events[..index].iter().rev().find_map(|(at, event)| match event {
            Event::Ended { client, outcome } if client == who => Some((*at, *outcome)),
            _ => None,
        });
        let Some((lost, Outcome::Lost)) = before else { continue };
        // An edge takes a viewer that the owner has admitted for a newcomer: one that asked to create the room, or that
        // joined where another node has become the owner since.
        let may_be_unknown =
            || log.last_join(*who, *back) != Some((*node, false)) || owner_may_have_changed(log, *back);
        if log.is_viewer(*who, lost) && may_be_unknown() {
            continue;
        }
        if log.clients[*who].confirms
            && !is_excused(log, *who, lost, *back)
            && longest_silence(log, lost, *back) < SILENCE
        {
            wrong.push(format!("{who} lost its connection at {lost} and is another member at {back}"));
        }
    }
    wrong
}

fn owner_may_have_changed(log: &Log, by: u64) -> bool {
    log.faults()
        .iter()
        .any(|(fault, begin, _)| !matches!(fault, Fault::Away | Fault::Recovering | Fault::Lossy) && *begin <= by)
}

/// Whether a session may have been removed for another reason, or another fault made it absent earlier.
fn is_excused(log: &Log, who: usize, lost: u64, back: u64) -> bool {
    let kicked =
        log.events.iter().any(|(at, event)| matches!(event, Event::KickAsked { of } if *of == who) && *at <= back);
    let faults = log.faults();
    kicked
        || faults.iter().any(|(fault, begin, end)| {
            !matches!(fault, Fault::Away | Fault::Recovering | Fault::Lossy)
                && *begin <= back
                && end.saturating_add(20_000) >= lost
        })
}

/// The longest time between two moments in which Redis was not away.
fn longest_silence(log: &Log, from: u64, to: u64) -> u64 {
    let faults = log.faults();
    let away =
        faults.iter().filter(|(fault, begin, end)| *fault == Fault::Away && end.saturating_sub(*begin) >= FORGIVEN);
    let (mut since, mut longest) = (from, 0);
    for (_, begin, end) in away.filter(|(_, begin, end)| *end > from && *begin < to) {
        longest = longest.max(begin.saturating_sub(since));
        since = since.max(*end);
    }
    longest.max(to.saturating_sub(since))
}
