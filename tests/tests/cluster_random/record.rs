//! The log that all clients write, and how far the run is.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use roomcast_checker::{Event, Kind, Log};
use roomcast_tests::member::Heard;
use serde_json::Value;

/// Clients see lists with their heartbeats, each second, and look around between other things; and several processes
/// share the machine.
const SLACK: Duration = Duration::from_millis(1500);

pub struct Record {
    began: Instant,
    log: Mutex<Log>,
    phase: AtomicU8,
    ids: AtomicU64,
    fetched: AtomicU64,
}

impl Record {
    /// An empty log about these clients; a kick holds for a time.
    pub fn start(clients: Vec<Kind>, kick: Duration) -> Self {
        let log = Mutex::new(Log::new(clients, millis(kick), millis(SLACK)));
        let (phase, ids, fetched) = (AtomicU8::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { began: Instant::now(), log, phase, ids, fetched }
    }

    /// Nothing breaks any more: clients stay where they are, or come back.
    pub fn calm(&self) {
        self.lock().calm = millis(self.now());
        self.phase.store(1, Ordering::Relaxed);
    }

    /// Clients end.
    pub fn finish(&self) {
        self.phase.store(2, Ordering::Relaxed);
    }

    pub fn is_calm(&self) -> bool {
        self.phase.load(Ordering::Relaxed) > 0
    }

    pub fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) > 1
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of the log.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// A moment as the time of the log.
    pub fn time(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.began)
    }

    /// An id for a signal: they rise.
    pub fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn count_fetched(&self) {
        self.fetched.fetch_add(1, Ordering::Relaxed);
    }

    /// The share of what playlists named that was fetched.
    pub fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    pub fn note(&self, event: Event) {
        self.note_at(self.now(), event);
    }

    pub fn note_at(&self, at: Duration, event: Event) {
        self.lock().events.push((millis(at), event));
    }

    /// Writes down what a connection of a client heard.
    pub fn heard(&self, client: usize, heard: &[Heard]) {
        for Heard { at, value, repeated } in heard {
            let (at, ack) = (self.time(*at), value.get("c").is_some());
            let number = value["sq"].as_u64();
            match (value["s"].as_str(), number) {
                (Some("ICE"), Some(sq)) if !ack && !repeated => {
                    let from = value["ss"]["sessionId"].as_str().and_then(index_of).unwrap_or(usize::MAX);
                    let id = value["sdp"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
                    self.note_at(at, Event::Got { to: client, from, id, sq });
                }
                (_, Some(sq)) => self.note_at(at, Event::Numbered { to: client, sq }),
                _ => {}
            }
            if value["s"] == "GAP" {
                self.note_at(at, Event::Gap { client });
            }
            if let Some(list) = value["b"]["pps"].as_array() {
                self.note_at(at, seen(client, list));
            }
        }
    }

    /// The log, in order of time.
    pub fn log(&self) -> Log {
        let mut log = self.lock().clone();
        log.events.sort_by_key(|(at, _)| *at);
        log
    }

    /// Leaves the log for who looks for a reason.
    pub fn write(&self, name: &str) {
        let log = self.log();
        let mut text = String::new();
        for (number, kind) in log.clients.iter().enumerate() {
            let _ = writeln!(text, "client {number}: {kind:?}");
        }
        for (at, event) in &log.events {
            let _ = writeln!(text, "{at:8} {event:?}");
        }
        let folder = roomcast_tests::server::program().ancestors().nth(2).expect("target/PROFILE").join("tmp");
        let path = folder.join(format!("{name}.log"));
        if std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, text)).is_ok() {
            println!("the log is {}", path.display());
        }
    }
}

/// A duration in whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The number of the client `userN` by its session.
fn index_of(session: &str) -> Option<usize> {
    session.strip_prefix("user")?.strip_suffix("-1")?.parse().ok()
}

/// A list as a client saw it.
fn seen(client: usize, list: &[Value]) -> Event {
    let index = |entry: &Value| entry["id"].as_str().and_then(index_of).unwrap_or(usize::MAX);
    let owners = list.iter().filter(|entry| entry["role"] == "admin").map(index).collect();
    Event::List { client, version: None, publishers: list.iter().map(index).collect(), owners }
}
