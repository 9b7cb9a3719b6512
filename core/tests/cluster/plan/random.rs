//! Random cases: single operations, and groups that hit the narrow places between two steps of a rule.

use std::ops::Range;

use proptest::prelude::*;

use super::{ClientPlan, NODES, Op, Plan, ROOMS, Step};

fn client() -> BoxedStrategy<ClientPlan> {
    (0..ROOMS, prop::bool::weighted(0.65), any::<bool>())
        .prop_map(|(room, numbers, confirms)| ClientPlan { room, numbers, confirms })
        .boxed()
}

fn talk(clients: usize) -> BoxedStrategy<Op> {
    let say = move |count: Range<u8>| {
        (0..clients, 0..clients, count).prop_map(|(from, to, count)| Op::Say { from, to, count })
    };
    prop_oneof![8 => say(1..5), 1 => say(100..200)].boxed()
}

fn membership(clients: usize) -> BoxedStrategy<Op> {
    let (client, node) = (0..clients, 0..NODES);
    prop_oneof![
        5 => (client.clone(), node.clone(), prop::bool::weighted(0.4))
            .prop_map(|(client, node, creating)| Op::Join { client, node, creating }),
        2 => client.clone().prop_map(Op::Leave),
        1 => (client.clone(), client.clone()).prop_map(|(by, of)| Op::Kick { by, of }),
        3 => (client.clone(), client.clone()).prop_map(|(by, of)| Op::Accept { by, of }),
        3 => client.clone().prop_map(Op::Drop),
        1 => client.clone().prop_map(Op::Vanish),
        1 => (client.clone(), node.clone()).prop_map(|(client, node)| Op::Move { client, node }),
        2 => (client, node).prop_map(|(client, node)| Op::Double { client, node }),
    ]
    .boxed()
}

fn failing_node() -> BoxedStrategy<Op> {
    let (node, time) = (0..NODES, 200..9000_u16);
    prop_oneof![
        3 => (node.clone(), 500..9000_u16).prop_map(|(node, restart_after)| Op::Kill { node, restart_after }),
        2 => (node.clone(), 500..15_000_u16).prop_map(|(node, time)| Op::Pause { node, time }),
        2 => (node.clone(), 500..15_000_u16).prop_map(|(node, time)| Op::Cut { node, time }),
        1 => (node.clone(), time.clone()).prop_map(|(node, time)| Op::Deafen { node, time }),
        2 => (node.clone(), time, 5..100_u8).prop_map(|(node, time, percent)| Op::Lose { node, time, percent }),
        1 => (node, 2000..9000_u16).prop_map(|(node, restart_after)| Op::Drain { node, restart_after }),
    ]
    .boxed()
}

fn failing_owner() -> BoxedStrategy<Op> {
    prop_oneof![
        3 => (0..ROOMS, 500..9000_u16).prop_map(|(room, restart_after)| Op::KillOwner { room, restart_after }),
        1 => (0..ROOMS, 500..15_000_u16).prop_map(|(room, time)| Op::PauseOwner { room, time }),
        1 => (0..ROOMS, 500..15_000_u16).prop_map(|(room, time)| Op::CutOwner { room, time }),
    ]
    .boxed()
}

fn failing_redis() -> BoxedStrategy<Op> {
    let time = 200..9000_u16;
    prop_oneof![
        2 => time.clone().prop_map(|time| Op::TimeOut { time }),
        1 => time.clone().prop_map(|time| Op::Slow { time }),
        1 => time.prop_map(|time| Op::Late { time }),
        2 => (200..15_000_u16).prop_map(|time| Op::Away { time }),
        1 => Just(Op::Empty),
        2 => (0..4000_u16).prop_map(|lost| Op::FailOver { lost }),
        1 => (any::<bool>(), 100..3000_u16).prop_map(|(back, by)| Op::Clock { back, by }),
    ]
    .boxed()
}

/// One operation after a while.
fn single(clients: usize) -> BoxedStrategy<Vec<Step>> {
    let wait = prop_oneof![6 => 0..300_u16, 2 => 0..2000_u16, 1 => 2000..7000_u16];
    let op = prop_oneof![
        20 => talk(clients), 8 => membership(clients), 4 => failing_node(), 1 => failing_owner(), 2 => failing_redis()
    ];
    (wait, op).prop_map(|(wait, op)| vec![Step { wait, op }]).boxed()
}

/// Operations one behind the other: each with the range of the time before it.
fn behind_each_other(steps: Vec<(Range<u16>, BoxedStrategy<Op>)>) -> BoxedStrategy<Vec<Step>> {
    let steps: Vec<_> =
        steps.into_iter().map(|(wait, op)| (wait, op).prop_map(|(wait, op)| Step { wait, op })).collect();
    steps.boxed()
}

/// A JOIN that its client gives up, and whose owner dies before it knows.
fn given_up(clients: usize) -> BoxedStrategy<Vec<Step>> {
    (0..clients, 0..NODES, 0..150_u16, 0..30_u16, 0..ROOMS)
        .prop_map(|(client, node, stays, lives, room)| {
            let join = Op::Join { client, node, creating: false };
            let kill = Op::KillOwner { room, restart_after: 3000 };
            [(100, Op::Leave(client)), (200, join), (stays, Op::Leave(client)), (lives, kill)]
                .map(|(wait, op)| Step { wait, op })
                .to_vec()
        })
        .boxed()
}

/// An owner that is away beyond its lease, and that people ask for something just when it is back.
fn asked_when_back(clients: usize) -> BoxedStrategy<Vec<Step>> {
    let away = (0..ROOMS, any::<bool>(), 4000..9000_u16);
    (away, 0..200_u16, membership(clients), membership(clients))
        .prop_map(|((room, paused, time), early, first, second)| {
            let away = if paused { Op::PauseOwner { room, time } } else { Op::CutOwner { room, time } };
            [(0, away), (time - 100 + early, first), (20, second)].map(|(wait, op)| Step { wait, op }).to_vec()
        })
        .boxed()
}

/// A LEAVE that does not reach its owner.
fn left_unheard(clients: usize) -> BoxedStrategy<Vec<Step>> {
    (0..clients, 0..ROOMS, 50..1500_u16, 0..300_u16)
        .prop_map(|(client, room, time, wait)| {
            [(0, Op::DeafenOwner { room, time }), (wait, Op::Leave(client))]
                .map(|(wait, op)| Step { wait, op })
                .to_vec()
        })
        .boxed()
}

/// A client without a socket while Redis is away for longer than the heartbeat timeout.
fn absent_without_redis(clients: usize) -> BoxedStrategy<Vec<Step>> {
    (0..clients, 9000..15_000_u16, 0..1500_u16)
        .prop_map(|(client, time, wait)| {
            [(0, Op::Drop(client)), (wait, Op::Away { time }), (time, Op::Drop(client))]
                .map(|(wait, op)| Step { wait, op })
                .to_vec()
        })
        .boxed()
}

/// Somebody creates a room anew that Redis has just forgotten.
fn created_in_the_settling(clients: usize) -> BoxedStrategy<Vec<Step>> {
    (0..clients, 0..NODES, 0..1200_u16, 0..1500_u16)
        .prop_map(|(client, node, wait, after)| {
            let join = Op::Join { client, node, creating: true };
            [(0, Op::Leave(client)), (wait, Op::Empty), (after, join)].map(|(wait, op)| Step { wait, op }).to_vec()
        })
        .boxed()
}

/// Somebody who talks on while packets are lost.
fn talk_through_losses(clients: usize) -> BoxedStrategy<Vec<Step>> {
    (0..clients, 0..clients, 0..ROOMS, 50..2500_u16, prop::collection::vec(3..60_u16, 20..60))
        .prop_map(|(from, to, room, time, waits)| {
            let lost = Step { wait: 0, op: Op::DeafenOwner { room, time } };
            let says = waits.into_iter().map(|wait| Step { wait, op: Op::Say { from, to, count: 1 } });
            std::iter::once(lost).chain(says).collect()
        })
        .boxed()
}

/// Changes whose writes reach Redis late: after a repetition, a failover or another owner's.
fn written_late(clients: usize) -> BoxedStrategy<Vec<Step>> {
    let between = prop_oneof![
        2 => failing_owner(),
        1 => (0..1500_u16).prop_map(|lost| Op::FailOver { lost }),
        1 => membership(clients),
    ];
    let late = (1000..3000_u16).prop_map(|time| Op::Late { time });
    behind_each_other(vec![
        (0..300, late.boxed()),
        (0..400, membership(clients)),
        (0..1500, between.boxed()),
        (0..4000, membership(clients)),
        (4000..9000, failing_owner()),
    ])
}

/// Somebody who joins while the journal is written whole, behind a write without an answer, and an owner that is killed
/// soon after. `rooms` are those of the clients.
fn changed_in_a_whole_write(rooms: &[usize]) -> BoxedStrategy<Vec<Step>> {
    let (clients, rooms) = (rooms.len(), rooms.to_vec());
    let unanswered = (400..1000_u16, 0..300_u16, membership(clients));
    let joins = prop::collection::vec((0..600_u16, 0..NODES), 1..4);
    (0..clients, 0..clients, unanswered, 1000..2400_u16, joins, 0..2000_u16)
        .prop_map(move |(client, other, (time, wait, change), later, joins, soon)| {
            let join = |client, node| Op::Join { client, node, creating: false };
            let begin = [(0, Op::Leave(client)), (100, Op::Leave(other)), (500, Op::TimeOut { time }), (wait, change)];
            let joins = joins.into_iter().zip([client, other, client]);
            let joins = joins.map(|((wait, node), client)| (wait, join(client, node)));
            let slow = [(0, Op::Slow { time: 6000 }), (later, Op::Drop(other))];
            let kill = [(soon, Op::KillOwner { room: rooms[client], restart_after: 3000 })];
            let steps = begin.into_iter().chain(slow).chain(joins).chain(kill);
            steps.map(|(wait, op)| Step { wait, op }).collect()
        })
        .boxed()
}

/// Tokens that are renewed, end or are revoked, also while messages to the owner are lost; whoever was refused tries
/// again, some with the old token.
fn tokens(rooms: &[usize]) -> BoxedStrategy<Vec<Step>> {
    let rooms = rooms.to_vec();
    let again = (prop_oneof![100..3000_u16, 15_500..18_000_u16], any::<bool>());
    let deaf = prop::option::weighted(0.4, (50..1500_u16, 0..300_u16));
    (0..rooms.len(), 0..NODES, 0..6_u8, deaf, again)
        .prop_map(move |(client, node, what, deaf, (later, renews))| {
            let room = rooms[client];
            let by = rooms.iter().position(|other| *other == room).unwrap_or(client);
            let change = match what {
                0 => Op::Lapse(client),
                1 | 2 => Op::Renew { client, publishes: false },
                3 => Op::Renew { client, publishes: true },
                4 => Op::Revoke { client, node },
                _ => Op::Banish { by, of: client },
            };
            let lost = deaf.map(|(time, _)| (100, Op::DeafenOwner { room, time }));
            let token = renews.then_some((later, Op::Renew { client, publishes: true }));
            let join = (if renews { 10 } else { later }, Op::Join { client, node, creating: false });
            let again = token.into_iter().chain([join]).filter(|_| what >= 4);
            let steps = lost.into_iter().chain([(deaf.map_or(300, |(_, wait)| wait), change)]).chain(again);
            steps.map(|(wait, op)| Step { wait, op }).collect()
        })
        .boxed()
}

fn group(rooms: &[usize], wants_tokens: bool) -> BoxedStrategy<Vec<Step>> {
    let clients = rooms.len();
    let (change, fails) = (|| membership(clients), failing_owner);
    let fail_over = || (0..4000_u16).prop_map(|lost| Op::FailOver { lost }).boxed();
    prop_oneof![
        40 => single(clients),
        2 => behind_each_other(vec![(0..300, change()), (0..90, fails())]),
        1 => behind_each_other(vec![(0..300, failing_redis()), (0..900, change()), (0..1500, fails())]),
        1 => behind_each_other(vec![(0..300, change()), (0..2000, fail_over()), (0..7000, fails())]),
        1 => behind_each_other(vec![(0..300, change()), (0..2000, fail_over()), (0..7000, change()), (0..3000, fail_over())]),
        1 => given_up(clients),
        1 => left_unheard(clients),
        1 => absent_without_redis(clients),
        1 => created_in_the_settling(clients),
        1 => talk_through_losses(clients),
        1 => written_late(clients),
        1 => changed_in_a_whole_write(rooms),
        1 => asked_when_back(clients),
        if wants_tokens { 8 } else { 1 } => tokens(rooms),
    ]
    .boxed()
}

/// Everybody joins, then anything happens.
pub fn plans() -> BoxedStrategy<Plan> {
    let types = prop::collection::vec(0..3_u8, ROOMS);
    let tokens = prop::bool::weighted(0.4);
    (any::<u64>(), types, 0..40_u16, tokens, prop::collection::vec(client(), 2..7))
        .prop_flat_map(|(seed, types, latency, tokens, clients)| {
            let of = |sought: u8| (0..ROOMS).filter(|room| types[*room] == sought).collect::<Vec<_>>();
            let (calls, broadcasts) = (of(1), of(2));
            let rooms: Vec<usize> = clients.iter().map(|client| client.room).collect();
            let groups = prop::collection::vec(group(&rooms, tokens), 5..50);
            groups.prop_map(move |groups| {
                let (calls, broadcasts, clients) = (calls.clone(), broadcasts.clone(), clients.clone());
                Plan { seed, calls, broadcasts, tokens, latency, clients, steps: groups.concat() }
            })
        })
        .boxed()
}
