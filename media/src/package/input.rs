//! Pushed streams, and the tracks that each of them feeds.

use std::time::Duration;

use roomcast_protocol::id::ObjectId;

use super::split::{self, Output};
use super::track::Track;
use super::{Earlier, Held, Packager};
use crate::timing::Timing;
use crate::{Ends, Error, Fragment, Init};

/// So much media without a key frame is refused while it comes, and so much that ends without one.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// One pushed stream.
#[derive(Debug)]
pub(super) struct Input {
    pub init: Init,
    pub ends: Ends,
    timing: Timing,
    outputs: Vec<Output>,
    pub has_ended: bool,
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
        if self.inputs.get(id).is_some_and(|known| known.init.tracks == init.tracks) {
            return Ok(());
        }
        self.flush(id, wall)?;
        let (outputs, left_out) = split::split(id, &init);
        self.left_out.extend(left_out);
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
        let timing = Timing::new(&init);
        let input = Input { init, ends: Ends::default(), timing, outputs, has_ended: false };
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

    /// The tracks that a stream feeds: a name that is pushed by itself wins.
    pub(super) fn outputs_of(&self, id: &ObjectId) -> Vec<ObjectId> {
        let Some(input) = self.inputs.get(id) else { return Vec::new() };
        let own = input.outputs.iter().map(|output| &output.id);
        own.filter(|output| *output == id || !self.inputs.contains_key(*output)).cloned().collect()
    }

    pub(super) fn take_fragment(&mut self, id: &ObjectId, fragment: Fragment, wall: i64) -> Result<(), Error> {
        let input = self.inputs.get_mut(id).ok_or(Error::FragmentBeforeInit)?;
        input.has_ended = false;
        input.ends.note(&fragment);
        let fragment = input.timing.take(fragment);
        self.feed(id, &fragment, wall)?;
        self.lack_of_key_frame(id, LONGEST_WAIT).map_or(Ok(()), Err)
    }

    /// Why nothing of a stream can be listed, of which media has come to its end.
    pub fn check_key_frame(&self, id: &ObjectId) -> Result<(), Error> {
        self.lack_of_key_frame(id, LEAST_WAIT).map_or(Ok(()), Err)
    }

    /// The error of a stream of which so much has come without a key frame in any of its tracks.
    fn lack_of_key_frame(&self, id: &ObjectId, least: Duration) -> Option<Error> {
        let outputs = self.outputs_of(id);
        let tracks = || outputs.iter().filter_map(|output| self.tracks.get(output));
        let keyless = tracks().map(Track::keyless).max().filter(|_| tracks().all(Track::lacks_key_frame))?;
        (keyless >= least).then_some(Error::NoKeyFrame(keyless))
    }

    /// Gives each track of a stream what is its own.
    fn feed(&mut self, id: &ObjectId, fragment: &Fragment, wall: i64) -> Result<(), Error> {
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

    /// Takes what the times of a stream were kept back for.
    pub(super) fn flush(&mut self, id: &ObjectId, wall: i64) -> Result<(), Error> {
        let left = self.inputs.get_mut(id).map(|input| input.timing.finish());
        left.map_or(Ok(()), |left| self.feed(id, &left, wall))
    }
}
