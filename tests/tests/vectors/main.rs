//! Published vectors that are recorded: of media, of playlists, of HTTP exchanges.
//!
//! Each test makes one anew from the real thing and holds the published file against it. With `ROOMCAST_TEST_WRITE=1` in
//! the environment it writes the file instead, which `make schema` does.

mod cases;
mod exchanges;
mod media;
mod playback;
mod playlists;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A path below `schema/vectors/`.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema/vectors").join(name)
}

/// Holds a published file against what was recorded just now, or writes it.
#[track_caller]
fn hold(name: &str, recorded: &impl Serialize) {
    let text = serde_json::to_string_pretty(recorded).expect("vectors serialise") + "\n";
    if std::env::var("ROOMCAST_TEST_WRITE").is_ok_and(|value| value == "1") {
        fs::write(path(name), text).expect("the folder can be written to");
        return;
    }
    let published = fs::read_to_string(path(name)).unwrap_or_default();
    let different = published.lines().zip(text.lines()).find(|(one, other)| one != other);
    assert_eq!(published, text, "vectors/{name} is not current: run `make schema`; first difference: {different:?}");
}

/// A media file.
fn file(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
