//! Ownership and journal of the rooms: compare-and-set, fenced by (term, boot id).

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_protocol::id::RoomId;

use super::{Asserted, Claimed, Context, Directory, Era, Journaled, Write};
use crate::cluster::{BootId, Life, Mutation, Ownership};
use crate::time::Instant;

/// The time for which an entry lives without being renewed.
const ROOM_KEPT: Duration = Duration::from_secs(600);
/// The time for which an entry waits for an owner after a drain.
const RELEASED_KEPT: Duration = Duration::from_secs(60);

/// One room.
#[derive(Debug, Clone)]
pub(super) struct Entry<F, V> {
    pub ownership: Ownership,
    fields: BTreeMap<F, V>,
    /// Whether the fields are a whole journal: not where only an `assert` wrote this entry.
    journaled: bool,
    /// The era of the last write to the fields.
    written: Option<Era>,
    /// The number of the last write of this owner.
    number: u64,
    /// The era in which an owner claimed or asserted the room.
    asserted: Option<Era>,
    pub expires: Instant,
}

impl<F: Ord + Clone, V: Clone> Directory<F, V> {
    /// `claim`: compare-and-set of owner and term. The first fields are written where nothing stood before.
    pub fn claim(
        &mut self,
        context: Context,
        room: &RoomId,
        expected: Option<Ownership>,
        mine: BootId,
        (random, fields): (u64, &[(F, V)]),
    ) -> Claimed<F, V> {
        if let Some(wait) = self.settling(context) {
            return Claimed::Wait(wait);
        }
        let standing = self.entry(context, room).map(|entry| entry.ownership);
        if standing != expected && !self.settings.breaks(Mutation::CompareAndSet) {
            return Claimed::Stands(standing);
        }
        // No term comes twice, not even after a failover that lost the former one.
        let term = standing.map_or(0, |standing| standing.term + 1).max(context.now.0);
        let life = standing.map_or(Life { created: term, random }, |standing| standing.life);
        let ownership = Ownership { life, term, owner: Some(mine) };
        let expires = context.now + ROOM_KEPT;
        let era = self.begin(context);
        if standing.is_none() {
            let fields = fields.iter().cloned().collect();
            let (written, asserted) = (Some(era), Some(era));
            let entry = Entry { ownership, fields, journaled: true, written, number: 0, asserted, expires };
            self.rooms.insert(room.clone(), entry);
        }
        let entry = self.rooms.get_mut(room).expect("it stands or was just written");
        (entry.ownership, entry.asserted, entry.expires, entry.number) = (ownership, Some(era), expires, 0);
        let fields = entry.fields.iter().map(|(field, value)| (field.clone(), value.clone()));
        let journal = entry.journaled.then(|| fields.collect());
        Claimed::Won { ownership, journal, stale: entry.written != Some(era), era }
    }

    /// `assert`: writes an ownership unless what stands there prevails. Works while the era settles.
    pub fn assert(&mut self, context: Context, room: &RoomId, mine: Ownership) -> Asserted {
        let settling = self.settling(context).is_some();
        let expires = context.now + ROOM_KEPT;
        let era = self.era.filter(|era| era.master == context.master);
        let Some((standing, asserted)) = self.entry(context, room).map(|entry| (entry.ownership, entry.asserted))
        else {
            let (fields, journaled, written) = (BTreeMap::new(), false, None);
            let entry = Entry { ownership: mine, fields, journaled, written, number: 0, asserted: era, expires };
            self.rooms.insert(room.clone(), entry);
            return Asserted::Done;
        };
        let prevails = if standing.life == mine.life {
            // An owner that has asserted in this era and writes nothing would never learn of a greater owner that comes
            // after the settling, and would continue beside it.
            standing.is_newer_than(&mine) || !settling && asserted == era && standing != mine
        } else {
            // A life that nobody has asserted in this era may have ended before a failover that lost its end.
            !settling || asserted == era && standing.life < mine.life
        };
        if prevails {
            return Asserted::Stands(standing);
        }
        let entry = self.rooms.get_mut(room).expect("it stands");
        if standing != mine {
            entry.number = 0;
        }
        if standing.life != mine.life {
            (entry.fields, entry.journaled, entry.written) = (BTreeMap::new(), false, None);
        }
        (entry.ownership, entry.asserted, entry.expires) = (mine, era, expires);
        Asserted::Done
    }

    /// `journal`: writes changes of an owner, unless it is fenced.
    pub fn journal(&mut self, context: Context, room: &RoomId, write: &Write<F, V>) -> Journaled {
        if let Some(wait) = self.settling(context) {
            return Journaled::Wait(wait);
        }
        let Some(standing) = self.entry(context, room).map(|entry| entry.ownership) else { return Journaled::Lost };
        let mine = &write.ownership;
        let other_life = standing.life != mine.life;
        if (other_life || standing.is_newer_than(mine)) && !self.settings.breaks(Mutation::Fencing) {
            return Journaled::Fenced(standing);
        }
        let era = self.begin(context);
        let whole = write.era.is_none();
        let late_counts = self.settings.breaks(Mutation::NumbersOfWrites);
        let entry = self.rooms.get_mut(room).expect("it stands");
        if standing == *mine && write.number < entry.number && !late_counts {
            return Journaled::Lost;
        }
        let behind = mine.is_newer_than(&standing) || !entry.journaled || write.era != Some(era);
        if !whole && behind && !self.settings.breaks(Mutation::PartialWrite) {
            return Journaled::Lost;
        }
        if whole {
            entry.fields.clear();
            entry.journaled = true;
        }
        if standing == *mine {
            entry.number = write.number;
        }
        entry.written = Some(era);
        entry.expires = context.now + ROOM_KEPT;
        for (field, value) in &write.changes {
            match value {
                Some(value) => _ = entry.fields.insert(field.clone(), value.clone()),
                None => _ = entry.fields.remove(field),
            }
        }
        Journaled::Done
    }

    /// `release`: deletes a room of this owner, or clears its owner and leaves these fields for the next one.
    pub fn release(&mut self, context: Context, room: &RoomId, mine: Ownership, keep: Option<&[(F, V)]>) {
        if self.entry(context, room).is_none_or(|entry| entry.ownership != mine) {
            return;
        }
        let Some(keep) = keep else {
            self.rooms.remove(room);
            return;
        };
        let era = self.era.filter(|era| era.master == context.master);
        let entry = self.rooms.get_mut(room).expect("it stands");
        entry.ownership.owner = None;
        (entry.fields, entry.journaled, entry.written) = (keep.iter().cloned().collect(), true, era);
        entry.expires = context.now + RELEASED_KEPT;
    }
}
