//! Carries out a proposal, or says why not.

use serde_json::{Value, json};

use roomcast_core::room::{Arrival, Operation, Proposal, Record, Verdict};
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient};

use super::reply::{Read, at, entries, key};
use super::{Place, described, text};
use crate::backplane::{Failure, Reply, Script};
use crate::token;

static COMMIT: Script = Script::new(include_str!("lua/commit.lua"));

/// Carries out a proposal for all nodes. `reaper`: in the name of a node that is dead.
pub async fn commit(place: Place, proposal: Proposal, reaper: bool) -> Verdict {
    let document = proposal.document.clone().unwrap_or_default();
    let ask = ask(&place, &proposal, reaper).to_string();
    let called = place.backplane.run(place.partition, &COMMIT, vec![place.room_key()], vec![text(ask), text(document)]);
    match called.await {
        Ok(reply) => verdict(&place, &proposal, &reply),
        Err(failure) => {
            tracing::debug!(room = %place.room, "nothing agreed: {failure}");
            Verdict::Unavailable { maybe: failure == Failure::Unknown }
        }
    }
}

fn ask(place: &Place, proposal: &Proposal, reaper: bool) -> Value {
    let mut ask = json!({ "at": place.prefix(), "room": place.room, "node": place.node.as_str(),
        "publish": place.backplane.publish_command(), "nonce": token::random(), "expected": proposal.expected,
        "above": proposal.above, "publishers": proposal.publishers, "present": proposal.present,
        "open": proposal.open, "ends": proposal.ends, "viewers": proposal.viewers, "till": place.backplane.patience().to_string(),
        "operations": proposal.operations.iter().map(operation).collect::<Vec<_>>() });
    if proposal.restores {
        ask["restores"] = true.into();
    }
    if reaper {
        ask["reaper"] = true.into();
    }
    ask
}

fn operation(operation: &Operation) -> Value {
    match operation {
        Operation::Join(record) => described("J", record),
        Operation::Probe(record) => described("P", record),
        Operation::Return(record) => described("R", record),
        Operation::Leave { key, generation } => {
            json!({ "o": "L", "u": key.user_id, "s": key.session_id, "g": generation.to_string() })
        }
        Operation::Tell { key, text } => json!({ "o": "A", "u": key.user_id, "s": key.session_id, "t": text }),
        Operation::Kick { to: Recipient::User(user), text } => json!({ "o": "K", "u": user, "t": text }),
        Operation::Kick { to: Recipient::Session(key), text } => {
            json!({ "o": "K", "u": key.user_id, "s": key.session_id, "t": text })
        }
    }
}

fn verdict(place: &Place, proposal: &Proposal, reply: &Reply) -> Verdict {
    let answer = reply.list();
    let listed = at(answer, 1).list();
    match at(answer, 0).text() {
        "committed" => {
            let spread = at(answer, 2).list().iter().filter_map(|user| UserId::parse(user.text()).ok()).collect();
            Verdict::Committed { version: at(answer, 1).number(), spread }
        }
        "conflict" => {
            place.backplane.counters().cas_retry();
            let stage = serde_json::from_slice(at(answer, 2).bytes()).ok();
            Verdict::Conflict { version: at(answer, 1).number(), stage }
        }
        "present" => Verdict::Present {
            members: listed.iter().filter_map(|met| present(place, proposal, met)).collect(),
            version: at(answer, 2).number(),
            stage: serde_json::from_slice(at(answer, 3).bytes()).ok(),
        },
        "moved" => Verdict::Moved(listed.iter().filter_map(member).collect()),
        "behind" => Verdict::Behind(at(answer, 1).number()),
        "nobody" => Verdict::Nobody(listed.iter().filter_map(recipient).collect()),
        "young" | "late" => Verdict::Unavailable { maybe: false },
        "fenced" => {
            place.backplane.fenced(&place.node);
            Verdict::Unavailable { maybe: false }
        }
        _ => Verdict::Unavailable { maybe: true },
    }
}

fn member(reply: &Reply) -> Option<MemberKey> {
    key(at(reply.list(), 0).text(), at(reply.list(), 1).text())
}

fn recipient(reply: &Reply) -> Option<Recipient> {
    match at(reply.list(), 1).text() {
        "" => Some(Recipient::User(UserId::parse(at(reply.list(), 0).text()).ok()?)),
        _ => Some(Recipient::Session(member(reply)?)),
    }
}

/// A member that comes from another node, or may not.
fn present(place: &Place, proposal: &Proposal, met: &Reply) -> Option<(MemberKey, Option<Arrival>)> {
    let (key, met) = (member(met)?, met.list());
    if at(met, 2).text() != "ok" {
        return Some((key, None));
    }
    let joins = |operation: &Operation| match operation {
        Operation::Join(record) | Operation::Probe(record) if record.session.key() == key => Some(record.clone()),
        _ => None,
    };
    let asked = proposal.operations.iter().find_map(joins)?;
    let known: Option<Record> = serde_json::from_slice(at(met, 3).bytes()).ok();
    let mut record = known.unwrap_or(asked);
    at(met, 4).text().clone_into(&mut record.resume_token);
    let arrival = Arrival {
        record,
        generation: at(met, 5).number(),
        count: at(met, 6).number(),
        had: at(met, 7).number(),
        kept: entries(at(met, 9)).into_iter().map(|entry| (entry.number, entry.text)).collect(),
        birth: at(met, 11).number(),
        told: at(met, 12).text().parse().ok(),
        own: at(met, 10).text() == "1",
        waits: at(met, 8).number() > 0,
    };
    tracing::debug!(room = %place.room, "a member came from another node");
    Some((key, Some(arrival)))
}
