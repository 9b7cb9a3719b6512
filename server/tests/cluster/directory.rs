//! The directory, called for real.

use std::time::Duration;

use roomcast_core::cluster::directory::{Asserted, Claimed, Era, Journaled, Looked, Write};
use roomcast_core::cluster::{BootId, Ownership};
use roomcast_core::room::owner::{Field, UndeliveredRecord, Value};
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::MemberKey;
use roomcast_server::backplane::Directory;
use roomcast_server::backplane::Urgency::{Awaited, Background};

use super::proxy::Proxy;
use super::rooms::{Node, room, until};
use super::server::Redis;

type Claim = Claimed<Field, Value>;

fn field(name: &str) -> Field {
    let user_id = UserId::parse(name).expect("a user");
    Field::Undelivered(MemberKey { user_id, session_id: SessionId::parse("s").expect("a session") })
}

fn value(number: u64) -> Value {
    Value::Undelivered(Box::new(UndeliveredRecord {
        expected: number,
        last: u64::MAX,
        had: 0,
        lost: 0,
        backlog: Vec::new(),
    }))
}

pub async fn claim(node: &Node, room: &RoomId, expected: Option<Ownership>, fields: &[(Field, Value)]) -> Claim {
    let directory = node.transport.directory();
    directory.claim(room, expected, node.boot(), (u64::MAX, fields), Awaited).await.expect("an answer")
}

/// Claims a room, again where the answer was lost.
async fn claim_surely(directory: &Directory, room: &RoomId, mine: BootId, random: u64) -> (Ownership, Era) {
    let mut expected = None;
    for _ in 0..1000 {
        match directory.claim::<Field, Value>(room, expected, mine, (random, &[]), Background).await {
            Some(Claimed::Won { ownership, era, .. }) => return (ownership, era),
            // A claim that timed out has run.
            Some(Claimed::Stands(standing)) => expected = standing,
            Some(Claimed::Wait(_)) | None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("{room} is never claimed");
}

pub async fn won(node: &Node, room: &RoomId, expected: Option<Ownership>) -> (Ownership, Option<usize>, Era) {
    match claim(node, room, expected, &[(field("ann"), value(1))]).await {
        Claimed::Won { ownership, journal, era, .. } => (ownership, journal.map(|fields| fields.len()), era),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_claimed_journaled_taken_over_and_released() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let (here, first, second) = (room("here"), one.transport.directory(), two.transport.directory());
    assert_eq!(second.look(&here, Awaited).await, Some(Looked::Nothing));
    let (owned, fields, era) = won(&one, &here, None).await;
    assert_eq!((owned.owner, fields), (Some(one.boot()), Some(1)));
    assert_eq!(second.look(&here, Background).await, Some(Looked::Stands(owned)));
    assert_eq!(claim(&two, &here, None, &[]).await, Claimed::Stands(Some(owned)));

    let changes = vec![(field("ann"), None), (field("bob"), Some(value(2))), (field("cy"), Some(value(3)))];
    let write = Write { ownership: owned, era: Some(era), number: 1, changes };
    assert_eq!(first.journal(&here, &write, Awaited).await, Some(Journaled::Done));
    let Claimed::Won { ownership: taken, journal, stale, .. } = claim(&two, &here, Some(owned), &[]).await else {
        panic!("it is free to be taken")
    };
    let mut journal = journal.expect("it is whole");
    journal.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!((journal, stale), (vec![(field("bob"), value(2)), (field("cy"), value(3))], false));
    assert!(taken.term > owned.term && taken.life == owned.life);
    assert_eq!(first.journal(&here, &write, Awaited).await, Some(Journaled::Fenced(taken)));
    assert_eq!(first.assert(&here, owned).await, Some(Asserted::Stands(taken)));
    assert_eq!(second.assert(&here, taken).await, Some(Asserted::Done));

    let key = format!("rc:{{{}}}:room:here", roomcast_server::backplane::Partition::of(&here));
    redis.ask(&["PEXPIRE", &key, "5000"]);
    assert_eq!(second.renew(&[(here.clone(), taken)]).await, Some(()));
    assert!(redis.ask(&["PTTL", &key]).trim().parse::<u64>().expect("a time") > 500_000);

    assert_eq!(second.release(&here, taken, Some(&[(field("dee"), value(4))])).await, Some(()));
    let drained = Ownership { owner: None, ..taken };
    assert_eq!(first.look(&here, Awaited).await, Some(Looked::Stands(drained)));
    let (again, fields, _) = won(&one, &here, Some(drained)).await;
    assert_eq!(fields, Some(1));
    assert_eq!(second.release::<Field, Value>(&here, taken, None).await, Some(()), "a former owner releases nothing");
    assert_eq!(second.look(&here, Awaited).await, Some(Looked::Stands(again)));
    assert_eq!(first.release::<Field, Value>(&here, again, None).await, Some(()));
    assert_eq!(first.look(&here, Awaited).await, Some(Looked::Nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_assert_their_rooms_before_a_new_era_has_settled() {
    let mut redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let directory = one.transport.directory().clone();
    let mut owned = Vec::new();
    for index in 0..2000 {
        let (name, directory, boot) = (room(&format!("room-{index}")), directory.clone(), one.boot());
        owned.push(tokio::spawn(async move {
            let (ownership, era) = claim_surely(&directory, &name, boot, index).await;
            (name, ownership, era)
        }));
    }
    let owned = futures_util::future::join_all(owned).await;
    let owned: Vec<_> = owned.into_iter().map(|owned| owned.expect("it is claimed")).collect();
    redis.kill();
    redis.run();
    one.rooms.wait("another era", |told| matches!(told, super::rooms::Told::Era(..))).await;
    // One that timed out is repeated, as an owner does.
    let assert_one = async |(name, mine, _): &(RoomId, Ownership, Era)| {
        for _ in 0..100 {
            if let Some(asserted) = directory.assert(name, *mine).await {
                return asserted;
            }
        }
        panic!("{name} is never asserted");
    };
    let asserted = futures_util::future::join_all(owned.iter().map(assert_one)).await;
    assert_eq!(asserted.iter().filter(|asserted| **asserted == Asserted::Done).count(), 2000);
    let (name, mine, era) = owned.last().expect("there are some");
    let evals = redis.ask(&["INFO", "commandstats"]);
    let evals = evals.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).expect("scripts were run");
    let evals: u64 = evals.split(',').next().and_then(|count| count.parse().ok()).expect("a number");
    assert!(evals < 1000, "{evals} calls for 2,000 rooms in 64 partitions");
    let write = |era| Write { ownership: *mine, era, number: 1, changes: vec![(field("ann"), Some(value(1)))] };
    let look = async || two.transport.directory().look(name, Awaited).await;
    let settled = async {
        loop {
            match look().await {
                Some(Looked::Stands(standing)) => return standing,
                Some(Looked::Wait(time)) => tokio::time::sleep(time).await,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
                Some(Looked::Nothing) => panic!("the room is forgotten"),
            }
        }
    };
    let standing = tokio::time::timeout(Duration::from_secs(20), settled).await.expect("it settles");
    assert_eq!(standing, *mine);
    assert_eq!(directory.journal(name, &write(Some(*era)), Awaited).await, Some(Journaled::Lost));
    assert_eq!(directory.journal(name, &write(None), Background).await, Some(Journaled::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_fresh_lease_asks_nothing() {
    let redis = Redis::start(&[]);
    let proxy = Proxy::start(redis.port).await;
    let one = Node::ready(&proxy.url()).await;
    let here = room("here");
    let (owned, ..) = won(&one, &here, None).await;
    let directory = one.transport.directory();
    proxy.cut();
    until("not fresh", || !one.transport.nodes().is_fresh()).await;
    assert_eq!(directory.look(&here, Awaited).await, None);
    assert_eq!(directory.assert(&here, owned).await, None);
    assert_eq!(directory.release::<Field, Value>(&here, owned, None).await, None);
    proxy.mend();
    until("fresh", || one.transport.nodes().is_fresh()).await;
    one.wait_ready().await;
    assert_eq!(directory.look(&here, Awaited).await, Some(Looked::Stands(owned)));
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_do_not_wait_behind_claims() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let (directory, boot) = (one.transport.directory().clone(), one.boot());
    let claims: Vec<_> = (0..20_000)
        .map(|index| {
            let (name, directory) = (room(&format!("room-{index}")), directory.clone());
            tokio::spawn(async move { claim_surely(&directory, &name, boot, index).await })
        })
        .collect();
    // Called when thousands wait, answered long before them.
    while directory.look(&room("room-0"), Awaited).await.is_none() {}
    assert!(claims.iter().any(|claim| !claim.is_finished()));
    for claim in claims {
        claim.await.expect("it is claimed");
        assert!(one.transport.nodes().is_fresh() && two.transport.nodes().is_fresh());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn media_are_kept_for_the_other_nodes() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let partition = roomcast_server::backplane::Partition::of(&room("here"));
    let (key, media) = (partition.key("m:here"), vec![7; 300_000]);
    let store = async || one.transport.nodes().store(partition, &key, &media, Duration::from_secs(60)).await;
    for _ in 0..500 {
        // Its connection is made after the others.
        if store().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let fetched = async |key: &str| {
        for _ in 0..500 {
            if let Ok(fetched) = two.transport.nodes().fetch(partition, key).await {
                return fetched;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it is never answered");
    };
    assert_eq!(fetched(&key).await.as_deref(), Some(&media[..]));
    assert_eq!(fetched(&partition.key("m:other")).await, None);
}
