//! One track: its init section, its cutter, its numbers and what waits for it to get a role.

mod begin;
mod run;
mod say;

use std::time::Duration;

use roomcast_media::{Cut, Fragment, Handler, Init, Start, Variant as Attributes};
use roomcast_protocol::id::ObjectId;

use super::timeline::{Timeline, millis};
use super::{Fault, Plan};
use run::{Run, Word, rate};

/// What rounds to the target duration is no longer than it (rfc8216bis, 4.4.3.1).
const ROUNDING: Duration = Duration::from_millis(499);

/// What a track is to players.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Variant { audio: Option<ObjectId> },
    Rendition { default: bool },
}

#[derive(Debug)]
pub(super) struct Track {
    id: ObjectId,
    init: Init,
    maps: u64,
    attributes: Option<Attributes>,
    pub role: Option<Role>,
    pub ended: bool,
    run: Option<Run>,
    /// Which timeline its last run was of, and where that ended.
    last: Option<(u64, Duration)>,
    next: Start,
    renewed: bool,
    /// Something was listed of it, in this run or an earlier one.
    begun: bool,
    /// Bits per second at most.
    peak: u64,
    held: Vec<Word>,
    held_bytes: usize,
}

impl Track {
    pub fn new(id: ObjectId, init: Init, next: u64) -> Self {
        Self {
            id,
            init,
            maps: 0,
            attributes: None,
            role: None,
            ended: false,
            run: None,
            last: None,
            next: Start { segment: next, part_number: 0 },
            renewed: true,
            begun: next > 0,
            peak: 0,
            held: Vec::new(),
            held_bytes: 0,
        }
    }

    pub fn init(&self) -> &Init {
        &self.init
    }

    pub fn has(&self, handler: Handler) -> bool {
        self.init.tracks.iter().any(|track| track.handler == handler)
    }

    pub fn codecs(&self) -> &str {
        self.attributes.as_ref().map_or("", |attributes| &attributes.codecs)
    }

    /// Whether a part has come.
    pub const fn is_heard(&self) -> bool {
        self.peak > 0
    }

    /// Bytes that wait.
    pub const fn held(&self) -> usize {
        self.held_bytes
    }

    /// The first number that is free, once what is open has ended.
    pub fn next_segment(&self) -> u64 {
        self.next.segment + u64::from(self.run.is_some())
    }

    /// Takes an init section. The same again is no news.
    pub fn renew(&mut self, plan: &Plan, init: Init) {
        if init.bytes != self.init.bytes {
            self.finish(plan);
            (self.init, self.renewed, self.attributes) = (init, true, None);
        }
    }

    /// Lists what is left of the run.
    pub fn finish(&mut self, plan: &Plan) {
        if let Some(mut run) = self.run.take() {
            let cuts = run.cutter.finish();
            self.next = run.cutter.next_start();
            // A segment that is too long was refused before.
            if let Ok(Some(end)) = self.write(&mut run, cuts, plan) {
                self.last = Some((run.timeline, end));
            }
        }
    }

    /// Takes a fragment. Without a run, one begins at its first sync sample; what stands before is dropped.
    pub fn push(
        &mut self,
        plan: &Plan,
        timeline: &mut Option<Timeline>,
        others: u64,
        fragment: Fragment,
        wall: i64,
    ) -> Result<(), Fault> {
        self.ended = false;
        self.attributes.get_or_insert_with(|| Attributes::new(&self.init, &fragment));
        let mut run = match self.run.take() {
            Some(run) => run,
            None => match self.first_sync(&fragment) {
                None => return Ok(()),
                Some((at, tolerance)) => {
                    let began = wall.saturating_sub(millis(self.length(&fragment)));
                    self.begin(plan, timeline, others, (at, tolerance), began)?
                }
            },
        };
        let cut = run.cutter.push(fragment);
        self.next = run.cutter.next_start();
        let done = cut.map_err(Fault::from).and_then(|cuts| self.write(&mut run, cuts, plan));
        if let Ok(Some(end)) = done {
            if let Some(timeline) = timeline.as_mut().filter(|timeline| timeline.number == run.timeline) {
                timeline.advance(end);
            }
            self.last = Some((run.timeline, end));
        }
        self.run = Some(run);
        done.map(drop)
    }

    /// Puts what was cut into words. The last thing that was written ends at the decode time that is returned.
    fn write(&mut self, run: &mut Run, cuts: Vec<Cut>, plan: &Plan) -> Result<Option<Duration>, Fault> {
        let mut end = None;
        let map = self.map(plan, self.maps.saturating_sub(1));
        for cut in cuts {
            self.begun = true;
            match cut {
                Cut::Part(part) => {
                    let from = run.origin + part.start;
                    if part.index == 0 {
                        run.segment_start = from;
                    }
                    let to = from + part.duration;
                    end = Some(to);
                    if to - run.segment_start > plan.target_duration + ROUNDING {
                        return Err(Fault::KeyFrames(plan.target_duration));
                    }
                    self.peak = self.peak.max(rate(&part));
                    self.held_bytes += part.bytes.len();
                    self.held.push(run.part(part, &map, plan));
                }
                Cut::Segment(segment) => self.held.push(run.segment(segment, &map, plan)),
            }
        }
        Ok(end)
    }

    fn map(&self, plan: &Plan, number: u64) -> ObjectId {
        plan.name("init-", number, "mp4")
    }
}
