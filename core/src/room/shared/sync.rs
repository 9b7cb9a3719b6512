//! In doubt a room compares what it knows with what all share, and repairs.

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::signal::MemberKey;

use super::errand::{Errand, Mark, Record};
use crate::room::Room;
use crate::room::effect::Effect;
use crate::room::stage::{Command, Publisher, Stage};
use crate::room::submit::Then;
use crate::time::Instant;

/// When to look again for publishers that nobody has: all nodes that live have compared by then.
const ORPHANS_AFTER: u64 = 8_000;

/// How long nobody has had them then. All nodes that live compare within a few seconds.
const ORPHANED: Duration = Duration::from_secs(7);

/// What all share of a room, as it was read.
#[derive(Debug, Clone)]
pub struct Synced {
    /// The version; 0: there is no document.
    pub version: u64,
    /// The document.
    pub stage: Option<Box<Stage>>,
    /// Whether the room is over.
    pub closed: Option<RoomClosedReason>,
    /// The members that were asked for.
    pub members: Vec<(MemberKey, Status)>,
    /// Whether what all share was lost a short while ago: who is not known may only not have been put back yet.
    pub lost: bool,
    /// Publishers that no node has a record of.
    pub orphans: Vec<MemberKey>,
}

/// What is known of a member of this node.
#[derive(Debug, Clone)]
pub enum Status {
    /// It is here.
    Here {
        /// How many signals other nodes have sent it.
        count: u64,
        /// Those that this node may lack.
        kept: Vec<(u64, Arc<str>)>,
    },
    /// It is on another node.
    Moved,
    /// Nobody knows it.
    Unknown,
}

impl Room {
    /// This node's members, and how many signals from other nodes each has got.
    #[must_use]
    pub fn members_here(&self) -> Vec<(MemberKey, u64, Mark)> {
        let arrived = self
            .members
            .iter()
            .filter(|(_, member)| member.remote.as_ref().is_none_or(|remote| remote.arriving.is_none()));
        let seen = |member: &super::super::member::Member| {
            let mark = |remote: &super::arrival::Remote| Mark { birth: remote.birth, count: remote.seen };
            member.remote.as_deref().map_or(Mark::default(), mark)
        };
        arrived.map(|(key, member)| (key.clone(), member.generation(), seen(member))).collect()
    }

    /// A member of this node, as all are to know it.
    #[must_use]
    pub fn record(&self, key: &MemberKey) -> Option<Record> {
        self.members.get(key).map(super::super::member::Member::record)
    }

    /// The publishers by the replica.
    pub fn publishers(&self) -> impl Iterator<Item = MemberKey> + '_ {
        self.stage.publishers().iter().map(|publisher| publisher.session.key())
    }

    /// Compares. Who was told that it is in stays in: a document that was lost, or is older than what this node knows,
    /// is written again.
    pub fn synced(&mut self, now: Instant, synced: Synced) -> Vec<Effect> {
        let mut out = Vec::new();
        if let Some(reason) = synced.closed {
            if !self.closed && self.version() > 0 {
                self.close(now, reason, &mut out);
            }
            return out;
        }
        let known = self.version();
        match synced.stage {
            // Of the same version and yet another: it was put back from something older.
            Some(stage) if synced.version == known && self.is_used() && *stage != self.stage => self.restore(known),
            Some(stage) if synced.version >= known => self.learn(synced.version, Some(stage)),
            Some(_) => self.restore(synced.version),
            None if known > 0 && self.is_used() => self.restore(0),
            None => {}
        }
        if let Some(shared) = self.shared.as_mut().filter(|_| synced.lost && known > 0) {
            shared.lost = Some(now);
        }
        let restored = self.shared.as_ref().is_some_and(|shared| shared.restore.is_some());
        for (key, status) in synced.members {
            match status {
                Status::Moved => self.give_away(&key, &mut out),
                Status::Here { count, kept } => {
                    let birth = self
                        .members
                        .get(&key)
                        .and_then(|member| member.remote.as_ref())
                        .map_or(0, |remote| remote.birth);
                    self.fill_inbox(&key, Mark { birth, count }, kept, &mut out);
                }
                Status::Unknown if synced.lost || self.is_connected(&key) => self.bring_back_member(&key),
                // It has left over another node.
                Status::Unknown => self.drop_member(&key, &mut out),
            }
        }
        if !synced.orphans.is_empty() || restored {
            out.push(Effect::Elsewhere(Errand::Compare { after: ORPHANS_AFTER }));
        }
        self.drop_orphans(now, synced.orphans);
        if let Some(shared) = &mut self.shared {
            shared.dirty = true;
        }
        self.on_time(now, &mut out);
        out
    }

    fn is_connected(&self, key: &MemberKey) -> bool {
        self.members.get(key).is_some_and(|member| member.connection.is_some())
    }

    /// Whether somebody here is in the room, or reads its broadcasts.
    pub(super) fn is_used(&self) -> bool {
        !self.members.is_empty() || self.shared.as_ref().is_some_and(|shared| shared.observed)
    }

    /// The document that this node knows is to stand in place of one that is older, or of none.
    pub(super) fn restore(&mut self, there: u64) {
        if let Some(shared) = &mut self.shared {
            shared.restore = Some(there);
        }
    }

    /// Somebody here whom the document or the others do not know any more.
    pub(super) fn bring_back(&mut self, member: Publisher, publisher: bool) {
        let Some(shared) = &mut self.shared else { return };
        let same = |waiting: &super::Waiting| matches!(&waiting.command, Command::Return { member: other, .. } if other.session == member.session);
        if !shared.queue.iter().any(same) {
            let _ = shared.enqueue(Command::Return { member: Box::new(member), publisher }, Then::Nothing);
        }
    }

    fn bring_back_member(&mut self, key: &MemberKey) {
        let Some(member) = self.members.get(key) else { return };
        let publisher = self.stage.publisher(key).cloned();
        let published = publisher.is_some();
        let (session, video, audio) = (member.session.clone(), member.video, member.audio);
        self.bring_back(publisher.unwrap_or(Publisher { session, video, audio, ingest: Vec::new() }), published);
    }

    /// Whom nobody has a record of for long enough is gone.
    fn drop_orphans(&mut self, now: Instant, orphans: Vec<MemberKey>) {
        let Some(shared) = &mut self.shared else { return };
        shared.orphans.retain(|key, _| orphans.contains(key));
        for key in orphans {
            let since = *shared.orphans.entry(key.clone()).or_insert(now);
            if now.since(since) >= ORPHANED && !self.members.contains(&key) {
                shared.orphans.remove(&key);
                let _ = shared.enqueue(Command::Leave { key }, Then::Gone { ends: false, generation: 0 });
            }
        }
    }
}
