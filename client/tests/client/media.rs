//! Fragmented MP4 with frames of nothing: 30 frames per second, a key frame every 0.3 s.

use std::path::PathBuf;

use bytes::Bytes;
use roomcast_media::{Sample, write_fragment};

const FRAME: u32 = 512;
const SECOND: u64 = 15_360;
const GROUP: u64 = 9;

/// A file that is removed in the end.
pub struct MediaFile(pub PathBuf);

impl MediaFile {
    /// Creates a file of `groups` groups of pictures of 0.3 s each.
    pub fn new(groups: u64) -> Self {
        Self::with(0..groups)
    }

    /// These groups of pictures.
    pub fn with(groups: impl IntoIterator<Item = u64>) -> Self {
        let mut bytes = include_bytes!("init.mp4").to_vec();
        for group in groups {
            let samples: Vec<Sample> = (0..GROUP).map(|frame| sample(group * GROUP + frame, frame == 0)).collect();
            bytes.extend_from_slice(&write_fragment(1, &samples).expect("the samples fit"));
        }
        let path = std::env::temp_dir().join(format!("roomcast-{}.mp4", uuid::Uuid::new_v4()));
        std::fs::write(&path, bytes).expect("there is a place for files");
        Self(path)
    }
}

impl Drop for MediaFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn sample(frame: u64, is_sync: bool) -> Sample {
    assert_eq!(SECOND, u64::from(FRAME) * 30);
    Sample {
        track: 1,
        decode_time: frame * u64::from(FRAME),
        duration: FRAME,
        composition_offset: 0,
        flags: if is_sync { 0x0200_0000 } else { 0x0101_0000 },
        payload: Bytes::from(vec![frame.to_le_bytes()[0]; 100]),
    }
}
