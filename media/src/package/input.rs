//! Pushed streams, and the tracks that each of them feeds.

use std::time::Duration;

use roomcast_protocol::id::ObjectId;

use super::absent::Came;
use super::opening::LONGEST_OPENING;
use super::split::{self, Output};
use super::track::Track;
use super::{Earlier, Held, Moment, Packager};
use crate::timing::{Others, Timing};
use crate::{Ends, Error, Fragment, Init};

/// One pushed stream.
#[derive(Debug)]
pub(super) struct Input {
    pub init: Init,
    pub ends: Ends,
    timing: Timing,
    pub(super) outputs: Vec<Output>,
    pub has_ended: bool,
    /// Time when its newest fragment came.
    arrived: Duration,
    pub(super) came: Came,
}

impl Packager {
    /// Takes the init section of a stream.
    pub(super) fn renew(
        &mut self,
        id: &ObjectId,
        init: Init,
        wall: i64,
        earlier: impl Fn(&ObjectId) -> Earlier,
    ) -> Result<(), Error> {
        self.flush(id, wall)?;
        if let Some(known) = self.inputs.get_mut(id).filter(|known| known.init.tracks == init.tracks) {
            known.timing.restart();
            return Ok(());
        }
        let (outputs, left_out) = split::split(id, &init);
        self.notes.extend(left_out.into_iter().map(|line| format!("left out: {line}")));
        for output in &outputs {
            let own = init.only(&output.tracks);
            match self.tracks.get_mut(&output.id) {
                _ if output.id != *id && self.inputs.contains_key(&output.id) => {}
                Some(track) => track.renew(&self.config, own, &mut self.timeline),
                None => {
                    let track = Track::new(output, own, earlier(&output.id));
                    self.tracks.insert(output.id.clone(), track);
                }
            }
        }
        let mut timing = Timing::new(&init);
        if self.inputs.contains_key(id) {
            timing.restart();
        }
        let (ends, came, arrived) = (Ends::default(), Came::default(), Duration::ZERO);
        let input = Input { init, ends, timing, outputs, has_ended: false, arrived, came };
        let before = self.inputs.insert(id.clone(), input);
        self.finish_lost(id, before);
        Ok(())
    }

    /// Ends the tracks that a stream had before and has no longer.
    fn finish_lost(&mut self, id: &ObjectId, before: Option<Input>) {
        let lost: Vec<ObjectId> =
            before.into_iter().flat_map(|before| before.outputs).map(|output| output.id).collect();
        let now: Vec<ObjectId> = self.outputs_of(id);
        for gone in lost.iter().filter(|lost| !now.contains(lost) && !self.inputs.contains_key(*lost)) {
            if let Some(track) = self.tracks.get_mut(gone) {
                track.finish(&self.config, &mut self.timeline);
            }
        }
    }

    /// Returns the tracks that a stream feeds: a name that is pushed by itself wins.
    pub(super) fn outputs_of(&self, id: &ObjectId) -> Vec<ObjectId> {
        let Some(input) = self.inputs.get(id) else { return Vec::new() };
        let own = input.outputs.iter().map(|output| &output.id);
        own.filter(|output| *output == id || !self.inputs.contains_key(*output)).cloned().collect()
    }

    pub(super) fn take_fragment(&mut self, id: &ObjectId, fragment: Fragment, moment: Moment) -> Result<(), Error> {
        let others = self.others(id, moment.now);
        let input = self.inputs.get_mut(id).ok_or(Error::FragmentBeforeInit)?;
        input.has_ended = false;
        input.ends.note(&fragment);
        let fragment = input.timing.take(fragment, others);
        input.arrived = moment.now;
        self.announce_break(id);
        self.feed(id, &fragment, moment.wall)?;
        self.refuse_keyless(id, self.config.key_frame_wait)
    }

    /// Refuses a stream whose media has come to its end, at least a segment of it and all of it without a key frame.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyFrame`].
    pub fn check_key_frame(&self, id: &ObjectId) -> Result<(), Error> {
        self.refuse_keyless(id, self.config.lengths.segment.min(self.config.key_frame_wait))
    }

    /// Refuses a stream that has brought so much without a key frame in any of its tracks.
    fn refuse_keyless(&self, id: &ObjectId, least: Duration) -> Result<(), Error> {
        let outputs = self.outputs_of(id);
        let tracks = || outputs.iter().filter_map(|output| self.tracks.get(output));
        let keyless = tracks().map(Track::keyless).max().filter(|_| tracks().all(Track::lacks_key_frame));
        match keyless {
            Some(keyless) if keyless >= least => Err(Error::NoKeyFrame(keyless)),
            _ => Ok(()),
        }
    }

    /// Distributes the samples of a stream to its tracks.
    fn feed(&mut self, id: &ObjectId, fragment: &Fragment, wall: i64) -> Result<(), Error> {
        // Samples that belong to a long fragment may come in the next one.
        let has_waited = self.inputs.get(id).is_some_and(|input| input.length() >= LONGEST_OPENING);
        self.note_came(id, fragment, wall)?;
        if has_waited {
            self.go_on_without(id, wall)?;
        }
        for output in self.outputs_of(id) {
            let Some(track) = self.tracks.get_mut(&output) else { continue };
            let own = fragment.samples.iter().filter(|sample| track.init().track(sample.track).is_some());
            let own = Fragment { sequence: fragment.sequence, samples: own.cloned().collect() };
            if own.samples.is_empty() {
                continue;
            }
            track.is_over = false;
            track.count_keyless(&own);
            if self.targets.is_some() {
                self.cut(&output, own, wall)?;
            } else {
                track.measure(&own);
                self.held.push(Held { track: output, fragment: own, wall });
            }
        }
        Ok(())
    }

    /// Media time of the other streams that have begun and not ended, which goes on with time.
    fn others(&self, id: &ObjectId, now: Duration) -> Option<Others> {
        let others = self.inputs.iter().filter(|(other, input)| *other != id && !input.has_ended);
        let by_now = others.filter_map(|(_, input)| {
            let Others { begin, end } = input.timing.span()?;
            let passed = now.saturating_sub(input.arrived).as_nanos();
            Some(Others { begin, end: end.saturating_add(i128::try_from(passed).unwrap_or(i128::MAX)) })
        });
        by_now.reduce(|one, other| Others { begin: one.begin.min(other.begin), end: one.end.max(other.end) })
    }

    /// Has the first track of a stream begin anew behind a clock that was set right; the others follow it. Notes clocks
    /// that have nothing to do with each other.
    fn announce_break(&mut self, id: &ObjectId) {
        let Some(input) = self.inputs.get_mut(id) else { return };
        self.notes.extend(input.timing.take_moved().map(|(track, seconds)| {
            format!(
                "track {track} of {id} is stamped by a clock of its own: its times are moved by {seconds:.1} s to those \
                 of the other tracks"
            )
        }));
        let Some(at) = input.timing.take_break() else { return };
        let first = self.outputs_of(id).into_iter().next();
        if let Some(track) = first.and_then(|first| self.tracks.get_mut(&first)) {
            track.break_at.get_or_insert(at);
        }
    }

    /// Takes what the times of a stream were kept back for.
    pub(super) fn flush(&mut self, id: &ObjectId, wall: i64) -> Result<(), Error> {
        let others = self.others(id, Duration::ZERO);
        let left = self.inputs.get_mut(id).map(|input| input.timing.finish(others));
        self.announce_break(id);
        left.map_or(Ok(()), |left| self.feed(id, &left, wall))
    }
}
