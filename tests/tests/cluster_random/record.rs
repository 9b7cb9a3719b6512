//! The log that all clients write, and how far the run is.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use roomcast_tests::checker::{Entry, Log, What};
use roomcast_tests::member::Heard;
use serde_json::Value;

pub struct Record {
    began: Instant,
    log: Mutex<Log>,
    phase: AtomicU8,
}

impl Record {
    pub fn start(kick: Duration) -> Self {
        let mut log = Log::default();
        log.kick = kick;
        Self { began: Instant::now(), log: Mutex::new(log), phase: AtomicU8::new(0) }
    }

    /// Nothing breaks any more: clients stay where they are, or come back.
    pub fn calm(&self) {
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

    /// A new connection.
    pub fn connection(&self, session: &str, room: &str) -> u32 {
        let mut log = self.lock();
        log.connections.push((session.to_owned(), room.to_owned()));
        log.connections.len() as u32 - 1
    }

    pub fn note(&self, what: What) {
        self.note_at(self.now(), what);
    }

    pub fn note_at(&self, at: Duration, what: What) {
        self.lock().entries.push(Entry { at, what });
    }

    /// Writes down what a connection heard.
    pub fn heard(&self, connection: u32, session: &str, heard: &[Heard]) {
        for Heard { at, value } in heard {
            let at = at.saturating_duration_since(self.began);
            let ack = value.get("c").is_some();
            if let Some(number) = value["sq"].as_u64() {
                self.note_at(at, What::Number(connection, number));
            }
            if let Some(list) = value["b"]["pps"].as_array() {
                self.note_at(at, What::Saw(connection, list.iter().map(listed).collect()));
            }
            match value["s"].as_str() {
                Some("ICE") if !ack => {
                    let from = value["ss"]["sessionId"].as_str().unwrap_or_default().to_owned();
                    let number = value["sdp"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
                    self.note_at(at, What::Got { connection, from, number });
                }
                Some("KICK") if !ack => self.note_at(at, What::Kicked(session.to_owned())),
                Some("GAP") => self.note_at(at, What::Gap(connection)),
                _ => {}
            }
        }
    }

    /// The log, in order of time.
    pub fn log(&self) -> Log {
        let mut log = self.lock().clone();
        log.entries.sort_by_key(|entry| entry.at);
        log
    }

    /// Leaves the log for who looks for a reason.
    pub fn write(&self, name: &str) {
        let log = self.log();
        let mut text = String::new();
        for (number, (session, room)) in log.connections.iter().enumerate() {
            let _ = writeln!(text, "connection {number}: {session} in {room}");
        }
        for entry in &log.entries {
            let _ = writeln!(text, "{:9.3} {:?}", entry.at.as_secs_f64(), entry.what);
        }
        let folder = roomcast_tests::server::program().ancestors().nth(2).expect("target/PROFILE").join("tmp");
        let path = folder.join(format!("{name}.log"));
        if std::fs::write(&path, text).is_ok() {
            println!("the log is {}", path.display());
        }
    }
}

fn listed(entry: &Value) -> (String, String) {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    (text("id"), text("role"))
}
