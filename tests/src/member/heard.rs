//! Messages that a member has received.

use std::time::Instant;

use serde_json::Value;

use super::numbers::{Had, SentSignals};

/// One message.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Time when it came.
    pub at: Instant,
    /// The message.
    pub value: Value,
    /// Whether it repeats what a member that numbers had before.
    pub repeated: bool,
}

/// Everything a member has heard, over all its connections.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The messages, in order.
    pub heard: Vec<Heard>,
    /// The code with which the newest connection was closed; 1006 when it broke.
    pub closed: Option<u16>,
    /// The time of that close.
    pub closed_at: Option<Instant>,
    /// Its signals with numbers, if it numbers them.
    pub said: Option<SentSignals>,
    pub(super) last: Option<u64>,
    pub(super) had: Had,
}

impl State {
    /// Nothing heard yet, of a member that numbers what it says, or not.
    #[must_use]
    pub fn of(said: Option<SentSignals>) -> Self {
        Self { said, ..Self::default() }
    }

    pub(super) fn push(&mut self, value: Value) {
        self.count(&value, Instant::now());
    }

    fn count(&mut self, value: &Value, at: Instant) {
        let own = value["sq"].as_u64().or_else(|| (value["s"] == "JOIN").then(|| value["b"]["sq"].as_u64()).flatten());
        // An ack of JOIN tells the last number given, of which the messages may still come; in another membership none.
        if value["s"] != "JOIN" || self.last.is_none() || value["b"]["resumed"] == false {
            self.last = own.or(self.last);
        }
        let repeated = self.said.is_some() && self.note_repeated(value);
        self.heard.push(Heard { at, value: value.clone(), repeated });
    }

    /// Notes a signal; returns whether it is of a session that numbers and was had before.
    fn note_repeated(&mut self, value: &Value) -> bool {
        let sent = (value["ss"]["sessionId"].as_str(), value["n"].as_u64());
        matches!(sent, (Some(session), Some(n)) if value.get("c").is_none() && !self.had.note(session, n))
    }

    /// The highest number it has got.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.last.unwrap_or(0)
    }

    /// Forgets all messages but so many, with their numbers: another connection gets them again.
    pub fn forget_behind(&mut self, known: usize) {
        if known < self.heard.len() {
            let kept: Vec<_> = self.heard.drain(..).take(known).collect();
            (self.last, self.had) = (None, Had::default());
            kept.into_iter().for_each(|heard| self.count(&heard.value, heard.at));
        }
    }

    /// All messages of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.heard.iter().map(|heard| &heard.value).filter(move |value| value["s"] == name)
    }

    /// The entries of the newest list it knows: of a list change, a heartbeat's or a join's answer.
    #[must_use]
    pub fn entries(&self) -> &[Value] {
        let newest = self.heard.iter().rev().find_map(|heard| heard.value["b"]["pps"].as_array());
        newest.map_or(&[], Vec::as_slice)
    }

    /// The sessions of that list, oldest publisher first.
    #[must_use]
    pub fn list(&self) -> Vec<&str> {
        self.entries().iter().filter_map(|entry| entry["id"].as_str()).collect()
    }

    /// The numbers of the candidates it got from a session, in the order they came.
    #[must_use]
    pub fn numbers(&self, session: &str) -> Vec<u64> {
        let own = self.named("ICE").filter(|value| value.get("c").is_none() && value["ss"]["sessionId"] == session);
        own.filter_map(|value| value["sdp"].as_str()?.parse().ok()).collect()
    }

    /// Number of signals of the newest connection that the server has certainly read, by its answers to heartbeats
    /// behind message `from` of those received.
    #[must_use]
    pub fn confirmed(&self, from: usize) -> u64 {
        let beats =
            self.heard[from..].iter().filter(|heard| heard.value["s"] == "HEARTBEAT" && heard.value["c"] == 200);
        beats
            .filter_map(|heard| heard.value["b"]["bid"].as_str()?.strip_prefix("said ")?.parse().ok())
            .max()
            .unwrap_or(0)
    }

    /// The codes of the errors it was told.
    #[must_use]
    pub fn errors(&self) -> Vec<u64> {
        self.heard.iter().filter_map(|heard| heard.value["c"].as_u64()).filter(|code| *code != 200).collect()
    }

    /// The last messages, for who looks for a reason.
    #[must_use]
    pub fn summary(&self) -> String {
        let told: Vec<_> = self.heard.iter().filter(|heard| heard.value["s"] != "HEARTBEAT").collect();
        let newest = told.iter().rev().take(6).rev();
        let lines = newest.map(|heard| format!("\n  {:?} ago: {}", heard.at.elapsed(), brief(&heard.value)));
        lines.fold(format!("closed {:?}, heard {} messages", self.closed, self.heard.len()), |text, line| text + &line)
    }
}

/// A message without what is the same in all.
fn brief(value: &Value) -> String {
    let list: Option<Vec<_>> = value["b"]["pps"]
        .as_array()
        .map(|list| list.iter().map(|entry| format!("{} {} {}", entry["id"], entry["role"], entry["video"])).collect());
    match list {
        Some(list) => format!("{} {} {} {list:?}", value["s"], value["c"], value["sq"]),
        None => value.to_string().chars().take(200).collect(),
    }
}
