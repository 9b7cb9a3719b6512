//! Data signals.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::object_id;
use crate::data::{
    DataSignal, EndStream, InitSection, MapRef, Media, PartData, Payload, PlaylistRef, ProgramDateTime, Rendition,
    RenditionType, Seconds, SegmentData, SegmentHead, TrackRef, UpdatePart, UpdateRendition, UpdateSegment,
    UpdateVariant, Variant, WithMap,
};

fn media() -> impl Strategy<Value = Media> {
    vec(any::<u8>(), 1..100).prop_map(|bytes| Media(Bytes::from(bytes)))
}

fn seconds() -> impl Strategy<Value = Seconds> + Clone {
    (1_u64..=3_600_000_000).prop_map(Seconds::from_micros)
}

fn playlist() -> impl Strategy<Value = PlaylistRef> {
    (object_id(), option::of(0_u64..1 << 53)).prop_map(|(id, version)| PlaylistRef { id, version })
}

fn with_map() -> impl Strategy<Value = WithMap> {
    (object_id(), media()).prop_map(|(id, data)| WithMap { map: InitSection { id, data } })
}

fn variant() -> impl Strategy<Value = Variant> {
    let stream = ("[a-z0-9.]{1,20}", 1_u64..1 << 40, option::of(object_id()), option::of(0_u64..1 << 53));
    let video = (option::of("[1-9][0-9]{0,4}x[1-9][0-9]{0,4}"), option::of(1.0..1000.0), any::<bool>());
    (object_id(), stream, (seconds(), option::of(seconds())), video).prop_map(
        |(
            id,
            (codecs, bandwidth, audio, version),
            (target_duration, target_part_duration),
            (resolution, frame_rate, independent_segments),
        )| {
            Variant {
                id,
                codecs,
                bandwidth,
                audio,
                version,
                target_duration,
                target_part_duration,
                resolution,
                frame_rate,
                independent_segments,
            }
        },
    )
}

fn rendition() -> impl Strategy<Value = Rendition> {
    let kinds = vec![RenditionType::Audio, RenditionType::Video, RenditionType::Subtitles];
    let words = (r#"[^"\x00-\x1f\x7f-\x9f]{1,40}"#, option::of("[a-z]{2}(-[A-Z]{2})?"), option::of("[1-9]"));
    let names = (object_id(), object_id(), prop::sample::select(kinds));
    (names, words, (option::of(any::<bool>()), option::of(any::<bool>())), (seconds(), option::of(seconds()))).prop_map(
        |(
            (id, group_id, kind),
            (name, language, channels),
            (is_default, auto_select),
            (target_duration, target_part_duration),
        )| {
            Rendition {
                id,
                kind,
                group_id,
                name,
                language,
                is_default,
                auto_select,
                channels,
                target_duration,
                target_part_duration,
            }
        },
    )
}

fn date() -> impl Strategy<Value = ProgramDateTime> {
    (0_i64..253_402_300_800_000).prop_map(|millis| ProgramDateTime::from_millis(millis).expect("the range is the rule"))
}

/// A variant or a rendition.
fn track() -> impl Strategy<Value = (Option<TrackRef>, Option<TrackRef>)> {
    (object_id(), any::<bool>()).prop_map(|(id, variant)| {
        let track = Some(TrackRef { id });
        if variant { (track, None) } else { (None, track) }
    })
}

fn head() -> impl Strategy<Value = SegmentHead> {
    (object_id(), 0_u64..1 << 53, option::of(seconds()), any::<bool>(), option::of(date()), option::of(object_id()))
        .prop_map(|(id, sequence, duration, discontinuity, program_date_time, map)| SegmentHead {
            id,
            sequence,
            duration,
            discontinuity,
            program_date_time,
            map: map.map(|id| MapRef { id }),
        })
}

fn segment() -> impl Strategy<Value = SegmentData> {
    (head(), seconds(), media()).prop_map(|(head, duration, data)| SegmentData {
        id: head.id,
        sequence: head.sequence,
        duration,
        discontinuity: head.discontinuity,
        program_date_time: head.program_date_time,
        map: head.map,
        data,
    })
}

fn part() -> impl Strategy<Value = PartData> {
    (object_id(), 0_u64..1 << 53, seconds(), any::<bool>(), any::<bool>(), media()).prop_map(
        |(id, sequence, duration, independent, gap, data)| {
            let data = if gap { Media::default() } else { data };
            PartData { id, sequence, duration, independent, gap, data }
        },
    )
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        (playlist(), variant(), with_map()).prop_map(|(playlist, variant, segment)| Payload::Variant(UpdateVariant {
            playlist,
            variant,
            segment
        })),
        (playlist(), rendition(), with_map()).prop_map(|(playlist, rendition, segment)| Payload::Rendition(
            UpdateRendition { playlist, rendition, segment }
        )),
        (playlist(), track(), segment()).prop_map(|(playlist, (variant, rendition), segment)| {
            Payload::Segment(UpdateSegment { playlist, variant, rendition, segment })
        }),
        (playlist(), track(), head(), part()).prop_map(|(playlist, (variant, rendition), segment, part)| {
            Payload::Part(UpdatePart { playlist, variant, rendition, segment, part })
        }),
        playlist().prop_map(|playlist| Payload::End(EndStream { playlist })),
    ]
}

/// Any data signal.
pub fn data_signal() -> impl Strategy<Value = DataSignal> {
    let id = any::<u128>().prop_map(Uuid::from_u128);
    (id, 0_u64..1 << 53, payload()).prop_map(|(id, timestamp, payload)| DataSignal { id, timestamp, payload })
}
