//! Rooms from the outside: random events against a deliberately simple model of the rules.
//!
//! Every step must have exactly the effects that the model says, and what clients receive over a network that
//! loses things must be complete, in order and without repetition, or announced as lost.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod client;
mod command;
mod compare;
mod model;
mod network;
mod words;
mod world;

use proptest::prelude::*;
use proptest::test_runner::Config;
use roomcast_protocol::signal::RoomType;

use command::{Command, commands};
use world::World;

fn room_type() -> impl Strategy<Value = RoomType> {
    prop_oneof![
        3 => Just(RoomType::M2m),
        1 => Just(RoomType::A2m),
        2 => Just(RoomType::P2p),
        2 => Just(RoomType::P2m),
    ]
}

/// Random numbers of sessions of the first user that join at the start, and of further users that join as its guests:
/// some cases begin near the limit of publishers, some with several owners to come.
fn opening() -> impl Strategy<Value = (u8, u8)> {
    prop_oneof![7 => Just((1, 0)), 5 => Just((1, 2)), 1 => (2_u8..4, 0_u8..2), 1 => (7_u8..10, Just(0)), 1 => Just((33, 0))]
}

fn run(room_type: RoomType, (sessions, guests): (u8, u8), commands: &[Command]) -> Result<(), TestCaseError> {
    let mut world = World::new(room_type);
    world.open(sessions, guests)?;
    for command in commands {
        world.carry_out(command)?;
    }
    world.settle()
}

proptest! {
    #![proptest_config(Config { cases: 10_000, max_shrink_iters: 20_000, ..Config::default() })]

    #[test]
    fn a_room_does_what_the_model_says_and_clients_miss_nothing_unannounced(
        room_type in room_type(),
        opening in opening(),
        commands in commands(),
    ) {
        run(room_type, opening, &commands)?;
    }
}
