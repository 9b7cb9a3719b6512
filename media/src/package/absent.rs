//! Tracks that an init section announces and that bring nothing.
//!
//! Players wait for each track that they are told of. Therefore a track of a stream that has not come for as long as
//! an opening may last, or up to the end, is left out of the init section and of `CODECS`; should it come yet, both
//! are made anew.

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_protocol::id::ObjectId;

use super::Packager;
use super::input::Input;
use super::split::Output;
use crate::{Error, Fragment, Handler};

/// Media of a stream that has come.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// Ticks of each track.
    tracks: BTreeMap<u32, u64>,
    /// Tracks that are not waited for any longer.
    absent: Vec<u32>,
}

impl Input {
    /// Returns whether players would be told of a track of which nothing has come, beside another of which something
    /// has.
    pub(super) fn waits(&self) -> bool {
        let has_come = |track: &u32| self.came.tracks.contains_key(track);
        let is_partial = |tracks: &[u32]| tracks.iter().any(has_come) && !tracks.iter().all(has_come);
        !self.has_ended && self.came.absent.is_empty() && self.outputs.iter().any(|output| is_partial(&output.tracks))
    }

    fn tracks_of(&self, output: &ObjectId) -> Option<&[u32]> {
        self.outputs.iter().find(|own| own.id == *output).map(|own| &own.tracks[..])
    }

    /// Returns the tracks of an output that come; none of audio that another one has beside its video.
    fn come(&self, output: &ObjectId) -> Vec<u32> {
        let has_come = |track: &u32| self.came.tracks.contains_key(track);
        let come: Vec<u32> = self.tracks_of(output).unwrap_or_default().iter().copied().filter(has_come).collect();
        let plays = |other: &Output| other.id != *output && other.tracks.iter().all(has_come);
        let is_elsewhere = |other: &Output| plays(other) && come.iter().all(|track| other.tracks.contains(track));
        if self.outputs.iter().any(is_elsewhere) { Vec::new() } else { come }
    }

    /// Returns the duration of the track that has brought most.
    pub(super) fn length(&self) -> Duration {
        let lengths = self.came.tracks.iter().filter_map(|(id, ticks)| Some(self.init.track(*id)?.time(*ticks)));
        lengths.max().unwrap_or_default()
    }
}

impl Packager {
    /// Notes what came of which track. A track that was given up takes its place again, with the whole init section.
    pub(super) fn note_came(&mut self, id: &ObjectId, fragment: &Fragment, wall: i64) -> Result<(), Error> {
        let Some(input) = self.inputs.get_mut(id) else { return Ok(()) };
        for sample in &fragment.samples {
            let ticks = input.came.tracks.entry(sample.track).or_default();
            *ticks = ticks.saturating_add(sample.duration.into());
        }
        let Came { tracks, absent } = &mut input.came;
        let come: Vec<u32> = absent.extract_if(.., |track| tracks.contains_key(track)).collect();
        self.notes.extend(come.iter().map(|track| format!("track {track} of {id} brings media now")));
        if come.is_empty() {
            return Ok(());
        }
        // Media that has waited is listed as it was given out.
        self.opening_ends = Duration::ZERO;
        self.open(Duration::ZERO)?;
        self.renew_outputs(id, &come, wall)
    }

    /// Continues a stream without the tracks of which no media has arrived.
    pub(super) fn go_on_without(&mut self, id: &ObjectId, wall: i64) -> Result<(), Error> {
        let Some(input) = self.inputs.get_mut(id) else { return Ok(()) };
        if input.came.tracks.is_empty() {
            return Ok(());
        }
        let tracks = input.outputs.iter().flat_map(|output| output.tracks.iter().copied());
        let is_new = |track: &u32| !input.came.tracks.contains_key(track) && !input.came.absent.contains(track);
        let mut absent: Vec<u32> = tracks.filter(is_new).collect();
        absent.dedup();
        let kind = |track: u32| match input.init.track(track).map(|track| track.handler) {
            Some(Handler::Video) => "video",
            _ => "audio",
        };
        let note = |track: &u32| format!("left out: track {track} of {id} ({}), which brings no media", kind(*track));
        self.notes.extend(absent.iter().map(note));
        input.came.absent.extend_from_slice(&absent);
        self.renew_outputs(id, &absent, wall)
    }

    /// Has the outputs that have one of these tracks begin with an init section of those that come.
    fn renew_outputs(&mut self, id: &ObjectId, changed: &[u32], wall: i64) -> Result<(), Error> {
        for output in self.outputs_of(id) {
            let Some((input, track)) = self.inputs.get(id).zip(self.tracks.get_mut(&output)) else { continue };
            let is_changed = |tracks: &[u32]| tracks.iter().any(|track| changed.contains(track));
            let come = input.come(&output);
            if !come.is_empty() && input.tracks_of(&output).is_some_and(is_changed) {
                track.renew(&self.config, input.init.only(&come), &mut self.timeline);
                let early = track.take_early();
                self.begin_anew(&output, early, wall)?;
            }
        }
        Ok(())
    }

    /// Measures or cuts what a track has brought under an init section that promised more.
    fn begin_anew(&mut self, id: &ObjectId, early: Fragment, wall: i64) -> Result<(), Error> {
        if self.targets.is_some() {
            return if early.samples.is_empty() { Ok(()) } else { self.cut(id, early, wall) };
        }
        let Some(track) = self.tracks.get_mut(id) else { return Ok(()) };
        self.held.iter().filter(|held| held.track == *id).for_each(|held| track.measure(&held.fragment));
        Ok(())
    }
}
