//! Each rule can fail: a log made by hand that breaks it.

mod differing;

use super::{Event, Fault, Kind, Log, Outcome, violations};

const ANN: usize = 0;
const BOB: usize = 1;
const CAL: usize = 2;

fn log(events: Vec<(u64, Event)>) -> Log {
    let numbered = Kind { room: 0, numbers: true, confirms: true, remembers: false, places: 2, broadcast: false };
    let clients = vec![numbered, numbered, Kind { numbers: false, ..numbered }];
    let mut log = Log::new(clients, 15_000, 0);
    (log.events, log.calm) = (events, 90_000);
    log
}

fn joined(client: usize, creating: bool) -> Event {
    Event::Joined { client, node: client, creating, resumed: false }
}

fn last(client: usize, is_in: bool) -> Event {
    Event::Last { client, wants: true, is_in }
}

fn list(client: usize, version: u64, publishers: &[usize]) -> Event {
    let owners = publishers.first().into_iter().copied().collect();
    Event::List { client, version: Some((1, version)), publishers: publishers.to_vec(), owners }
}

fn sent(from: usize, id: u64) -> Event {
    Event::Sent { from, to: BOB, id }
}

fn got(id: u64, sq: u64) -> Event {
    Event::Got { to: BOB, from: ANN, id, sq }
}

fn broken(name: &str, events: Vec<(u64, Event)>) {
    let wrong = violations(&log(events));
    assert!(wrong.iter().any(|text| text.starts_with(name)), "{name}: {wrong:?}");
}

#[test]
fn rules_about_members_can_fail() {
    broken("one creator", vec![(0, joined(0, true)), (1000, joined(1, true)), (80_000, last(0, true))]);
    let kicked = Event::Ended { client: 0, outcome: Outcome::Kicked };
    let again = vec![(0, joined(0, false)), (1, Event::KickAsked { of: 0 }), (2, kicked), (9000, joined(0, false))];
    broken("kicked is out", again);
    let removed = Event::Ended { client: 0, outcome: Outcome::Unknown };
    broken("nobody is removed", vec![(0, joined(0, true)), (1, Event::Begins(Fault::Away)), (9000, removed)]);
    broken("nothing waits", vec![(0, last(0, false))]);
    broken("nothing is left", vec![(0, Event::Remains("a room".into()))]);
}

#[test]
fn rules_about_tokens_can_fail() {
    let token = |publishes| Event::Token { client: 0, issued: 0, ends: 60_000, publishes };
    let over = Event::Ended { client: 0, outcome: Outcome::TokenOver };
    broken("nobody is closed for a good token", vec![(0, token(true)), (1, joined(0, true)), (9000, over)]);
    let refused = Event::Refused { client: 0, code: 4041 };
    broken("nobody is closed for a good token", vec![(0, token(true)), (9000, refused)]);
    let revoked = Event::Revoked { client: 0, before: 100 };
    let stays = vec![(0, token(true)), (1, joined(0, true)), (200, revoked.clone()), (60_000, last(0, true))];
    broken("revoked is out", stays);
    let again = vec![(0, token(true)), (200, revoked.clone()), (40_000, joined(0, true)), (40_500, last(0, true))];
    broken("revoked is out", again);
    let gone = Event::Ended { client: 0, outcome: Outcome::TokenOver };
    let mut listed = vec![(0, token(true)), (0, joined(1, false)), (1, joined(0, false)), (2, list(1, 1, &[0, 1]))];
    listed.extend([(40_000, revoked), (40_001, gone), (60_000, last(1, true))]);
    broken("revoked is out", listed);
    let banished = vec![Event::KickAsked { of: 0 }, Event::BanishAsked { of: 0 }];
    let mut back = vec![(0, token(true)), (1, joined(0, true))];
    back.extend(banished.into_iter().map(|event| (100, event)));
    back.extend([(200, Event::Ended { client: 0, outcome: Outcome::Kicked }), (40_000, joined(0, false))]);
    back.push((70_000, last(0, true)));
    broken("revoked is out", back);
    let viewer = vec![(0, joined(0, true)), (1, list(0, 1, &[0])), (9000, token(false)), (60_000, last(0, true))];
    broken("who may not publish does not", viewer);
}

#[test]
fn rules_about_lists_can_fail() {
    broken("capacity", vec![(0, list(0, 1, &[1, 1]))]);
    broken("lists never run back", vec![(0, list(0, 2, &[1])), (1, list(0, 1, &[1]))]);
    broken("lists never run back", vec![(0, list(0, 2, &[1])), (1, list(1, 2, &[0]))]);
    broken("oldest publisher first", vec![(0, list(0, 1, &[0, 1])), (1, list(0, 2, &[1, 0]))]);
    for owners in [vec![], vec![1], vec![0, 1]] {
        let list = Event::List { client: 0, version: None, publishers: vec![0, 1], owners };
        broken("the owner is first", vec![(0, list)]);
    }
    broken("all agree", vec![(0, list(0, 1, &[0])), (1, list(1, 2, &[1])), (2, last(0, true)), (3, last(1, true))]);
    broken("the gone are in no list", vec![(0, list(0, 1, &[0, 1])), (2, last(0, true)), (3, last(1, false))]);
}

#[test]
fn rules_about_signals_can_fail() {
    broken("sequence numbers rise", vec![(0, got(1, 5)), (1, got(2, 5))]);
    broken("senders are held back", vec![(0, Event::CutOff { client: 0 })]);
    broken("in order and once", vec![(0, got(1, 5)), (1, got(1, 6))]);
    for (from, rule) in
        [(0, "numbered signals arrive"), (2, "unnumbered signals arrive"), (0, "numbered signals are confirmed")]
    {
        let mut events = vec![(0, joined(0, true)), (1, joined(1, false)), (1, joined(2, false))];
        events.push((5, sent(from, 1)));
        events.extend((0..3).map(|client| (50_000, last(client, true))));
        broken(rule, events);
    }
}
