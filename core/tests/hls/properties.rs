//! Random streams: late, repeated, lost and wild uploads, against the promises an audience relies on.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{Change, Decision, HlsSettings, Reload, Snapshot, Stream};
use roomcast_core::time::UnixTime;
use roomcast_protocol::data::{Payload, Seconds};

use crate::audience::Audience;
use crate::feed::{self, NOON, RECEIVED, announced_gap, id, live, media, part, seconds, segment, variant};
use crate::reader::Playlist;

/// One segment of a streamer.
#[derive(Debug, Clone)]
pub struct Plan {
    pub parts: u64,
    pub whole: bool,
    /// Whether a further part is announced as a gap, and the segment comes whole.
    pub cut_short: bool,
    pub discontinuity: bool,
    pub dated: bool,
    pub new_map: bool,
}

pub fn plan() -> impl Strategy<Value = Plan> {
    let rare = || prop::bool::weighted(0.1);
    (0_u64..5, prop::bool::weighted(0.7), prop::bool::weighted(0.2), rare(), rare(), rare()).prop_map(
        |(parts, whole, cut_short, discontinuity, dated, new_map)| Plan {
            parts,
            whole: whole || cut_short || parts == 0,
            cut_short,
            discontinuity,
            dated,
            new_map,
        },
    )
}

impl Plan {
    /// The segment's duration. Parts announced as gaps are followed by more media.
    fn length(&self) -> Seconds {
        match (self.parts, self.cut_short) {
            (0, false) => seconds(0.2),
            (parts, false) => seconds(0.5 * parts as f64),
            (parts, true) => seconds((0.5 * parts as f64 + 0.9).min(2.4)),
        }
    }
}

/// Ways in which a streamer names its parts.
pub fn naming() -> impl Strategy<Value = fn(u64, u64, u64) -> String> {
    prop_oneof![
        3 => Just::<fn(u64, u64, u64) -> String>(|_, _, n| format!("p{n}.m4s")),
        1 => Just::<fn(u64, u64, u64) -> String>(|msn, index, _| format!("s{msn}p{index}")),
        1 => Just::<fn(u64, u64, u64) -> String>(|_, _, n| "x".repeat(n as usize % 120 + 1)),
        1 => Just::<fn(u64, u64, u64) -> String>(|_, _, n| format!("{}", n * 7919 % 1009)),
    ]
}

/// The uploads of a stream in their order.
pub fn uploads(plans: &[Plan], name: fn(u64, u64, u64) -> String) -> Vec<Payload> {
    let (mut uploads, mut number) = (vec![Payload::Variant(variant("v0", "init.mp4"))], 0);
    for (msn, plan) in (3..).zip(plans) {
        if plan.new_map {
            uploads.push(Payload::Variant(variant("v0", &format!("map-{msn}"))));
        }
        let date = if plan.dated { feed::date(NOON + 1_900 * msn as i64) } else { None };
        for index in 0..plan.parts + u64::from(plan.cut_short) {
            let mut update = if index < plan.parts { part(msn, index) } else { announced_gap(msn, index) };
            update.part.id = id(&name(msn, index, number));
            if update.part.gap {
                update.part.duration = seconds(0.4);
            } else {
                update.part.data = media(&format!("{number}"));
            }
            (update.segment.discontinuity, update.segment.program_date_time) = (plan.discontinuity, date);
            uploads.push(Payload::Part(update));
            number += 1;
        }
        if plan.whole {
            let mut update = segment(msn);
            update.segment.duration = plan.length();
            (update.segment.discontinuity, update.segment.program_date_time) = (plan.discontinuity, date);
            uploads.push(Payload::Segment(update));
        }
    }
    uploads
}

pub fn settings() -> HlsSettings {
    HlsSettings { window: Duration::from_secs(8), ..HlsSettings::default() }
}

/// Whether the first part of a segment beyond `msn`, or a part from `index` on, is listed.
fn lists(list: &Playlist, msn: u64, index: u64) -> bool {
    list.segment(msn).is_some_and(|segment| segment.parts.len() as u64 > index || segment.parts.is_empty())
        || list.last_msn() > msn
}

fn ask(msn: u64, part: u64, snapshot: &Snapshot) -> Decision {
    Reload::parse(&format!("_HLS_msn={msn}&_HLS_part={part}")).unwrap().decide(snapshot)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_stream_in_order_is_listed_whole(plans in vec(plan(), 1..30), name in naming()) {
        let (mut stream, mut audience) = (Stream::new(settings()), Audience::default());
        for upload in uploads(&plans, name) {
            audience.watch(&stream.apply(upload.clone(), RECEIVED).unwrap());
            let before = format!("{stream:?}");
            prop_assert_eq!(stream.apply(upload, RECEIVED).unwrap(), vec![]);
            prop_assert_eq!(format!("{stream:?}"), before, "a repetition changes nothing");
        }
        audience.watch(&stream.end());
        let list = audience.playlist.unwrap();
        prop_assert_eq!(list.last_msn(), plans.len() as u64 + 2);
        prop_assert!(list.ended && list.segments.iter().all(|segment| !segment.gap));
        let announced = list.segments.iter().flat_map(|segment| &segment.parts).filter(|part| part.gap).count();
        prop_assert!(announced <= plans.iter().filter(|plan| plan.cut_short).count());
        for (segment, plan) in list.segments.iter().zip(&plans[(list.media_sequence - 3) as usize..]) {
            if plan.whole {
                prop_assert_eq!(segment.duration, plan.length().micros());
            }
        }
    }

    #[test]
    fn late_repeated_and_lost_uploads_break_no_promise(
        plans in vec(plan(), 1..30),
        name in naming(),
        luck in vec((0_usize..5, prop::bool::weighted(0.05), prop::bool::weighted(0.2)), 200),
    ) {
        let mut late: Vec<_> = uploads(&plans, name).into_iter().zip(luck).enumerate().collect();
        late.retain(|(at, (_, (_, lost, _)))| *at == 0 || !lost);
        let movable = |upload: &Payload| usize::from(!matches!(upload, Payload::Variant(_)));
        late.sort_by_key(|(at, (upload, (delay, ..)))| at + delay * movable(upload));
        let (mut stream, mut audience) = (Stream::new(settings()), Audience::default());
        for (_, (upload, (_, _, again))) in late {
            let taken = stream.apply(upload.clone(), RECEIVED);
            audience.watch(taken.as_deref().unwrap_or_default());
            if again && taken.is_ok() {
                prop_assert_eq!(stream.apply(upload, RECEIVED).unwrap(), vec![]);
            }
        }
        audience.watch(&stream.end());
    }

    #[test]
    fn a_reload_is_answered_exactly_when_its_part_is_there(plans in vec(plan(), 1..12), name in naming()) {
        let (mut stream, mut audience) = (Stream::new(settings()), Audience::default());
        let mut waiting: Vec<(u64, u64)> = Vec::new();
        for upload in uploads(&plans, name) {
            audience.watch(&stream.apply(upload, RECEIVED).unwrap());
            let (Some(snapshot), Some(list)) = (&audience.snapshot, &audience.playlist) else { continue };
            for &(msn, part) in &waiting {
                let expected = if lists(list, msn, part) { Decision::Answer } else { Decision::Wait };
                prop_assert_eq!(ask(msn, part, snapshot), expected, "{} {} {:?}", msn, part, snapshot);
            }
            waiting.retain(|&(msn, part)| ask(msn, part, snapshot) == Decision::Wait);
            let last = list.last_msn();
            let asked = (last..last + 4).flat_map(|msn| (0..9).map(move |part| (msn, part)));
            waiting.extend(asked.filter(|&(msn, part)| ask(msn, part, snapshot) == Decision::Wait));
            waiting.sort_unstable();
            waiting.dedup();
        }
        let ended = stream.end();
        audience.watch(&ended);
        let last = audience.snapshot.unwrap();
        prop_assert!(waiting.iter().all(|&(msn, part)| ask(msn, part, &last) == Decision::Answer));
    }
}

#[test]
fn what_is_stored_stays_bounded() {
    let (mut stream, mut audience) = (Stream::new(settings()), Audience::default());
    audience.watch(&stream.apply(Payload::Variant(variant("v0", "init.mp4")), RECEIVED).unwrap());
    for msn in 0..400 {
        if msn % 50 == 0 {
            audience.watch(&stream.apply(Payload::Variant(variant("v0", &format!("map-{msn}"))), RECEIVED).unwrap());
        }
        (0..4).for_each(|index| audience.watch(&stream.apply(Payload::Part(part(msn, index)), live(msn)).unwrap()));
        // 8 s and an open segment listed, 10 s and a segment kept; parts of 6 s listed and 6 s kept; two maps.
        assert!(audience.objects.len() <= 11 + 30 + 2, "{}", audience.objects.len());
    }
}

#[test]
fn bytes_stay_for_three_targets_by_the_clock_however_fast_media_comes() {
    let (mut stream, mut stored) = (Stream::new(settings()), HashSet::new());
    stream.apply(Payload::Variant(variant("v0", "init.mp4")), RECEIVED).unwrap();
    // Sixty seconds of media in each second, for eight seconds; the target duration is 2 s.
    let mut left = HashMap::new();
    for msn in 0..360 {
        let passed = 22_000 * msn as i64;
        for index in 0..4 {
            for change in stream.apply(Payload::Part(part(msn, index)), UnixTime(RECEIVED.0 + passed)).unwrap() {
                match change {
                    Change::Store { object, .. } => _ = stored.insert(object.to_string()),
                    Change::Remove { object, .. } => {
                        let listed = left.get(object.as_str()).copied().unwrap_or(passed);
                        assert!(passed - listed >= 6_000_000, "{object} leaves after {} µs", passed - listed);
                        stored.remove(object.as_str());
                    }
                    Change::MediaPlaylist { snapshot, .. } => {
                        let text = std::str::from_utf8(&snapshot.playlist).unwrap();
                        let names = text.split(['"', '\n']).filter(|name| stored.contains(*name));
                        names.for_each(|name| _ = left.insert(name.to_owned(), passed));
                    }
                    Change::Multivariant(_) => {}
                }
            }
        }
    }
    assert!(stored.len() > 1000 && stored.len() < 1450, "{}", stored.len());
}

#[test]
fn tiny_segments_do_not_make_a_list_without_end() {
    let (mut stream, mut stored) = (Stream::new(settings()), 0_usize);
    stream.apply(Payload::Variant(variant("v0", "init.mp4")), RECEIVED).unwrap();
    for msn in 0..2500 {
        let mut tiny = segment(msn);
        tiny.segment.duration = seconds(0.000_001);
        for change in stream.apply(Payload::Segment(tiny), RECEIVED).unwrap() {
            match change {
                Change::Store { .. } => stored += 1,
                Change::Remove { .. } => stored -= 1,
                Change::MediaPlaylist { snapshot, .. } => assert!(snapshot.playlist.len() < 20_000),
                Change::Multivariant(_) => {}
            }
        }
    }
    assert!(stored < 1700, "{stored}");
}
