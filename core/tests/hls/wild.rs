//! Uploads without sense, over several tracks: whatever is taken, no promise is broken.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{HlsSettings, Stream};
use roomcast_protocol::data::{Payload, Seconds, TrackRef, UpdateVariant};

use crate::feed::{self, RECEIVED, id, of_rendition, part, rendition, segment, variant};
use crate::presentation::Presentation;

/// Random input for an upload: two names and four bits.
struct Draws {
    own: String,
    of: String,
    flags: (bool, bool, bool, bool),
}

fn declaration(track: &str, draws: &Draws) -> Payload {
    if track.starts_with('v') {
        let mut update = variant(track, &draws.own);
        update.variant.audio = draws.flags.0.then(|| id(if draws.flags.1 { "aac" } else { "opus" }));
        update.variant.independent_segments = !draws.flags.2;
        if draws.flags == (true, true, true, true) {
            update.variant.target_part_duration = None;
        }
        return Payload::Variant(update);
    }
    let mut update = rendition(track, &draws.own);
    (update.rendition.is_default, update.rendition.auto_select) = (Some(draws.flags.0), Some(draws.flags.1));
    update.rendition.group_id = id(if draws.flags.2 || track == "en" { "aac" } else { "opus" });
    update.rendition.name = if draws.flags.3 { "name".into() } else { draws.of.clone() };
    Payload::Rendition(update)
}

fn whole(msn: u64, length: Seconds, draws: &Draws) -> Payload {
    let mut update = segment(msn);
    (update.segment.duration, update.segment.discontinuity) = (length, draws.flags.1);
    update.segment.map = draws.flags.0.then(|| feed::map(&draws.of)).flatten();
    update.segment.id = if draws.flags.2 { id(&draws.own) } else { update.segment.id };
    Payload::Segment(update)
}

fn one_part(msn: u64, index: u64, length: Seconds, draws: &Draws) -> Payload {
    let mut update = part(msn, index);
    (update.part.duration, update.part.gap, update.segment.discontinuity) = (length, draws.flags.1, draws.flags.2);
    update.part.independent = (update.part.independent || draws.flags.3) && !(draws.flags.1 && draws.flags.2);
    update.part.id = if draws.flags.0 { id(&draws.own) } else { update.part.id };
    update.segment.id = if draws.flags.3 { id(&draws.of) } else { update.segment.id };
    Payload::Part(update)
}

fn of_track(track: &str, mut payload: Payload) -> Payload {
    match &mut payload {
        Payload::Part(update) if track.starts_with('v') => update.variant = Some(TrackRef { id: id(track) }),
        Payload::Segment(update) if track.starts_with('v') => update.variant = Some(TrackRef { id: id(track) }),
        _ => return of_rendition(track, payload),
    }
    payload
}

pub fn wild(tracks: &'static [&'static str]) -> impl Strategy<Value = Payload> {
    let number = || prop_oneof![8 => 0_u64..6, 1 => 90_u64..120, 1 => any::<u64>()];
    let length = || prop_oneof![4 => 1_u64..500_000, 2 => Just(500_000), 1 => any::<u64>()];
    let name = || (0_u32..14).prop_map(|n| if n == 13 { "playlist.m3u8".to_owned() } else { format!("n{n}") });
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let track = prop::sample::select(tracks);
    (0..12, track, number(), number(), length(), name(), name(), flags).prop_map(
        |(kind, track, msn, index, length, own, of, flags)| {
            let draws = Draws { own, of, flags };
            let length = Seconds::from_micros(length);
            match kind {
                0 => declaration(track, &draws),
                1 if flags == (true, true, true, true) => feed::end(),
                1..=4 => of_track(track, whole(msn, length, &draws)),
                _ => of_track(track, one_part(msn, index, length, &draws)),
            }
        },
    )
}

/// The first declaration, by which the stream promises and has parts or not.
fn first() -> impl Strategy<Value = UpdateVariant> {
    (any::<bool>(), prop::bool::weighted(0.8)).prop_map(|(independent, parts)| {
        let mut update = variant("v0", "init.mp4");
        update.variant.independent_segments = independent;
        update.variant.target_part_duration = update.variant.target_part_duration.filter(|_| parts);
        update
    })
}

fn survives(first: UpdateVariant, uploads: Vec<Payload>) {
    let settings = HlsSettings { window: Duration::from_secs(8), ..HlsSettings::default() };
    let (mut stream, mut seen) = (Stream::new(settings), Presentation::default());
    seen.watch(&stream.apply(Payload::Variant(first), RECEIVED).unwrap());
    for upload in uploads {
        let (before, again) = (format!("{stream:?}"), upload.clone());
        match stream.apply(upload, RECEIVED) {
            Ok(changes) => {
                seen.watch(&changes);
                assert_eq!(stream.playable(), !seen.multivariant.is_empty());
                // Going on after the end is told from a repetition by its new map, which is then known.
                let after = stream.apply(again, RECEIVED).unwrap_or_default();
                assert_eq!(after, vec![], "a repetition changes nothing");
            }
            Err(_) => assert_eq!(format!("{stream:?}"), before, "a refusal changes nothing"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn wild_uploads_of_one_track_break_no_promise(first in first(), uploads in vec(wild(&["v0"]), 1..150)) {
        survives(first, uploads);
    }

    #[test]
    fn wild_uploads_of_several_tracks_break_no_promise(
        first in first(),
        uploads in vec(wild(&["v0", "v1", "en", "de"]), 1..200),
    ) {
        survives(first, uploads);
    }
}
