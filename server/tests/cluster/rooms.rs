//! The rooms of a node, as a listener that writes down what it is told, and waits for it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roomcast_core::cluster::directory::Era;
use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room::message::{AttachmentId, Body, Message, StayRef, ToOwner};
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::MemberKey;
use roomcast_server::backplane::{BackplaneSettings, Partition, SettingNames};
use roomcast_server::cluster::{Clock, Handled, Receipt, RoomListener, Transport};
use tokio::sync::Notify;

use super::server::Redis;

/// Notifications to the rooms.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Message(BootId, Message),
    Doubt(BootId),
    Acked(RoomId, BootId, u64),
    Era(Partition, Era),
    Dead(BootId, Duration),
    Deposed(BootId),
    Amnesty,
    Refused(&'static str),
}

#[derive(Default)]
pub struct Rooms {
    told: Mutex<Vec<Told>>,
    more: Notify,
    /// The nodes on which this one depends.
    pub peers: Mutex<Vec<BootId>>,
    /// Rooms that are not here.
    pub missing: Mutex<Vec<RoomId>>,
    /// A room that handles nothing for now, and what it has not handled.
    pub slow: Mutex<Option<RoomId>>,
    pub unhandled: Mutex<Vec<Handled>>,
}

impl Rooms {
    fn hear(&self, told: Told) {
        self.told.lock().expect("a list").push(told);
        self.more.notify_waiters();
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().expect("a list").clone()
    }

    pub fn forget(&self) {
        self.told.lock().expect("a list").clear();
    }

    /// Waits until what was told is such.
    pub async fn wait_all<T>(&self, what: &str, found: impl Fn(&[Told]) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let more = self.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                if let Some(found) = found(&self.told.lock().expect("a list")) {
                    return found;
                }
                more.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), waiting).await {
            Ok(found) => found,
            Err(_) => panic!("{what} was not told, but {:?}", self.told()),
        }
    }

    /// Waits until something is among what was told.
    pub async fn wait(&self, what: &str, wanted: impl Fn(&Told) -> bool) -> Told {
        self.wait_all(what, |told| told.iter().find(|told| wanted(told)).cloned()).await
    }

    /// Waits for a message with a number.
    pub async fn wait_number(&self, number: u64) {
        self.wait(&format!("message {number}"), |told| number_of(told) == Some(number)).await;
    }

    pub async fn wait_doubt(&self, node: BootId) {
        self.wait("a doubt", |told| *told == Told::Doubt(node)).await;
    }

    pub async fn wait_acked(&self, room: &RoomId, node: BootId, counter: u64) {
        let acked = |told: &Told| matches!(told, Told::Acked(r, n, c) if r == room && *n == node && *c >= counter);
        self.wait(&format!("the receipt of {counter}"), acked).await;
    }

    pub fn has_acked(&self) -> bool {
        self.told().iter().any(|told| matches!(told, Told::Acked(..)))
    }

    /// The numbers that were told, and none for each doubt.
    pub fn numbers(&self) -> Vec<Option<u64>> {
        let told = self.told();
        let relevant = told.iter().filter(|told| matches!(told, Told::Message(..) | Told::Doubt(_)));
        relevant.map(number_of).collect()
    }
}

impl RoomListener for Rooms {
    fn message(&self, from: BootId, message: Message, handled: Handled) -> Result<(), Box<Message>> {
        if self.missing.lock().expect("a list").contains(&message.room) {
            return Err(Box::new(message));
        }
        if self.slow.lock().expect("a room").as_ref() == Some(&message.room) {
            self.unhandled.lock().expect("a list").push(handled);
        }
        self.hear(Told::Message(from, message));
        Ok(())
    }

    fn doubt(&self, node: BootId, _: Handled) {
        self.hear(Told::Doubt(node));
    }

    fn acked(&self, room: &RoomId, node: BootId, counter: u64) {
        self.hear(Told::Acked(room.clone(), node, counter));
    }

    fn era(&self, partition: Partition, era: Era) {
        self.hear(Told::Era(partition, era));
    }

    fn dead(&self, node: BootId, age: Duration) {
        self.hear(Told::Dead(node, age));
    }

    fn deposed(&self, boot: BootId) {
        self.hear(Told::Deposed(boot));
    }

    fn amnesty(&self) {
        self.hear(Told::Amnesty);
    }

    fn peers(&self) -> Vec<BootId> {
        self.peers.lock().expect("a list").clone()
    }

    fn refused(&self, reason: &'static str) {
        self.hear(Told::Refused(reason));
    }
}

pub fn room(name: &str) -> RoomId {
    RoomId::parse(name).expect("a room")
}

/// A message with a number.
pub fn message(room: &RoomId, number: u64) -> Message {
    let user = UserId::parse("ann").expect("a user");
    let member = MemberKey { user_id: user, session_id: SessionId::parse("s").expect("a session") };
    let body = Body::ToOwner(ToOwner::Had(StayRef { member, stay: 1 }, number));
    Message { room: room.clone(), attachment: AttachmentId { edge: BootId(1), counter: 1 }, body }
}

fn number_of(told: &Told) -> Option<u64> {
    match told {
        Told::Message(_, Message { body: Body::ToOwner(ToOwner::Had(_, number)), .. }) => Some(*number),
        _ => None,
    }
}

/// A node and its rooms.
pub struct Node {
    pub clock: Clock,
    pub transport: Transport,
    pub rooms: Arc<Rooms>,
}

impl Node {
    /// Starts a node that need not be ready.
    pub fn start(url: &str) -> Self {
        Self::of(settings(url))
    }

    /// Starts a node with its own settings.
    pub fn of(settings: BackplaneSettings) -> Self {
        let rooms = Arc::new(Rooms::default());
        let cluster = ClusterSettings { lease: settings.lease, ..ClusterSettings::default() };
        let listener = Arc::clone(&rooms) as Arc<dyn RoomListener>;
        let clock = Clock::start();
        let transport = Transport::start(settings, cluster, clock, listener).expect("it starts");
        Self { clock, transport, rooms }
    }

    /// Starts a node and waits until it is ready.
    pub async fn ready(url: &str) -> Self {
        let node = Self::start(url);
        node.wait_ready().await;
        node
    }

    pub async fn wait_ready(&self) {
        until("ready", || self.transport.nodes().is_ready()).await;
    }

    pub fn boot(&self) -> BootId {
        self.transport.boot()
    }

    /// Sends a message with a number and wants a receipt; returns the packet's counter.
    pub fn send(&self, to: &Self, room: &RoomId, number: u64) -> u64 {
        let counter = self.transport.send(to.boot(), &message(room, number), Receipt::Wanted).expect("it is sent");
        self.transport.publish_soon();
        counter
    }
}

/// Settings with shorter times than usual.
pub fn settings(url: &str) -> BackplaneSettings {
    BackplaneSettings {
        address: url.parse().expect("an address"),
        ca: None,
        names: SettingNames::default(),
        timeout: Duration::from_secs(1),
        media_timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(1),
        lease: Duration::from_secs(2),
        beat_timeout: Duration::from_millis(700),
        max_calls: 4096,
        max_call_bytes: 16 << 20,
        max_push_bytes: 16 << 20,
    }
}

/// Waits until something is true that nobody tells of.
pub async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..3000 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {what}");
}

/// Publishes any bytes to the channel of a node.
pub fn publish(redis: &Redis, to: BootId, payload: &[u8]) {
    let (port, channel) = (redis.port.to_string(), format!("rc:{{{:016x}}}:n", to.0));
    let mut client = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port, "-x", "PUBLISH", &channel])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-cli is installed");
    client.stdin.take().expect("its input").write_all(payload).expect("written");
    assert!(client.wait().expect("it ends").success());
}
