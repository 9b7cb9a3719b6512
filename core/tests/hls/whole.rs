//! Segments that come whole: of streams without parts, and where a streamer can cut no further part.

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{Decision, Reload, Stream};
use roomcast_protocol::data::{Payload, UpdateSegment};

use crate::audience::Audience;
use crate::feed::{Origin, RECEIVED, announced_gap, end, id, part, seconds, segment, undated, variant, without_parts};
use crate::properties::{naming, plan, settings, uploads};

fn long_segment(msn: u64) -> UpdateSegment {
    let mut whole = segment(msn);
    whole.segment.duration = seconds(2.4);
    whole
}

/// A stream whose segment 8 ends in an announced gap behind two parts.
fn cut_short() -> Origin {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.segment(7);
    origin.part(8, 0);
    origin.part(8, 1);
    origin.take(Payload::Part(announced_gap(8, 2)));
    origin
}

/// A part of segment 9, numbered through behind the announced gap.
fn next_part(index: u64, after: u64) -> Payload {
    let mut update = part(9, index);
    update.part.id = id(&format!("p{}.m4s", after + 1 + index));
    Payload::Part(update)
}

fn decide(origin: &Origin, query: &str) -> Decision {
    Reload::parse(query).unwrap().decide(origin.snapshot("v0"))
}

const PARTS: &str = "\
#EXT-X-PART:DURATION=0.5,URI=\"p32.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p33.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p34.m4s\",GAP=YES
";

#[test]
fn a_segment_that_gets_no_more_parts_is_listed_whole_and_parts_go_on_with_the_next() {
    let mut origin = cut_short();
    let hinted = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p35.m4s\"\n";
    assert!(undated(&origin.playlist()).ends_with(&format!("{PARTS}{hinted}")), "{}", origin.playlist());
    assert_eq!(decide(&origin, "_HLS_msn=8&_HLS_part=2"), Decision::Answer);
    assert_eq!(decide(&origin, "_HLS_msn=8&_HLS_part=3"), Decision::Wait);
    assert!(origin.take(Payload::Segment(long_segment(8))) > 0, "it is listed at once");
    let listed = format!("{PARTS}#EXTINF:2.4,\ns8.m4s\n");
    assert!(undated(&origin.playlist()).ends_with(&format!("{listed}{hinted}")), "{}", origin.playlist());
    assert_eq!(origin.object("s8.m4s").unwrap(), segment(8).segment.data.0);
    assert_eq!(decide(&origin, "_HLS_msn=8&_HLS_part=3"), Decision::Wait, "part 0 of the next");
    assert!(origin.take(next_part(0, 34)) > 0);
    assert_eq!(decide(&origin, "_HLS_msn=8&_HLS_part=3"), Decision::Answer);
    let first = "#EXT-X-PART:DURATION=0.5,URI=\"p35.m4s\",INDEPENDENT=YES\n";
    let hinted = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p36.m4s\"\n";
    assert!(undated(&origin.playlist()).ends_with(&format!("{listed}{first}{hinted}")), "{}", origin.playlist());
}

#[test]
fn a_segment_without_any_part_is_announced_by_a_gap_in_place_of_its_first() {
    let mut origin = Origin::new();
    origin.parts(7);
    for msn in 8..11 {
        assert!(origin.take(Payload::Part(announced_gap(msn, 0))) > 0);
        assert!(origin.take(Payload::Segment(long_segment(msn))) > 0);
    }
    let playlist = origin.playlist();
    assert!(!playlist.contains("EXT-X-GAP") && playlist.matches("GAP=YES\n#EXTINF:2.4,").count() == 3, "{playlist}");
}

#[test]
fn while_no_part_can_be_cut_segments_come_without_parts_and_the_hint_still_comes_true() {
    let mut origin = cut_short();
    origin.take(Payload::Segment(long_segment(8)));
    let hinted = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p35.m4s\"\n";
    for msn in 9..11 {
        assert_eq!(decide(&origin, &format!("_HLS_msn={msn}&_HLS_part=0")), Decision::Wait);
        assert!(origin.segment(msn) > 0, "it is listed at once");
        assert_eq!(decide(&origin, &format!("_HLS_msn={msn}&_HLS_part=0")), Decision::Answer);
        assert!(undated(&origin.playlist()).ends_with(&format!("#EXTINF:2.0,\ns{msn}.m4s\n{hinted}")));
    }
    let mut first = part(11, 0);
    first.part.id = id("p35.m4s");
    assert!(origin.take(Payload::Part(first)) > 0);
    assert!(
        undated(&origin.playlist()).contains("s10.m4s\n#EXT-X-PART:DURATION=0.5,URI=\"p35.m4s\",INDEPENDENT=YES\n")
    );
}

#[test]
fn the_segment_after_waits_for_one_that_comes_whole() {
    let mut origin = cut_short();
    assert_eq!(origin.take(next_part(0, 34)) + origin.take(next_part(1, 34)), 0);
    assert!(origin.take(Payload::Segment(long_segment(8))) > 0);
    let playlist = origin.playlist();
    assert!(playlist.contains("#EXTINF:2.4,\ns8.m4s\n") && !playlist.contains("EXT-X-GAP"), "{playlist}");
    assert!(playlist.contains("p35.m4s") && playlist.contains("p36.m4s"), "{playlist}");
}

#[test]
fn a_segment_that_was_to_come_whole_and_does_not_is_a_gap_after_three_newer_parts() {
    let mut origin = cut_short();
    assert_eq!(origin.take(next_part(0, 34)) + origin.take(next_part(1, 34)), 0);
    assert!(origin.take(next_part(2, 34)) > 0);
    assert!(origin.playlist().contains("#EXT-X-GAP\n#EXTINF:1.5,\ns8.m4s\n"), "{}", origin.playlist());
    // Such a streamer uploads no whole segments: the next time nothing waits.
    let mut gap = announced_gap(9, 3);
    gap.part.id = id("p38.m4s");
    origin.take(Payload::Part(gap));
    let mut next = part(10, 0);
    next.part.id = id("p39.m4s");
    assert!(origin.take(Payload::Part(next)) > 0);
}

#[test]
fn after_an_announced_gap_streamers_of_parts_only_go_on_at_once() {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.part(8, 0);
    origin.take(Payload::Part(announced_gap(8, 1)));
    assert!(origin.take(next_part(0, 33)) > 0);
    assert!(origin.playlist().contains("#EXT-X-GAP\n#EXTINF:1.0,\ns8.m4s\n"), "{}", origin.playlist());
}

#[test]
fn a_whole_segment_still_waits_for_parts_behind_a_gap_that_came() {
    let mut origin = Origin::new();
    origin.parts(7);
    origin.segment(7);
    origin.part(8, 0);
    assert_eq!(origin.segment(8) + origin.part(8, 2), 0);
    assert!(origin.take(Payload::Part(announced_gap(8, 1))) > 0);
    assert!(origin.part(8, 3) > 0);
    let playlist = origin.playlist();
    assert!(playlist.contains("URI=\"p35.m4s\"\n#EXTINF:2.0,\ns8.m4s\n"), "{playlist}");
}

#[test]
fn a_stream_without_parts_offers_nothing_of_them() {
    let mut origin = Origin::of(without_parts("v0", "init.mp4"));
    origin.segment(7);
    origin.segment(8);
    let head = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXTINF:2.0,
s7.m4s
#EXTINF:2.0,
s8.m4s
";
    assert_eq!(undated(&origin.playlist()), head);
    assert!(origin.snapshot("v0").part_target.is_none() && origin.snapshot("v0").hint.is_none());
    for query in ["_HLS_msn=9", "_HLS_msn=9&_HLS_part=0", ""] {
        assert_eq!(decide(&origin, query), Decision::Answer, "{query}");
    }
    assert_eq!(origin.segment(10) + origin.segment(11), 0);
    assert!(origin.segment(12) > 0);
    assert!(
        undated(&origin.playlist()).contains("s8.m4s\n#EXT-X-GAP\n#EXTINF:2.0,\nsegment-9.m4s\n#EXTINF:2.0,\ns10.m4s")
    );
    origin.take(end());
    assert!(origin.playlist().ends_with("s12.m4s\n#EXT-X-ENDLIST\n"));
}

#[test]
fn segments_may_begin_without_a_sync_sample_where_that_was_declared_first() {
    let mut first = variant("v0", "init.mp4");
    first.variant.independent_segments = false;
    let mut origin = Origin::of(first);
    let mut dependent = part(7, 0);
    dependent.part.independent = false;
    origin.take(Payload::Part(dependent));
    origin.take(Payload::Variant(variant("v1", "init.mp4")));
    let texts = [origin.playlist(), origin.multivariant()];
    assert!(texts.iter().all(|text| !text.contains("INDEPENDENT")), "{texts:?}");
    // The variant may say otherwise from here on; what was listed is not told anew.
    origin.take(Payload::Variant(variant("v0", "init.mp4")));
    (1..4).for_each(|index| assert!(origin.part(7, index) > 0));
    let mut dependent = part(8, 0);
    dependent.part.independent = false;
    assert!(origin.try_take(Payload::Part(dependent)).is_err());
    origin.part(8, 0);
    assert!(!origin.playlist().contains("EXT-X-INDEPENDENT") && origin.playlist().contains("INDEPENDENT=YES"));
}

#[test]
fn a_promise_is_not_given_over_media_that_was_taken_without_it() {
    let mut first = variant("v0", "init.mp4");
    first.variant.independent_segments = false;
    let mut origin = Origin::of(first);
    let mut dependent = part(8, 0);
    dependent.part.independent = false;
    assert_eq!(origin.part(7, 1), 0);
    origin.take(Payload::Part(dependent));
    origin.take(Payload::Variant(variant("v0", "init.mp4")));
    origin.part(7, 0);
    origin.take(end());
    assert!(!origin.playlist().contains("EXT-X-INDEPENDENT"), "{}", origin.playlist());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn streams_without_parts_and_without_the_promise_keep_the_rules(
        plans in vec(plan(), 1..30),
        name in naming(),
        (independent, parts) in (any::<bool>(), any::<bool>()),
        luck in vec((0_usize..4, prop::bool::weighted(0.05), any::<bool>()), 200),
    ) {
        let (mut stream, mut audience) = (Stream::new(settings()), Audience::default());
        let mut late: Vec<_> = uploads(&plans, name).into_iter().zip(luck).enumerate().collect();
        late.retain(|(at, (_, (_, lost, _)))| *at == 0 || !lost);
        late.sort_by_key(|(at, (_, (delay, ..)))| if *at == 0 { 0 } else { at + delay });
        for (_, (mut upload, (_, _, sync))) in late {
            match &mut upload {
                Payload::Variant(update) => {
                    update.variant.independent_segments = independent;
                    update.variant.target_part_duration = update.variant.target_part_duration.filter(|_| parts);
                }
                Payload::Part(update) => update.part.independent &= independent || sync,
                _ => {}
            }
            audience.watch(stream.apply(upload, RECEIVED).as_deref().unwrap_or_default());
        }
        audience.watch(&stream.end());
        if let Some(list) = audience.playlist {
            prop_assert_eq!((list.independent_segments, list.part_target > 0), (independent, parts));
        }
    }
}
