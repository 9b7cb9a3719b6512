//! What encoders push to one playlist, as data signals: which track is a variant and which a rendition, and when
//! that is decided; one clock and one grid for all.
//!
//! Pure: time is an argument. Whether a variant has sound of its own or finds it in a group stands in the
//! multivariant playlist, which players read once: so a track without one of the two waits a while for the other.

mod roles;
#[cfg(test)]
mod tests;
mod timeline;
mod track;

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_core::time::Instant;
use roomcast_media::{Error, Fragment, Handler, Init, Item, Targets};
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::ObjectId;

use timeline::Timeline;
use track::Track;

/// Why media cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not as it should be.
    #[error(transparent)]
    Media(#[from] Error),
    /// No segment can end in time.
    #[error(
        "key frames are too far apart for segments of at most {0:?}: let the encoder make one every second (`-g`), or \
        push with a longer `?target=`"
    )]
    KeyFrames(Duration),
}

/// What does not change over a presentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub playlist: ObjectId,
    pub targets: Targets,
    pub target_duration: Duration,
    /// How long a track waits for one it may belong to.
    pub opening: Duration,
    /// Media bytes that may wait with it.
    pub held: usize,
    /// Stands in the names of all objects, so that none bears a name of an earlier run.
    pub tag: String,
}

/// One playlist and its tracks.
#[derive(Debug)]
pub struct Presentation {
    plan: Plan,
    tracks: BTreeMap<ObjectId, Track>,
    timeline: Option<Timeline>,
    opening_ends: Instant,
}

impl Presentation {
    pub fn new(plan: Plan, now: Instant) -> Self {
        let opening_ends = now + plan.opening;
        Self { plan, tracks: BTreeMap::new(), timeline: None, opening_ends }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The init section of a track that has one.
    pub fn init(&self, track: &ObjectId) -> Option<&Init> {
        self.tracks.get(track).map(Track::init)
    }

    /// How many tracks there are.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there is video and audio.
    pub fn carries(&self) -> (bool, bool) {
        let has = |handler| self.tracks.values().any(|track| track.has(handler));
        (has(Handler::Video), has(Handler::Audio))
    }

    /// Takes what a track brought at `wall`, in milliseconds since 1970. `earlier` is the number at which a track
    /// that is new goes on from an earlier run. What is returned has happened, also when an error came behind it.
    pub fn take(
        &mut self,
        id: &ObjectId,
        item: Item,
        (now, wall): (Instant, i64),
        earlier: impl FnOnce() -> u64,
    ) -> (Vec<Payload>, Result<(), Fault>) {
        let done = match (item, self.tracks.get_mut(id)) {
            (Item::Init(init), Some(track)) => {
                track.renew(&self.plan, init);
                Ok(())
            }
            (Item::Init(init), None) => {
                self.tracks.insert(id.clone(), Track::new(id.clone(), init, earlier()));
                Ok(())
            }
            (Item::Fragment(fragment), _) => self.cut(id, fragment, wall),
        };
        (self.settle(now), done)
    }

    fn cut(&mut self, id: &ObjectId, fragment: Fragment, wall: i64) -> Result<(), Fault> {
        let others = self.tracks.iter().filter(|(other, _)| *other != id);
        let next = others.map(|(_, track)| track.next_segment()).max().unwrap_or(0);
        let track = self.tracks.get_mut(id).ok_or(Fault::Media(Error::FragmentBeforeInit))?;
        if self.timeline.as_ref().is_some_and(|timeline| track.must_change(timeline, &fragment)) {
            track.finish(&self.plan);
        }
        match track.push(&self.plan, &mut self.timeline, next, fragment.clone(), wall) {
            Err(Fault::Media(Error::Discontinuity { .. })) => {
                track.finish(&self.plan);
                track.push(&self.plan, &mut self.timeline, next, fragment, wall)
            }
            done => done,
        }
    }

    /// Lists what is left of a track, which says that it has ended.
    pub fn end(&mut self, id: &ObjectId, now: Instant) -> Vec<Payload> {
        if let Some(track) = self.tracks.get_mut(id) {
            track.finish(&self.plan);
            track.ended = true;
        }
        self.settle(now)
    }

    /// Whether every track has said that it has ended.
    pub fn has_ended(&self) -> bool {
        self.tracks.values().all(|track| track.ended)
    }

    /// Lists what is left of everything.
    pub fn finish(&mut self) -> Vec<Payload> {
        self.tracks.values_mut().for_each(|track| track.finish(&self.plan));
        self.opening_ends = Instant(0);
        self.settle(Instant(0))
    }
}
