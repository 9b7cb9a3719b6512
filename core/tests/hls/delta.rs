//! Playlist delta updates: whole texts, byte for byte, and what a player makes of them.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_core::hls::{HlsSettings, Reload, Snapshot, Stream};

use crate::audience::Audience;
use crate::feed::{NOON, Origin, RECEIVED, date, end, map, segment, undated, variant};
use crate::properties::{naming, plan, uploads};
use crate::reader::Playlist;
use roomcast_protocol::data::Payload;

const HEAD: &str = "\
#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=1.5,HOLD-BACK=6.0
#EXT-X-PART-INF:PART-TARGET=0.5
";

fn asked(snapshot: &Snapshot) -> String {
    let text = Reload::parse("_HLS_skip=YES").unwrap().text(snapshot).to_vec();
    String::from_utf8(text).unwrap()
}

fn delta(origin: &Origin) -> String {
    asked(origin.snapshot("v0"))
}

/// Lists segments whole.
fn segments(origin: &mut Origin, range: std::ops::Range<u64>) {
    range.for_each(|msn| assert!(origin.segment(msn) > 0));
}

#[test]
fn a_delta_update_leaves_out_what_lies_beyond_the_skip_boundary() {
    let mut origin = Origin::new();
    segments(&mut origin, 7..15);
    origin.parts(15);
    origin.segment(15);
    origin.part(16, 0);
    // 12 s lie behind the end of segment 9, which is not beyond the boundary, but at it.
    let rest = "\
#EXT-X-SKIP:SKIPPED-SEGMENTS=2
#EXTINF:2.0,
s9.m4s
#EXTINF:2.0,
s10.m4s
#EXTINF:2.0,
s11.m4s
#EXTINF:2.0,
s12.m4s
#EXTINF:2.0,
s13.m4s
#EXTINF:2.0,
s14.m4s
#EXT-X-PART:DURATION=0.5,URI=\"p60.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI=\"p61.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p62.m4s\"
#EXT-X-PART:DURATION=0.5,URI=\"p63.m4s\"
#EXTINF:2.0,
s15.m4s
#EXT-X-PART:DURATION=0.5,URI=\"p64.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p65.m4s\"
";
    assert_eq!(undated(&delta(&origin)), format!("{HEAD}#EXT-X-MEDIA-SEQUENCE:7\n{rest}"));
}

#[test]
fn a_player_that_has_no_more_than_the_boundary_gets_the_whole() {
    let mut origin = Origin::new();
    segments(&mut origin, 7..14);
    assert_eq!(delta(&origin), origin.playlist());
    origin.segment(14);
    assert!(undated(&delta(&origin)).contains("\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:2.0,\ns8.m4s\n"));
}

#[test]
fn the_sequences_are_those_of_the_whole_playlist() {
    let mut origin = Origin::with(HlsSettings { window: Duration::from_secs(20), ..HlsSettings::default() });
    segments(&mut origin, 0..1);
    let mut cut = segment(1);
    (cut.segment.discontinuity, cut.segment.program_date_time) = (true, date(NOON));
    origin.take(Payload::Segment(cut));
    segments(&mut origin, 2..13);
    let text = delta(&origin);
    let begin = "\
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-SKIP:SKIPPED-SEGMENTS=3
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T15:00:10.000Z
#EXTINF:2.0,
s6.m4s
";
    assert!(text.starts_with(&format!("{HEAD}{begin}")), "{text}");
}

#[test]
fn no_delta_update_skips_a_discontinuity() {
    let mut origin = Origin::new();
    segments(&mut origin, 7..9);
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    let mut cut = segment(9);
    (cut.segment.discontinuity, cut.segment.map) = (true, map("new.mp4"));
    origin.take(Payload::Segment(cut));
    segments(&mut origin, 10..20);
    let begin =
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"new.mp4\"\n#EXTINF:2.0,\ns9.m4s\n";
    assert!(undated(&delta(&origin)).contains(begin), "{}", delta(&origin));
}

#[test]
fn an_ended_playlist_is_always_whole() {
    let mut origin = Origin::new();
    segments(&mut origin, 7..17);
    assert_ne!(delta(&origin), origin.playlist());
    origin.take(end());
    assert_eq!(delta(&origin), origin.playlist());
}

/// Returns the playlist of a player that fetched a delta update for the one it had, or the whole playlist if that was
/// not enough.
fn reload(known: Option<&Playlist>, snapshot: &Snapshot) -> (Playlist, bool) {
    let whole = || Playlist::read(std::str::from_utf8(&snapshot.playlist).unwrap());
    match Playlist::merge(known, &asked(snapshot)) {
        Some(merged) => (merged, snapshot.delta.is_some()),
        None => (whole(), false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_player_that_skips_has_the_same_playlist_as_one_that_does_not(
        plans in vec(plan(), 10..40),
        name in naming(),
        polls in vec(prop::bool::weighted(0.4), 300),
    ) {
        let settings = HlsSettings { window: Duration::from_secs(24), ..HlsSettings::default() };
        let (mut stream, mut audience) = (Stream::new(settings), Audience::default());
        let (mut player, mut skipped): (Option<Playlist>, _) = (None, 0);
        for (upload, polled) in uploads(&plans, name).into_iter().zip(polls.into_iter().cycle()) {
            audience.watch(&stream.apply(upload, RECEIVED).unwrap());
            let Some(snapshot) = audience.snapshot.as_ref().filter(|_| polled) else { continue };
            let (merged, delta) = reload(player.as_ref(), snapshot);
            prop_assert_eq!(Some(&merged), audience.playlist.as_ref());
            skipped += usize::from(delta);
            player = Some(merged);
        }
        let steady = plans.len() > 20 && plans.iter().all(|plan| !plan.discontinuity && plan.whole);
        prop_assert!(!steady || skipped > 0, "nothing was ever skipped");
    }
}
