//! A listener that writes down what it is told, and waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use roomcast_server::backplane::{
    Backplane, BackplaneSettings, BootId, Failure, Listener, Partition, Reaping, Reset, SettingNames,
};
use tokio::sync::Notify;

/// What a listener was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Message(Partition, Bytes),
    Reset(usize, Reset),
    Reaped(BootId),
}

#[derive(Default)]
pub struct Ear {
    told: Mutex<Vec<(Instant, Told)>>,
    more: Notify,
    /// How often a reaping of a node fails before it works.
    pub failing: Mutex<HashMap<BootId, u32>>,
    /// Held by a test, it holds up the listener.
    pub gate: tokio::sync::Mutex<()>,
}

impl Ear {
    fn hear(&self, told: Told) {
        tokio::task::block_in_place(|| drop(self.gate.blocking_lock()));
        self.told.lock().expect("a list").push((Instant::now(), told));
        self.more.notify_waiters();
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().expect("a list").iter().map(|(_, told)| told.clone()).collect()
    }

    pub fn forget(&self) {
        self.told.lock().expect("a list").clear();
    }

    /// Waits until something is among what was told; tells when it was.
    pub async fn wait(&self, what: &str, wanted: impl Fn(&Told) -> bool) -> Instant {
        let waiting = async {
            loop {
                let more = self.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                let found = self.told.lock().expect("a list").iter().find(|(_, told)| wanted(told)).map(|(at, _)| *at);
                if let Some(at) = found {
                    return at;
                }
                more.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(15), waiting).await {
            Ok(at) => at,
            Err(_) => panic!("{what} was not told, but {:?}", self.told()),
        }
    }

    pub async fn wait_reset(&self, reason: Reset) -> Instant {
        self.wait(&format!("{reason:?}"), |told| matches!(told, Told::Reset(_, why) if *why == reason)).await
    }
}

impl Listener for Ear {
    fn message(&self, partition: Partition, payload: Bytes) {
        self.hear(Told::Message(partition, payload));
    }

    fn reset(&self, partitions: &[Partition], reason: Reset) {
        self.hear(Told::Reset(partitions.len(), reason));
    }

    fn reap(&self, dead: BootId) -> Reaping {
        let mut failing = self.failing.lock().expect("a list");
        let left = failing.get_mut(&dead).filter(|left| **left > 0).map(|left| *left -= 1);
        drop(failing);
        self.hear(Told::Reaped(dead));
        Box::pin(async move { if left.is_some() { Err(Failure::Unavailable) } else { Ok(1) } })
    }
}

/// Settings with shorter times than usual.
pub fn settings(url: &str) -> BackplaneSettings {
    BackplaneSettings {
        address: url.parse().expect("an address"),
        ca: None,
        names: SettingNames::default(),
        timeout: Duration::from_millis(500),
        media_timeout: Duration::from_secs(2),
        connect_timeout: Duration::from_secs(1),
        lease: Duration::from_secs(2),
        beat_timeout: Duration::from_millis(700),
        max_calls: 4096,
        max_call_bytes: 1 << 20,
        max_push_bytes: 1 << 20,
    }
}

/// A node and its listener, ready.
pub async fn node(settings: BackplaneSettings) -> (Backplane, Arc<Ear>) {
    let ear = Arc::new(Ear::default());
    let backplane = Backplane::start(settings, Arc::clone(&ear) as Arc<dyn Listener>).await.expect("it starts");
    ready(&backplane).await;
    (backplane, ear)
}

/// Waits until a node is ready.
pub async fn ready(backplane: &Backplane) {
    until("ready", || backplane.is_ready()).await;
}

/// Waits until something is true that nobody tells of.
pub async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..1500 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {what}");
}

/// Waits for a message in partition 7.
pub async fn heard(ear: &Ear, payload: &str) -> Instant {
    let wanted = Told::Message(super::partition(7), super::text(payload));
    ear.wait(payload, |told| *told == wanted).await
}

/// Calls until it works.
pub async fn until_ok<T>(call: impl AsyncFn() -> Result<T, Failure>) -> T {
    for _ in 0..500 {
        if let Ok(value) = call().await {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never answered");
}
