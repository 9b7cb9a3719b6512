//! Which track becomes a variant and which a rendition, and when.

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
