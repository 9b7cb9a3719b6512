//! Whole playlists, byte for byte.

use std::time::Duration;

use roomcast_core::hls::HlsSettings;
use roomcast_protocol::data::{Payload, TrackRef};

use crate::feed::{NOON, Origin, date, end, id, map, part, seconds, segment, variant};

const HEAD: &str = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=1.5,HOLD-BACK=6.0
#EXT-X-PART-INF:PART-TARGET=0.5
";

#[track_caller]
fn reads(origin: &Origin, rest: &str) {
    assert_eq!(origin.playlist(), format!("{HEAD}{rest}"));
}

#[test]
fn a_stream_starts_with_its_first_part() {
    let mut origin = Origin::new();
    assert!(!origin.stream.playable());
    let mut first = part(7, 0);
    first.segment.program_date_time = date(NOON);
    origin.take(Payload::Part(first));
    assert!(origin.stream.playable());
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:00.000Z
#EXT-X-PART:DURATION=0.5,URI=\"p28.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p29.m4s\"
",
    );
}

#[test]
fn a_running_stream_has_parts_at_its_end_only() {
    let mut origin = Origin::new();
    let mut first = part(7, 0);
    first.segment.program_date_time = date(NOON);
    origin.take(Payload::Part(first));
    (1..4).for_each(|index| assert_eq!(origin.part(7, index), 2));
    let mut whole = segment(7);
    whole.segment.duration = seconds(1.999_999);
    origin.take(Payload::Segment(whole));
    (8..11).for_each(|msn| origin.parts(msn));
    origin.part(11, 0);
    origin.part(11, 1);
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:00.000Z
#EXTINF:1.999999,
s7.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:01.999Z
#EXT-X-PART:DURATION=0.5,URI=\"p32.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p33.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p34.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p35.m4s\"
#EXTINF:2.0,
s8.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:03.999Z
#EXT-X-PART:DURATION=0.5,URI=\"p36.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p37.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p38.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p39.m4s\"
#EXTINF:2.0,
s9.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:05.999Z
#EXT-X-PART:DURATION=0.5,URI=\"p40.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p41.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p42.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p43.m4s\"
#EXTINF:2.0,
s10.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:07.999Z
#EXT-X-PART:DURATION=0.5,URI=\"p44.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p45.m4s\"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p46.m4s\"
",
    );
}

#[test]
fn the_window_slides_over_a_discontinuity() {
    let mut origin = Origin::with(HlsSettings { window: Duration::from_secs(6), ..HlsSettings::default() });
    origin.segment(0);
    for (msn, name) in [(1, "b.mp4"), (3, "c.mp4")] {
        origin.take(Payload::Variant(variant("v0", name)));
        let mut cut = segment(msn);
        (cut.segment.discontinuity, cut.segment.program_date_time) = (true, date(NOON));
        origin.take(Payload::Segment(cut));
        origin.segment(msn + 1);
    }
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:2
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI=\"b.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:02.000Z
#EXTINF:2.0,
s2.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"c.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:00.000Z
#EXTINF:2.0,
s3.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:02.000Z
#EXTINF:2.0,
s4.m4s
",
    );
}

#[test]
fn a_lost_part_is_a_gap_and_so_is_its_segment() {
    let mut origin = Origin::new();
    for (msn, index) in [(7, 0), (7, 2), (7, 3), (8, 0)] {
        origin.part(msn, index);
    }
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T14:59:59.500Z
#EXT-X-PART:DURATION=0.5,URI=\"p28.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p29.m4s\",GAP=YES
#EXT-X-PART:DURATION=0.5,URI=\"p30.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p31.m4s\"
#EXT-X-GAP
#EXTINF:2.0,
s7.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:01.500Z
#EXT-X-PART:DURATION=0.5,URI=\"p32.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p33.m4s\"
",
    );
}

#[test]
fn an_ended_stream_has_its_end_tag_and_no_hint() {
    let mut origin = Origin::new();
    for (msn, index) in [(7, 0), (7, 1), (7, 3)] {
        origin.part(msn, index);
    }
    origin.take(end());
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T14:59:59.500Z
#EXT-X-PART:DURATION=0.5,URI=\"p28.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p29.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p30.m4s\",GAP=YES
#EXT-X-PART:DURATION=0.5,URI=\"p31.m4s\"
#EXT-X-GAP
#EXTINF:2.0,
s7.m4s
#EXT-X-ENDLIST
",
    );
}

#[test]
fn segments_alone_need_no_parts() {
    let mut origin = Origin::new();
    origin.segment(7);
    let mut with_map = segment(8);
    with_map.segment.map = map("init.mp4");
    origin.take(Payload::Segment(with_map));
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T14:59:58.000Z
#EXTINF:2.0,
s7.m4s
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:00.000Z
#EXTINF:2.0,
s8.m4s
",
    );
}

#[test]
fn variants_report_on_each_other_and_are_listed_once_they_play() {
    let mut origin = Origin::new();
    let mut low = variant("v1", "init.mp4");
    (low.variant.bandwidth, low.variant.frame_rate) = (500_000, Some(29.97));
    (low.variant.codecs, low.variant.resolution) = ("avc1.42c01e".into(), None);
    origin.take(Payload::Variant(low));
    let mut first = part(7, 0);
    first.variant = Some(TrackRef { id: id("v1") });
    origin.take(Payload::Part(first));
    let only = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS=\"avc1.42c01e\",FRAME-RATE=29.970
v1/playlist.m3u8
";
    assert_eq!(origin.multivariant(), only);
    origin.part(7, 0);
    let both = only.replace(
        "#EXT-X-STREAM-INF",
        "\
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=30.000
v0/playlist.m3u8
#EXT-X-STREAM-INF",
    );
    assert_eq!(origin.multivariant(), both);
    reads(
        &origin,
        "\
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T14:59:59.500Z
#EXT-X-PART:DURATION=0.5,URI=\"p28.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p29.m4s\"
#EXT-X-RENDITION-REPORT:URI=\"../v1/playlist.m3u8\",LAST-MSN=7,LAST-PART=0
",
    );
}
