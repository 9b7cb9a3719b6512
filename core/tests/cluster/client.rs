//! A client: joins, talks, keeps what is not confirmed, comes back.

use std::collections::{BTreeMap, VecDeque};

use roomcast_core::room::ConnectionId;
use roomcast_core::room::message::{Action, Signal, SignalText};
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::{Category, Host, MemberKey, Recipient, Session, SignalKind};

use crate::plan::ClientPlan;
use crate::token::Token;

/// State of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It wants to be in no room.
    Idle,
    /// It wants to join at this time.
    Waiting { at: u64, creating: bool },
    /// JOIN was sent.
    Joining { since: u64, creating: bool },
    /// It is a member.
    In,
}

/// A signal that is not confirmed.
#[derive(Debug, Clone)]
pub struct Unconfirmed {
    pub n: u64,
    pub id: u64,
    pub signal: Signal,
}

#[derive(Debug)]
pub struct Client {
    pub plan: ClientPlan,
    pub session: Session,
    pub room: RoomId,
    pub state: State,
    pub connection: Option<ConnectionId>,
    pub node: usize,
    /// Whether it has vanished: it says nothing more.
    pub gone: bool,
    /// Whether its server has it as a member, as far as it knows: it resumes.
    pub was_in: bool,
    pub next_n: u64,
    pub unconfirmed: VecDeque<Unconfirmed>,
    pub had: u64,
    pub highest: BTreeMap<usize, u64>,
    pub next_beat: u64,
    pub unanswered_since: Option<u64>,
    pub last_version: (u64, u64),
    pub token: Option<Token>,
    pub moderates: bool,
    /// Whether it lets its token end.
    pub lapses: bool,
    /// Whether its token was refused though it has not ended.
    pub is_refused: bool,
    /// Until then it waits for the answer to its last RENEW.
    pub asked_token: u64,
}

impl Client {
    pub fn new(index: usize, plan: ClientPlan) -> Self {
        Self {
            session: session(index),
            room: room_id(plan.room),
            plan,
            state: State::Idle,
            connection: None,
            node: 0,
            gone: false,
            was_in: false,
            next_n: 1000,
            unconfirmed: VecDeque::new(),
            had: 0,
            highest: BTreeMap::new(),
            next_beat: 0,
            unanswered_since: None,
            last_version: (0, 0),
            token: None,
            moderates: false,
            lapses: false,
            is_refused: false,
            asked_token: 0,
        }
    }

    pub fn wants_in(&self) -> bool {
        self.state != State::Idle && !self.gone
    }

    /// The number below the lowest that it keeps.
    pub fn numbers_above(&self) -> Option<u64> {
        self.plan.numbers.then(|| self.unconfirmed.front().map_or(self.next_n - 1, |first| first.n - 1))
    }

    /// The last sequence number that it has, if it says so.
    pub fn resume_from(&self) -> Option<u64> {
        (self.was_in && (self.plan.numbers || self.plan.confirms)).then_some(self.had)
    }

    /// Notes a confirmation; returns the id of the last signal that it covers.
    pub fn confirm(&mut self, n: u64) -> Option<u64> {
        let mut last = None;
        while self.unconfirmed.front().is_some_and(|first| first.n <= n) {
            last = self.unconfirmed.pop_front().map(|first| first.id);
        }
        last
    }

    /// Notes a signal; returns whether it is new: clients that number drop repetitions.
    pub fn note_signal(&mut self, from: usize, n: u64) -> bool {
        if !self.plan.numbers {
            return true;
        }
        let highest = self.highest.entry(from).or_default();
        let new = n > *highest;
        *highest = (*highest).max(n);
        new
    }
}

pub fn room_id(room: usize) -> RoomId {
    RoomId::parse(&format!("room-{room}")).unwrap()
}

pub fn session(index: usize) -> Session {
    Session {
        user_id: UserId::parse(&format!("user-{index}")).unwrap(),
        session_id: SessionId::parse(&format!("s-{index}")).unwrap(),
        category: Category::Stream,
        host: Host::Web,
        device_id: String::new(),
    }
}

/// The number of the client with this session.
pub fn index_of(key: &MemberKey) -> usize {
    key.session_id.as_str()[2..].parse().unwrap()
}

pub fn recipient(index: usize) -> Recipient {
    Recipient::Session(session(index).key())
}

pub fn signal(action: Action, to: Option<usize>, id: u64) -> Signal {
    let message = bytestring::ByteString::from(id.to_string());
    let data = 0..message.len();
    Signal { action, to: to.map(recipient), text: SignalText { message, data } }
}

pub fn relay(to: usize, id: u64) -> Signal {
    signal(Action::Relay(SignalKind::Ice), Some(to), id)
}
