//! Renditions: their place in the multivariant playlist, their own media playlists, and what does not go together.

use roomcast_core::hls::Change;
use roomcast_protocol::code::AckCode::{self, InvalidSignal, SequenceConflict, TrackNotFound};
use roomcast_protocol::data::{Payload, RenditionType, TrackRef, UpdateRendition};

use crate::feed::{Origin, end, id, media, of_rendition, part, rendition, seconds, segment, variant};

/// A variant `v0` whose sound is in the group `aac`, with the rendition `en`.
fn origin() -> Origin {
    let mut origin = Origin::new();
    let mut with_audio = variant("v0", "init.mp4");
    with_audio.variant.audio = Some(id("aac"));
    origin.take(Payload::Variant(with_audio));
    let mut english = rendition("en", "init.mp4");
    english.rendition.name = "English".into();
    english.rendition.language = Some("en".into());
    english.rendition.is_default = Some(true);
    english.rendition.channels = Some("2".into());
    origin.take(Payload::Rendition(english));
    origin
}

fn plays(origin: &mut Origin, track: &str) {
    assert!(origin.take(of_rendition(track, Payload::Part(part(7, 0)))) > 0);
}

fn refused(origin: &mut Origin, payload: Payload, code: AckCode, reason: &str) {
    let before = format!("{:?}", origin.stream);
    let refusal = origin.try_take(payload).unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.reason.contains(reason), "{refusal}");
    assert_eq!(format!("{:?}", origin.stream), before, "nothing is half accepted");
}

fn bad(edit: impl Fn(&mut UpdateRendition), reason: &str) {
    let mut update = rendition("de", "init.mp4");
    edit(&mut update);
    refused(&mut origin(), Payload::Rendition(update), InvalidSignal, reason);
}

#[test]
fn renditions_stand_before_the_variants_that_name_their_group() {
    let mut origin = origin();
    origin.part(7, 0);
    let mut german = rendition("de", "init.mp4");
    german.rendition.name = "Deutsch für alle".into();
    (german.rendition.language, german.rendition.auto_select) = (Some("de".into()), Some(true));
    origin.take(Payload::Rendition(german));
    let mut angle = rendition("angle", "init.mp4");
    (angle.rendition.kind, angle.rendition.group_id) = (RenditionType::Video, id("angles"));
    origin.take(Payload::Rendition(angle));
    let mut words = rendition("words", "init.mp4");
    (words.rendition.kind, words.rendition.group_id) = (RenditionType::Subtitles, id("subs"));
    words.rendition.is_default = Some(false);
    origin.take(Payload::Rendition(words));
    ["en", "de", "angle", "words"].iter().for_each(|track| plays(&mut origin, track));
    let text = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"en/playlist.m3u8\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"Deutsch für alle\",LANGUAGE=\"de\",AUTOSELECT=YES,URI=\"de/playlist.m3u8\"
#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"angles\",NAME=\"angle\",URI=\"angle/playlist.m3u8\"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"words\",URI=\"words/playlist.m3u8\"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO=\"aac\",SUBTITLES=\"subs\"
v0/playlist.m3u8
";
    assert_eq!(origin.multivariant(), text);
}

#[test]
fn a_variant_is_listed_once_its_audio_group_plays() {
    let mut origin = origin();
    origin.part(7, 0);
    assert!(!origin.stream.playable());
    plays(&mut origin, "en");
    assert!(origin.stream.playable());
    assert!(origin.multivariant().contains(",AUDIO=\"aac\"\nv0/playlist.m3u8\n"));
}

#[test]
fn renditions_alone_are_no_stream_to_play() {
    let mut origin = origin();
    plays(&mut origin, "en");
    assert!(!origin.stream.playable());
    assert!(!origin.changes.iter().any(|change| matches!(change, Change::Multivariant(_))));
}

#[test]
fn a_rendition_has_a_media_playlist_and_all_report_on_all_others() {
    let mut origin = origin();
    origin.take(Payload::Rendition(rendition("de", "init.mp4")));
    origin.parts(7);
    plays(&mut origin, "de");
    plays(&mut origin, "en");
    let text = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=1.5,HOLD-BACK=6.0
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI=\"init.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2024-11-22T14:59:59.500Z
#EXT-X-PART:DURATION=0.5,URI=\"p28.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p29.m4s\"
#EXT-X-RENDITION-REPORT:URI=\"../v0/playlist.m3u8\",LAST-MSN=7,LAST-PART=3
#EXT-X-RENDITION-REPORT:URI=\"../de/playlist.m3u8\",LAST-MSN=7,LAST-PART=0
";
    assert_eq!(origin.snapshot("en").playlist, text);
    origin.part(8, 0);
    assert!(origin.playlist().ends_with(
        "\
#EXT-X-RENDITION-REPORT:URI=\"../en/playlist.m3u8\",LAST-MSN=7,LAST-PART=0
#EXT-X-RENDITION-REPORT:URI=\"../de/playlist.m3u8\",LAST-MSN=7,LAST-PART=0
"
    ));
}

#[test]
fn a_changed_rendition_is_listed_as_it_is_now() {
    let mut origin = origin();
    origin.part(7, 0);
    plays(&mut origin, "en");
    let mut renamed = rendition("en", "init.mp4");
    renamed.rendition.name = "Commentary".into();
    assert!(origin.take(Payload::Rendition(renamed.clone())) > 0);
    assert!(origin.multivariant().contains("NAME=\"Commentary\",URI=\"en/playlist.m3u8\""));
    assert_eq!(origin.take(Payload::Rendition(renamed)), 0, "a repetition changes nothing");
}

#[test]
fn whole_segments_of_a_rendition_are_listed_like_those_of_a_variant() {
    let mut origin = origin();
    assert!(origin.take(of_rendition("en", Payload::Segment(segment(7)))) > 0);
    let text = String::from_utf8(origin.snapshot("en").playlist.to_vec()).unwrap();
    assert!(text.ends_with("#EXTINF:2.0,\ns7.m4s\n"), "{text}");
}

#[test]
fn objects_have_the_media_type_of_their_track() {
    let mut origin = origin();
    origin.part(7, 0);
    plays(&mut origin, "en");
    let mut types: Vec<_> = origin
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Store { track, media, .. } => Some((track.as_str(), media.content_type)),
            _ => None,
        })
        .collect();
    types.dedup();
    assert_eq!(types, [("v0", "video/mp4"), ("en", "audio/mp4"), ("v0", "video/mp4"), ("en", "audio/mp4")]);
    let mut sound = variant("radio", "init.mp4");
    (sound.variant.codecs, sound.variant.resolution) = ("mp4a.40.2".into(), None);
    origin.take(Payload::Variant(sound));
    assert!(matches!(origin.changes.last(), Some(Change::Store { media, .. }) if media.content_type == "audio/mp4"));
}

#[test]
fn members_of_a_group_have_different_names_and_one_default() {
    bad(|update| update.rendition.name = "English".into(), "en has the same name in group aac");
    bad(|update| update.rendition.is_default = Some(true), "en is the default of group aac");
    let mut origin = origin();
    let mut other = rendition("de", "init.mp4");
    (other.rendition.name, other.rendition.group_id) = ("English".into(), id("opus"));
    (other.rendition.is_default, other.rendition.language) = (Some(true), Some("en".into()));
    origin.take(Payload::Rendition(other.clone()));
    (other.rendition.id, other.rendition.kind) = (id("angle"), RenditionType::Video);
    origin.take(Payload::Rendition(other));
}

#[test]
fn groups_are_encodings_of_the_same() {
    let twin = |update: &mut UpdateRendition| {
        (update.rendition.id, update.rendition.group_id) = (id("en-opus"), id("opus"));
        (update.rendition.name, update.rendition.is_default) = ("English".into(), Some(true));
        update.rendition.language = Some("en".into());
    };
    bad(|update| (twin(update), update.rendition.language = Some("de".into())).1, "the same name and other attributes");
    bad(|update| (twin(update), update.rendition.is_default = None).1, "the same name and other attributes");
}

#[test]
fn what_would_break_the_multivariant_playlist_is_refused() {
    bad(|update| update.rendition.name = "a\tb".into(), "control");
    bad(
        |update| (update.rendition.is_default, update.rendition.auto_select) = (Some(true), Some(false)),
        "must be one that players may select",
    );
}

#[test]
fn what_a_rendition_was_made_with_is_fixed() {
    let same =
        |update: &mut UpdateRendition| (update.rendition.id, update.rendition.name) = (id("en"), "English".into());
    bad(|u| (same(u), u.rendition.kind = RenditionType::Video).1, "type and group");
    bad(|u| (same(u), u.rendition.group_id = id("opus")).1, "type and group");
    bad(|u| (same(u), u.rendition.target_part_duration = Some(seconds(0.4))).1, "fixed");
    bad(|u| u.rendition.target_duration = seconds(3.0), "same target duration");
    bad(|u| u.rendition.id = id("v0"), "v0 is a variant");
    refused(&mut origin(), Payload::Variant(variant("en", "init.mp4")), InvalidSignal, "en is a rendition");
    let mut other = rendition("en", "init.mp4");
    other.segment.map.data = media("x");
    refused(&mut origin(), Payload::Rendition(other), SequenceConflict, "other bytes");
}

#[test]
fn a_variant_that_plays_keeps_to_groups_that_play() {
    let mut origin = origin();
    let mut other = variant("v0", "init.mp4");
    other.variant.audio = Some(id("opus"));
    assert_eq!(origin.take(Payload::Variant(other.clone())), 0, "players know nothing of it yet");
    other.variant.audio = Some(id("aac"));
    origin.take(Payload::Variant(other.clone()));
    origin.part(7, 0);
    plays(&mut origin, "en");
    other.variant.audio = Some(id("opus"));
    refused(&mut origin, Payload::Variant(other), InvalidSignal, "audio group that plays");
}

#[test]
fn a_track_is_found_only_as_what_it_is() {
    let mut origin = origin();
    refused(&mut origin, of_rendition("v0", Payload::Part(part(7, 0))), TrackNotFound, "no rendition v0");
    let mut update = part(7, 0);
    update.variant = Some(TrackRef { id: id("en") });
    refused(&mut origin, Payload::Part(update), TrackNotFound, "no variant en");
}

#[test]
fn renditions_are_bounded_apart_from_variants() {
    let mut origin = origin();
    for number in 1..16 {
        origin.take(Payload::Rendition(rendition(&format!("r{number}"), "init.mp4")));
        origin.take(Payload::Variant(variant(&format!("v{number}"), "init.mp4")));
    }
    refused(&mut origin, Payload::Rendition(rendition("r16", "init.mp4")), InvalidSignal, "16 renditions");
}

#[test]
fn a_rendition_that_comes_back_takes_up_the_ended_stream() {
    let mut origin = origin();
    origin.parts(7);
    plays(&mut origin, "en");
    origin.take(end());
    refused(&mut origin, Payload::Rendition(rendition("de", "new.mp4")), SequenceConflict, "has ended");
    refused(&mut origin, Payload::Rendition(rendition("en", "init.mp4")), SequenceConflict, "has ended");
    origin.take(Payload::Rendition(rendition("en", "new.mp4")));
    origin.part(8, 0);
    assert!(origin.playlist().contains("s7.m4s\n#EXT-X-DISCONTINUITY\n"), "{}", origin.playlist());
    origin.take(of_rendition("en", Payload::Part(part(8, 0))));
    let text = String::from_utf8(origin.snapshot("en").playlist.to_vec()).unwrap();
    assert!(text.contains("s7.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"new.mp4\"\n"), "{text}");
}

#[test]
fn a_track_that_begins_late_counts_discontinuities_like_the_others() {
    let mut origin = origin();
    for msn in 7..10 {
        let mut cut = segment(msn);
        cut.segment.discontinuity = msn != 8;
        origin.take(Payload::Segment(cut));
    }
    let mut late = segment(9);
    late.segment.discontinuity = true;
    origin.take(of_rendition("en", Payload::Segment(late)));
    let text = |origin: &Origin, track| String::from_utf8(origin.snapshot(track).playlist.to_vec()).unwrap();
    let head = "#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-DISCONTINUITY\n";
    assert!(text(&origin, "en").contains(head), "{}", text(&origin, "en"));
    origin.take(end());
    origin.take(Payload::Variant(variant("v0", "new.mp4")));
    origin.take(Payload::Rendition(rendition("de", "init.mp4")));
    origin.take(of_rendition("de", Payload::Part(part(10, 0))));
    assert!(text(&origin, "de").contains("#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-MAP"));
}

#[test]
fn a_track_that_begins_at_the_end_counts_discontinuities_like_the_others() {
    let mut origin = origin();
    for msn in 7..9 {
        let mut cut = segment(msn);
        cut.segment.discontinuity = true;
        origin.take(Payload::Segment(cut));
    }
    assert_eq!(origin.take(of_rendition("en", Payload::Part(part(8, 1)))), 0);
    origin.take(end());
    let text = String::from_utf8(origin.snapshot("en").playlist.to_vec()).unwrap();
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:8\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n"), "{text}");
}

#[test]
fn a_report_tells_of_the_last_part_where_there_are_parts() {
    let mut origin = origin();
    origin.parts(7);
    origin.segment(7);
    let mut bare = segment(8);
    bare.segment.duration = seconds(0.2);
    origin.take(Payload::Segment(bare));
    plays(&mut origin, "en");
    let text = String::from_utf8(origin.snapshot("en").playlist.to_vec()).unwrap();
    assert!(text.ends_with("REPORT:URI=\"../v0/playlist.m3u8\",LAST-MSN=7,LAST-PART=3\n"), "{text}");
}

/// A variant of audio alone in the group `aac`.
fn audio_alone() -> Origin {
    let mut alone = variant("v0", "init.mp4");
    (alone.variant.codecs, alone.variant.audio) = ("mp4a.40.2".into(), Some(id("aac")));
    (alone.variant.resolution, alone.variant.frame_rate) = (None, None);
    alone.variant.bandwidth = 1000;
    Origin::of(alone)
}

/// The variant `v0` as a rendition of its own group.
fn own_rendition() -> UpdateRendition {
    let mut own = rendition("v0", "init.mp4");
    (own.rendition.language, own.rendition.is_default) = (Some("de".into()), Some(true));
    own
}

#[test]
fn a_variant_of_audio_alone_is_a_member_of_its_own_group() {
    let mut origin = audio_alone();
    origin.take(Payload::Rendition(own_rendition()));
    assert_eq!(origin.take(Payload::Rendition(own_rendition())), 0, "a repetition changes nothing");
    let mut english = rendition("en", "init.mp4");
    english.rendition.language = Some("en".into());
    origin.take(Payload::Rendition(english));
    origin.part(7, 0);
    plays(&mut origin, "en");
    let text = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"v0\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES,URI=\"v0/playlist.m3u8\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"en\",LANGUAGE=\"en\",URI=\"en/playlist.m3u8\"
#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS=\"mp4a.40.2\",AUDIO=\"aac\"
v0/playlist.m3u8
";
    assert_eq!(origin.multivariant(), text);
    let written = origin.stream.checkpoint();
    let restored = roomcast_core::hls::Stream::restore(written.as_bytes()).unwrap();
    assert_eq!(restored.checkpoint(), written);
}

#[test]
fn a_rendition_plays_in_place_of_a_variant_of_audio_alone() {
    let mut origin = audio_alone();
    origin.take(Payload::Rendition(own_rendition()));
    origin.take(Payload::Rendition(rendition("en", "init.mp4")));
    origin.take(Payload::Segment(segment(0)));
    origin.take(of_rendition("en", Payload::Segment(segment(0))));
    origin.take(Payload::Segment(segment(1)));
    // 24 bytes in two seconds.
    assert!(origin.multivariant().contains("AVERAGE-BANDWIDTH=96,"), "{}", origin.multivariant());
}

#[test]
fn only_a_variant_of_audio_alone_is_a_rendition_too() {
    let mut with_video = origin();
    refused(&mut with_video, Payload::Rendition(own_rendition()), InvalidSignal, "v0 is a variant");
    let mut alone = audio_alone();
    let mut update = own_rendition();
    update.segment.map.id = id("other.mp4");
    refused(&mut alone, Payload::Rendition(update), InvalidSignal, "has no map");
    let mut update = own_rendition();
    update.rendition.group_id = id("other");
    refused(&mut alone, Payload::Rendition(update), InvalidSignal, "v0 is a variant");
    let mut update = own_rendition();
    update.rendition.target_duration = seconds(3.0);
    refused(&mut alone, Payload::Rendition(update), InvalidSignal, "fixed");
    alone.take(Payload::Rendition(own_rendition()));
    let mut twin = rendition("en", "init.mp4");
    twin.rendition.is_default = Some(true);
    refused(&mut alone, Payload::Rendition(twin), InvalidSignal, "v0 is the default");
}
