//! Errands, one after another, so that what one member says to another keeps its order.
//!
//! Relays that wait together go together. One that failed waits at the front until it is done; who has had it already
//! is not given it again. What only helps is tried a few times.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::room::stage::Stage;
use roomcast_core::room::{Answer, ConnectionId, Errand, HandOver, Mark, Relay, Target};
use roomcast_protocol::signal::Recipient;

use super::reply::{Read, at, entries, key};
use super::{Place, text};
use crate::backplane::{Failure, Reply, Script};

static RELAY: Script = Script::new(include_str!("lua/relay.lua"));
static FIND: Script = Script::new(include_str!("lua/find.lua"));
static DESCRIBE: Script = Script::new(include_str!("lua/describe.lua"));
static PARK: Script = Script::new(include_str!("lua/park.lua"));
static HAND: Script = Script::new(include_str!("lua/hand.lua"));
static LOOK: Script = Script::new(include_str!("lua/look.lua"));
static INBOX: Script = Script::new(include_str!("lua/inbox.lua"));

/// How many relays go in one call, and how many bytes of them.
const TOGETHER: usize = 64;
const TOGETHER_BYTES: usize = 256 * 1024;
/// How long to wait before another try.
pub const AGAIN: Duration = Duration::from_millis(100);
/// How often an errand is tried that nobody waits for.
const TRIES: u32 = 3;

/// What waits to be carried out.
#[derive(Debug, Default)]
pub struct Courier {
    waiting: VecDeque<Errand>,
    pub busy: bool,
}

impl Courier {
    pub fn push(&mut self, errand: Errand) {
        self.waiting.push_back(errand);
    }

    /// These were not carried out: they go first when it is tried again.
    pub fn put_back(&mut self, relays: Vec<Relay>) {
        for relay in relays.into_iter().rev() {
            self.waiting.push_front(Errand::Relay(relay));
        }
    }

    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.busy
    }

    /// What goes next: one errand, or several relays.
    pub fn load(&mut self) -> Vec<Errand> {
        let mut load: Vec<Errand> = self.waiting.pop_front().into_iter().collect();
        let mut bytes = 0;
        if matches!(load.first(), Some(Errand::Relay(_))) {
            while let Some(Errand::Relay(next)) = self.waiting.front() {
                bytes += next.text.len();
                if load.len() >= TOGETHER || bytes > TOGETHER_BYTES {
                    break;
                }
                load.extend(self.waiting.pop_front());
            }
        }
        load
    }
}

/// Carries out a load, and gives back the relays that have to wait. What came of the others is told at once: it is
/// true for now only.
pub async fn carry(place: Place, load: Vec<Errand>) -> (Vec<Answer>, Vec<Relay>) {
    let mut relays = Vec::new();
    let mut answers = Vec::new();
    for errand in load {
        match errand {
            Errand::Relay(relay) => relays.push(relay),
            Errand::Find { ticket, to } => answers.push(find(&place, ticket, &to).await),
            Errand::Fetch { key, .. } => answers.extend(fetch(&place, key).await),
            Errand::Describe(_) | Errand::Park { .. } | Errand::Hand { .. } => help(&place, &errand).await,
            Errand::Look { connection } => answers.push(look(&place, connection).await),
            Errand::Confirm { connection, record } => {
                help(&place, &Errand::Describe(record)).await;
                answers.push(Answer::Confirmed { connection });
            }
            Errand::EndStreams | Errand::Compare { .. } | Errand::Replays { .. } => {}
        }
    }
    if relays.is_empty() {
        return (answers, relays);
    }
    match relay(&place, &relays).await {
        Ok(relayed) => {
            relays.drain(..relayed.len());
            answers.extend(relayed);
        }
        Err(Failure::Refused(reason)) => {
            tracing::error!(room = %place.room, "a relay was refused: {reason}");
            answers.extend(relays.drain(..).map(failed));
        }
        Err(_) => {}
    }
    (answers, relays)
}

/// A relay is given up.
pub fn failed(relay: Relay) -> Answer {
    Answer::Failed { ticket: relay.ticket }
}

async fn relay(place: &Place, relays: &[Relay]) -> Result<Vec<Answer>, Failure> {
    let mut args = vec![
        text(place.prefix()),
        text(place.backplane.publish_command()),
        text(&place.room),
        text(place.node.as_str()),
        text(place.backplane.origin().as_str()),
    ];
    for relay in relays {
        args.push(text(relay.ticket.to_string()));
        args.push(relay.text.as_bytes().clone());
        args.push(text(relay.targets.len().to_string()));
        for target in &relay.targets {
            match target {
                Target::User(user) => args.extend([text(user), Bytes::new()]),
                Target::Session(key) => args.extend([text(&key.user_id), text(&key.session_id)]),
            }
        }
        args.push(text(relay.not.len().to_string()));
        args.extend(relay.not.iter().flat_map(|key| [text(&key.user_id), text(&key.session_id)]));
    }
    let reply = place.backplane.run(place.partition, &RELAY, vec![place.room_key()], args).await?;
    let answer = |(relay, found): (&Relay, &Reply)| {
        let found = found.list();
        let here = found
            .get(1..)
            .unwrap_or_default()
            .chunks(4)
            .filter_map(|one| Some((key(at(one, 0).text(), at(one, 1).text())?, mark(at(one, 3), at(one, 2)))));
        let (ticket, here) = (relay.ticket, here.collect());
        match at(found, 0).text() {
            "again" => Answer::RelayedBefore { ticket, here },
            _ => {
                let found = usize::try_from(at(found, 0).number()).unwrap_or_default();
                Answer::Relayed { ticket, found, here }
            }
        }
    };
    // From one on that is to wait, all are.
    let done = reply.list().iter().take_while(|found| at(found.list(), 0).text() != "later");
    Ok(relays.iter().zip(done).map(answer).collect())
}

async fn find(place: &Place, ticket: u64, to: &Recipient) -> Answer {
    let session = match to {
        Recipient::User(_) => Bytes::new(),
        Recipient::Session(key) => text(&key.session_id),
    };
    let args = vec![text(place.prefix()), text(&place.room), text(to.user_id()), session];
    match place.backplane.run(place.partition, &FIND, vec![place.room_key()], args).await {
        Ok(reply) => {
            let records = reply.list().iter().filter_map(|known| serde_json::from_slice(known.bytes()).ok());
            Answer::Found { ticket, records: records.collect() }
        }
        Err(_) => Answer::Failed { ticket },
    }
}

async fn look(place: &Place, connection: ConnectionId) -> Answer {
    Answer::Seen { connection, document: document(place).await }
}

/// The document and its version.
pub async fn document(place: &Place) -> Option<(u64, Box<Stage>)> {
    there(place).await?.document
}

/// What all share of a room.
#[derive(Debug)]
pub struct There {
    /// The document and its version, of a room that is open.
    pub document: Option<(u64, Box<Stage>)>,
    /// It has ended a short while ago.
    pub ended: bool,
}

/// Looks at a room.
pub async fn there(place: &Place) -> Option<There> {
    let reply = place.backplane.run(place.partition, &LOOK, vec![place.room_key()], Vec::new()).await.ok()?;
    let fields = reply.list();
    let stage = serde_json::from_slice(at(fields, 1).bytes()).ok();
    let document = stage.map(|stage| (at(fields, 0).number(), stage));
    Some(There { document, ended: !at(fields, 2).text().is_empty() })
}

async fn fetch(place: &Place, key: roomcast_protocol::signal::MemberKey) -> Option<Answer> {
    let keys = vec![place.member_key(&key), place.inbox_key(&key)];
    let reply = place.backplane.run(place.partition, &INBOX, keys, Vec::new()).await.ok()?;
    let kept = entries(at(reply.list(), 1)).into_iter();
    let kept = kept.filter_map(|entry| Some((entry.count?, entry.text))).collect();
    Some(Answer::Inbox { key, mark: mark(at(reply.list(), 2), at(reply.list(), 0)), kept })
}

fn mark(birth: &Reply, count: &Reply) -> Mark {
    Mark { birth: birth.number(), count: count.number() }
}

async fn help(place: &Place, errand: &Errand) {
    for _ in 0..TRIES {
        let called = match errand {
            Errand::Describe(record) => {
                let described = serde_json::to_string(record).expect("a record serialises");
                let keeps = if record.keeps_tokens { "1" } else { "0" };
                let args = vec![
                    text(place.node.as_str()),
                    text(record.generation.to_string()),
                    text(described),
                    text(&record.resume_token),
                    text(&record.other_token),
                    text(keeps),
                ];
                let keys = vec![place.member_key(&record.session.key())];
                place.backplane.run(place.partition, &DESCRIBE, keys, args).await
            }
            Errand::Park { over, told } => park(place, over, *told).await,
            Errand::Hand { node, over } => {
                let message = format!("H{}\n{}", place.room, serde_json::to_string(over).expect("it serialises"));
                let channel = place.backplane.channel(place.partition, node);
                let args = vec![text(place.backplane.publish_command()), text(channel), text(message)];
                place.backplane.run(place.partition, &HAND, vec![place.member_key(&over.key)], args).await
            }
            _ => return,
        };
        match called {
            Ok(_) | Err(Failure::Refused(_)) => return,
            Err(_) => actix_web::rt::time::sleep(AGAIN).await,
        }
    }
}

async fn park(place: &Place, over: &HandOver, told: u64) -> Result<Reply, Failure> {
    let (generation, had) = (over.generation.to_string(), over.had.to_string());
    let all = if over.lost > over.had { "0" } else { "1" };
    let mut args = vec![text(place.node.as_str()), text(generation), text(had), text(all), text(told.to_string())];
    for kept in &over.kept {
        args.extend([text(kept.0.to_string()), text(&kept.1)]);
    }
    let keys = vec![place.member_key(&over.key), place.inbox_key(&over.key)];
    place.backplane.run(place.partition, &PARK, keys, args).await
}
