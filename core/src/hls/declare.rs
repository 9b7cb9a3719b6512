//! Creation of tracks and changes of their declarations: `updateVariant` and `updateRendition`.
//!
//! Information given to players remains valid: target durations are fixed, and a listed variant stays listed.
//!
//! rfc8216bis, 4.4.3.1, 4.4.3.8 and 4.4.6.

use roomcast_protocol::id::ObjectId;

use super::Stream;
use super::change::{Change, Object, ObjectKind};
use super::refusal::Refusal;
use super::role::Role;
use super::track::{Map, Track};

/// The longest target duration, in microseconds.
pub(super) const MAX_TARGET: u64 = 3_600_000_000;

impl Stream {
    /// Creates a track, or changes it if it is known.
    pub(super) fn declare(&mut self, role: Role, map: Map) -> Result<Vec<Change>, Refusal> {
        match self.position(role.id()) {
            Some(index) if !self.ended && role.is_member_of(&self.tracks[index].role) => {
                self.join_group(index, role, &map)
            }
            Some(index) if self.ended => self.reopen(index, role, map),
            Some(index) => self.change_track(index, role, map),
            None if self.ended => Err(gone()),
            None => self.make_track(role, map),
        }
    }

    /// Lets a streamer that comes back go on where it ended, behind a discontinuity; its new init section tells
    /// it from a repetition.
    fn reopen(&mut self, index: usize, role: Role, map: Map) -> Result<Vec<Change>, Refusal> {
        let track = &self.tracks[index];
        if track.has_map(&map.id) || role.older_than(&track.role) {
            return Err(gone());
        }
        let mut changes = self.change_track(index, role, map)?;
        self.ended = false;
        for index in 0..self.tracks.len() {
            self.tracks[index].interrupted = true;
            self.publish(index, &mut changes);
        }
        Ok(changes)
    }

    fn change_track(&mut self, index: usize, mut role: Role, map: Map) -> Result<Vec<Change>, Refusal> {
        let track = &self.tracks[index];
        role.check_change(&track.role)?;
        let new = track.admit_map(&map)?;
        let same_map = map.id == *track.newest_map();
        if same_map {
            role.keep_known(&track.role);
        }
        if role.older_than(&track.role) || (role == track.role && same_map) {
            return Ok(Vec::new());
        }
        role.check(self.roles_but(Some(index)))?;
        self.check_listed(index, &role)?;
        self.independent_segments = self.promise(&role)?;
        self.revision += 1;
        let track = &mut self.tracks[index];
        track.role = role;
        track.membership = track.membership.take().filter(|own| own.is_member_of(&track.role));
        let mut changes = Vec::new();
        changes.extend(new.then(|| store_map(track, &map)));
        track.use_map(map);
        self.publish(index, &mut changes);
        self.publish_multivariant(&mut changes);
        Ok(changes)
    }

    /// Makes a variant of audio alone a member of its own group: players choose it there by language, and find the same
    /// playlist under both (rfc8216bis, 4.4.6.2.1).
    fn join_group(&mut self, index: usize, role: Role, map: &Map) -> Result<Vec<Change>, Refusal> {
        let track = &self.tracks[index];
        if (role.target(), role.part_target()) != (track.role.target(), track.role.part_target()) {
            return Err(Refusal::invalid("the target durations of a track are fixed when it is made"));
        }
        if track.admit_map(map)? {
            return Err(Refusal::invalid(format!("the variant {} has no map {}", role.id(), map.id)));
        }
        if track.membership.as_ref() == Some(&role) {
            return Ok(Vec::new());
        }
        role.check(self.roles_but(Some(index)))?;
        self.revision += 1;
        self.tracks[index].membership = Some(role);
        let mut changes = Vec::new();
        self.publish_multivariant(&mut changes);
        Ok(changes)
    }

    /// A variant that players know must not vanish from the multivariant playlist.
    fn check_listed(&self, index: usize, role: &Role) -> Result<(), Refusal> {
        let track = &self.tracks[index];
        if track.playable() && self.lists(&track.role) && !self.lists(role) {
            return Err(Refusal::invalid("a variant that plays may only change to an audio group that plays"));
        }
        Ok(())
    }

    fn make_track(&mut self, role: Role, map: Map) -> Result<Vec<Change>, Refusal> {
        let part_hold_back = self.check_targets(&role)?;
        role.check(self.roles_but(None))?;
        let independent_segments = self.promise(&role)?;
        let mut track = Track::new(role, &self.settings);
        track.admit_map(&map)?;
        let stored = store_map(&track, &map);
        track.use_map(map);
        (self.part_hold_back, self.independent_segments) = (part_hold_back, independent_segments);
        self.revision += 1;
        self.tracks.push(track);
        Ok(vec![stored])
    }

    /// Refuses target durations that do not go together with those of the other tracks; else the part hold-back of
    /// all, in microseconds.
    fn check_targets(&self, role: &Role) -> Result<u64, Refusal> {
        let (target, part_target) = (role.target(), role.part_target());
        let within = part_target.is_none_or(|part_target| (1..=target).contains(&part_target));
        if target == 0 || target > MAX_TARGET || !within {
            return Err(Refusal::invalid("the target durations must be more than 0, and a part within a segment"));
        }
        if self.tracks.iter().any(|other| other.target != target) {
            return Err(Refusal::invalid("all tracks of a stream must have the same target duration"));
        }
        // EXT-X-SERVER-CONTROL is the same in all media playlists, and tells whether there are parts.
        if self.tracks.iter().any(|other| other.role.part_target().is_some() != part_target.is_some()) {
            return Err(Refusal::invalid("either all tracks of a stream have parts or none has"));
        }
        let part_hold_back = self.part_hold_back.max(3 * part_target.unwrap_or(0));
        if self.tracks.iter().any(Track::playable) && part_hold_back != self.part_hold_back {
            return Err(Refusal::invalid("the part target is longer than those of the tracks that play already"));
        }
        Ok(part_hold_back)
    }

    /// Returns whether the playlists say `EXT-X-INDEPENDENT-SEGMENTS` once `role` is declared. Nothing takes back what
    /// players have been told, and media that was accepted without the promise may still be listed.
    fn promise(&self, role: &Role) -> Result<bool, Refusal> {
        let promised = self.independent_segments && role.independent_segments();
        if promised != self.independent_segments && self.tracks.iter().any(Track::playable) {
            return Err(Refusal::invalid("the playlists say already that every segment begins with a sync sample"));
        }
        Ok(promised)
    }

    fn roles_but(&self, index: Option<usize>) -> impl Iterator<Item = &Role> + Clone {
        let others = self.tracks.iter().enumerate().filter(move |(at, _)| Some(*at) != index);
        others.flat_map(|(_, track)| track.roles())
    }

    pub(super) fn position(&self, id: &ObjectId) -> Option<usize> {
        self.tracks.iter().position(|track| track.role.id() == id)
    }
}

fn gone() -> Refusal {
    Refusal::conflict("the stream has ended; to go on, bring a new map for one of its tracks")
}

fn store_map(track: &Track, map: &Map) -> Change {
    let media =
        Object { pieces: vec![map.media.clone()], kind: ObjectKind::Init, content_type: track.role.content_type() };
    Change::Store { track: track.role.id().clone(), object: map.id.clone(), media }
}
