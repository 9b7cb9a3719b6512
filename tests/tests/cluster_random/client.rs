//! A client that does at random what clients do, and writes down what it did and saw.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roomcast_checker::{Event, Outcome};
use roomcast_tests::member::{Heard, Memory, SentSignals, State, TestMember, Who};
use serde_json::{Value, json};

use super::fault_injector::Addresses;
use super::record::Record;
use super::rng::Rng;

/// Timeout of the answer to `JOIN`.
const ANSWER: Duration = Duration::from_secs(5);

pub struct Client {
    record: Arc<Record>,
    addresses: Addresses,
    /// Its number in the log.
    index: usize,
    who: Who,
    /// The numbers of the others that go to its room.
    peers: Vec<usize>,
    rng: Rng,
    memory: Memory,
    /// Its numbered signals, if it numbers them, and their ids in the log.
    said: Option<SentSignals>,
    numbered: BTreeMap<u64, u64>,
    current: Option<Current>,
    creating: bool,
}

/// The open connection.
struct Current {
    member: TestMember,
    /// Number of messages received before.
    start: usize,
    said: u64,
    sent: Vec<Sent>,
}

struct Sent {
    at: Duration,
    to: usize,
    id: u64,
    /// It was the connection's signal of this number.
    said: u64,
}

impl Client {
    /// A client by its number in the log, in a room to which others go too.
    pub fn new(record: Arc<Record>, addresses: Addresses, index: usize, room: &str, peers: Vec<usize>) -> Self {
        let who = Who::new(&user(index), "m2m").in_room(room);
        let said = numbers(index).then(SentSignals::new);
        let memory = Memory { who: who.clone(), state: State::of(said.clone()) };
        let (rng, numbered) = (Rng::new(0), BTreeMap::new());
        Self { record, addresses, index, who, peers, rng, memory, said, numbered, current: None, creating: true }
    }

    /// Random numbers for its choices.
    pub fn with(self, rng: Rng) -> Self {
        Self { rng, ..self }
    }

    /// Until the end of the run.
    pub async fn live(mut self) {
        while !self.record.is_over() {
            self.look();
            if self.current.is_none() {
                self.join().await;
            } else if !self.record.is_calm() {
                self.act().await;
            }
            let pause = self.rng.time(10..80);
            tokio::time::sleep(pause).await;
        }
        self.look();
        let is_in = self.current.is_some();
        self.retire(Outcome::Lost);
        self.record.note(Event::Last { client: self.index, wants: true, is_in });
    }

    /// Drops a connection that has ended, or whose member is out.
    fn look(&mut self) {
        let Some(current) = &self.current else { return };
        if current.member.look(|state| end_of(state, current.start)).is_some() {
            self.retire(Outcome::Lost);
        }
    }

    async fn act(&mut self) {
        match self.rng.within(0..100) {
            0..80 => self.talk(),
            80..84 => self.join().await,
            84..88 => {
                self.retire(Outcome::Lost);
                self.join().await;
            }
            88..90 => {
                self.leave().await;
                let away = self.rng.time(0..500);
                tokio::time::sleep(away).await;
            }
            90..91 => self.kick(),
            _ => self.promote(),
        }
    }

    fn talk(&mut self) {
        let peer = self.peer();
        let Some(current) = &mut self.current else { return };
        let to = Who::new(&user(peer), self.who.room_type);
        for _ in 0..self.rng.within(1..6) {
            if self.said.as_ref().is_some_and(SentSignals::is_full) {
                return;
            }
            let id = self.record.next_id();
            current.said += 1;
            current.sent.push(Sent { at: self.record.now(), to: peer, id, said: current.said });
            current.member.relay(&to, [id]);
            self.numbered.extend(self.said.as_ref().map(|said| (said.last(), id)));
        }
    }

    fn peer(&mut self) -> usize {
        let place = self.rng.within(0..self.peers.len() as u64) as usize;
        self.peers[place]
    }

    /// Whether it publishes, and whether it owns the room, as far as it knows.
    fn role(&self) -> (bool, bool) {
        let Some(current) = &self.current else { return (false, false) };
        current.member.look(|state| {
            let own = state.entries().iter().find(|entry| entry["id"] == self.who.session.as_str());
            (own.is_some(), own.is_some_and(|own| own["role"] == "admin"))
        })
    }

    fn say(&mut self, action: &str, name: &str, more: Value) {
        if self.said.as_ref().is_some_and(SentSignals::is_full) && name != "LEAVE" {
            return;
        }
        if let Some(current) = &mut self.current {
            current.said += 1;
            current.member.say(action, name, more);
        }
    }

    fn kick(&mut self) {
        let peer = self.peer();
        if self.role().0 {
            self.record.note(Event::KickAsked { of: peer });
            self.say("kick", "KICK", json!({"to": user(peer)}));
        }
    }

    fn promote(&mut self) {
        let peer = self.peer();
        if self.role().1 {
            self.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": user(peer)}));
        }
    }

    async fn leave(&mut self) {
        if self.current.is_none() {
            return;
        }
        self.record.note(Event::LeaveSaid { client: self.index });
        self.say("leave", "LEAVE", json!({}));
        // The server reads the last signals before the connection goes.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.retire(Outcome::Left);
    }

    /// Joins on any node; with a connection that is still open, if there is one, until the new one is.
    async fn join(&mut self) {
        let (node, address) = {
            let addresses = self.addresses.lock().expect("nobody panics with it");
            let node = self.rng.within(0..addresses.len() as u64) as usize;
            (node, addresses[node].clone())
        };
        let creating = self.creating || self.rng.once_in(10);
        if let Some(current) = &self.current {
            self.memory.state = current.member.state();
        }
        let known = self.memory.state.heard.len();
        let options = json!({"roomCreating": creating, "resumeFrom": self.memory.state.last_number()});
        let (asked, client) = (self.record.now(), self.index);
        self.record.note_at(asked, Event::Asked { client });
        match TestMember::attempt(&address, self.memory.clone(), options, ANSWER).await {
            Ok(Ok(member)) => {
                // Messages that the old connection got since then do not count: the new one gets them again.
                self.retire_at(known, asked, Outcome::Lost);
                let (at, resumed) = member.look(|state| joined(&state.heard[known..]));
                let at = at.map_or_else(|| self.record.now(), |at| self.record.time(at));
                self.record.note_at(at, Event::Joined { client, node, creating, resumed });
                self.current = Some(Current { member, start: known, said: 0, sent: Vec::new() });
                self.creating = false;
            }
            Ok(Err(ack)) => self.refused(&ack),
            // It may have taken the session over.
            Err(_) => self.retire(Outcome::Lost),
        }
        if self.current.is_none() {
            let pause = self.rng.time(50..300);
            tokio::time::sleep(pause).await;
        }
    }

    /// Notes that a JOIN was refused.
    fn refused(&mut self, ack: &Value) {
        let code = ack["c"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
        self.record.note(Event::Refused { client: self.index, code });
        self.creating = code == 4001;
        if !matches!(code, 503 | 4022) {
            // It is no member of any room: what it said to one is void.
            self.said.iter().for_each(SentSignals::forget);
        }
    }

    fn retire(&mut self, outcome: Outcome) {
        self.retire_at(usize::MAX, self.record.now(), outcome);
    }

    /// Writes down what a connection heard and said until then, and drops it.
    fn retire_at(&mut self, known: usize, at: Duration, outcome: Outcome) {
        let Some(current) = self.current.take() else { return };
        let Current { member, start, sent, .. } = current;
        self.memory = member.lose();
        self.memory.state.forget_behind(known);
        let (state, client) = (&self.memory.state, self.index);
        // It was told then, however late it looks: it may have waited for the answer to another JOIN.
        let told = end_of(state, start).map(|(at, outcome)| (self.record.time(at), outcome));
        let told = told.filter(|(told, _)| *told <= at && outcome != Outcome::Left);
        let (at, outcome) = told.unwrap_or((at, outcome));
        self.record.heard(client, &state.heard[start..]);
        let confirmed = state.confirmed(start);
        for Sent { at, to, id, said } in sent {
            self.record.note_at(at, Event::Sent { from: client, to, id });
            // A numbered signal is said again until it is confirmed.
            if said > confirmed && self.said.is_none() {
                self.record.note_at(at, Event::Doubtful { id });
            }
        }
        for heard in &state.heard[start..] {
            refused(&heard.value).into_iter().for_each(|id| self.record.note_at(at, Event::Doubtful { id }));
        }
        self.confirm(at, outcome);
        if !self.record.is_over() {
            self.record.note_at(at, Event::Ended { client, outcome });
        }
    }

    /// Writes down what is confirmed; what is not is dropped with a membership that is over.
    fn confirm(&mut self, at: Duration, outcome: Outcome) {
        let Some(said) = &self.said else { return };
        let last = self.numbered.range(..=said.above()).next_back().map(|(_, id)| *id);
        if let Some(id) = last {
            self.record.note_at(at, Event::Confirmed { client: self.index, id });
        }
        if !matches!(outcome, Outcome::Lost | Outcome::Unknown) {
            said.forget();
        }
    }
}

/// Whether a client numbers what it says: every other one of each room does.
pub const fn numbers(index: usize) -> bool {
    index.is_multiple_of(2)
}

/// The user of a client by its number.
fn user(index: usize) -> String {
    format!("user{index}")
}

/// Returns when the answer to JOIN came, and whether it says that the membership goes on.
pub fn joined(heard: &[Heard]) -> (Option<Instant>, bool) {
    let ack = heard.iter().find(|heard| heard.value["s"] == "JOIN");
    (ack.map(|ack| ack.at), ack.is_some_and(|ack| ack.value["b"]["resumed"] == true))
}

/// Returns when a connection, which has heard what comes from `start` on, was told that it is no member's any more, and
/// why.
fn end_of(state: &State, start: usize) -> Option<(Instant, Outcome)> {
    let ends = |value: &Value| match value["s"].as_str() {
        Some("KICK") if value.get("c").is_none() => Some(Outcome::Kicked),
        Some("ROOM_CLOSED") => Some(Outcome::Closed),
        Some("HEARTBEAT") if value["c"] == 4001 || value["c"] == 4002 => Some(Outcome::Unknown),
        _ => None,
    };
    let told = state.heard[start..].iter().find_map(|heard| Some((heard.at, ends(&heard.value)?)));
    let closed = state.closed_at.map(|at| match state.closed {
        Some(4000) => (at, Outcome::TakenOver),
        Some(1012) => (at, Outcome::Unknown),
        _ => (at, Outcome::Lost),
    });
    told.into_iter().chain(closed).min_by_key(|(at, _)| *at)
}

/// The id of a signal that an error quotes.
fn refused(value: &Value) -> Option<u64> {
    let req = &value["b"]["req"];
    let data = if req["data"].is_object() { &req["data"] } else { req };
    data["sdp"].as_str()?.parse().ok()
}
