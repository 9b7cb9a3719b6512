//! One track: its init section, its cutter, its numbers and what waits for it to get a role.

use std::time::Duration;

use roomcast_media::{Cut, Cutter, Fragment, Handler, Init, Part, Segment, Start, Variant as Attributes};
use roomcast_protocol::data::{
    InitSection, MapRef, Media, PartData, Payload, PlaylistRef, Rendition, RenditionType, Seconds, SegmentData,
    SegmentHead, TrackRef, UpdatePart, UpdateRendition, UpdateSegment, UpdateVariant, Variant, WithMap,
};
use roomcast_protocol::id::ObjectId;

use super::roles::group_id;
use super::timeline::{Clock, Timeline, millis};
use super::{Fault, Plan};

/// Numbers that a track may leave out to stand beside the others; they are listed as gaps.
const MAX_HOLE: u64 = 30;
/// What rounds to the target duration is no longer than it (rfc8216bis, 4.4.3.1).
const ROUNDING: Duration = Duration::from_millis(499);
/// Bandwidths are stated in steps of so many bits per second.
const BANDWIDTH_STEP: u64 = 10_000;

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

/// Media from one start of the encoder, or one break, to the next.
#[derive(Debug)]
struct Run {
    cutter: Cutter,
    timeline: u64,
    clock: Clock,
    /// The segment that stands behind a discontinuity.
    breaks: Option<u64>,
    /// The decode time of its first sample.
    origin: Duration,
    segment_start: Duration,
}

/// Something to be said once there is a role.
#[derive(Debug)]
enum Word {
    Declare(InitSection),
    Part(SegmentHead, PartData),
    Segment(SegmentData),
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

    /// Whether another track has begun a timeline which this one has reached.
    pub fn must_change(&self, newest: &Timeline, fragment: &Fragment) -> bool {
        let old = self.run.as_ref().is_some_and(|run| run.timeline != newest.number);
        old && self.first_sync(fragment).is_some_and(|(at, _)| newest.reaches(at))
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

    /// Begins a run: on the newest timeline if the media goes on there, else on a new one.
    fn begin(
        &mut self,
        plan: &Plan,
        timeline: &mut Option<Timeline>,
        others: u64,
        (at, tolerance): (Duration, Duration),
        wall: i64,
    ) -> Result<Run, Fault> {
        let joins = timeline.as_ref().is_some_and(|known| known.holds(at) && self.goes_on(known, at + tolerance));
        let base = self.next.segment.max(others);
        let line = match timeline.take() {
            Some(known) if joins => known,
            before => Timeline::begin(before.as_ref(), at, wall, base, plan.targets.segment),
        };
        let line = timeline.insert(line);
        let (aligned, next) = (line.sequence(at + tolerance), self.next.segment);
        let fits = aligned >= next && (aligned - next <= MAX_HOLE || !self.begun);
        let start = Start { segment: if fits { aligned } else { next }, ..self.next };
        let cutter = Cutter::new(&self.init, plan.targets, start)?.on_grid(line.clock.origin);
        let breaks = self.begun && self.last.is_none_or(|(number, _)| number != line.number);
        if std::mem::take(&mut self.renewed) {
            let data = Media(self.init.bytes.clone());
            self.held.push(Word::Declare(InitSection { id: self.map(plan, self.maps), data }));
            self.maps += 1;
        }
        let breaks = breaks.then_some(start.segment);
        let (timeline, clock) = (line.number, line.clock);
        Ok(Run { cutter, timeline, clock, breaks, origin: at, segment_start: at })
    }

    /// Whether media at this time goes on from what was listed of a timeline.
    fn goes_on(&self, timeline: &Timeline, at: Duration) -> bool {
        match self.last {
            Some((number, end)) if number == timeline.number => !self.renewed && at >= end,
            _ => true,
        }
    }

    /// Where the leading track can be decoded from, and half a sample.
    fn first_sync(&self, fragment: &Fragment) -> Option<(Duration, Duration)> {
        let leading = self.init.leading()?;
        let first = fragment.samples.iter().find(|sample| sample.track == leading.id && sample.is_sync())?;
        Some((leading.time(first.decode_time), leading.time(u64::from(first.duration)) / 2))
    }

    fn length(&self, fragment: &Fragment) -> Duration {
        let Some(leading) = self.init.leading() else { return Duration::ZERO };
        let own = || fragment.samples.iter().filter(|sample| sample.track == leading.id);
        let ends = own().map(|sample| sample.end()).max().zip(own().map(|sample| sample.decode_time).min());
        ends.map_or(Duration::ZERO, |(end, begin)| leading.time(end.saturating_sub(begin)))
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

    /// Says all that waits, once there is a role. `sound` are the codecs of the group, if there is one.
    pub fn say(&mut self, plan: &Plan, sound: Option<&str>, out: &mut Vec<Payload>) {
        let Some(role) = self.role.clone() else { return };
        self.held_bytes = 0;
        for word in std::mem::take(&mut self.held) {
            out.push(match word {
                Word::Declare(map) => self.declare(plan, &role, sound, map),
                Word::Part(segment, part) => {
                    let (playlist, variant, rendition) = self.names(plan, &role);
                    Payload::Part(UpdatePart { playlist, variant, rendition, segment, part })
                }
                Word::Segment(segment) => {
                    let (playlist, variant, rendition) = self.names(plan, &role);
                    Payload::Segment(UpdateSegment { playlist, variant, rendition, segment })
                }
            });
        }
    }

    /// Says anew what the track is, which has been declared before.
    pub fn declare_again(&self, plan: &Plan, sound: &str, out: &mut Vec<Payload>) {
        if let (Some(role), Some(newest)) = (&self.role, self.maps.checked_sub(1)) {
            let map = InitSection { id: self.map(plan, newest), data: Media(self.init.bytes.clone()) };
            out.push(self.declare(plan, role, Some(sound), map));
        }
    }

    fn declare(&self, plan: &Plan, role: &Role, sound: Option<&str>, map: InitSection) -> Payload {
        let playlist = PlaylistRef { id: plan.playlist.clone(), version: None };
        let (target_duration, target_part_duration) = (plan.target_duration.into(), plan.targets.part.into());
        let segment = WithMap { map };
        match role {
            Role::Variant { audio } => {
                let attributes = self.attributes.as_ref();
                let sound = sound.filter(|_| audio.is_some()).map(|codecs| format!(",{codecs}"));
                let variant = Variant {
                    id: self.id.clone(),
                    codecs: format!("{}{}", self.codecs(), sound.unwrap_or_default()),
                    bandwidth: (self.peak * 5 / 4).div_ceil(BANDWIDTH_STEP).max(1) * BANDWIDTH_STEP,
                    audio: audio.clone(),
                    version: None,
                    target_duration,
                    target_part_duration,
                    resolution: attributes
                        .and_then(|a| a.resolution)
                        .map(|(width, height)| format!("{width}x{height}")),
                    frame_rate: attributes.and_then(|attributes| attributes.frame_rate),
                };
                Payload::Variant(UpdateVariant { playlist, variant, segment })
            }
            Role::Rendition { default } => {
                let rendition = Rendition {
                    id: self.id.clone(),
                    kind: RenditionType::Audio,
                    group_id: group_id(),
                    name: self.id.to_string(),
                    language: None,
                    is_default: Some(*default),
                    auto_select: Some(true),
                    channels: None,
                    target_duration,
                    target_part_duration,
                };
                Payload::Rendition(UpdateRendition { playlist, rendition, segment })
            }
        }
    }

    fn names(&self, plan: &Plan, role: &Role) -> (PlaylistRef, Option<TrackRef>, Option<TrackRef>) {
        let track = Some(TrackRef { id: self.id.clone() });
        let playlist = PlaylistRef { id: plan.playlist.clone(), version: None };
        match role {
            Role::Variant { .. } => (playlist, track, None),
            Role::Rendition { .. } => (playlist, None, track),
        }
    }

    fn map(&self, plan: &Plan, number: u64) -> ObjectId {
        plan.name("init-", number, "mp4")
    }
}

impl Run {
    fn part(&self, part: Part, map: &ObjectId, plan: &Plan) -> Word {
        let head = SegmentHead {
            id: plan.name("s", part.segment, "m4s"),
            sequence: part.segment,
            duration: None,
            discontinuity: self.breaks == Some(part.segment),
            program_date_time: self.clock.date(self.segment_start),
            map: Some(MapRef { id: map.clone() }),
        };
        let part = PartData {
            id: plan.name("p", part.number, "m4s"),
            sequence: part.index,
            duration: seconds(part.duration),
            independent: part.independent,
            gap: false,
            data: Media(part.bytes),
        };
        Word::Part(head, part)
    }

    fn segment(&self, segment: Segment, map: &ObjectId, plan: &Plan) -> Word {
        Word::Segment(SegmentData {
            id: plan.name("s", segment.sequence, "m4s"),
            sequence: segment.sequence,
            duration: seconds(segment.duration),
            discontinuity: self.breaks == Some(segment.sequence),
            program_date_time: self.clock.date(self.origin + segment.start),
            map: Some(MapRef { id: map.clone() }),
            data: Media(segment.bytes),
        })
    }
}

impl Plan {
    /// Parts bear a running number, so that the name of the next one can be told before it comes.
    fn name(&self, what: &str, number: u64, extension: &str) -> ObjectId {
        let name = format!("{}-{what}{number}.{extension}", self.tag);
        ObjectId::parse(&name).expect("letters, digits, dashes and a dot")
    }
}

/// Bits per second.
fn rate(part: &Part) -> u64 {
    let micros = part.duration.as_micros().max(1);
    u64::try_from(part.bytes.len() as u128 * 8_000_000 / micros).unwrap_or(u64::MAX / 8).max(1)
}

/// On the wire a duration is never 0.
fn seconds(duration: Duration) -> Seconds {
    Seconds::from(duration.max(Duration::from_micros(1)))
}
