//! Reads what all share of a room.

use serde_json::json;

use roomcast_core::room::{Mark, Status, Synced};
use roomcast_protocol::signal::MemberKey;

use super::payload::closed;
use super::reply::{Read, at, entries, key};
use super::{Place, text};
use crate::backplane::{Failure, Reply, Script};

static SYNC: Script = Script::new(include_str!("lua/sync.lua"));

/// How many members one call asks for.
const AT_ONCE: usize = 500;

/// What a room wants to know.
#[derive(Debug)]
pub struct Question {
    /// Its members on this node: which generation, and up to which signal from other nodes each has got all.
    pub members: Vec<(MemberKey, u64, Mark)>,
    pub publishers: Vec<MemberKey>,
    /// Whether this node is to be told of changes.
    pub stays: bool,
}

/// Asks, in pieces where there are many members.
pub async fn sync(place: Place, question: Question) -> Result<Synced, Failure> {
    let mut pieces = question.members.chunks(AT_ONCE);
    let first = pieces.next().unwrap_or_default();
    let mut synced = ask(&place, first, &question.publishers, question.stays).await?;
    for piece in pieces {
        synced.members.extend(ask(&place, piece, &[], question.stays).await?.members);
    }
    Ok(synced)
}

async fn ask(
    place: &Place,
    members: &[(MemberKey, u64, Mark)],
    publishers: &[MemberKey],
    stays: bool,
) -> Result<Synced, Failure> {
    let member = |(key, generation, seen): &(MemberKey, u64, Mark)| {
        let (count, birth) = (seen.count.to_string(), seen.birth.to_string());
        json!([key.user_id, key.session_id, generation.to_string(), count, birth])
    };
    let publisher = |key: &MemberKey| json!([key.user_id, key.session_id]);
    let ask = json!({ "at": place.prefix(), "room": place.room, "node": place.node.as_str(), "stays": stays,
        "members": members.iter().map(member).collect::<Vec<_>>(),
        "publishers": publishers.iter().map(publisher).collect::<Vec<_>>() });
    let keys = vec![place.room_key()];
    let reply = place.backplane.run(place.partition, &SYNC, keys, vec![text(ask.to_string())]).await?;
    let answer = reply.list();
    if at(answer, 0).text() != "synced" {
        place.backplane.fenced(&place.node);
        return Err(Failure::Unavailable);
    }
    let reason = at(answer, 3).text();
    Ok(Synced {
        version: at(answer, 1).number(),
        stage: serde_json::from_slice(at(answer, 2).bytes()).ok(),
        closed: (!reason.is_empty()).then(|| closed(reason)),
        members: members.iter().map(|(key, ..)| key.clone()).zip(at(answer, 4).list().iter().map(status)).collect(),
        lost: at(answer, 6).text() == "1",
        orphans: at(answer, 5).list().iter().filter_map(orphan).collect(),
    })
}

fn status(reply: &Reply) -> Status {
    let fields = reply.list();
    match at(fields, 0).text() {
        "here" => {
            let kept = entries(at(fields, 2)).into_iter();
            let kept = kept.filter_map(|entry| Some((entry.count?, entry.text))).collect();
            Status::Here { count: at(fields, 1).number(), kept }
        }
        "moved" => Status::Moved,
        _ => Status::Unknown,
    }
}

fn orphan(reply: &Reply) -> Option<MemberKey> {
    key(at(reply.list(), 0).text(), at(reply.list(), 1).text())
}
