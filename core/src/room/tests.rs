//! Rooms as their members see them, one file per topic.

mod broadcasts;
mod calls;
mod groups;
mod heartbeats;
mod joining;
mod kicking;
mod numbering;
mod presence;
mod publishing;
mod resuming;
mod succession;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use roomcast_protocol::ack::{EngineSettings, Role};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::{MemberKey, RoomType, SignalKind, decode};

use super::{ConnectionId, Effect, Input, JoinGrant, Room, RoomSettings};
use crate::cluster::{BootId, ClusterSettings};
use crate::room::owner::Owner;
use crate::room::site::Context;
use crate::time::Instant;

/// A room with a clock and what every connection has been sent.
struct World {
    room: Room,
    now: Instant,
    /// Messages sent to every connection since the last look at them, parsed from their wire form.
    sent: BTreeMap<u64, Vec<Value>>,
    effects: Vec<Effect>,
    token: u32,
    room_type: RoomType,
}

impl World {
    fn new(room_type: RoomType) -> Self {
        Self::with_rules(room_type, ClusterSettings::default())
    }

    fn with_rules(room_type: RoomType, rules: ClusterSettings) -> Self {
        let id = RoomId::parse("demo").unwrap();
        let room = Room::new(id, RoomSettings::default().into(), rules.into(), (BootId(1), 0));
        Self { room, room_type, now: Instant(0), sent: BTreeMap::new(), effects: Vec::new(), token: 0 }
    }

    /// A room where these have joined, each over the connection of its place in the list, from 1 on.
    fn with(room_type: RoomType, members: &[&str]) -> Self {
        let mut world = Self::new(room_type);
        world.fill(members);
        world
    }

    fn fill(&mut self, members: &[&str]) {
        for (connection, who) in (1..).zip(members) {
            assert_eq!(self.join(connection, who, connection == 1)["c"], 200);
        }
        self.wait(150);
        self.sent.clear();
    }

    fn step(&mut self, input: Input) {
        let effects = self.room.step(self.context(), input);
        self.take(effects);
    }

    /// The node is alone.
    fn context(&self) -> Context<'static> {
        Context { now: self.now, shared: self.now, lease: None, draining: false }
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, message } => {
                    message.written();
                    let heard = serde_json::from_str(&message.text()).unwrap();
                    self.sent.entry(to.0).or_default().push(heard);
                }
                other => self.effects.push(other),
            }
        }
    }

    /// `who` is a user (`ann`, session `ann-1`) or a further session of one (`ann/2`, screenshare `ann/screen`).
    fn say(&mut self, connection: u64, who: &str, action: &str, more: &Value) {
        let (user, session) = who.split_once('/').unwrap_or((who, "1"));
        let category = if session == "screen" { "screenshare" } else { "stream" };
        let name = SignalKind::from_action(action).unwrap().name();
        let mut data = json!({"s": name, "ch": self.room_type, "rid": "demo", "ss": {"userId": user,
            "sessionId": format!("{user}-{session}"), "category": category, "host": "Web", "deviceId": "d"}});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let signal = decode(json!({"action": action, "data": data}).to_string()).unwrap();
        let connection = ConnectionId(connection);
        self.token += 1;
        let grant = JoinGrant {
            credentials: None,
            resume_token: format!("rt{}", self.token),
            ingest_token: format!("it{}", self.token),
            ingest_expires: 0,
            ingest_life: roomcast_protocol::limits::INGEST_TTL,
            engine_settings: EngineSettings::default(),
        };
        self.step(match action {
            "join" => Input::Join { connection, signal, grant },
            _ => Input::Signal { connection, signal },
        });
    }

    fn join(&mut self, connection: u64, who: &str, creating: bool) -> Value {
        self.say(connection, who, "join", &json!({"ve": true, "ae": true, "op": {"roomCreating": creating}}));
        self.heard(connection).into_iter().find(|heard| heard["s"] == "JOIN").expect("a join is answered")
    }

    fn wait(&mut self, millis: u64) {
        let end = Instant(self.now.0 + millis);
        while self.now < end && !self.room.is_closed() {
            self.now = self.room.next_deadline(self.context()).unwrap_or(end).max(Instant(self.now.0 + 1)).min(end);
            self.step(Input::Tick);
        }
    }

    /// Waits while these members send heartbeats.
    fn wait_with(&mut self, millis: u64, beating: &[(u64, &str)]) {
        let end = self.now.0 + millis;
        while self.now.0 < end {
            self.wait((end - self.now.0).min(3000));
            for (connection, who) in beating {
                self.say(*connection, who, "heartbeat", &json!({"bid": "b", "send_ack": false}));
            }
        }
    }

    fn lose(&mut self, connection: u64) {
        self.step(Input::Disconnected { connection: ConnectionId(connection) });
    }

    /// Takes the messages sent to a connection since the last call.
    fn heard(&mut self, connection: u64) -> Vec<Value> {
        self.sent.remove(&connection).unwrap_or_default()
    }

    fn names(&mut self, connection: u64) -> Vec<String> {
        self.heard(connection).iter().map(|heard| heard["s"].as_str().unwrap().to_owned()).collect()
    }

    /// The code of the last thing a connection was sent, which answers what it just said.
    fn code(&mut self, connection: u64) -> u64 {
        self.heard(connection).last().and_then(|heard| heard["c"].as_u64()).unwrap_or(200)
    }

    /// The sessions that may publish, oldest first.
    fn publishers(&self) -> Vec<String> {
        let publishers = self.owner().into_iter().flat_map(|owner| owner.state().publishers());
        publishers.map(|publisher| publisher.session.session_id.to_string()).collect()
    }

    fn deadline(&self) -> Option<Instant> {
        self.room.next_deadline(self.context())
    }

    fn list_text(&self) -> Arc<RawValue> {
        self.room.encoder.newest_text().expect("somebody was told the list")
    }

    fn owner(&self) -> Option<&Owner> {
        self.room.site().owner()
    }

    fn members(&self) -> Vec<&MemberKey> {
        self.owner().into_iter().flat_map(Owner::roster).map(|(key, _)| key).collect()
    }

    fn role(&self, session: &str) -> Option<Role> {
        let key = self.members().into_iter().find(|key| key.session_id.as_str() == session)?;
        self.owner().map(|owner| owner.state().role(key))
    }

    fn call() -> Self {
        Self::with(RoomType::P2p, &["ann", "bob"])
    }
}

fn sdp(text: &str) -> Value {
    json!({"sdp": text})
}

fn to(recipient: impl Into<Value>) -> Value {
    json!({"to": recipient.into()})
}

/// One session as a recipient.
fn session(user: &str, session: &str) -> Value {
    json!({"userId": user, "sessionId": format!("{user}-{session}")})
}
