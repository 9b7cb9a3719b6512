//! One track: its init section, its cutter, its numbers and the media that waits until it has a role.

mod begin;
mod emit;
mod left_out;
mod measured;
mod period;

use std::time::Duration;

use roomcast_protocol::data::{InitSection, Media, Payload};
use roomcast_protocol::id::ObjectId;

use super::opening::Measure;
use super::split::Output;
use super::timeline::{Timeline, millis};
use super::{Config, Earlier, Lengths, names};
use crate::cut::LARGEST_JUMP;
use crate::timing::Break;
use crate::{Cut, Error, Fragment, Handler, Init, Sample, Start, Targets, Track as MediaTrack, Variant as Attributes};
#[cfg(test)]
pub(super) use emit::join_codecs;
use left_out::Unlisted;
use measured::Measured;
use period::{PendingSignal, Period, rate};

/// A track's role for players.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Variant {
        audio: Option<ObjectId>,
    },
    /// Audio alone that is a variant and a rendition of its group.
    Choice {
        default: bool,
    },
    Rendition {
        default: bool,
    },
}

/// Context in which a track is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct CutContext<'a> {
    pub config: &'a Config,
    pub targets: Targets,
    /// The first segment that no other track has begun.
    pub others: u64,
    /// Milliseconds since 1970 at which the media came.
    pub wall: i64,
}

#[derive(Debug)]
pub(super) struct Track {
    id: ObjectId,
    init: Init,
    measure: Measure,
    attributes: Option<Attributes>,
    pub role: Option<Role>,
    /// The audio of the same stream to which this is another choice.
    pub beside: Option<ObjectId>,
    /// It has had a role when signals were emitted.
    pub is_declared: bool,
    /// Its stream has said that it has ended.
    pub is_over: bool,
    /// A discontinuity is due at the first sync sample from there on.
    pub break_at: Option<Break>,
    period: Option<Period>,
    targets: Option<Targets>,
    /// Samples of other tracks that came before the first one to begin with.
    early: Vec<Sample>,
    /// Ticks of the leading track before its first key frame.
    keyless: u64,
    left_out: Unlisted,
    /// The timeline of its last period, and its end.
    last: Option<(u64, Duration)>,
    next: Start,
    maps: u64,
    renewed: bool,
    /// Something was listed of it, in this run or an earlier one.
    begun: bool,
    /// Bits per second at most.
    peak: u64,
    measured: Measured,
    /// The last declarations.
    stated: Vec<Payload>,
    pending: Vec<PendingSignal>,
    pending_bytes: usize,
}

impl Track {
    pub fn new(output: &Output, init: Init, earlier: Earlier) -> Self {
        Self {
            id: output.id.clone(),
            init,
            measure: Measure::default(),
            attributes: None,
            role: None,
            beside: output.beside.clone(),
            is_declared: false,
            is_over: false,
            break_at: None,
            period: None,
            targets: None,
            early: Vec::new(),
            keyless: 0,
            left_out: Unlisted::default(),
            last: None,
            next: earlier.start,
            maps: earlier.map,
            renewed: true,
            begun: earlier.start != Start::default(),
            peak: 0,
            measured: Measured::default(),
            stated: Vec::new(),
            pending: Vec::new(),
            pending_bytes: 0,
        }
    }

    pub fn init(&self) -> &Init {
        &self.init
    }

    pub fn has(&self, handler: Handler) -> bool {
        self.init.tracks.iter().any(|track| track.handler == handler)
    }

    pub fn leading(&self) -> Option<&MediaTrack> {
        self.init.leading()
    }

    pub fn codecs(&self) -> String {
        let codecs: Vec<&str> = self.init.tracks.iter().map(|track| &track.codec[..]).collect();
        codecs.join(",")
    }

    /// Statistics collected during the opening.
    pub fn opening(&self) -> &Measure {
        &self.measure
    }

    pub fn has_begun(&self) -> bool {
        self.measure.has_begun()
    }

    /// Counts what comes before the first key frame.
    pub fn count_keyless(&mut self, fragment: &Fragment) {
        if self.lacks_key_frame() && self.first_sync(fragment).is_none() {
            let Some(leading) = self.init.leading() else { return };
            let own = fragment.samples.iter().filter(|sample| sample.track == leading.id);
            let ticks = own.map(|sample| u64::from(sample.duration)).fold(0, u64::saturating_add);
            self.keyless = self.keyless.saturating_add(ticks);
        }
    }

    /// Returns whether no key frame has come.
    pub fn lacks_key_frame(&self) -> bool {
        !self.measure.has_begun() && self.period.is_none() && self.last.is_none()
    }

    /// Returns the duration of what has come before the first key frame.
    pub fn keyless(&self) -> Duration {
        self.leading().map_or(Duration::ZERO, |leading| leading.time(self.keyless))
    }

    pub fn is_measured(&self, lengths: Lengths) -> bool {
        self.leading().is_some_and(|leading| self.measure.is_enough(leading, lengths))
    }

    pub fn measure(&mut self, fragment: &Fragment) {
        let Some(leading) = self.init.leading().map(|track| track.id) else { return };
        fragment.samples.iter().filter(|sample| sample.track == leading).for_each(|sample| self.measure.add(sample));
    }

    /// Takes what came before there was anything to begin with, and begins the statistics anew.
    pub fn take_early(&mut self) -> Fragment {
        self.measure = Measure::default();
        Fragment { sequence: 0, samples: std::mem::take(&mut self.early) }
    }

    /// Its part target, once it is cut into parts.
    pub fn part_target(&self) -> Option<Duration> {
        self.targets?.part
    }

    /// Drops what waits, and goes on with parts of at most this length.
    pub fn restart(&mut self, part: Duration) {
        (self.pending, self.pending_bytes, self.peak) = (Vec::new(), 0, 0);
        (self.role, self.period, self.renewed, self.last) = (None, None, true, None);
        let own = self.leading().and_then(|leading| self.measure.part_target(leading, part)).unwrap_or(part);
        self.targets = self.targets.map(|targets| Targets { part: Some(own), ..targets });
    }

    /// Returns whether a part or segment has come.
    pub const fn is_heard(&self) -> bool {
        self.peak > 0
    }

    /// Bytes that wait for a role.
    pub const fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Returns the first number that is free, once what is open has ended.
    pub fn next_segment(&self) -> u64 {
        self.next.segment + u64::from(self.period.is_some())
    }

    /// Takes another init section.
    pub fn renew(&mut self, config: &Config, init: Init, timeline: &mut Option<Timeline>) {
        if init.tracks == self.init.tracks {
            return;
        }
        self.finish(config, timeline);
        (self.init, self.renewed, self.attributes) = (init, true, None);
        self.measured.renew();
    }

    /// Lists what is left of the period.
    pub fn finish(&mut self, config: &Config, timeline: &mut Option<Timeline>) {
        let Some(targets) = self.targets else { return };
        let context = CutContext { config, targets, others: 0, wall: 0 };
        let mut rest = self.close(&context, timeline);
        // Media that was left out may have to be followed by a period of its own, once.
        if let Some(fragment) = rest.take() {
            let _ = self.push(&context, timeline, fragment);
            self.close(&context, timeline);
        }
        if self.begun {
            let early = std::mem::take(&mut self.early);
            self.left_out.add(0, early.len() as u64);
        }
    }

    fn close(&mut self, context: &CutContext<'_>, timeline: &mut Option<Timeline>) -> Option<Fragment> {
        let mut period = self.period.take()?;
        let pushed = period.cutter.finish();
        self.next = period.cutter.next_start();
        self.list(&mut period, pushed.cuts, context, timeline);
        self.left_out.count(&mut period);
        pushed.rest
    }

    /// Takes a fragment. Without a period, one begins at its first sync sample; what the leading track has before that
    /// is dropped.
    pub fn push(
        &mut self,
        context: &CutContext<'_>,
        timeline: &mut Option<Timeline>,
        fragment: Fragment,
    ) -> Result<(), Error> {
        let context = &CutContext { targets: self.own_targets(context, &fragment), ..*context };
        let mut left = Some(fragment);
        while let Some(fragment) = left.take() {
            let (mut period, fragment) = match self.period.take() {
                Some(period) => (period, fragment),
                None => match self.first_sync(&fragment) {
                    None => {
                        self.count_unlisted(&fragment);
                        self.keep_early(fragment, context.config.held);
                        return Ok(());
                    }
                    Some(at) => {
                        self.count_unlisted(&fragment);
                        let began = context.wall.saturating_sub(millis(self.length(&fragment)));
                        (self.begin(context, timeline, at, began)?, self.with_early(fragment))
                    }
                },
            };
            self.attributes.get_or_insert_with(|| Attributes::new(&self.init, &fragment));
            if let Some(leading) = self.init.leading() {
                self.measured.note(&fragment, leading);
            }
            if let Some(due) = self.break_at {
                period.cutter.break_at(due);
            }
            let pushed = period.cutter.push(fragment);
            self.next = period.cutter.next_start();
            let pushed = pushed.map(|pushed| (self.list(&mut period, pushed.cuts, context, timeline), pushed.rest));
            self.left_out.count(&mut period);
            self.period = Some(period);
            left = pushed?.1;
            if left.is_some() {
                // Where nothing was lost either, what follows goes on in a period of its own.
                let behind = self.close(context, timeline);
                left = behind.or(left);
            }
        }
        Ok(())
    }

    /// Returns the targets of the broadcast, with a shorter part target where that fits the track's own frames. Fixed
    /// once.
    fn own_targets(&mut self, context: &CutContext<'_>, first: &Fragment) -> Targets {
        if let Some(targets) = self.targets {
            return targets;
        }
        if !self.measure.has_begun() {
            self.measure(first);
        }
        let own = |limit| self.leading().and_then(|leading| self.measure.part_target(leading, limit));
        // A stream has parts or it has none: a track that cannot be cut brings its segments whole.
        let part = context.targets.part.map(|limit| own(limit).unwrap_or(limit));
        *self.targets.insert(Targets { part, ..context.targets })
    }

    /// Keeps what may belong to the first sample of the leading track, which is still to come.
    fn keep_early(&mut self, fragment: Fragment, most: usize) {
        let Some(leading) = self.init.leading().map(|track| track.id) else { return };
        self.early.extend(fragment.samples.into_iter().filter(|sample| sample.track != leading));
        let newest = self.early.last().map_or(0, Sample::end);
        let timescale = self.early.last().and_then(|last| self.init.track(last.track)).map(|track| track.timescale);
        let longest = timescale.map_or(0, |timescale| LARGEST_JUMP.as_secs() * u64::from(timescale.get()));
        let before = self.early.len();
        self.early.retain(|sample| newest.saturating_sub(sample.end()) <= longest);
        let mut bytes: usize = self.early.iter().map(|sample| sample.payload.len()).sum();
        let too_much = self.early.iter().take_while(|sample| {
            let is_over = bytes > most;
            bytes -= sample.payload.len();
            is_over
        });
        let count = too_much.count();
        self.early.drain(..count);
        if self.begun {
            self.left_out.add(0, (before - self.early.len()) as u64);
        }
    }

    fn with_early(&mut self, fragment: Fragment) -> Fragment {
        let mut samples = std::mem::take(&mut self.early);
        samples.extend(fragment.samples);
        Fragment { sequence: fragment.sequence, samples }
    }

    /// Puts what was cut into signals.
    fn list(&mut self, period: &mut Period, cuts: Vec<Cut>, context: &CutContext<'_>, timeline: &mut Option<Timeline>) {
        let map = names::map(&context.config.prefix, self.maps.saturating_sub(1));
        for cut in cuts {
            (self.begun, self.left_out.is_over) = (true, true);
            let mut is_corrected = false;
            let signal = match cut {
                Cut::Part(part) => {
                    self.peak = self.peak.max(rate(part.bytes.len(), part.duration));
                    self.pending_bytes += part.bytes.len();
                    period.part(part, &map, context.config)
                }
                Cut::PartsEnd(end) => period.parts_end(end, &map, context.config),
                Cut::Segment(segment) => {
                    self.peak = self.peak.max(rate(segment.bytes.len(), segment.duration));
                    self.pending_bytes += segment.bytes.len();
                    is_corrected = self.measure_segment(segment.bytes.len(), segment.duration, context);
                    period.segment(segment, &map, context.config)
                }
            };
            if let Some(end) = signal.end() {
                if let Some(timeline) = timeline.as_mut().filter(|timeline| timeline.number == period.timeline) {
                    timeline.advance(period.origin + end);
                }
                self.last = Some((period.timeline, period.origin + end));
            }
            self.pending.push(signal);
            if is_corrected {
                self.pending.push(PendingSignal::Declare(self.newest_map(context.config)));
            }
        }
    }

    /// Measures a segment. Says whether the track is to be declared with other figures.
    fn measure_segment(&mut self, bytes: usize, duration: Duration, context: &CutContext<'_>) -> bool {
        let window = context.config.window.max(context.targets.longest * 3);
        self.measured.add(bytes, duration, window, context.targets.longest / 2)
    }

    fn newest_map(&self, config: &Config) -> InitSection {
        let id = names::map(&config.prefix, self.maps.saturating_sub(1));
        InitSection { id, data: Media(self.init.bytes.clone()) }
    }
}
