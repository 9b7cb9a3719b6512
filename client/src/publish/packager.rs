//! From media to data signals: names, numbers, dates.
//!
//! Pure; the wall clock is an argument. A timeline is media whose timestamps go on from each other; where they jump,
//! or the initialization section changes, another one begins with a discontinuity. Never paces, never uploads.

#[cfg(test)]
mod tests;
mod timeline;

use std::time::Duration;

use roomcast_media::{Error as MediaError, Fragment, Item, Start, Targets};
use roomcast_protocol::data::{EndStream, Payload, PlaylistRef};
use roomcast_protocol::id::ObjectId;

use super::earlier::Earlier;
use crate::Error;
use timeline::{Origin, Timeline};

/// What does not change over a broadcast.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub playlist: ObjectId,
    pub variant: ObjectId,
    pub targets: Targets,
    pub target_duration: Duration,
}

/// A data signal, and where in the broadcast it belongs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub payload: Payload,
    /// For a part: where its media ends, since the broadcast's begin.
    pub end: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Packager {
    plan: Plan,
    next_map: u64,
    /// Where the next timeline begins.
    origin: Origin,
    timeline: Option<Timeline>,
}

impl Packager {
    pub fn new(plan: Plan, earlier: Option<Earlier>) -> Self {
        let start = earlier.map_or(Start::default(), |earlier| earlier.start);
        let origin = Origin { start, media: Duration::ZERO, wall: 0, discontinuity: earlier.is_some() };
        Self { plan, next_map: earlier.map_or(0, |earlier| earlier.map), origin, timeline: None }
    }

    /// Takes an item that came at `wall`, in milliseconds since 1970, and gives what it completes.
    pub fn take(&mut self, item: Item, wall: i64) -> Result<Vec<Piece>, Error> {
        match item {
            Item::Init(init) => {
                let left = self.finish(wall)?;
                let timeline = Timeline::new(init, self.next_map, self.plan.targets, self.origin)?;
                self.next_map += 1;
                self.timeline = Some(timeline);
                Ok(left)
            }
            Item::Fragment(fragment) => self.cut(fragment, wall),
        }
    }

    fn cut(&mut self, fragment: Fragment, wall: i64) -> Result<Vec<Piece>, Error> {
        let timeline = self.timeline.as_mut().expect("a reader gives no fragment before an init");
        match timeline.push(&self.plan, fragment.clone(), wall) {
            Err(Error::Media(error @ MediaError::Discontinuity { .. })) => {
                tracing::warn!(%error, "the broadcast goes on with a discontinuity");
                let mut pieces = self.finish(wall)?;
                let timeline = self.timeline.as_mut().expect("finishing leaves it there");
                timeline.begin(self.origin);
                pieces.extend(timeline.push(&self.plan, fragment, wall)?);
                Ok(pieces)
            }
            done => done,
        }
    }

    /// Gives what is left of the timeline. The next one goes on from it.
    pub fn finish(&mut self, wall: i64) -> Result<Vec<Piece>, Error> {
        let Some(timeline) = &mut self.timeline else { return Ok(Vec::new()) };
        let pieces = timeline.finish(&self.plan, wall)?;
        self.origin = timeline.end();
        Ok(pieces)
    }

    /// The signal that ends the stream.
    pub fn end(&self) -> Payload {
        Payload::End(EndStream { playlist: PlaylistRef { id: self.plan.playlist.clone(), version: None } })
    }
}
