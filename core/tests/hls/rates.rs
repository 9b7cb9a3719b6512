//! Variants in the multivariant playlist: declared values, corrected by listed media.

use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{Change, HlsSettings, Stream};
use roomcast_protocol::data::{Payload, Seconds, TrackRef};

use crate::feed::{Origin, RECEIVED, id, media, of_rendition, part, rendition, seconds, segment, variant};

/// A segment of so many bits per second, lasting 2 s.
fn of_rate(msn: u64, bits: u64) -> Payload {
    let mut whole = segment(msn);
    whole.segment.data.0 = Bytes::from(vec![7; usize::try_from(bits / 4).unwrap()]);
    Payload::Segment(whole)
}

fn attribute(multivariant: &str, name: &str) -> Option<u64> {
    let line = multivariant.lines().find(|line| line.starts_with("#EXT-X-STREAM-INF"))?;
    let value = line.split([':', ',']).find_map(|attribute| attribute.strip_prefix(&format!("{name}=")))?;
    Some(value.parse().unwrap())
}

fn rates(origin: &Origin) -> (u64, Option<u64>) {
    let text = origin.multivariant();
    (attribute(&text, "BANDWIDTH").unwrap(), attribute(&text, "AVERAGE-BANDWIDTH"))
}

fn multivariants(origin: &Origin) -> usize {
    origin.changes.iter().filter(|change| matches!(change, Change::Multivariant(_))).count()
}

/// A stream that was declared with 60 kbit/s and lists 8 s.
fn quiet() -> Origin {
    let mut origin = Origin::with(HlsSettings { window: Duration::from_secs(8), ..HlsSettings::default() });
    let mut declared = variant("v0", "init.mp4");
    declared.variant.bandwidth = 60_000;
    origin.take(Payload::Variant(declared));
    origin
}

#[test]
fn a_rate_that_was_declared_too_low_is_corrected_and_falls_with_the_window() {
    let mut origin = quiet();
    origin.part(0, 0);
    assert_eq!(rates(&origin), (60_000, None));
    let mut origin = quiet();
    origin.take(of_rate(0, 40_000));
    assert_eq!(rates(&origin), (60_000, Some(40_000)));
    for msn in 1..6 {
        origin.take(of_rate(msn, 2_010_000));
    }
    assert_eq!(rates(&origin), (2_100_000, Some(2_100_000)));
    let settled = multivariants(&origin);
    for msn in 6..9 {
        origin.take(of_rate(msn, 1_900_000));
    }
    assert_eq!(multivariants(&origin), settled, "small changes are not listed");
    for msn in 9..14 {
        origin.take(of_rate(msn, 20_000));
    }
    assert_eq!(rates(&origin), (60_000, Some(20_000)), "{}", origin.multivariant());
}

#[test]
fn the_peak_is_of_segments_that_last_half_a_target_together() {
    let mut origin = quiet();
    let short = |msn: u64, millis: u64, bytes: usize| {
        let mut whole = segment(msn);
        whole.segment.duration = Seconds::from_micros(millis * 1000);
        whole.segment.data.0 = Bytes::from(vec![7; bytes]);
        Payload::Segment(whole)
    };
    origin.take(short(0, 2000, 25_000));
    // By itself 8 Mbit/s; with its neighbour of 0.9 s, 1.6 Mbit/s.
    origin.take(short(1, 100, 100_000));
    assert_eq!(rates(&origin).0, 480_000, "with the 2 s before it");
    origin.take(short(2, 900, 100_000));
    assert_eq!(rates(&origin).0, 1_600_000);
}

#[test]
fn the_rate_of_a_variant_has_that_of_its_largest_rendition_in_it() {
    let mut origin = Origin::new();
    let mut with_audio = variant("v0", "init.mp4");
    (with_audio.variant.audio, with_audio.variant.bandwidth) = (Some(id("aac")), 1000);
    origin.take(Payload::Variant(with_audio));
    for (track, bits) in [("en", 64_000), ("de", 128_000)] {
        origin.take(Payload::Rendition(rendition(track, "init.mp4")));
        origin.take(of_rendition(track, of_rate(0, bits)));
    }
    origin.take(of_rate(0, 1_000_000));
    assert_eq!(rates(&origin), (1_200_000, Some(1_200_000)));
}

#[test]
fn a_gap_counts_for_nothing() {
    let mut origin = quiet();
    origin.take(of_rate(0, 100_000));
    for msn in [2, 3, 4] {
        origin.take(of_rate(msn, 100_000));
    }
    assert!(origin.playlist().contains("EXT-X-GAP"));
    assert_eq!(rates(&origin), (100_000, Some(100_000)));
}

#[test]
fn parts_count_once_they_are_joined() {
    let mut origin = quiet();
    for index in 0..4 {
        let mut update = part(0, index);
        update.part.data.0 = Bytes::from(vec![7; 50_000]);
        origin.take(Payload::Part(update));
    }
    assert_eq!(rates(&origin).1, None);
    origin.part(1, 0);
    assert_eq!(rates(&origin), (800_000, Some(800_000)));
}

#[test]
fn a_repeated_declaration_resets_nothing_and_corrects_what_it_says() {
    let mut origin = quiet();
    origin.take(of_rate(0, 2_000_000));
    let mut again = variant("v0", "init.mp4");
    again.variant.bandwidth = 10_000;
    (again.variant.resolution, again.variant.frame_rate) = (None, None);
    origin.take(Payload::Variant(again.clone()));
    let line = "BANDWIDTH=2000000,AVERAGE-BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,\
        FRAME-RATE=30.000\n";
    assert!(origin.multivariant().contains(line), "{}", origin.multivariant());
    assert_eq!(origin.take(Payload::Variant(again.clone())), 0, "a repetition changes nothing");
    (again.variant.resolution, again.variant.frame_rate) = (Some("1920x1080".into()), Some(25.0));
    origin.take(Payload::Variant(again));
    assert!(origin.multivariant().contains("RESOLUTION=1920x1080,FRAME-RATE=25.000\n"), "{}", origin.multivariant());
    assert!(origin.take(of_rate(1, 1000)) > 0 && origin.playlist().contains("s0.m4s"));
}

#[test]
fn a_codec_without_a_level_is_listed_with_one() {
    let mut origin = Origin::new();
    let mut declared = variant("v0", "init.mp4");
    declared.variant.codecs = "vp09.00.00.08,opus".into();
    origin.take(Payload::Variant(declared));
    origin.part(0, 0);
    assert!(origin.multivariant().contains("CODECS=\"vp09.00.31.08,opus\""), "{}", origin.multivariant());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_listed_rate_is_never_below_any_listed_segment_and_is_restored(
        sizes in vec((1_usize..200_000, 1_000_000_u64..2_400_000, any::<bool>()), 1..40),
    ) {
        let mut stream = Stream::new(HlsSettings { window: Duration::from_secs(8), ..HlsSettings::default() });
        let mut declared = variant("v0", "init.mp4");
        declared.variant.bandwidth = 1;
        stream.apply(Payload::Variant(declared), RECEIVED).unwrap();
        let (mut listed, mut text): (Vec<(usize, u64)>, String) = (Vec::new(), String::new());
        for (msn, (bytes, micros, restored)) in (0..).zip(sizes) {
            let mut whole = segment(msn);
            (whole.segment.data, whole.segment.duration) = (media(&"x".repeat(bytes)), Seconds::from_micros(micros));
            let changes = stream.apply(Payload::Segment(whole), RECEIVED).unwrap();
            listed.push((bytes, micros));
            for change in &changes {
                match change {
                    Change::Multivariant(new) => text = new.to_string(),
                    Change::MediaPlaylist { snapshot, .. } => {
                        let lines = String::from_utf8(snapshot.playlist.to_vec()).unwrap();
                        let count = lines.matches("#EXTINF").count();
                        listed.drain(..listed.len() - count);
                    }
                    _ => {}
                }
            }
            let (peak, average) = (attribute(&text, "BANDWIDTH").unwrap(), attribute(&text, "AVERAGE-BANDWIDTH").unwrap());
            let fastest = listed.iter().map(|(bytes, micros)| *bytes as u64 * 8_000_000 / micros).max().unwrap();
            prop_assert!(peak >= fastest && average <= peak, "{fastest} {text}");
            if restored {
                stream = Stream::restore(stream.checkpoint().as_bytes()).unwrap();
            }
        }
    }
}

#[test]
fn of_several_variants_each_has_its_own_rates() {
    let mut origin = quiet();
    let mut other = variant("v1", "init.mp4");
    other.variant.bandwidth = 1000;
    origin.take(Payload::Variant(other));
    origin.take(of_rate(0, 1_000_000));
    let mut low = segment(0);
    (low.variant, low.segment.duration) = (Some(TrackRef { id: id("v1") }), seconds(2.0));
    low.segment.data.0 = Bytes::from(vec![7; 50_000]);
    origin.take(Payload::Segment(low));
    let text = origin.multivariant();
    assert!(text.contains(":BANDWIDTH=1000000,") && text.contains(":BANDWIDTH=200000,"), "{text}");
}
