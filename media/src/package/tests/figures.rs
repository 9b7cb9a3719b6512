//! Declared codecs, bit rate and frame rate of a track, and their correction by the media.

use super::*;

/// An init section of a video and one audio track of each codec.
fn with_audio(codecs: &[&str]) -> Item {
    let Item::Init(mut init) = init(Kind::Picture, "map") else { panic!("no init section") };
    let audio = |(id, codec): (u32, &&str)| MediaTrack {
        id,
        handler: Handler::Audio,
        codec: (*codec).to_owned(),
        resolution: None,
        ..init.tracks[0].clone()
    };
    let more: Vec<MediaTrack> = (2..).zip(codecs).map(audio).collect();
    init.tracks.extend(more);
    Item::Init(init)
}

/// The frames of a fragment, for so many audio tracks beside the video.
fn beside(item: Item, tracks: u32) -> Item {
    let Item::Fragment(mut fragment) = item else { panic!("no fragment") };
    let audio: Vec<Sample> = fragment.samples.iter().filter(|sample| sample.track == 2).cloned().collect();
    fragment.samples.retain(|sample| sample.track == 1);
    for track in 2..2 + tracks {
        fragment.samples.extend(audio.iter().map(|sample| Sample { track, ..sample.clone() }));
    }
    Item::Fragment(fragment)
}

fn rates(show: &Show) -> Vec<Option<f64>> {
    let mut rates: Vec<_> = show.variants("v0").map(|update| update.variant.frame_rate).collect();
    rates.dedup();
    rates
}

#[test]
fn a_variant_names_the_codecs_of_every_rendition_of_its_group() {
    let mut show = Show::new();
    show.push("v0", with_audio(&["mp4a.40.2", "ac-3", "mp4a.40.2", "opus"]));
    show.push("v0", beside(frames(0, 30, GROUP), 4));
    assert!(show.variants("v0").all(|update| update.variant.codecs == "avc1.64001f,mp4a.40.2,ac-3,opus"));
    assert!(show.variants("v0").count() > 0);
}

#[test]
fn a_rendition_that_comes_later_brings_its_codec_along() {
    let mut show = Show::new();
    show.begin("v0", Kind::Picture);
    show.begin("a0", Kind::Sound);
    let Item::Init(mut other) = init(Kind::Sound, "other") else { panic!("no init section") };
    other.tracks[0].codec = "opus".to_owned();
    show.push("a1", Item::Init(other));
    show.push("a1", frames(0, GROUP, GROUP));
    let codecs: Vec<&str> = show.variants("v0").map(|update| update.variant.codecs.as_str()).collect();
    assert_eq!(codecs.last(), Some(&"avc1.64001f,mp4a.40.2,opus"), "{codecs:?}");
}

#[test]
fn codecs_beyond_what_a_declaration_has_room_for_are_left_out() {
    let long: Vec<String> = (0..16).map(|number| format!("mp4a.40.{number:030}")).collect();
    let joined = super::super::join_codecs(long.iter().map(String::as_str));
    assert!(joined.len() <= 256 && joined.len() > 200 && !joined.ends_with(','), "{joined}");
}

#[test]
fn a_frame_rate_follows_the_media_and_is_not_said_with_every_segment() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Picture, "map"));
    let mut at = 0;
    let mut second = |show: &mut Show, fps: u32| {
        show.push("v0", uneven(at, &vec![TIMESCALE / fps; fps as usize], fps as usize));
        at += u64::from(TIMESCALE);
    };
    (0..4).for_each(|_| second(&mut show, 5));
    show.wait(1_000);
    assert_eq!(rates(&show), [Some(5.0)]);
    (0..4).for_each(|_| second(&mut show, 60));
    assert_eq!(rates(&show), [Some(5.0), Some(60.0)]);
    let told = show.variants("v0").count();
    (0..4).for_each(|_| second(&mut show, 59));
    assert_eq!(show.variants("v0").count(), told, "a frame more or less is no news");
    (0..20).for_each(|_| second(&mut show, 10));
    let stated = rates(&show);
    assert!(stated.starts_with(&[Some(5.0), Some(60.0)]) && stated.ends_with(&[Some(10.0)]), "{stated:?}");
    assert!(stated.len() <= 4, "{stated:?}");
}

#[test]
fn the_first_estimate_of_a_bit_rate_does_not_outlive_the_first_segment() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Both, "map"));
    let key_frames = |item| {
        let Item::Fragment(mut fragment) = item else { panic!("no fragment") };
        let first = fragment.samples.iter_mut().find(|sample| sample.track == 1).expect("a frame");
        first.payload = Bytes::from_static(&[7; 9000]);
        Item::Fragment(fragment)
    };
    for second in 0..4 {
        show.push("v0", key_frames(frames(second * GROUP, GROUP, GROUP)));
    }
    let stated: Vec<u64> = show.variants("v0").map(|update| update.variant.bandwidth).collect();
    let measured = show.segments("v0").iter().map(|whole| whole.data.0.len() as u64 * 8).max().expect("segments");
    assert!(stated[0] > 2 * measured, "{stated:?}: the first part has the key frame");
    let last = *stated.last().expect("declared");
    assert!(last >= measured && last <= measured * 11 / 10, "{stated:?} {measured}");
}

#[test]
fn what_may_not_be_declared_is_left_out() {
    let mut show = Show::new();
    show.push("v0", init(Kind::Picture, "map"));
    show.push("v0", uneven(0, &[15; 6000], 2000));
    show.finish();
    assert_eq!(rates(&show), [None]);
    for payload in &show.said {
        if let Payload::Variant(update) = payload {
            let written = serde_json::to_string(update).unwrap();
            assert!(serde_json::from_str::<UpdateVariant>(&written).is_ok(), "{written}");
        }
    }
}
