//! A client that does at random what clients do, and writes down what it did and saw.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use roomcast_tests::checker::{Joined, What};
use roomcast_tests::member::{Member, Memory, State, Who};
use serde_json::{Value, json};

use super::dice::Dice;
use super::record::Record;
use super::weather::Addresses;

/// How long a client waits for the answer to `JOIN`.
const ANSWER: Duration = Duration::from_secs(5);

pub struct Client {
    record: Arc<Record>,
    addresses: Addresses,
    who: Who,
    peers: Vec<String>,
    dice: Dice,
    /// The next number for each peer.
    numbers: BTreeMap<String, u64>,
    memory: Memory,
    current: Option<Current>,
    creating: bool,
}

/// The open connection.
struct Current {
    id: u32,
    member: Member,
    /// How many messages were heard before.
    start: usize,
    said: u64,
    sent: Vec<Sent>,
}

struct Sent {
    at: Duration,
    to: String,
    number: u64,
    /// It was the connection's signal of this number.
    said: u64,
}

impl Client {
    pub fn new(record: Arc<Record>, addresses: Addresses, who: Who, peers: Vec<String>, dice: Dice) -> Self {
        let memory = Memory { who: who.clone(), state: State::default() };
        Self { record, addresses, who, peers, dice, numbers: BTreeMap::new(), memory, current: None, creating: true }
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
            let pause = self.dice.time(10..80);
            tokio::time::sleep(pause).await;
        }
        self.retire();
    }

    /// Drops a connection that has ended, or whose member is out.
    fn look(&mut self) {
        let Some(current) = &self.current else { return };
        let out = current.member.look(|state| {
            let out = |value: &Value| {
                (value["s"] == "KICK" && value.get("c").is_none())
                    || value["s"] == "ROOM_CLOSED"
                    || (value["s"] == "HEARTBEAT" && (value["c"] == 4001 || value["c"] == 4002))
            };
            state.closed.is_some() || state.heard[current.start..].iter().any(|heard| out(&heard.value))
        });
        if out {
            self.retire();
        }
    }

    async fn act(&mut self) {
        match self.dice.within(0..100) {
            0..80 => self.talk(),
            80..84 => self.join().await,
            84..88 => {
                self.retire();
                self.join().await;
            }
            88..90 => {
                self.leave().await;
                let away = self.dice.time(0..500);
                tokio::time::sleep(away).await;
            }
            90..91 => self.kick(),
            _ => self.promote(),
        }
    }

    fn talk(&mut self) {
        let peer = self.peer();
        let Some(current) = &mut self.current else { return };
        let to = Who::new(&peer, self.who.room_type);
        for _ in 0..self.dice.within(1..6) {
            let number = self.numbers.entry(peer.clone()).or_default();
            *number += 1;
            current.said += 1;
            let sent = Sent { at: self.record.now(), to: to.session.clone(), number: *number, said: current.said };
            current.sent.push(sent);
            current.member.relay(&to, [*number]);
        }
    }

    fn peer(&mut self) -> String {
        let place = self.dice.within(0..self.peers.len() as u64) as usize;
        self.peers[place].clone()
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
        if let Some(current) = &mut self.current {
            current.said += 1;
            current.member.say(action, name, more);
        }
    }

    fn kick(&mut self) {
        let peer = self.peer();
        if self.role().0 {
            self.record.note(What::KickAsked(format!("{peer}-1")));
            self.say("kick", "KICK", json!({"to": peer}));
        }
    }

    fn promote(&mut self) {
        let peer = self.peer();
        if self.role().1 {
            self.say("publishAccept", "PUBLISH_ACCEPT", json!({"to": peer}));
        }
    }

    async fn leave(&mut self) {
        let Some(current) = &self.current else { return };
        self.record.note(What::Left(current.id));
        self.say("leave", "LEAVE", json!({}));
        // What was said is read before the connection goes.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.retire();
    }

    /// Joins on any node; with a connection that is still open, if there is one, until the new one is.
    async fn join(&mut self) {
        let (node, address) = {
            let addresses = self.addresses.lock().expect("nobody panics with it");
            let node = self.dice.within(0..addresses.len() as u64) as usize;
            (node, addresses[node].clone())
        };
        let id = self.record.connection(&self.who.session, &self.who.room);
        let creating = self.creating || self.dice.once_in(10);
        if let Some(current) = &self.current {
            self.memory.state = current.member.state();
        }
        let known = self.memory.state.heard.len();
        let options = json!({"roomCreating": creating, "resumeFrom": self.memory.state.last_number()});
        let asked = self.record.now();
        match Member::attempt(&address, self.memory.clone(), options, ANSWER).await {
            Ok(Ok(member)) => {
                let resumed = member.look(|state| {
                    let ack = state.heard[known..].iter().find(|heard| heard.value["s"] == "JOIN");
                    ack.is_some_and(|ack| ack.value["b"]["resumed"] == true)
                });
                // What the old connection got since it was asked counts for nothing: the new one gets it again.
                self.retire_at(known, asked);
                self.record.note(What::Joined(id, node, Joined { asked, creating, resumed }));
                self.current = Some(Current { id, member, start: known, said: 0, sent: Vec::new() });
                self.creating = false;
            }
            Ok(Err(ack)) => {
                self.creating = ack["c"] == 4001;
                let pause = self.dice.time(50..300);
                tokio::time::sleep(pause).await;
            }
            Err(_) => {
                // It may have taken the session over.
                self.retire();
                let pause = self.dice.time(50..300);
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn retire(&mut self) {
        self.retire_at(usize::MAX, self.record.now());
    }

    /// Writes down what a connection heard and said until then, and drops it.
    fn retire_at(&mut self, known: usize, at: Duration) {
        let Some(current) = self.current.take() else { return };
        let Current { id, member, start, sent, .. } = current;
        self.memory = member.lose();
        self.memory.state.forget_behind(known);
        let state = &self.memory.state;
        self.record.heard(id, &self.who.session, &state.heard[start..]);
        let confirmed = state.confirmed(start);
        let refused: Vec<_> = state.heard[start..].iter().filter_map(|heard| refused(&heard.value)).collect();
        for Sent { at, to, number, said } in sent {
            let accepted = said <= confirmed && !refused.contains(&(to.as_str(), number));
            self.record.note_at(at, What::Sent { connection: id, to, number, accepted });
        }
        if !self.record.is_over() {
            self.record.note_at(at, What::Ended(id));
        }
    }
}

/// The recipient and the number of a signal that an error quotes.
fn refused(value: &Value) -> Option<(&str, u64)> {
    let req = &value["b"]["req"];
    let data = if req["data"].is_object() { &req["data"] } else { req };
    Some((data["to"]["sessionId"].as_str()?, data["sdp"].as_str()?.parse().ok()?))
}
