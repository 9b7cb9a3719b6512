//! Room, model, network and clients side by side: every event goes to all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room::site::Context;
use roomcast_core::room::{ConnectionId, Input, JoinGrant, Room, RoomSettings};
use roomcast_core::time::Instant;
use roomcast_protocol::ack::EngineSettings;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::RoomType;

use crate::client::Client;
use crate::command::{Claim, Command, Key, To, Token, What};
use crate::model::{GRACE_PERIOD, KICK, Kind, Line, Model, SILENCE, joining::Join};
use crate::network::Network;
use crate::words;

/// Result of a check.
pub type Checked = Result<(), TestCaseError>;

/// Everything under test and everything that tests it.
pub struct World {
    pub room: Room,
    pub model: Model,
    pub network: Network,
    clients: BTreeMap<Key, Client>,
    marks: u64,
}

impl World {
    pub fn new(room_type: RoomType) -> Self {
        let settings = RoomSettings {
            heartbeat_timeout: Duration::from_millis(SILENCE),
            grace_period: Duration::from_millis(GRACE_PERIOD),
            kick_duration: Duration::from_millis(KICK),
            ..RoomSettings::default()
        };
        let cluster = ClusterSettings {
            heartbeat_timeout: settings.heartbeat_timeout,
            grace_period: settings.grace_period,
            kick_duration: settings.kick_duration,
            ..ClusterSettings::default()
        };
        let room = Room::new(RoomId::parse("demo").unwrap(), settings.into(), cluster.into(), (BootId(1), 0));
        Self { room, model: Model::new(room_type), network: Network::new(), clients: BTreeMap::new(), marks: 0 }
    }

    /// The node is alone.
    pub const fn context(&self) -> Context<'static> {
        let now = Instant(self.model.now);
        Context { now, shared: now, lease: None, draining: false }
    }

    /// The first user creates the room and joins with so many sessions; others join and are accepted.
    pub fn open(&mut self, sessions: u8, guests: u8) -> Checked {
        for session in 1..=sessions {
            let connection = if session == 1 { self.network.connection(0) } else { self.network.another() };
            self.join(connection, (0, session), session == 1, Claim::Nothing, Token::None)?;
        }
        for guest in 1..=guests {
            self.join(self.network.connection(usize::from(guest)), (guest, 1), false, Claim::Nothing, Token::None)?;
            self.say((0, 1), None, What::Accept(To::User(guest)))?;
        }
        Ok(())
    }

    pub fn carry_out(&mut self, command: &Command) -> Checked {
        match *command {
            Command::Join { slot, who, creating, claim, token } => {
                self.join(self.network.connection(slot), who, creating, claim, token)
            }
            Command::Say { who, slot, what } => self.say(who, slot, what),
            Command::Flood { who, to } => (0..140).try_for_each(|_| self.say(who, None, What::Ice(Some(to)))),
            Command::Abandon => {
                self.model.publishers().into_iter().rev().try_for_each(|who| self.say(who, None, What::Leave))
            }
            Command::BeatAll => self.beat_all(),
            Command::Live { millis } => self.live(millis),
            Command::Wait { millis } => self.wait(millis),
            Command::Lose { slot } => self.lose(slot),
            Command::Write { slot, count } => {
                let connection = self.network.connection(slot);
                for _ in 0..count {
                    self.write(connection);
                }
                Ok(())
            }
            Command::Read { slot, count } => {
                (0..count).try_for_each(|_| self.read(self.network.connection(slot)).map(|_| ()))
            }
            Command::Flow => self.flow(),
        }
    }

    fn claimed(&self, who: Key, claim: Claim) -> Option<u64> {
        let received = self.clients.get(&who).map_or(0, |client| client.received);
        match claim {
            Claim::Nothing => None,
            Claim::Honest => Some(received),
            Claim::Zero => Some(0),
            Claim::TooMuch => Some(received + 3000),
        }
    }

    fn join(&mut self, connection: u64, who: Key, creating: bool, claim: Claim, token: Token) -> Checked {
        // A client that claims numbers of another life would count on from them: that is no claim of a new member here.
        let from = self
            .claimed(who, claim)
            .filter(|_| !matches!(claim, Claim::TooMuch) || self.model.members.contains_key(&who));
        let token = match token {
            Token::None => None,
            Token::Empty => Some(String::new()),
            Token::Received => self.clients.get(&who).and_then(|client| client.token.clone()),
            Token::Wrong => Some("wrong".to_owned()),
        };
        self.marks += 1;
        let fresh = format!("rt{}", self.marks);
        let signal = words::join(self.model.room_type, who, creating, from, token.clone());
        let grant = JoinGrant {
            credentials: None,
            resume_token: fresh.clone(),
            ingest_token: "it".to_owned(),
            ingest_expires: 0,
            ingest_life: roomcast_protocol::limits::INGEST_TTL,
            engine_settings: EngineSettings::default(),
        };
        self.model.join(&Join { connection, who, creating, from, token, fresh });
        self.step(Input::Join { connection: ConnectionId(connection), signal, grant })
    }

    fn say(&mut self, who: Key, slot: Option<usize>, what: What) -> Checked {
        let own = self.model.members.get(&who).and_then(|member| member.connection);
        let connection = slot.map_or_else(|| own.unwrap_or(999), |slot| self.network.connection(slot));
        let claim = match what {
            What::Beat { claim, .. } => self.claimed(who, claim),
            _ => None,
        };
        self.marks += 1;
        let Some(signal) = words::signal(self.model.room_type, who, what, claim, self.marks) else { return Ok(()) };
        self.model.signal(connection, who, what, claim, self.marks);
        if self.answer_without_room(connection, &signal)? {
            return Ok(());
        }
        if matches!(what, What::Leave) {
            self.network.drop_presence(connection, &signal.head.session.key());
        }
        self.step(Input::Signal { connection: ConnectionId(connection), signal })
    }

    fn beat_all(&mut self) -> Checked {
        let here = |model: &Model| -> Vec<Key> {
            let there = model.members.iter().filter(|(_, member)| member.connection.is_some());
            there.map(|(key, _)| *key).collect()
        };
        let beat = What::Beat { claim: Claim::Honest, ack: false };
        here(&self.model).into_iter().try_for_each(|who| self.say(who, None, beat))
    }

    fn live(&mut self, millis: u64) -> Checked {
        let end = self.model.now + millis;
        while self.model.now < end {
            self.wait((end - self.model.now).min(4_000))?;
            self.beat_all()?;
        }
        Ok(())
    }

    /// Wakes the room when it wants to be, and checks that it never sleeps through anything.
    fn wait(&mut self, millis: u64) -> Checked {
        let end = self.model.now + millis;
        while self.model.now < end {
            let deadline = self.room.next_deadline(self.context()).map(|deadline| deadline.0);
            if let Some(event) = self.model.next_event() {
                prop_assert!(deadline.is_some_and(|deadline| deadline <= event), "{deadline:?} is after {event}");
            }
            self.model.now = deadline.unwrap_or(end).clamp(self.model.now + 1, end);
            self.model.on_time();
            self.step(Input::Tick)?;
        }
        Ok(())
    }

    fn lose(&mut self, slot: usize) -> Checked {
        let gone = self.network.lose(slot);
        for member in self.model.members.values_mut().filter(|member| member.connection == Some(gone)) {
            member.connection = None;
        }
        self.model.on_time();
        self.step(Input::Disconnected { connection: ConnectionId(gone) })
    }

    /// Writes the next message to a connection; returns whether there was one.
    fn write(&mut self, connection: u64) -> bool {
        let written = self.network.write(connection);
        if let Some(Line { owner: Some(owner), kind: Kind::NumberedSignal(number), .. }) = written {
            self.model.note_written(owner, number);
        }
        written.is_some()
    }

    /// Reads the next message of a connection; returns whether there was one.
    fn read(&mut self, connection: u64) -> Result<bool, TestCaseError> {
        let Some(line) = self.network.read(connection) else { return Ok(false) };
        let Some((who, takeover)) = line.owner else { return Ok(true) };
        // A client that has moved to another connection does not listen to the one before.
        if let Some(member) = self.model.members.get(&who).filter(|member| member.takeover == takeover) {
            self.clients.entry(who).or_default().take(&line, member)?;
        }
        Ok(true)
    }

    fn flow(&mut self) -> Checked {
        for connection in self.network.all() {
            while self.write(connection) {}
            while self.read(connection)? {}
        }
        Ok(())
    }

    /// The end of a case: whoever still has a connection has everything.
    pub fn settle(&mut self) -> Checked {
        // Somebody may fall silent while we wait, which changes the list once more: until nobody does.
        loop {
            let before = self.model.list();
            self.wait(200)?;
            if self.model.list() == before {
                break;
            }
        }
        self.flow()?;
        for (who, member) in self.model.members.iter().filter(|(_, member)| member.connection.is_some()) {
            self.clients[who].has_all(member)?;
            let last = member.history.values().rfind(|sent| sent.list);
            if let Some(last) = last {
                prop_assert_eq!(&last.text, &format!("LIST {}", self.model.list()));
            }
        }
        Ok(())
    }
}
