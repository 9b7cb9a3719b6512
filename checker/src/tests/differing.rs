//! A log in which nothing is wrong, and what the rules say when it differs a little: that they see what is wrong, and
//! that they excuse what may be.

use super::{ANN, BOB, CAL, got, joined, sent};
use crate::{Event, Fault, Kind, Log, Outcome, violations};

/// A log of ann on node 0 and bob on node 1 in one room, neither of whom numbers; times in milliseconds.
fn log(mut events: Vec<(u64, Event)>) -> Log {
    events.sort_by_key(|(at, _)| *at);
    let kind = Kind { room: 0, numbers: false, confirms: true, remembers: true, places: 2, broadcast: false };
    let mut log = Log::new(vec![kind; 3], 3000, 0);
    (log.events, log.calm) = (events, 40_000);
    log
}

fn saw(client: usize, list: &[usize]) -> Event {
    let owners = list.first().into_iter().copied().collect();
    Event::List { client, version: None, publishers: list.to_vec(), owners }
}

fn resumed(client: usize, node: usize) -> Event {
    Event::Joined { client, node, creating: false, resumed: true }
}

fn ended(client: usize, outcome: Outcome) -> Event {
    Event::Ended { client, outcome }
}

/// Ann creates, bob joins and becomes a publisher; nothing is wrong for a minute.
fn good() -> Vec<(u64, Event)> {
    vec![
        (0, Event::Asked { client: ANN }),
        (100, joined(ANN, true)),
        (200, saw(ANN, &[ANN])),
        (300, Event::Asked { client: BOB }),
        (400, joined(BOB, false)),
        (600, saw(BOB, &[ANN, BOB])),
        (1000, sent(ANN, 1)),
        (1100, got(1, 7)),
        (2000, sent(ANN, 2)),
        (2100, got(2, 9)),
        (30_000, saw(ANN, &[ANN, BOB])),
        (60_000, Event::Last { client: ANN, wants: true, is_in: true }),
        (60_000, Event::Last { client: BOB, wants: true, is_in: true }),
    ]
}

/// The violations when these are added.
fn with(more: Vec<(u64, Event)>) -> Vec<String> {
    violations(&log([good(), more].concat()))
}

/// The violations when these are left out and others added.
fn without(out: impl Fn(&Event) -> bool, more: Vec<(u64, Event)>) -> Vec<String> {
    let kept = good().into_iter().filter(|(_, event)| !out(event)).collect();
    violations(&log([kept, more].concat()))
}

fn is_list(event: &Event) -> bool {
    matches!(event, Event::List { .. })
}

fn one(wrong: &[String], words: &str) {
    assert!(wrong.len() == 1 && wrong[0].contains(words), "{words}: {wrong:?}");
}

fn none(wrong: &[String], why: &str) {
    assert!(wrong.is_empty(), "{why}: {wrong:?}");
}

#[test]
fn a_good_log_is_good() {
    none(&with(vec![]), "nothing is wrong");
}

#[test]
fn a_second_creator_is_seen() {
    let created = || vec![(3000, Event::Asked { client: CAL }), (3100, joined(CAL, true))];
    let wrong = with(created());
    assert!(wrong.iter().any(|text| text.contains("was created by 2")), "{wrong:?}");
    let race = vec![(0, Event::Asked { client: CAL }), (150, joined(CAL, true))];
    one(&without(is_list, race), "was created by 2");
    let left = [created(), vec![(2500, Event::LeaveSaid { client: ANN }), (2500, ended(ANN, Outcome::Left))]].concat();
    let bob = |event: &Event| is_list(event) || matches!(event, Event::Joined { client: BOB, .. } | Event::Last { .. });
    none(&without(bob, left), "the room may have been empty");
    let lost = [created(), vec![(1500, Event::Begins(Fault::Data)), (1600, Event::Begins(Fault::Killed(2)))]].concat();
    let closed = [lost, vec![(4500, ended(ANN, Outcome::Closed)), (4500, ended(BOB, Outcome::Closed))]].concat();
    let last = |event: &Event| is_list(event) || matches!(event, Event::Last { .. });
    none(&without(last, closed), "the room was lost with its owner, and its members are told");
}

#[test]
fn a_kicked_member_that_is_in_is_seen() {
    let kick = |back: u64| {
        let told = ended(BOB, Outcome::Kicked);
        vec![(5000, Event::KickAsked { of: BOB }), (5100, told), (back - 1, Event::Asked { client: BOB })]
    };
    let back = |at: u64| [kick(at), vec![(at, joined(BOB, false))]].concat();
    one(&with(back(6000)), "is in again");
    none(&with(back(9000)), "the kick is over");
    let gone = [(5200, Event::LeaveSaid { client: ANN }), (5200, ended(ANN, Outcome::Left))];
    let anew = [kick(6000), gone.to_vec(), vec![(6000, joined(BOB, true))]].concat();
    let ann = |event: &Event| is_list(event) || matches!(event, Event::Last { client: ANN, .. });
    none(&without(ann, anew), "the room is another one");
}

#[test]
fn what_comes_twice_or_out_of_order_is_seen() {
    let moved = [(2500, ended(BOB, Outcome::Lost)), (2600, resumed(BOB, 1))];
    one(&with(vec![(3000, got(2, 10))]), "got 2 of 0 twice");
    one(&with([moved.to_vec(), vec![(3000, got(2, 10))]].concat()), "got 2 of 0 twice");
    let failed = [moved.to_vec(), vec![(2200, Event::Begins(Fault::Killed(2))), (3000, got(2, 10))]].concat();
    none(&with(failed), "a new owner cannot know what the former delivered");
    let first = |event: &Event| matches!(event, Event::Got { id: 1, .. });
    one(&without(first, vec![(3000, got(1, 10))]), "got 1 of 0 behind 2");
}

#[test]
fn numbers_that_run_back_are_seen() {
    one(&with(vec![(3000, Event::Numbered { to: BOB, sq: 8 })]), "got number 8 behind 9");
    let moved =
        vec![(2500, ended(BOB, Outcome::Lost)), (2600, resumed(BOB, 1)), (3000, Event::Numbered { to: BOB, sq: 9 })];
    one(&with(moved), "got number 9 behind 9");
}

#[test]
fn what_is_lost_is_seen() {
    let second = |event: &Event| matches!(event, Event::Got { id: 2, .. });
    one(&without(second, vec![]), "2 of 0 to 1");
    // Also when bob went on elsewhere, after his node was killed.
    let moved =
        vec![(2050, Event::Begins(Fault::Killed(1))), (2050, ended(BOB, Outcome::Lost)), (2500, resumed(BOB, 2))];
    one(&without(second, moved), "2 of 0 to 1");
    let away = |more: Vec<(u64, Event)>| {
        [vec![(1900, Event::Begins(Fault::Away)), (9000, Event::Ends(Fault::Away))], more].concat()
    };
    one(&without(second, away(vec![])), "2 of 0 to 1");
    let anew =
        vec![(2050, Event::Begins(Fault::Killed(1))), (2050, ended(BOB, Outcome::Lost)), (2500, joined(BOB, false))];
    for excuse in [
        anew,
        vec![(3000, Event::Gap { client: BOB })],
        vec![(2001, Event::Doubtful { id: 2 })],
        vec![(2500, Event::Begins(Fault::Killed(0)))],
        away(vec![(9100, Event::Begins(Fault::Killed(0)))]),
        vec![(2000, Event::Begins(Fault::Apart(1))), (3000, Event::Ends(Fault::Apart(1)))],
    ] {
        let why = format!("{excuse:?}");
        none(&without(second, excuse), &why);
    }
}

#[test]
fn what_is_lost_by_moving_on_while_redis_is_there_is_seen() {
    let second = |event: &Event| matches!(event, Event::Got { id: 2, .. });
    let moved = |at: u64| vec![(at, Event::Asked { client: ANN }), (at + 100, resumed(ANN, 2))];
    let away = || vec![(1900, Event::Begins(Fault::Away)), (9000, Event::Ends(Fault::Away))];
    one(&without(second, moved(2500)), "2 of 0 to 1");
    one(&without(second, [away(), moved(20_000)].concat()), "2 of 0 to 1");
    none(&without(second, [away(), moved(2500)].concat()), "its node could not pass on what it had read");
    none(&without(second, [away(), moved(12_000)].concat()), "the nodes may not have attached again");
    one(&without(second, [away(), moved(1950)].concat()), "2 of 0 to 1");
}

#[test]
fn who_vanishes_from_the_lists_is_seen() {
    let away = || vec![(10_000, Event::Begins(Fault::Away)), (16_000, Event::Ends(Fault::Away))];
    one(&with([away(), vec![(17_000, saw(ANN, &[ANN]))]].concat()), "1, in since 400, is not seen by 0");
    let both = |event: &Event| matches!(event, Event::List { client: ANN, publishers, .. } if publishers.len() == 2);
    for excuse in [
        vec![(16_500, Event::LeaveSaid { client: BOB }), (16_500, ended(BOB, Outcome::Left))],
        vec![(16_500, Event::KickAsked { of: BOB }), (17_000, ended(BOB, Outcome::Kicked))],
        vec![(16_500, Event::Begins(Fault::Apart(1))), (17_000, ended(BOB, Outcome::Unknown))],
        vec![(16_500, Event::Begins(Fault::Apart(0))), (17_000, ended(BOB, Outcome::TakenOver))],
    ] {
        let why = format!("{excuse:?}");
        let last = |event: &Event| both(event) || matches!(event, Event::Last { client: BOB, .. });
        none(&without(last, [away(), excuse, vec![(17_000, saw(ANN, &[ANN]))]].concat()), &why);
    }
}

#[test]
fn who_is_lost_and_stays_listed_is_seen() {
    let list = |client| (45_000, saw(client, &[ANN, BOB]));
    let bob = |event: &Event| matches!(event, Event::Last { client: BOB, .. });
    let kill = vec![(15_000, Event::Begins(Fault::Killed(1))), (15_000, ended(BOB, Outcome::Lost)), list(ANN)];
    let wrong = without(bob, kill.clone());
    assert!(wrong.iter().any(|text| text.starts_with("the lost are soon off the lists")), "{wrong:?}");
    let back = vec![(16_000, Event::Asked { client: BOB }), (16_100, resumed(BOB, 2))];
    none(&with([kill, back].concat()), "it came back");
}

#[test]
fn playlists_that_differ_or_name_what_is_not_there_are_seen() {
    let listed = |name: &str| Event::Listed { playlist: "main".to_owned(), number: 7, name: name.to_owned() };
    none(&with(vec![(3000, listed("s7")), (4000, listed("s7"))]), "they are the same");
    one(&with(vec![(3000, listed("s7")), (4000, listed("s8"))]), "segment 7 of main is s7, and s8");
    one(&with(vec![(3000, Event::Unfetchable { name: "p1.m4s".to_owned() })]), "p1.m4s is listed");
    let last = |node, text: &str| (59_000, Event::Playlist { node, text: text.to_owned() });
    none(&with(vec![last(0, "a"), last(1, "a")]), "they are the same");
    one(&with(vec![last(0, "a"), last(1, "b")]), "node 1");
}
