//! Removes the members of a dead node from its rooms, by the same rules as everybody else leaves.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use roomcast_core::room::stage::{Command, Rules, Stage};
use roomcast_core::room::{Operation, Proposal, Verdict};
use roomcast_core::time::Instant;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::MemberKey;

use super::reply::{Read, at};
use super::{Place, commit, text};
use crate::backplane::{Backplane, BootId, Failure, Partition, Script};

static ROOMS: Script = Script::new(include_str!("lua/rooms.lua"));
static LEFT: Script = Script::new(include_str!("lua/left.lua"));

/// Members removed with one change.
const AT_ONCE: usize = 500;
/// Rooms that are swept at the same time.
const AT_THE_SAME_TIME: usize = 16;
/// How often one room is tried.
const TRIES: usize = 1000;

/// Removes all of them, and says how many there were.
pub async fn reap(backplane: Backplane, dead: BootId, rules: Rules) -> Result<u64, Failure> {
    let mut removed = 0;
    for partition in Partition::all() {
        let keys = vec![partition.key(&format!("ni:{dead}"))];
        let rooms = backplane.run(partition, &ROOMS, keys, Vec::new()).await?;
        let rooms = rooms.list().iter().filter_map(|room| RoomId::parse(room.text()).ok());
        let places = rooms.map(|room| Place::of(backplane.clone(), room, partition, dead.clone()));
        let swept: Vec<_> = places.map(|place| async move { sweep(&place, rules).await }).collect();
        let mut swept = stream::iter(swept).buffer_unordered(AT_THE_SAME_TIME);
        while let Some(swept) = swept.next().await {
            removed += swept?;
        }
    }
    Ok(removed)
}

async fn sweep(place: &Place, rules: Rules) -> Result<u64, Failure> {
    let mut removed = 0;
    for attempt in 0..TRIES {
        let args = vec![text(place.prefix()), text(&place.room), text(place.node.as_str()), text(AT_ONCE.to_string())];
        let reply = place.backplane.run(place.partition, &LEFT, vec![place.room_key()], args).await?;
        let answer = reply.list();
        let members: Vec<MemberKey> = at(answer, 3).list().iter().filter_map(|name| named(name.text())).collect();
        let stage: Option<Stage> = serde_json::from_slice(at(answer, 1).bytes()).ok();
        let rest = usize::try_from(at(answer, 4).number()).unwrap_or_default().saturating_sub(members.len());
        let count = members.len() as u64;
        let proposal = proposal(place, at(answer, 0).number(), stage, members, rest, rules);
        match commit(place.clone(), proposal, true).await {
            Verdict::Committed { .. } => {
                removed += count;
                if rest == 0 {
                    return Ok(removed);
                }
            }
            Verdict::Unavailable { .. } => return Err(Failure::Unavailable),
            // Somebody else changed the room, or a member has gone on meanwhile: look again.
            _ => actix_web::rt::time::sleep(Duration::from_millis(attempt.min(20) as u64)).await,
        }
    }
    Err(Failure::Unavailable)
}

fn proposal(
    place: &Place,
    version: u64,
    stage: Option<Stage>,
    members: Vec<MemberKey>,
    rest: usize,
    rules: Rules,
) -> Proposal {
    let now = Instant(u64::try_from(place.backplane.now().0 / 1000).unwrap_or_default());
    let mut changed = stage.clone();
    if let Some(changed) = &mut changed {
        for key in &members {
            // It cannot be refused.
            let _ = changed.decide(now, rules, &Command::Leave { key: key.clone() });
        }
    }
    Proposal {
        expected: version,
        open: stage.is_some(),
        above: version,
        publishers: changed.as_ref().map_or(0, |stage| stage.publishers().len()),
        document: changed
            .filter(|changed| stage.as_ref() != Some(changed))
            .map(|changed| serde_json::to_string(&changed).expect("a stage serialises")),
        ends: false,
        restores: false,
        operations: members.into_iter().map(|key| Operation::Leave { key, generation: 0 }).collect(),
        present: rest > 0,
        viewers: rest,
    }
}

/// `3:ann:ann-1`: how many bytes the user has, the user, the session.
fn named(name: &str) -> Option<MemberKey> {
    let (length, rest) = name.split_once(':')?;
    let (user, session) = rest.split_at_checked(length.parse().ok()?)?;
    Some(MemberKey {
        user_id: UserId::parse(user).ok()?,
        session_id: SessionId::parse(session.strip_prefix(':')?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_colons_is_read() {
        let key = named("3:a:b:c:d").expect("a name");
        assert_eq!((key.user_id.as_str(), key.session_id.as_str()), ("a:b", "c:d"));
        assert!(named("9:a:b").is_none());
    }
}
