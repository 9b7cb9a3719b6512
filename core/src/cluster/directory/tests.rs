use proptest::prelude::*;

use super::*;
use crate::cluster::Life;

type Redis = Directory<u8, u8>;

const A: BootId = BootId(1);
const B: BootId = BootId(2);

fn redis() -> Redis {
    let mut redis = Directory::new(ClusterSettings::default());
    redis.begin(at(0));
    redis
}

fn at(now: u64) -> Context {
    Context { now: Instant(10_000 + now), master: 1 }
}

fn room() -> RoomId {
    RoomId::parse("room").unwrap()
}

fn won(claimed: Claimed<u8, u8>) -> (Ownership, Option<Vec<(u8, u8)>>) {
    match claimed {
        Claimed::Won { ownership, journal, .. } => (ownership, journal),
        other => panic!("{other:?}"),
    }
}

fn create(redis: &mut Redis, now: u64, by: BootId) -> Ownership {
    won(redis.claim(at(now), &room(), None, by, (7, &[(1, 10)]))).0
}

fn write(ownership: Ownership, era: Option<Era>, changes: &[(u8, Option<u8>)]) -> Write<u8, u8> {
    Write { ownership, era, number: 1, changes: changes.to_vec() }
}

#[test]
fn nothing_is_known_claimed_or_written_while_an_era_settles() {
    let mut redis = redis();
    assert_eq!(redis.look(at(4000), &room()), Looked::Wait(Duration::from_secs(1)));
    assert!(matches!(redis.claim(at(4999), &room(), None, A, (7, &[])), Claimed::Wait(_)));
    let mine = create(&mut redis, 5000, A);
    assert_eq!(redis.look(at(5000), &room()), Looked::Stands(mine));
    let other_master = Context { master: 2, ..at(60_000) };
    assert!(matches!(redis.journal(other_master, &room(), &write(mine, None, &[])), Journaled::Wait(_)));
}

#[test]
fn a_claim_compares_and_its_term_is_above_the_former_and_the_time() {
    let mut redis = redis();
    let mine = create(&mut redis, 5000, A);
    assert_eq!(mine.term, 15_000);
    assert_eq!(redis.claim(at(5001), &room(), None, B, (8, &[])), Claimed::Stands(Some(mine)));
    let (taken, journal) = won(redis.claim(at(5000), &room(), Some(mine), B, (8, &[])));
    assert_eq!((taken.life, taken.term, journal), (mine.life, 15_001, Some(vec![(1, 10)])));
    assert_eq!(redis.claim(at(5001), &room(), Some(mine), A, (9, &[])), Claimed::Stands(Some(taken)));
}

#[test]
fn a_greater_owner_fences_and_a_lesser_one_or_none_means_lost() {
    let mut redis = redis();
    let era = redis.begin(at(0));
    let former = create(&mut redis, 5000, A);
    let (taken, _) = won(redis.claim(at(6000), &room(), Some(former), B, (8, &[])));
    assert_eq!(redis.journal(at(6001), &room(), &write(former, Some(era), &[(1, Some(2))])), Journaled::Fenced(taken));
    let ahead = Ownership { term: taken.term + 5, ..taken };
    assert_eq!(redis.journal(at(6001), &room(), &write(ahead, Some(era), &[])), Journaled::Lost);
    redis.release(at(6002), &room(), taken, None);
    assert_eq!(redis.journal(at(6003), &room(), &write(taken, Some(era), &[])), Journaled::Lost);
}

#[test]
fn a_room_that_only_an_assert_wrote_has_no_journal_until_it_is_written_whole() {
    let mut redis = redis();
    let mine = Ownership { life: Life { created: 5, random: 1 }, term: 5, owner: Some(A) };
    assert_eq!(redis.assert(at(100), &room(), mine), Asserted::Done);
    let era = redis.begin(at(100));
    assert_eq!(redis.journal(at(5000), &room(), &write(mine, Some(era), &[(1, Some(1))])), Journaled::Lost);
    let mut dies = redis.clone();
    assert_eq!(won(dies.claim(at(5000), &room(), Some(mine), B, (8, &[]))).1, None);
    assert_eq!(redis.journal(at(5000), &room(), &write(mine, None, &[(1, Some(1))])), Journaled::Done);
    assert_eq!(redis.journal(at(5000), &room(), &write(mine, Some(era), &[(2, Some(2))])), Journaled::Done);
    assert_eq!(won(redis.claim(at(5000), &room(), Some(mine), B, (8, &[]))).1, Some(vec![(1, 1), (2, 2)]));
}

#[test]
fn of_two_lives_the_earlier_wins_while_settling_and_the_standing_one_afterwards() {
    let life = |created| Life { created, random: 1 };
    let (early, late) =
        (Ownership { life: life(5), term: 50, owner: Some(A) }, Ownership { life: life(6), term: 60, owner: Some(B) });
    let mut redis = redis();
    assert_eq!(redis.assert(at(1), &room(), late), Asserted::Done);
    let mut settled = redis.clone();
    assert_eq!(redis.assert(at(2), &room(), early), Asserted::Done);
    assert_eq!(redis.assert(at(3), &room(), late), Asserted::Stands(early));
    assert_eq!(settled.assert(at(5000), &room(), early), Asserted::Stands(late));
}

#[test]
fn a_drained_room_has_no_owner_and_a_late_write_of_the_former_is_no_whole_one() {
    let mut redis = redis();
    let era = redis.begin(at(0));
    let mine = create(&mut redis, 5000, A);
    redis.release(at(6000), &room(), mine, Some(&[(3, 30)]));
    let cleared = Ownership { owner: None, ..mine };
    assert_eq!(redis.look(at(6000), &room()), Looked::Stands(cleared));
    assert_eq!(redis.journal(at(6000), &room(), &write(mine, Some(era), &[(9, Some(9))])), Journaled::Lost);
    let (_, journal) = won(redis.claim(at(6000), &room(), Some(cleared), B, (8, &[])));
    assert_eq!(journal, Some(vec![(3, 30)]));
}

#[test]
fn who_does_not_renew_is_dead_for_good_unless_redis_was_away() {
    let mut redis = redis();
    redis.lease(at(0), A, 1, &[]);
    redis.lease(at(0), B, 1, &[]);
    (1..5).for_each(|second| _ = redis.lease(at(second * 1000), A, 1, &[]));
    assert!(redis.lease(at(4999), A, 1, &[]).dead.is_empty());
    assert!(redis.lease(at(5000), A, 1, &[]).dead.contains_key(&B));
    assert!(redis.lease(at(5001), B, 1, &[]).dead.contains_key(&B));
    let mut redis = self::redis();
    redis.lease(at(0), A, 1, &[]);
    redis.lease(at(0), B, 1, &[]);
    assert!(redis.lease(at(60_000), A, 1, &[]).dead.is_empty());
}

#[test]
fn a_peer_that_a_table_of_5_s_never_heard_of_is_dead() {
    let mut redis = redis();
    redis.lease(at(0), A, 1, &[B]);
    (1..5).for_each(|second| assert!(redis.lease(at(second * 1000), A, 1, &[B]).dead.is_empty()));
    assert!(redis.lease(at(5000), A, 1, &[B]).dead.contains_key(&B));
}

#[test]
fn a_clock_that_was_set_back_kills_and_keeps_nobody() {
    let mut redis = redis();
    redis.lease(at(100_000), A, 1, &[]);
    redis.lease(at(100_000), B, 1, &[]);
    (0..5).for_each(|second| _ = redis.lease(at(second * 1000), A, 1, &[]));
    assert!(redis.lease(at(5000), A, 1, &[]).dead.contains_key(&B), "its lease counts from the new time");
}

proptest! {
    /// The terms of one life rise with every owner, whatever is claimed, asserted and released in whatever order.
    #[test]
    fn ownership_only_grows(calls in prop::collection::vec((0..4_u8, 1..4_u64, 0..2000_u64), 1..60)) {
        let mut redis = redis();
        let mut now = 5000;
        let mut known: Vec<Ownership> = Vec::new();
        let mut newest: Option<Ownership> = None;
        for (call, boot, wait) in calls {
            now += wait;
            let standing = match redis.look(at(now), &room()) { Looked::Stands(standing) => Some(standing), _ => None };
            let some = known.get(usize::try_from(boot).unwrap()).copied();
            match call {
                0 | 1 => {
                    let expected = if call == 0 { standing } else { some };
                    if let Claimed::Won { ownership, .. } = redis.claim(at(now), &room(), expected, BootId(boot), (boot, &[])) {
                        prop_assert!(known.iter().all(|other| other.life != ownership.life || ownership.is_newer_than(other)));
                        known.push(ownership);
                    }
                }
                2 => _ = some.map(|mine| redis.assert(at(now), &room(), mine)),
                _ => some.into_iter().for_each(|mine| redis.release(at(now), &room(), mine, Some(&[]))),
            }
            if let Looked::Stands(standing) = redis.look(at(now), &room()) {
                let cleared = standing.owner.is_none();
                let fell = newest.is_some_and(|newest| newest.life == standing.life && newest.term > standing.term);
                prop_assert!(!fell || cleared);
                newest = Some(standing);
            }
        }
    }
}

#[test]
fn a_write_behind_a_later_one_of_the_same_owner_is_void() {
    let mut redis = redis();
    let mine = create(&mut redis, 5000, A);
    let numbered = |number, value| Write { number, ..write(mine, None, &[(1, Some(value))]) };
    assert_eq!(redis.journal(at(5001), &room(), &numbered(2, 20)), Journaled::Done);
    assert_eq!(redis.journal(at(5002), &room(), &numbered(1, 10)), Journaled::Lost);
    assert_eq!(redis.journal(at(5003), &room(), &numbered(2, 20)), Journaled::Done, "a repetition changes nothing");
    let (next, journal) = won(redis.claim(at(5004), &room(), Some(mine), B, (7, &[])));
    assert_eq!(journal, Some(vec![(1, 20)]));
    let first = Write { number: 1, ..write(next, None, &[(1, Some(1))]) };
    assert_eq!(redis.journal(at(5005), &room(), &first), Journaled::Done, "each owner counts for itself");
}

#[test]
fn an_owner_that_has_asserted_is_replaced_by_an_assert_only_while_settling() {
    let mut redis = redis();
    let lesser = create(&mut redis, 5000, A);
    let greater = Ownership { term: lesser.term + 1, owner: Some(B), ..lesser };
    assert_eq!(redis.assert(at(6000), &room(), greater), Asserted::Stands(lesser));
    let settling = |now| Context { master: 2, ..at(now) };
    redis.begin(settling(7000));
    assert_eq!(redis.assert(settling(7001), &room(), lesser), Asserted::Done);
    assert_eq!(redis.assert(settling(7002), &room(), greater), Asserted::Done);
}

#[test]
fn the_version_is_the_highest_that_all_of_the_living_read() {
    let mut redis = redis();
    assert_eq!(redis.lease(at(0), A, 2, &[]).version, 2);
    assert_eq!(redis.lease(at(0), B, 1, &[]).version, 1);
    redis.leave(at(1000), B);
    assert_eq!(redis.lease(at(1000), A, 2, &[]).version, 2);
}
