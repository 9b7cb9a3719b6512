//! Random events of a room.

use proptest::collection::vec;
use proptest::prelude::*;

/// A member: which of the users, and which of its sessions. An even session is a screenshare.
pub type Key = (u8, u8);

/// The number that a client claims to have received.
#[derive(Debug, Clone, Copy)]
pub enum Claim {
    Nothing,
    Honest,
    Zero,
    TooMuch,
}

/// The resume token that a client brings.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    None,
    Empty,
    Received,
    Wrong,
}

#[derive(Debug, Clone, Copy)]
pub enum To {
    User(u8),
    Session(Key),
}

#[derive(Debug, Clone, Copy)]
pub enum What {
    Leave,
    Beat {
        claim: Claim,
        ack: bool,
    },
    Update(bool, bool),
    Kick(To),
    Request(bool, bool),
    Accept(To),
    Reject(To),
    Offer(Option<To>),
    Answer(Option<To>),
    Ice(Option<To>),
    Watch(To),
    /// A heartbeat with the type of another room.
    WrongType,
}

/// One event. A `slot` is a place for a connection; once lost, another connection takes its place.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    Join {
        slot: usize,
        who: Key,
        creating: bool,
        claim: Claim,
        token: Token,
    },
    /// Over the member's own connection, or over any.
    Say {
        who: Key,
        slot: Option<usize>,
        what: What,
    },
    /// The same signal many times, more than a backlog holds.
    Flood {
        who: Key,
        to: To,
    },
    /// Every publisher leaves, the youngest first.
    Abandon,
    /// Everyone with a connection sends a heartbeat.
    BeatAll,
    /// Time passes with everyone sending heartbeats.
    Live {
        millis: u64,
    },
    Wait {
        millis: u64,
    },
    /// The connection breaks, and with it what was under way.
    Lose {
        slot: usize,
    },
    /// This many messages go from the outbox into the socket.
    Write {
        slot: usize,
        count: usize,
    },
    /// This many messages go from the socket to the client.
    Read {
        slot: usize,
        count: usize,
    },
    /// Everything queued for everyone arrives.
    Flow,
}

/// Connections at a time.
pub const SLOTS: usize = 7;

fn key() -> impl Strategy<Value = Key> {
    (0_u8..4, prop_oneof![5 => Just(1_u8), 2 => Just(2), 1 => Just(3)])
}

fn to() -> impl Strategy<Value = To> {
    prop_oneof![(0_u8..4).prop_map(To::User), key().prop_map(To::Session)]
}

fn claim() -> impl Strategy<Value = Claim> {
    prop_oneof![4 => Just(Claim::Nothing), 6 => Just(Claim::Honest), 1 => Just(Claim::Zero), 1 => Just(Claim::TooMuch)]
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![5 => Just(Token::None), 1 => Just(Token::Empty), 4 => Just(Token::Received), 1 => Just(Token::Wrong)]
}

fn what() -> impl Strategy<Value = What> {
    let aimed = || proptest::option::weighted(0.7, to());
    prop_oneof![
        4 => Just(What::Leave),
        4 => (claim(), any::<bool>()).prop_map(|(claim, ack)| What::Beat { claim, ack }),
        3 => any::<(bool, bool)>().prop_map(|(video, audio)| What::Update(video, audio)),
        2 => to().prop_map(What::Kick),
        3 => any::<(bool, bool)>().prop_map(|(video, audio)| What::Request(video, audio)),
        4 => to().prop_map(What::Accept),
        1 => to().prop_map(What::Reject),
        3 => aimed().prop_map(What::Offer),
        3 => aimed().prop_map(What::Answer),
        3 => aimed().prop_map(What::Ice),
        2 => to().prop_map(What::Watch),
        1 => Just(What::WrongType),
    ]
}

fn join() -> impl Strategy<Value = Command> {
    (0..SLOTS, key(), proptest::bool::weighted(0.1), claim(), token())
        .prop_map(|(slot, who, creating, claim, token)| Command::Join { slot, who, creating, claim, token })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        40 => join(),
        70 => (key(), what()).prop_map(|(who, what)| Command::Say { who, slot: None, what }),
        6 => (key(), 0..SLOTS, what()).prop_map(|(who, slot, what)| Command::Say { who, slot: Some(slot), what }),
        1 => (key(), to()).prop_map(|(who, to)| Command::Flood { who, to }),
        5 => Just(Command::Abandon),
        10 => Just(Command::BeatAll),
        14 => (0_u64..16_000).prop_map(|millis| Command::Live { millis }),
        10 => (0_u64..150).prop_map(|millis| Command::Wait { millis }),
        6 => (0_u64..4_000).prop_map(|millis| Command::Wait { millis }),
        3 => (9_000_u64..13_000).prop_map(|millis| Command::Wait { millis }),
        12 => (0..SLOTS).prop_map(|slot| Command::Lose { slot }),
        15 => (0..SLOTS, 0_usize..6).prop_map(|(slot, count)| Command::Write { slot, count }),
        15 => (0..SLOTS, 0_usize..6).prop_map(|(slot, count)| Command::Read { slot, count }),
        15 => Just(Command::Flow),
    ]
}

/// One case.
pub fn commands() -> impl Strategy<Value = Vec<Command>> {
    vec(command(), 20..40)
}
