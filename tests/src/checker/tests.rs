//! A checker that cannot fail is worthless: each rule is broken by a log that differs a little from a good one.

use std::time::Duration;

use super::{Entry, Fault, Joined, Log, What, violations};

const ANN: u32 = 0;
const BOB: u32 = 1;
/// Bob's second connection.
const AGAIN: u32 = 2;

/// A log of ann on node 0 and bob on node 1, in room `r`; times in seconds.
fn log(entries: Vec<(f64, What)>) -> Log {
    let of = |session: &str| (session.to_owned(), "r".to_owned());
    let mut entries: Vec<_> =
        entries.into_iter().map(|(at, what)| Entry { at: Duration::from_secs_f64(at), what }).collect();
    entries.sort_by_key(|entry| entry.at);
    let again = entries.iter().any(|entry| {
        matches!(
            entry.what,
            What::Joined(AGAIN, ..)
                | What::Got { connection: AGAIN, .. }
                | What::Number(AGAIN, _)
                | What::Saw(AGAIN, _)
        )
    });
    let mut connections = vec![of("ann"), of("bob"), of("bob")];
    connections.truncate(if again { 3 } else { 2 });
    Log { entries, connections, kick: Duration::from_secs(3), ..Log::default() }
}

fn joined(asked: f64, creating: bool, resumed: bool) -> Joined {
    Joined { asked: Duration::from_secs_f64(asked), creating, resumed }
}

fn saw(connection: u32, list: &[&str]) -> What {
    let role = |place| if place == 0 { "admin" } else { "publisher" };
    What::Saw(
        connection,
        list.iter().enumerate().map(|(place, name)| ((*name).to_owned(), role(place).into())).collect(),
    )
}

fn sent(number: u64) -> What {
    What::Sent { connection: ANN, to: "bob".to_owned(), number, accepted: true }
}

fn got(connection: u32, number: u64) -> What {
    What::Got { connection, from: "ann".to_owned(), number }
}

/// Ann creates, bob joins and becomes a publisher; nothing is wrong for a minute.
fn good() -> Vec<(f64, What)> {
    vec![
        (0.1, What::Joined(ANN, 0, joined(0.0, true, false))),
        (0.2, saw(ANN, &["ann"])),
        (0.4, What::Joined(BOB, 1, joined(0.3, false, false))),
        (0.6, saw(BOB, &["ann", "bob"])),
        (1.0, sent(1)),
        (1.1, got(BOB, 1)),
        (1.1, What::Number(BOB, 7)),
        (2.0, sent(2)),
        (2.1, got(BOB, 2)),
        (2.1, What::Number(BOB, 9)),
        (30.0, saw(ANN, &["ann", "bob"])),
        (60.0, What::Last(0, "r".to_owned(), vec!["ann".to_owned()])),
        (60.0, What::Last(1, "r".to_owned(), vec!["ann".to_owned()])),
    ]
}

/// What is wrong when these are added.
fn with(more: Vec<(f64, What)>) -> Vec<String> {
    violations(&log([good(), more].concat()))
}

/// What is wrong when these are left out and others added.
fn without(out: impl Fn(&What) -> bool, more: Vec<(f64, What)>) -> Vec<String> {
    let kept = good().into_iter().filter(|(_, what)| !out(what)).collect();
    violations(&log([kept, more].concat()))
}

fn one(wrong: &[String], words: &str) {
    assert!(wrong.len() == 1 && wrong[0].contains(words), "{words}: {wrong:?}");
}

#[test]
fn a_good_log_is_good() {
    assert_eq!(with(vec![]), Vec::<String>::new());
}

#[test]
fn a_second_creator_is_seen() {
    one(&with(vec![(3.1, What::Joined(AGAIN, 1, joined(3.0, true, false)))]), "was created by bob");
    let race = vec![(0.1, What::Joined(AGAIN, 1, joined(0.0, true, false)))];
    one(&without(|what| matches!(what, What::Joined(BOB, ..)), race), "was created by bob");
    let gone = vec![(2.5, What::Left(ANN)), (3.1, What::Joined(AGAIN, 1, joined(3.0, true, false)))];
    assert_eq!(
        without(|what| matches!(what, What::Saw(..)), gone),
        Vec::<String>::new(),
        "the room may have been empty"
    );
}

#[test]
fn a_kicked_member_that_is_in_is_seen() {
    let kick = |back: f64| {
        vec![
            (5.0, What::KickAsked("bob".to_owned())),
            (5.1, What::Kicked("bob".to_owned())),
            (5.2, What::Ended(BOB)),
            (back, What::Joined(AGAIN, 2, joined(back - 0.1, false, false))),
        ]
    };
    one(&with(kick(6.0)), "is in again");
    assert_eq!(with(kick(9.0)), Vec::<String>::new());
    let anew =
        [&kick(9.0)[..3], &[(5.3, What::Left(ANN)), (6.0, What::Joined(AGAIN, 2, joined(5.9, true, false)))]].concat();
    let lists = |what: &What| matches!(what, What::Saw(..));
    assert_eq!(without(lists, anew), Vec::<String>::new(), "the room is another one");
}

#[test]
fn numbers_that_run_backwards_are_seen() {
    one(&with(vec![(3.0, What::Number(BOB, 8))]), "got number 8 behind 9");
    one(&with(vec![(3.0, What::Number(AGAIN, 9))]), "got number 9 behind 9");
}

#[test]
fn what_comes_twice_or_out_of_order_is_seen() {
    one(&with(vec![(3.0, got(BOB, 2))]), "got 2 of ann twice");
    one(&with(vec![(3.0, got(AGAIN, 2))]), "got 2 of ann twice");
    let first = |what: &What| matches!(what, What::Got { number: 1, .. });
    one(&without(first, vec![(3.0, got(AGAIN, 1))]), "got 1 of ann behind 2");
}

#[test]
fn what_is_lost_is_seen() {
    let second = |what: &What| matches!(what, What::Got { number: 2, .. });
    one(&without(second, vec![]), "2 of ann to bob");
    // Also when bob went on elsewhere, after his node was killed.
    let moved = |resumed| {
        vec![
            (2.05, What::Begins(Fault::Killed(1))),
            (2.05, What::Ended(BOB)),
            (2.5, What::Joined(AGAIN, 2, joined(2.4, false, resumed))),
        ]
    };
    one(&without(second, moved(true)), "2 of ann to bob");
    for excuse in [
        moved(false),
        vec![(3.0, What::Gap(BOB))],
        vec![(1.5, What::Left(BOB))],
        vec![(2.5, What::Begins(Fault::Killed(0)))],
        vec![(1.9, What::Begins(Fault::Redis)), (9.0, What::Ends(Fault::Redis)), (9.1, What::Begins(Fault::Killed(0)))],
        vec![(2.0, What::Begins(Fault::Apart(1))), (3.0, What::Ends(Fault::Apart(1)))],
    ] {
        let lists = |what: &What| second(what) || matches!(what, What::Saw(..));
        assert_eq!(without(lists, excuse.clone()), Vec::<String>::new(), "{excuse:?}");
    }
    let outage = vec![(1.9, What::Begins(Fault::Redis)), (9.0, What::Ends(Fault::Redis))];
    one(&without(second, outage), "2 of ann to bob");
}

#[test]
fn a_list_over_its_places_is_seen() {
    let full: Vec<String> = (0..8).map(|number| format!("x{number}")).collect();
    let mut ten: Vec<&str> = vec!["ann", "bob"];
    ten.extend(full.iter().map(String::as_str));
    one(&with(vec![(7.0, saw(ANN, &ten))]), "x7");
    assert_eq!(with(vec![(7.0, saw(ANN, &ten[..9]))]), Vec::<String>::new());
    one(&with(vec![(7.0, saw(ANN, &["ann", "bob", "bob"]))]), "bob");
}

#[test]
fn a_wrong_owner_is_seen() {
    let list = |roles: [&str; 2]| {
        let named = ["ann", "bob"].into_iter().zip(roles);
        What::Saw(ANN, named.map(|(name, role)| (name.to_owned(), role.to_owned())).collect())
    };
    for roles in [["publisher", "admin"], ["admin", "admin"], ["publisher", "publisher"]] {
        one(&with(vec![(7.0, list(roles))]), "owners");
    }
}

#[test]
fn a_dead_member_that_stays_listed_is_seen() {
    let kill = || vec![(15.0, What::Begins(Fault::Killed(1))), (15.0, What::Ended(BOB))];
    one(&with(kill()), "killed with its node");
    let mut unknown = log([good(), kill()].concat());
    unknown.connections.push(("bob".to_owned(), "r".to_owned()));
    assert_eq!(violations(&unknown), Vec::<String>::new(), "it may have come back unheard");
    let back = vec![(16.0, What::Joined(AGAIN, 2, joined(15.9, false, true)))];
    assert_eq!(with([kill(), back].concat()), Vec::<String>::new());
    let outage = vec![(16.0, What::Begins(Fault::Redis)), (25.0, What::Ends(Fault::Redis))];
    assert_eq!(with([kill(), outage].concat()), Vec::<String>::new(), "nobody could tell");
}

#[test]
fn who_vanishes_from_the_lists_is_seen() {
    let outage = vec![(10.0, What::Begins(Fault::Redis)), (16.0, What::Ends(Fault::Redis))];
    let vanished = [outage, vec![(17.0, saw(ANN, &["ann"]))]].concat();
    one(&with(vanished), "bob, in since 400ms, is not seen by ann");
    for excuse in [
        (16.5, What::Left(BOB)),
        (16.5, What::KickAsked("bob".to_owned())),
        (16.5, What::Begins(Fault::Apart(1))),
        (16.5, What::Begins(Fault::Apart(0))),
    ] {
        let vanished = vec![excuse.clone(), (17.0, saw(ANN, &["ann"])), (17.1, What::Ended(BOB))];
        assert_eq!(with(vanished), Vec::<String>::new(), "{excuse:?}");
    }
}

#[test]
fn playlists_that_differ_or_name_what_is_not_there_are_seen() {
    let listed = |name: &str| What::Listed("main".to_owned(), 7, name.to_owned());
    assert_eq!(with(vec![(3.0, listed("s7")), (4.0, listed("s7"))]), Vec::<String>::new());
    one(&with(vec![(3.0, listed("s7")), (4.0, listed("s8"))]), "segment 7 of main is s7, and s8");
    one(&with(vec![(3.0, What::Unfetchable("p1.m4s".to_owned()))]), "p1.m4s is listed");
    let last = |node, list: &str| (60.0, What::Playlist(node, list.to_owned()));
    assert_eq!(with(vec![last(0, "a"), last(1, "a")]), Vec::<String>::new());
    one(&with(vec![last(0, "a"), last(1, "b")]), "node 1");
}

#[test]
fn nodes_that_disagree_at_the_end_are_seen() {
    let other = vec![(60.0, What::Last(2, "r".to_owned(), vec!["ann".to_owned(), "bob".to_owned()]))];
    one(&with(other), "on node 2");
}
