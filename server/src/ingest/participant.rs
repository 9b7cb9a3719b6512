//! The membership of a publisher in a room, which the server itself holds on behalf of the publisher's encoders.
//!
//! The member joins, sends heartbeats and leaves by the same signals and rules as all others, over a connection without
//! a socket.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use bytestring::ByteString;
use futures_util::StreamExt;
use tokio::sync::watch;

use roomcast_core::hls::UploadEntry;
use roomcast_core::room::Credentials;
use roomcast_core::room::streams::Uploader;
use roomcast_core::room::{ConnectionId, JoinGrant, Refusal};
use roomcast_core::time::UnixTime;
use roomcast_protocol::ack::{self, EngineSettings, ErrorAck, Role, ServerMessage};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::{RoomId, SessionId};
use roomcast_protocol::limits::HEARTBEAT_INTERVAL;
use roomcast_protocol::signal::{
    Body, Category, Engine, Head, Heartbeat, Host, Join, JoinOptions, MemberKey, RoomType, Session, Signal, SignalKind,
    Update,
};

use super::publisher::Publisher;
use super::state::IngestState;
use crate::clock::unix_millis;
use crate::room::{
    Disconnected, Inbox, JoinRoom, JoinedRooms, NoRoom, Outbox, OutboxItem, Outcome, RoomActor, RoomSignal, Upload,
};
use crate::socket::{SendBudget, SendQueueId};
use crate::token;

/// Maximum number of attempts of a `JOIN` that meets a room at the moment of its start or end.
const MAX_ATTEMPTS: usize = 5;
/// Time that the nodes may take to agree on a `JOIN`.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);
/// Bound of the outbox of a member that reads at once, in bytes.
const OUTBOX_BYTES: usize = 1024 * 1024;

/// A member that publishes.
#[derive(Debug)]
pub struct ServerParticipant {
    sender: SignalSender,
    rooms: JoinedRooms,
    key: MemberKey,
    carries: (bool, bool),
    credentials: Option<Box<Credentials>>,
}

/// The sender of a member's signals: its session and its room.
#[derive(Debug, Clone)]
pub struct SignalSender {
    ingest: Arc<IngestState>,
    room: RoomId,
    actor: Addr<RoomActor>,
    connection: ConnectionId,
    outbox: Outbox,
    head: Head,
}

/// The messages to a member.
#[derive(Debug)]
pub struct ParticipantInbox {
    inbox: Inbox,
    budget: Arc<SendBudget>,
}

impl ParticipantInbox {
    /// Returns the next thing that is said, and not read any further than that; `None` means to go.
    pub async fn receive(&mut self) -> Option<()> {
        match self.inbox.next().await? {
            OutboxItem::Message(message) => {
                self.budget.release(message.size());
                Some(())
            }
            // Its push looks by itself whether its token was revoked; what a server's own member says is little.
            OutboxItem::AnswerHeartbeats(..) | OutboxItem::Judge | OutboxItem::Read(..) => Some(()),
            OutboxItem::Close(_) | OutboxItem::Forget(_) => None,
        }
    }

    /// Returns the role that a `JOIN` assigned, or the reason of its refusal. Available at once on a standalone node,
    /// otherwise after the nodes have agreed.
    async fn answer(&mut self) -> Option<Result<Role, ErrorAck>> {
        let deadline = tokio::time::Instant::now() + REPLY_TIMEOUT;
        while let Ok(Some(item)) = tokio::time::timeout_at(deadline, self.inbox.next()).await {
            let OutboxItem::Message(message) = item else { continue };
            self.budget.release(message.size());
            match ack::decode(&message.text()).ok()? {
                ServerMessage::Join(ack) => return Some(Ok(ack.role)),
                ServerMessage::Error(error) if error.signal == Some(SignalKind::Join) => return Some(Err(error)),
                _ => {}
            }
        }
        None
    }
}

impl ServerParticipant {
    /// Joins a broadcast as its publisher. The room is created if it does not exist.
    pub async fn join(
        ingest: &Arc<IngestState>,
        room: &RoomId,
        publisher: &Publisher,
        carries: (bool, bool),
    ) -> Result<(Self, ParticipantInbox), Refusal> {
        let mut refusal =
            Refusal { code: AckCode::Unavailable, reason: "the room keeps closing; try again".to_owned() };
        let session_id = SessionId::parse(&token::random()).expect("random texts are legal ids");
        let key = MemberKey { user_id: publisher.user().clone(), session_id };
        for attempt in 0..MAX_ATTEMPTS {
            let creating = attempt % 2 == usize::from(ingest.rooms.find(room).is_some());
            let actor = match ingest.rooms.open(room, creating) {
                Ok(actor) => actor,
                Err(NoRoom::NotFound) => continue,
                Err(none) => return Err(Refusal { code: none.code(), reason: none.to_string() }),
            };
            let budget = SendBudget::new(OUTBOX_BYTES);
            let (outbox, inbox) = Outbox::new(Arc::clone(&budget), SendQueueId::fresh());
            let mut inbox = ParticipantInbox { inbox, budget };
            let connection = ingest.connections.open(&outbox);
            let (ingest, room, head) = (Arc::clone(ingest), room.clone(), head(room, &key));
            let sender = SignalSender { ingest, room, actor, connection, outbox, head };
            let (rooms, credentials) = (JoinedRooms::default(), publisher.credentials(&sender.room));
            let mut participant = Self { sender, rooms, key: key.clone(), carries, credentials };
            match participant.request_membership(creating, &mut inbox).await {
                Ok(()) => return Ok((participant, inbox)),
                Err(refused) => {
                    participant.disconnect();
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

    async fn request_membership(&mut self, creating: bool, inbox: &mut ParticipantInbox) -> Result<(), Refusal> {
        let refuse = |code, reason: &str| Err(Refusal { code, reason: reason.to_owned() });
        if self.send_join(creating).await != Some(Outcome::Answered) {
            return refuse(AckCode::Unavailable, "the room keeps closing; try again");
        }
        let Some(answer) = inbox.answer().await else { return refuse(AckCode::Unavailable, "the room did not answer") };
        match answer {
            Ok(Role::Viewer) => {
                self.sender.send(Body::Leave);
                refuse(AckCode::PermissionNotFound, "another publishes in this room")
            }
            Ok(Role::Admin | Role::Publisher) => Ok(()),
            Err(ErrorAck { code: AckCode::UnsupportedChannel, .. }) => {
                refuse(AckCode::PermissionNotFound, "the room is no broadcast")
            }
            Err(error) => refuse(error.code, &error.message),
        }
    }

    /// `JOIN`. Uploads need no token, as the room knows the member. The resume token keeps others from taking the
    /// session over.
    async fn send_join(&mut self, creating: bool) -> Option<Outcome> {
        let ttl = self.sender.ingest.settings.token_ttl;
        let grant = JoinGrant {
            credentials: self.credentials.clone(),
            resume_token: token::random(),
            ingest_token: token::random(),
            ingest_life: ttl,
            ingest_expires: unix_millis().saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)),
            engine_settings: EngineSettings::default(),
        };
        let (video, audio) = self.carries;
        let resume_token = Some(String::new());
        let options = JoinOptions { room_creating: creating, resume_token, ..JoinOptions::default() };
        let signal = self.sender.signal(Body::Join(Join { video, audio, engine: Engine::Native, options }));
        let sequence = self.rooms.insert(self.sender.room.clone(), self.sender.actor.clone());
        let (connection, outbox) = (self.sender.connection, self.sender.outbox.clone());
        self.sender.actor.send(JoinRoom { connection, outbox, sequence, signal, grant }).await.ok()
    }

    /// Returns the signals of the member, for its heartbeats.
    pub fn sender(&self) -> SignalSender {
        self.sender.clone()
    }

    /// Says what is published, if that is not known yet.
    pub fn update(&mut self, carries: (bool, bool)) {
        if std::mem::replace(&mut self.carries, carries) != carries {
            self.sender.send(Body::Update(Update { video: carries.0, audio: carries.1 }));
        }
    }

    /// Uploads. Waits while the room is busy.
    pub async fn upload(&self, payload: Payload) -> Result<(), Refusal> {
        let gone = || Refusal { code: AckCode::RoomNotFound, reason: "the room has closed".to_owned() };
        let entry = UploadEntry::new(payload, UnixTime::from_millis(unix_millis()));
        let entry = self.sender.ingest.live.index.media.store_upload(&self.sender.room, entry).await?;
        let upload = Upload { by: Uploader::Member(self.key.clone()), entry: Some(entry) };
        self.sender.actor.send(upload).await.unwrap_or_else(|_| Err(gone()))
    }

    /// Leaves the room, which ends the broadcast.
    pub fn leave(&self) {
        self.sender.send(Body::Leave);
        self.disconnect();
    }

    /// Drops the connection. The room keeps the session for a time.
    pub fn disconnect(&self) {
        self.sender.actor.do_send(Disconnected { connection: self.sender.connection });
        self.sender.ingest.connections.close(self.sender.connection);
    }
}

impl SignalSender {
    /// Sends heartbeats until the member is gone; also while uploads wait for an owner.
    pub async fn send_heartbeats<L: Clone>(self, mut lost: watch::Receiver<Option<L>>) {
        let interval = HEARTBEAT_INTERVAL.min(self.ingest.settings.heartbeat_timeout / 3);
        let mut beats = actix_web::rt::time::interval(interval);
        loop {
            tokio::select! {
                _ = lost.wait_for(Option::is_some) => return,
                _ = beats.tick() => self.send(heartbeat()),
            }
        }
    }

    fn send(&self, body: Body) {
        let (connection, outbox) = (self.connection, self.outbox.clone());
        let signal = self.signal(body);
        // A handful a second at most, and a mailbox that is full must not lose the `LEAVE`.
        self.actor.do_send(RoomSignal { connection, outbox, signal });
    }

    /// A signal without a text: none of these is forwarded, and a refusal of one need not quote it.
    fn signal(&self, body: Body) -> Signal {
        Signal { head: self.head.clone(), number: None, body, message: ByteString::new(), data: 0..0 }
    }
}

fn heartbeat() -> Body {
    Body::Heartbeat(Heartbeat { beat_id: String::new(), send_ack: false, received: None })
}

fn head(room: &RoomId, key: &MemberKey) -> Head {
    let session = Session {
        user_id: key.user_id.clone(),
        session_id: key.session_id.clone(),
        category: Category::Stream,
        host: Host::Server,
        device_id: "ingest".to_owned(),
    };
    Head { room_type: RoomType::P2m, room_id: room.clone(), session, recipient: None }
}
