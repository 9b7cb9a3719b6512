//! A publisher's seat in a room, taken and held by the server itself in the name of its encoders.
//!
//! It joins, beats and leaves by the same signals and rules as everybody else, over a connection without a socket.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use futures_util::StreamExt;
use serde_json::{Value, json};

use roomcast_core::room::{ConnectionId, Refusal, Welcome};
use roomcast_core::time::{Instant, UnixTime};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::limits::HEARTBEAT_INTERVAL;
use roomcast_protocol::signal::{RoomType, Signal, SignalKind, decode};

use crate::clock::unix_millis;
use crate::node::Node;
use crate::room::{
    Delivery, Disconnected, Inbox, Ingest, JoinRoom, JoinedRooms, NoRoom, Outbox, Outcome, RoomActor, RoomSignal,
};
use crate::socket::{Fill, LaneId};
use crate::token;

/// How often a `JOIN` is tried again when it met a room in the moment of its begin or end.
const ATTEMPTS: usize = 5;
/// How long the nodes may take to agree on a `JOIN`.
const ANSWER: Duration = Duration::from_secs(5);
/// What may be on its way to a member that reads at once.
const OUTBOX: usize = 1024 * 1024;

/// A member that publishes.
#[derive(Debug)]
pub struct Member {
    node: Arc<Node>,
    room: RoomId,
    actor: Addr<RoomActor>,
    rooms: JoinedRooms,
    connection: ConnectionId,
    outbox: Outbox,
    session: Value,
    token: String,
    beat_at: Instant,
    renew_at: Instant,
    carries: (bool, bool),
}

/// What a member hears.
#[derive(Debug)]
pub struct Ear {
    inbox: Inbox,
    fill: Arc<Fill>,
}

impl Ear {
    /// The next thing that is said, and not read any further than that; `None` means to go.
    pub async fn hear(&mut self) -> Option<()> {
        match self.inbox.next().await? {
            Delivery::Message(message) => {
                self.fill.release(message.size());
                Some(())
            }
            Delivery::Close(_) | Delivery::Forget(_) => None,
        }
    }

    /// The answer to a `JOIN`: there already when the node is alone, else when the nodes have agreed.
    async fn answer(&mut self) -> Option<Value> {
        let deadline = tokio::time::Instant::now() + ANSWER;
        while let Ok(Some(delivery)) = tokio::time::timeout_at(deadline, self.inbox.next()).await {
            let Delivery::Message(message) = delivery else { continue };
            self.fill.release(message.size());
            let said: Value = serde_json::from_str(&message.text()).ok()?;
            if said["s"] == "JOIN" {
                return Some(said);
            }
        }
        None
    }
}

impl Member {
    /// Joins a broadcast as its publisher; the room is made when it does not exist.
    pub async fn join(node: &Arc<Node>, room: &RoomId, carries: (bool, bool)) -> Result<(Self, Ear), Refusal> {
        let mut refusal =
            Refusal { code: AckCode::Unavailable, reason: "the room keeps closing; try again".to_owned() };
        for attempt in 0..ATTEMPTS {
            let creating = attempt % 2 == usize::from(node.rooms.find(room).is_some());
            let actor = match node.rooms.open(node, room, RoomType::P2m, creating) {
                Ok(actor) => actor,
                Err(NoRoom::NotFound) => continue,
                Err(none) => return Err(Refusal { code: none.code(), reason: none.to_string() }),
            };
            let fill = Fill::new(OUTBOX);
            let (outbox, inbox) = Outbox::new(Arc::clone(&fill), LaneId::fresh());
            let mut ear = Ear { inbox, fill };
            let connection = node.connections.open(&outbox);
            let mut member = Self {
                node: Arc::clone(node),
                room: room.clone(),
                actor,
                rooms: JoinedRooms::default(),
                connection,
                outbox,
                session: session(node),
                token: String::new(),
                beat_at: Instant(0),
                renew_at: Instant(0),
                carries,
            };
            match member.ask(creating, &mut ear).await {
                Ok(()) => return Ok((member, ear)),
                Err(refused) => {
                    member.go();
                    let again = [AckCode::AlreadyExistRoom, AckCode::RoomNotFound, AckCode::Unavailable];
                    if !again.contains(&refused.code) {
                        return Err(refused);
                    }
                    refusal = refused;
                }
            }
        }
        Err(refusal)
    }

    async fn ask(&mut self, creating: bool, ear: &mut Ear) -> Result<(), Refusal> {
        let refuse = |code, reason: &str| Err(Refusal { code, reason: reason.to_owned() });
        if self.send_join(creating).await != Some(Outcome::Answered) {
            return refuse(AckCode::Unavailable, "the room keeps closing; try again");
        }
        let Some(answer) = ear.answer().await else { return refuse(AckCode::Unavailable, "the room did not answer") };
        let code = answer["c"].as_u64().and_then(|code| AckCode::from_number(u16::try_from(code).ok()?));
        match code {
            Some(AckCode::Ok) if answer["b"]["pt"] == "viewer" => {
                self.say(SignalKind::Leave, &json!({}));
                refuse(AckCode::PermissionNotFound, "another publishes in this room")
            }
            Some(AckCode::Ok) => Ok(()),
            Some(AckCode::UnsupportedChannel) => refuse(AckCode::PermissionNotFound, "the room is no broadcast"),
            code => {
                let reason = answer["b"]["msg"].as_str().unwrap_or("the room refused the encoder");
                refuse(code.unwrap_or(AckCode::Internal), reason)
            }
        }
    }

    /// `JOIN`, which also renews the ingest token. The resume token keeps others from taking the session over.
    async fn send_join(&mut self, creating: bool) -> Option<Outcome> {
        let (settings, now) = (&self.node.settings, self.node.clock.now());
        let ttl = settings.ingest_token_ttl;
        self.token = token::random();
        (self.renew_at, self.beat_at) = (now + ttl / 2, now);
        let welcome = Welcome {
            resume_token: token::random(),
            ingest_token: self.token.clone(),
            ingest_expires: unix_millis().saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)),
            engine_settings: crate::ice::engine_settings(&[], None, "", 0),
        };
        let (video, audio) = self.carries;
        let options = json!({ "roomCreating": creating, "resumeToken": "" });
        let signal = self.signal(SignalKind::Join, &json!({ "ve": video, "ae": audio, "op": options }));
        let attempt = self.rooms.insert(self.room.clone(), self.actor.clone());
        let (connection, outbox) = (self.connection, self.outbox.clone());
        self.actor.send(JoinRoom { connection, outbox, attempt, signal, welcome }).await.ok()
    }

    /// What is due with time: a sign of life, a fresh token.
    pub async fn tick(&mut self) {
        let now = self.node.clock.now();
        if now >= self.renew_at {
            self.send_join(false).await;
        }
        if now >= self.beat_at {
            self.beat_at = now + self.beat_interval();
            self.say(SignalKind::Heartbeat, &json!({ "bid": "", "sendAck": false }));
        }
    }

    fn beat_interval(&self) -> Duration {
        HEARTBEAT_INTERVAL.min(self.node.settings.heartbeat_timeout / 3)
    }

    /// Says what is published, if that is not known yet.
    pub fn update(&mut self, carries: (bool, bool)) {
        if std::mem::replace(&mut self.carries, carries) != carries {
            self.say(SignalKind::Update, &json!({ "ve": carries.0, "ae": carries.1 }));
        }
    }

    /// Uploads. Waits while the room is busy.
    pub async fn upload(&self, payload: Payload) -> Result<(), Refusal> {
        let gone = || Refusal { code: AckCode::RoomNotFound, reason: "the room has closed".to_owned() };
        let received = UnixTime::from_millis(unix_millis());
        self.actor.send(Ingest { token: self.token.clone(), payload, received }).await.unwrap_or_else(|_| Err(gone()))
    }

    /// Leaves the room, which ends the broadcast.
    pub fn leave(&self) {
        self.say(SignalKind::Leave, &json!({}));
        self.go();
    }

    /// Loses its connection; the seat is kept for a while.
    pub fn go(&self) {
        self.actor.do_send(Disconnected { connection: self.connection });
        self.node.connections.close(self.connection);
    }

    fn say(&self, kind: SignalKind, members: &Value) {
        let (connection, outbox) = (self.connection, self.outbox.clone());
        let signal = self.signal(kind, members);
        // A handful a second at most, and a mailbox that is full must not lose the `LEAVE`.
        self.actor.do_send(RoomSignal { connection, outbox, signal });
    }

    fn signal(&self, kind: SignalKind, members: &Value) -> Signal {
        let mut data = json!({ "s": kind.name(), "ch": "p2m", "rid": self.room, "ss": self.session });
        if let (Value::Object(data), Value::Object(members)) = (&mut data, members) {
            data.extend(members.clone());
        }
        decode(json!({ "action": kind.action(), "data": data }).to_string()).expect("these are signals")
    }
}

fn session(node: &Node) -> Value {
    json!({ "userId": node.settings.ingest.ingest_user, "sessionId": token::random(), "category": "stream",
        "host": "Server", "deviceId": "ingest" })
}
