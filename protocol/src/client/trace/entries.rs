//! Traces of the single entries of a rule: every type of room, every start and every cancellation of its wait, the last
//! moment that counts and the first that does not.

use super::Recorder;
use crate::client::state::{Event, State};
use crate::client::watchdog::{Kind, Observation, RULES, Role, Rule, Seen};
use crate::signal::RoomType;

const ROOMS: [(RoomType, &str); 4] =
    [(RoomType::P2p, "p2p"), (RoomType::M2m, "m2m"), (RoomType::A2m, "a2m"), (RoomType::P2m, "p2m")];

fn in_room(rule: &Rule, (room, called): (RoomType, &str), shows: &str) -> Recorder {
    let name = format!("{}: {shows} {called}", rule.id);
    Recorder::new(name, room, rule.role.unwrap_or(Role::Viewer)).lead(rule.states[0])
}

/// In each type of room of a rule it fires, in each other it does not.
fn rooms(rule: &'static Rule) -> impl Iterator<Item = Recorder> {
    let of_some = rule.room_types.into_iter();
    of_some.flat_map(move |types| {
        ROOMS.into_iter().map(move |room| {
            let shows = if types.contains(&room.0) { "fires in" } else { "is quiet in" };
            let mut recorder = in_room(rule, room, shows);
            let due = recorder.provoke(rule, 0);
            recorder.tick(due);
            recorder
        })
    })
}

/// Each observation that ends a wait does so at the last moment.
fn cancellations(rule: &'static Rule) -> impl Iterator<Item = Recorder> {
    let cancelled_by = if let Kind::Timeout { cancelled_by, .. } = rule.kind { cancelled_by } else { &[] };
    cancelled_by.iter().map(move |seen| {
        let mut recorder = Recorder::under(rule, &format!("{} ends the wait", seen.name()));
        let due = recorder.provoke(rule, 0);
        recorder.seen(due - 1, *seen);
        recorder.tick(due);
        recorder
    })
}

/// A `JOIN` over a new connection begins the wait for its ack anew.
fn joins_again(rule: &Rule) -> Option<Recorder> {
    let Kind::Timeout { start, after, .. } = rule.kind else { return None };
    if !start.contains(&Seen::Event(Event::JoinResent)) {
        return None;
    }
    let mut recorder = Recorder::under(rule, "joinResent begins the wait");
    recorder.close(100, 1006);
    recorder.event(2000, Event::JoinResent);
    recorder.tick(2000 + after - 1);
    recorder.tick(2000 + after);
    Some(recorder)
}

/// Something that was seen often enough counts until `within` is over.
fn last_moments(rule: &'static Rule) -> impl Iterator<Item = Recorder> {
    let (observation, count, within) = match rule.kind {
        Kind::Timeout { .. } => (Observation::Tick, 0, 0),
        Kind::Count { observation, count, within } | Kind::Consecutive { observation, count, within, .. } => {
            (observation, count, within)
        }
    };
    let moments = [(within.saturating_sub(1), "counts to the last moment"), (within, "does not count for longer")];
    moments.into_iter().filter(move |_| count > 0).map(move |(at, shows)| {
        let mut recorder = Recorder::under(rule, shows);
        (0..count).for_each(|_| recorder.see(0, observation));
        recorder.tick(at);
        recorder
    })
}

/// A fourth failure a moment before the first has been forgotten.
fn bound_to_the_last_moment() -> Recorder {
    let name = "to the last moment of a minute there is no room";
    let mut recorder = Recorder::new(name, RoomType::M2m, Role::Viewer).lead(State::Joined);
    for at in [1000, 5000, 9000] {
        recorder.see(at, Observation::CriticalFailure);
        recorder.tick(at + 1000);
        recorder.event(at + 1100, Event::JoinAccepted);
    }
    recorder.see(61_000, Observation::CriticalFailure);
    recorder.tick(61_999);
    recorder
}

pub(super) fn all() -> impl Iterator<Item = Recorder> {
    let single = |rule| rooms(rule).chain(cancellations(rule)).chain(joins_again(rule)).chain(last_moments(rule));
    RULES.iter().flat_map(single).chain([bound_to_the_last_moment()])
}
