//! The same uploads in different orders: over several tracks, within a segment, and whole segments at random.

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{HlsSettings, Stream};
use roomcast_protocol::data::{Payload, TrackRef};

use crate::feed::{self, NOON, RECEIVED, id, media, of_rendition, part, rendition, seconds, segment, variant};
use crate::presentation::Presentation;

/// Properties of a segment that all tracks share.
#[derive(Debug, Clone)]
struct Plan {
    parts: u64,
    whole: bool,
    discontinuity: bool,
}

fn plans(most: usize) -> impl Strategy<Value = Vec<Plan>> {
    let one = (1_u64..5, any::<bool>(), prop::bool::weighted(0.15));
    vec(one.prop_map(|(parts, whole, discontinuity)| Plan { parts, whole, discontinuity }), 2..most)
}

/// Waits for everything that is missing.
fn patient() -> HlsSettings {
    HlsSettings { parts_before_gap: 1000, ..HlsSettings::default() }
}

const TRACKS: [&str; 3] = ["v0", "v1", "en"];

fn declared() -> (Stream, Presentation) {
    let (mut stream, mut seen) = (Stream::new(patient()), Presentation::default());
    for track in ["v0", "v1"] {
        let mut update = variant(track, "init.mp4");
        update.variant.audio = Some(id("aac"));
        seen.watch(&stream.apply(Payload::Variant(update), RECEIVED).unwrap());
    }
    seen.watch(&stream.apply(Payload::Rendition(rendition("en", "init.mp4")), RECEIVED).unwrap());
    (stream, seen)
}

fn of_track(track: &str, mut payload: Payload) -> Payload {
    if track == "en" {
        return of_rendition(track, payload);
    }
    match &mut payload {
        Payload::Part(update) => update.variant = Some(TrackRef { id: id(track) }),
        Payload::Segment(update) => update.variant = Some(TrackRef { id: id(track) }),
        _ => {}
    }
    payload
}

/// The parts of a segment, and the whole that consists of them.
fn uploads(track: &str, msn: u64, first: u64, plan: &Plan) -> (Vec<Payload>, Payload) {
    let date = feed::date(NOON + 2_000 * msn as i64);
    let mut bytes = String::new();
    let parts = (0..plan.parts).map(|index| {
        let mut update = part(msn, index);
        let name = format!("p{}.m4s", first + index);
        (update.part.id, update.part.data) = (id(&name), media(&name));
        (update.segment.discontinuity, update.segment.program_date_time) = (plan.discontinuity, date);
        bytes.push_str(&name);
        of_track(track, Payload::Part(update))
    });
    let parts = parts.collect();
    let mut whole = segment(msn);
    (whole.segment.data, whole.segment.duration) = (media(&bytes), seconds(0.5 * plan.parts as f64));
    (whole.segment.discontinuity, whole.segment.program_date_time) = (plan.discontinuity, date);
    (parts, of_track(track, Payload::Segment(whole)))
}

/// All uploads of a track, segment by segment.
fn track(name: &str, plans: &[Plan]) -> Vec<(Vec<Payload>, Payload)> {
    let firsts = plans.iter().scan(0, |next, plan| {
        *next += plan.parts;
        Some(*next - plan.parts)
    });
    (3..).zip(firsts).zip(plans).map(|((msn, first), plan)| uploads(name, msn, first, plan)).collect()
}

fn in_order(name: &str, plans: &[Plan]) -> Vec<Payload> {
    let segments = track(name, plans).into_iter().zip(plans);
    segments.flat_map(|((parts, whole), plan)| parts.into_iter().chain(plan.whole.then_some(whole))).collect()
}

/// Returns the final presentation after uploads in this order.
fn seen(uploads: impl IntoIterator<Item = Payload>) -> Presentation {
    let (mut stream, mut seen) = declared();
    for upload in uploads {
        let again = upload.clone();
        seen.watch(&stream.apply(upload, RECEIVED).unwrap());
        seen.check_discontinuities();
        assert_eq!(stream.apply(again, RECEIVED).unwrap(), vec![], "a repetition changes nothing");
    }
    seen.watch(&stream.end());
    seen
}

fn same(one: &Presentation, other: &Presentation) {
    assert_eq!(one.texts(), other.texts());
    assert_eq!(one.multivariant, other.multivariant);
    for (id, track) in &one.tracks {
        let names: Vec<_> = track.playlist.as_ref().unwrap().uris().collect();
        names.iter().for_each(|name| assert_eq!(track.objects[*name], other.tracks[id].objects[*name], "{name}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tracks_in_any_interleaving_end_in_the_same_playlists(
        plans in plans(15),
        turns in vec(0_usize..3, 300),
    ) {
        let mut queues = TRACKS.map(|track| in_order(track, &plans).into_iter());
        let mut mixed: Vec<Payload> = turns.into_iter().filter_map(|turn| queues[turn].next()).collect();
        mixed.extend(queues.into_iter().flatten());
        let one_by_one = TRACKS.iter().flat_map(|track| in_order(track, &plans));
        same(&seen(mixed), &seen(one_by_one));
    }

    #[test]
    fn a_segment_and_its_parts_in_any_order_end_in_the_same_playlists(
        plans in plans(12),
        keys in vec(any::<u32>(), 60),
        late in vec(0_usize..4, 12),
    ) {
        let (mut keys, mut mixed, mut wholes) = (keys.into_iter().cycle(), Vec::new(), Vec::new());
        for (at, ((mut uploads, whole), plan)) in track("v0", &plans).into_iter().zip(&plans).enumerate() {
            // For the first segment, whether there are parts is unknown.
            match late[at] {
                0 if plan.whole && at > 0 => uploads.push(whole),
                late => wholes.extend(plan.whole.then_some((at + late, whole))),
            }
            uploads.sort_by_cached_key(|_| keys.next());
            mixed.extend(uploads);
            let due = wholes.extract_if(.., |(due, _)| *due <= at);
            mixed.extend(due.map(|(_, whole)| whole));
        }
        mixed.extend(wholes.into_iter().map(|(_, whole)| whole));
        let others = ["v1", "en"].iter().flat_map(|track| in_order(track, &plans));
        let sorted = TRACKS.iter().flat_map(|track| in_order(track, &plans));
        same(&seen(mixed.into_iter().chain(others)), &seen(sorted));
    }

    #[test]
    fn whole_segments_in_any_order_behind_the_first_end_in_the_same_playlists(
        plans in plans(20),
        keys in vec(any::<u32>(), 60),
    ) {
        let wholes = |name: &str| track(name, &plans).into_iter().map(|(_, whole)| whole).collect::<Vec<_>>();
        let mut keys = keys.into_iter().cycle();
        let shuffled = TRACKS.iter().flat_map(|track| {
            let mut uploads = wholes(track);
            uploads[1..].sort_by_cached_key(|_| keys.next());
            uploads
        });
        same(&seen(shuffled.collect::<Vec<_>>()), &seen(TRACKS.iter().flat_map(|track| wholes(track))));
    }
}
