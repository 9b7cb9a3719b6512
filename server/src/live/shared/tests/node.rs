//! One node: its connection, its broadcasts of the room, and what its viewers see.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use roomcast_core::hls;
use roomcast_core::room::Refusal;
use roomcast_core::time::UnixTime;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::RoomId;

use super::feed::id;
use super::server::Redis;
use crate::backplane::{
    Backplane, BackplaneSettings, BootId, Listener, Partition, Reaping, Reset, Script, SettingNames,
};
use crate::live::LiveRoom;
use crate::live::shared::{Broadcasts, Playing, Settings};

static REGISTER: Script = Script::new("return redis.call('HSET', KEYS[1], ARGV[1], 1)");
static LEAVE: Script = Script::new("return redis.call('HDEL', KEYS[1], ARGV[1])");

/// News for the room's thread.
enum News {
    Message(Bytes),
    Reset,
}

struct Ear {
    news: UnboundedSender<News>,
    deaf: AtomicBool,
}

impl Listener for Ear {
    fn message(&self, _: Partition, payload: Bytes) {
        if !self.deaf.load(Ordering::SeqCst) {
            let _ = self.news.send(News::Message(payload));
        }
    }

    fn reset(&self, _: &[Partition], _: Reset) {
        let _ = self.news.send(News::Reset);
    }

    fn reap(&self, _: BootId) -> Reaping {
        Box::pin(async { Ok(0) })
    }
}

pub struct Node {
    pub backplane: Backplane,
    pub broadcasts: Broadcasts,
    pub live: Arc<LiveRoom>,
    pub playing: Rc<RefCell<Vec<Playing>>>,
    ear: Arc<Ear>,
}

pub fn room() -> RoomId {
    RoomId::parse("demo").unwrap()
}

fn settings(redis: &Redis) -> BackplaneSettings {
    BackplaneSettings {
        address: redis.url().parse().unwrap(),
        ca: None,
        names: SettingNames::default(),
        timeout: Duration::from_millis(500),
        media_timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(1),
        lease: Duration::from_secs(2),
        beat_timeout: Duration::from_millis(700),
        max_calls: 4096,
        max_call_bytes: 1 << 24,
        max_push_bytes: 1 << 24,
    }
}

impl Node {
    /// A node that has read what there is.
    pub async fn start(redis: &Redis) -> Self {
        Self::with(redis, hls::Settings::default()).await
    }

    pub async fn with(redis: &Redis, hls: hls::Settings) -> Self {
        let (news, heard) = unbounded_channel();
        let ear = Arc::new(Ear { news, deaf: AtomicBool::new(false) });
        let backplane = Backplane::start(settings(redis), Arc::clone(&ear) as Arc<dyn Listener>).await.unwrap();
        until("ready", || backplane.is_ready()).await;
        let (live, playing) = (Arc::<LiveRoom>::default(), Rc::new(RefCell::new(Vec::new())));
        let told = Rc::clone(&playing);
        let on_change = move |playing| told.borrow_mut().push(playing);
        let settings = Settings { hls, max_playlists: 2 };
        let broadcasts = Broadcasts::new(backplane.clone(), room(), Arc::clone(&live), settings, on_change);
        actix_web::rt::spawn(listen(heard, broadcasts.clone()));
        let node = Self { backplane, broadcasts, live, playing, ear };
        node.register().await;
        node.broadcasts.load().await.unwrap();
        node
    }

    /// Is told from now on.
    pub async fn register(&self) {
        self.among_the_told(&REGISTER).await;
        self.ear.deaf.store(false, Ordering::SeqCst);
    }

    /// Is told nothing from now on.
    pub async fn leave(&self) {
        self.ear.deaf.store(true, Ordering::SeqCst);
        self.among_the_told(&LEAVE).await;
    }

    async fn among_the_told(&self, script: &'static Script) {
        let at = Partition::of(&room());
        let boot = Bytes::copy_from_slice(self.backplane.boot().as_str().as_bytes());
        self.backplane.run(at, script, vec![at.key("rn:demo")], vec![boot]).await.unwrap();
    }

    pub async fn try_take(&self, payload: Payload) -> Result<(), Refusal> {
        self.broadcasts.upload(UnixTime(1_732_287_600_000_000), payload).await
    }

    pub async fn take(&self, payload: Payload) {
        self.try_take(payload).await.unwrap();
    }

    pub async fn take_all(&self, payloads: impl IntoIterator<Item = Payload>) {
        for payload in payloads {
            self.take(payload).await;
        }
    }

    /// The media playlist; nothing before the first.
    pub fn playlist(&self) -> String {
        let newest = self.live.track(&id("main"), &id("v0")).newest();
        newest.map(|newest| String::from_utf8(newest.snapshot.playlist.to_vec()).unwrap()).unwrap_or_default()
    }

    pub async fn until_listed(&self, name: &str) {
        until(&format!("listed: {name}"), || self.names().iter().any(|listed| listed == name)).await;
    }

    /// The bytes of an object, as a viewer gets them.
    pub async fn object(&self, name: &str) -> Bytes {
        let stored = self.live.track(&id("main"), &id("v0")).object(&id(name));
        let stored = stored.unwrap_or_else(|| panic!("{name} is not served\n{}", self.playlist()));
        let chain = stored.bytes().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        chain.links().flat_map(|link| link.to_vec()).collect()
    }

    /// What the playlist names.
    pub fn names(&self) -> Vec<String> {
        let playlist = self.playlist();
        let uris = playlist.lines().filter(|line| line.contains("URI=\"") && !line.contains("PRELOAD"));
        let uris = uris.map(|line| line.split_once("URI=\"").unwrap().1.split_once('"').unwrap().0.to_owned());
        uris.chain(playlist.lines().filter(|line| !line.starts_with('#')).map(str::to_owned)).collect()
    }

    /// Every object that the playlist names.
    pub async fn objects(&self) -> Vec<(String, Bytes)> {
        let mut objects = Vec::new();
        for name in self.names() {
            let bytes = self.object(&name).await;
            objects.push((name, bytes));
        }
        objects
    }
}

async fn listen(mut heard: UnboundedReceiver<News>, broadcasts: Broadcasts) {
    while let Some(news) = heard.recv().await {
        match news {
            News::Message(message) if message.starts_with(b"L") => broadcasts.heard(&message),
            News::Message(_) => {}
            News::Reset => broadcasts.reset(),
        }
    }
}

/// Waits until both list the same.
pub async fn until_same(one: &Node, other: &Node) {
    until("the same", || one.playlist() == other.playlist()).await;
}

pub async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..1500 {
        if is() {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {what}");
}

/// How often a command was called.
pub fn calls(redis: &Redis, command: &str) -> u64 {
    let stats = redis.ask(&["INFO", "commandstats"]);
    let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")));
    line.map_or(0, |line| line.split_once("calls=").unwrap().1.split_once(',').unwrap().0.parse().unwrap())
}

/// Counts what the nodes of this thread fetch, from now on.
pub struct Fetches(PrometheusHandle);

impl Fetches {
    pub fn count() -> (Self, impl Drop) {
        // The guard wants it for as long as the thread lives.
        let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        (Self(recorder.handle()), metrics::set_default_local_recorder(recorder))
    }

    pub fn now(&self) -> u64 {
        let text = self.0.render();
        let line = text.lines().find(|line| line.starts_with("roomcast_hls_fetched_total "));
        line.map_or(0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }
}

/// A number Redis answers.
pub fn number(redis: &Redis, command: &[&str]) -> u64 {
    redis.ask(command).trim().parse().unwrap()
}

/// A key of the room.
pub fn key(kind_and_rest: &str) -> String {
    Partition::of(&room()).key(kind_and_rest)
}
