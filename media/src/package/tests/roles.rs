//! Tests of the roles of tracks: which track becomes a variant, which a rendition, and when.

use super::*;

const PICTURE: &str = "avc1.64001f";
const SOUND: &str = "mp4a.40.2";

#[test]
fn picture_and_sound_in_one_track_are_a_variant_at_once() {
    let mut show = Show::new();
    show.begin("v0", Kind::Both);
    assert_eq!(show.declared(), [format!("v0({PICTURE},{SOUND})")]);
    assert!(!show.parts("v0").is_empty());
}

#[test]
fn a_picture_waits_for_its_sound_whichever_comes_first() {
    for order in [[("v0", Kind::Picture), ("a0", Kind::Sound)], [("a0", Kind::Sound), ("v0", Kind::Picture)]] {
        let mut show = Show::new();
        let [(first, one), (second, other)] = order;
        show.begin(first, one);
        assert_eq!(show.said, []);
        show.begin(second, other);
        assert_eq!(show.declared(), [format!("v0({PICTURE},{SOUND})@audio"), "a0*".into()]);
        assert!(!show.parts("v0").is_empty() && !show.parts("a0").is_empty());
    }
}

#[test]
fn a_picture_that_stays_alone_is_a_variant_and_finds_sound_that_comes_later() {
    let mut show = Show::new();
    show.begin("v0", Kind::Picture);
    show.wait(1_000);
    assert_eq!(show.declared(), [format!("v0({PICTURE})")]);
    show.said.clear();
    show.begin("a0", Kind::Sound);
    assert_eq!(show.declared(), ["a0*".into(), format!("v0({PICTURE},{SOUND})@audio")]);
}

#[test]
fn sound_that_stays_alone_is_a_variant_and_remains_one() {
    let mut show = Show::new();
    show.begin("a0", Kind::Sound);
    show.wait(1_000);
    assert_eq!(show.declared(), [format!("a0({SOUND})")]);
    show.said.clear();
    show.begin("v0", Kind::Picture);
    assert_eq!(show.declared(), [format!("v0({PICTURE})")]);
}

#[test]
fn of_several_sounds_one_is_the_default() {
    let mut show = Show::new();
    show.begin("a0", Kind::Sound);
    show.begin("a1", Kind::Sound);
    show.begin("v0", Kind::Picture);
    show.begin("a2", Kind::Sound);
    show.begin("v1", Kind::Picture);
    let of_group = |track| format!("{track}({PICTURE},{SOUND})@audio");
    assert_eq!(show.declared(), [of_group("v0"), "a0*".into(), "a1".into(), "a2".into(), of_group("v1")]);
}

#[test]
fn what_waits_for_a_role_is_bounded() {
    let mut show = Show::with(2_000, true);
    show.push("v0", init(Kind::Picture, "map"));
    show.push("v0", frames(0, 10, GROUP));
    assert_eq!(show.said, []);
    show.push("v0", frames(10, 10, GROUP));
    assert_eq!(show.declared(), [format!("v0({PICTURE})")]);
}

#[test]
fn nothing_is_due_where_everything_has_a_role() {
    let mut show = Show::new();
    show.begin("v0", Kind::Both);
    assert!(!show.packager.is_due(Duration::from_secs(60)));
}

/// A video and two sounds in one stream, the second of a language.
fn two_sounds() -> Item {
    let Item::Init(mut init) = init(Kind::Both, "map") else { panic!("no init section") };
    init.tracks.push(MediaTrack { id: 3, language: Some("fra".into()), channels: Some(6), ..init.tracks[1].clone() });
    Item::Init(init)
}

#[test]
fn further_sounds_of_a_stream_are_renditions_of_their_language() {
    let mut show = Show::new();
    show.push("v0", two_sounds());
    show.push("v0", with_second_sound(frames(0, 30, GROUP)));
    let codecs = format!("v0({PICTURE},{SOUND})@audio");
    assert_eq!(show.declared(), [codecs, "v0-a1*".into(), "v0-a2".into()]);
    let renditions = show.said.iter().filter_map(|payload| match payload {
        Payload::Rendition(update) => {
            Some((update.rendition.language.as_deref(), update.rendition.channels.as_deref()))
        }
        _ => None,
    });
    assert_eq!(renditions.collect::<Vec<_>>(), [(None, None), (Some("fra"), Some("6"))]);
    assert!(!show.parts("v0-a2").is_empty());
}

#[test]
fn a_name_that_is_pushed_by_itself_wins() {
    let mut show = Show::new();
    show.push("v0-a2", init(Kind::Sound, "own"));
    show.push("v0", two_sounds());
    show.push("v0-a2", frames(0, 30, GROUP));
    let own = show.parts("v0-a2").len();
    show.push("v0", with_second_sound(frames(0, 30, GROUP)));
    assert_eq!(show.declared().iter().filter(|declared| declared.starts_with("v0-a2")).count(), 1);
    assert!(show.parts("v0-a2").len() >= own.max(3));
    assert!(show.parts("v0-a2").iter().all(|(_, part)| part.sequence < 3));
}

/// The same with the sound once more as track 3.
fn with_second_sound(item: Item) -> Item {
    let Item::Fragment(mut fragment) = item else { panic!("no fragment") };
    let sounds = fragment.samples.iter().filter(|sample| sample.track == 2);
    let more: Vec<Sample> = sounds.map(|sample| Sample { track: 3, ..sample.clone() }).collect();
    fragment.samples.extend(more);
    Item::Fragment(fragment)
}

/// Audio of several languages in one stream without video.
fn languages(codes: &[&str]) -> Item {
    let Item::Init(mut init) = init(Kind::Sound, "map") else { panic!("no init section") };
    let audio = |(id, code): (u32, &&str)| MediaTrack { id, language: Some((*code).into()), ..init.tracks[0].clone() };
    init.tracks = (1..).zip(codes).map(audio).collect();
    Item::Init(init)
}

#[test]
fn several_audio_tracks_without_video_are_one_variant_with_a_choice_of_languages() {
    let mut show = Show::new();
    show.push("v0", languages(&["deu", "eng"]));
    show.push("v0", frames(0, 60, 1));
    show.wait(1_000);
    assert_eq!(show.declared(), [format!("v0({SOUND})@audio"), "v0*".into(), "v0-a2".into()]);
    let told = show.said.iter().filter_map(|payload| match payload {
        Payload::Rendition(update) => update.rendition.language.as_deref(),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["deu", "eng"]);
    assert!(show.variants("v0-a2").next().is_none() && !show.parts("v0").is_empty() && !show.parts("v0-a2").is_empty());
}

#[test]
fn further_audio_waits_for_the_first_of_its_stream() {
    let mut show = Show::new();
    show.push("v0", languages(&["deu", "eng"]));
    let Item::Fragment(fragment) = frames(0, 60, 1) else { panic!("no fragment") };
    let of = |track| {
        let own = fragment.samples.iter().filter(|sample| sample.track == track).cloned().collect();
        Item::Fragment(Fragment { sequence: 1, samples: own })
    };
    show.push("v0", of(2));
    show.moment.now += Duration::from_secs(2);
    let said = show.packager.tick(show.moment.now);
    show.hear(said);
    assert_eq!(show.said, []);
    show.push("v0", of(1));
    assert_eq!(show.declared(), [format!("v0({SOUND})@audio"), "v0*".into(), "v0-a2".into()]);
}

#[test]
fn languages_that_are_pushed_beside_video_are_renditions_of_it() {
    let mut show = Show::new();
    show.begin("v9", Kind::Picture);
    show.push("v0", languages(&["deu", "eng"]));
    show.push("v0", frames(0, 60, 1));
    assert_eq!(show.declared(), [format!("v9({PICTURE},{SOUND})@audio"), "v0*".into(), "v0-a2".into()]);
}
