//! From pushed media to a broadcast: tracks, opening, targets, timeline and data signals.
//!
//! One [`Packager`] per playlist, for the server's ingest and for `roomcast publish` alike. Pure: time is an argument.
//! It decides the role of each track in the playlists, the boundaries of segments and parts, and the declarations. The
//! first media waits until these can be determined (`opening`); after that, no media is refused because of its timing.

mod absent;
mod input;
pub mod names;
mod opening;
mod roles;
mod split;
#[cfg(test)]
mod tests;
mod timeline;
mod track;

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_protocol::data::{EndStream, Payload, PlaylistRef};
use roomcast_protocol::id::ObjectId;

use crate::{Ends, Error, Fragment, Handler, Init, Item, Start, Targets};
use input::Input;
use timeline::Timeline;
#[cfg(test)]
use track::join_codecs;
use track::{CutContext, Track};

/// Requested lengths of segments and parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// A segment ends before the first key frame at or after this.
    pub segment: Duration,
    /// No part is longer.
    pub part: Duration,
    /// The target duration: the very one, or the least.
    pub target: Duration,
    /// The target duration is fixed, and every segment begins with a key frame. Otherwise both follow the media.
    pub is_declared: bool,
}

/// Settings that are constant over a broadcast.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The multivariant playlist.
    pub playlist: ObjectId,
    /// Requested lengths.
    pub lengths: Lengths,
    /// Time that a track waits for one it may belong to.
    pub opening: Duration,
    /// Duration of video without any key frame that is refused.
    pub key_frame_wait: Duration,
    /// Duration that playlists list; stated values are measured over this window.
    pub window: Duration,
    /// Media bytes that may wait until it is known what they are.
    pub held: usize,
    /// Begins the names of all objects: letters alone, as digits would be taken for the number of a part.
    pub prefix: String,
}

/// The moment at which something comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic, since any fixed point.
    pub now: Duration,
    /// Milliseconds since 1970.
    pub wall: i64,
}

/// The first numbers that an earlier run of a track has left free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The first free numbers of segments and parts.
    pub start: Start,
    /// The first free number of init sections.
    pub map: u64,
}

/// A data signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The signal's payload.
    pub payload: Payload,
    /// For parts and segments: where their media ends, since the start of the broadcast.
    pub end: Option<Duration>,
}

/// Media that waits for the opening.
#[derive(Debug)]
struct Held {
    track: ObjectId,
    fragment: Fragment,
    wall: i64,
}

/// One playlist and its tracks.
#[derive(Debug)]
pub struct Packager {
    config: Config,
    /// Fixed by the opening.
    targets: Option<Targets>,
    /// The longest part target of the tracks that were declared first.
    longest_part: Option<Duration>,
    inputs: BTreeMap<ObjectId, Input>,
    tracks: BTreeMap<ObjectId, Track>,
    held: Vec<Held>,
    timeline: Option<Timeline>,
    opening_ends: Duration,
    notes: Vec<String>,
}

impl Packager {
    /// Creates a packager without media.
    pub fn new(config: Config, now: Duration) -> Self {
        let opening_ends = now + config.opening;
        let (inputs, tracks, held) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self {
            config,
            targets: None,
            longest_part: None,
            inputs,
            tracks,
            held,
            timeline: None,
            opening_ends,
            notes: Vec::new(),
        }
    }

    /// Returns the settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the init section of a pushed stream that has one, and where its fragments have ended.
    pub fn resume(&self, id: &ObjectId) -> Option<(&Init, &Ends)> {
        self.inputs.get(id).map(|input| (&input.init, &input.ends))
    }

    /// Number of pushed streams.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Returns whether nothing has come yet.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Returns whether there is video and audio.
    pub fn carries(&self) -> (bool, bool) {
        let has = |handler| self.tracks.values().any(|track| track.has(handler));
        (has(Handler::Video), has(Handler::Audio))
    }

    /// Takes the lines about media that is not listed as it was pushed, since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Returns the tracks that a stream with this init section becomes: those that `earlier` of [`Packager::take`] is
    /// asked for.
    pub fn tracks_of(id: &ObjectId, init: &Init) -> Vec<ObjectId> {
        split::split(id, init).0.into_iter().map(|output| output.id).collect()
    }

    /// Takes what a stream brought. `earlier` gives the numbers at which a track that is new goes on from an earlier
    /// run. The signals that are returned have happened, also when an error came behind them.
    pub fn take(
        &mut self,
        id: &ObjectId,
        item: Item,
        moment: Moment,
        earlier: impl Fn(&ObjectId) -> Earlier,
    ) -> (Vec<Signal>, Result<(), Error>) {
        let done = match item {
            Item::Init(init) => self.renew(id, init, moment.wall, earlier),
            Item::Fragment(fragment) => self.take_fragment(id, fragment, moment),
        };
        let done = done.and_then(|()| self.open(moment.now));
        self.note_left_out();
        (self.settle(moment.now), done)
    }

    fn note_left_out(&mut self) {
        for (id, track) in &mut self.tracks {
            self.notes.extend(track.take_left_out().map(|(video, audio)| {
                let why = "for want of a key frame or of timestamps that go on";
                format!("left out: {video} frames of video and {audio} of audio of {id}, {why}")
            }));
        }
    }

    fn cut(&mut self, id: &ObjectId, fragment: Fragment, wall: i64) -> Result<(), Error> {
        let Some(targets) = self.targets else { return Ok(()) };
        let others = self.tracks.iter().filter(|(other, _)| *other != id);
        let others = others.map(|(_, track)| track.next_segment()).max().unwrap_or(0);
        let Some(track) = self.tracks.get_mut(id) else { return Ok(()) };
        if let Some(timeline) = &self.timeline {
            track.follow(timeline, &fragment);
        }
        let context = CutContext { config: &self.config, targets, others, wall };
        track.push(&context, &mut self.timeline, fragment)
    }

    /// Lists what is left of a stream, which says that it has ended.
    pub fn end(&mut self, id: &ObjectId, moment: Moment) -> Vec<Signal> {
        // Held fragments were accepted before and cannot exceed the bound.
        let _ = self.flush(id, moment.wall);
        let _ = self.go_on_without(id, moment.wall);
        if let Some(input) = self.inputs.get_mut(id) {
            input.has_ended = true;
        }
        for output in self.outputs_of(id) {
            if let Some(track) = self.tracks.get_mut(&output) {
                track.is_over = true;
            }
        }
        let _ = self.open(moment.now);
        self.finish_over();
        self.settle(moment.now)
    }

    /// Does what is due with time, should nothing come.
    pub fn tick(&mut self, now: Duration) -> Vec<Signal> {
        // Waiting fragments were accepted before and cannot exceed the bound.
        let _ = self.open(now);
        self.settle(now)
    }

    fn finish_over(&mut self) {
        if self.targets.is_some() {
            for track in self.tracks.values_mut().filter(|track| track.is_over) {
                track.finish(&self.config, &mut self.timeline);
            }
        }
        self.note_left_out();
    }

    /// Returns whether every stream has said that it has ended.
    pub fn has_ended(&self) -> bool {
        self.inputs.values().all(|input| input.has_ended)
    }

    /// Lists what is left of everything.
    pub fn finish(&mut self, moment: Moment) -> Vec<Signal> {
        let inputs: Vec<ObjectId> = self.inputs.keys().cloned().collect();
        for id in &inputs {
            let _ = self.flush(id, moment.wall);
            let _ = self.go_on_without(id, moment.wall);
        }
        self.tracks.values_mut().for_each(|track| track.is_over = true);
        self.opening_ends = Duration::ZERO;
        let _ = self.open(moment.now);
        self.finish_over();
        self.settle(moment.now)
    }

    /// Returns the signal that ends the playlist.
    pub fn end_stream(&self) -> Payload {
        Payload::End(EndStream { playlist: PlaylistRef { id: self.config.playlist.clone(), version: None } })
    }
}
