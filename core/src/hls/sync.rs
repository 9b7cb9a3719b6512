//! Whether uploaded media begins with a sync sample, as far as it says so itself.
//!
//! Reads of ISO base media files no more than the sample flags: the defaults of an init section's video tracks, and
//! those of the first samples of a segment's first `moof`. Of media that cannot be read, nothing is known.
//!
//! ISO/IEC 14496-12, 8.8.3 (`trex`), 8.8.7 (`tfhd`), 8.8.8 (`trun`).

use serde::{Deserialize, Serialize};

/// The sample flag `sample_is_non_sync_sample`.
const NON_SYNC: u32 = 0x0001_0000;
/// More tracks than any media has that is played.
const MAX_TRACKS: usize = 64;

/// Sample flags of some tracks: per `track_ID`, whether they state a sample that is no sync sample. `None` where nothing
/// is stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SyncFlags(Vec<(u32, Option<bool>)>);

impl SyncFlags {
    /// Returns the defaults of the video tracks of an init section.
    pub(super) fn of_map(bytes: &[u8]) -> Self {
        let Some(moov) = find(bytes, b"moov") else { return Self::default() };
        let defaults: Vec<(u32, u32)> = find(moov, b"mvex")
            .into_iter()
            .flat_map(|mvex| boxes(mvex).filter(|(kind, _)| kind == b"trex"))
            .filter_map(|(_, trex)| Some((word(trex, 4)?, word(trex, 20)?)))
            .take(MAX_TRACKS)
            .collect();
        let default = |track: u32| defaults.iter().find(|(id, _)| *id == track).map(|(_, flags)| flags & NON_SYNC != 0);
        let videos = boxes(moov).filter(|(kind, _)| kind == b"trak").filter_map(|(_, trak)| video_track(trak));
        Self(videos.take(MAX_TRACKS).map(|track| (track, default(track))).collect())
    }

    /// Returns the statement of a segment's first fragment about the first sample of each track.
    pub(super) fn of_segment(bytes: &[u8]) -> Self {
        let Some(moof) = find(bytes, b"moof") else { return Self::default() };
        let trafs = boxes(moof).filter(|(kind, _)| kind == b"traf").filter_map(|(_, traf)| first_sample(traf));
        Self(trafs.take(MAX_TRACKS).collect())
    }

    /// Returns whether nothing is stated of any track.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether media begins with a sample of a video track of this init section that is no sync sample.
    pub(super) fn begins_without(&self, map: &Self) -> bool {
        map.0.iter().any(|(track, default)| {
            let stated = self.0.iter().find(|(id, _)| id == track);
            stated.is_some_and(|(_, stated)| stated.or(*default) == Some(true))
        })
    }
}

/// Returns the `track_ID` of a video track.
fn video_track(trak: &[u8]) -> Option<u32> {
    let handler = find(find(trak, b"mdia")?, b"hdlr")?;
    let tkhd = find(trak, b"tkhd")?;
    // Version 1 has times of 64 bits.
    let id = word(tkhd, if tkhd.first() == Some(&1) { 20 } else { 12 })?;
    (handler.get(8..12) == Some(b"vide")).then_some(id)
}

/// Returns the track of a fragment, and whether its first sample is stated not to be a sync sample.
fn first_sample(traf: &[u8]) -> Option<(u32, Option<bool>)> {
    let tfhd = find(traf, b"tfhd")?;
    let (flags, track) = (word(tfhd, 0)?, word(tfhd, 4)?);
    let before = [(1, 8), (2, 4), (8, 4), (16, 4)].map(|(flag, size)| if flags & flag != 0 { size } else { 0 });
    let default = if flags & 0x20 != 0 { word(tfhd, 8 + before.iter().sum::<usize>()) } else { None };
    let trun = boxes(traf).find(|(kind, trun)| kind == b"trun" && word(trun, 4).is_some_and(|count| count > 0));
    let stated = trun.and_then(|(_, trun)| own_flags(trun));
    Some((track, stated.or(default).map(|flags| flags & NON_SYNC != 0)))
}

/// Returns the flags that a run states for its first sample itself.
fn own_flags(trun: &[u8]) -> Option<u32> {
    let flags = word(trun, 0)?;
    let at = if flags & 1 != 0 { 12 } else { 8 };
    if flags & 4 != 0 {
        return word(trun, at);
    }
    let before = [0x100, 0x200].iter().filter(|flag| flags & **flag != 0).count() * 4;
    if flags & 0x400 != 0 { word(trun, at + before) } else { None }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().expect("four bytes")))
}

fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(found, _)| found == kind).map(|(_, body)| body)
}

/// Returns the consecutive boxes with their contents, up to the first invalid one.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, size) = (bytes.get(4..8)?, word(bytes, 0)? as usize);
        let (header, size) = match size {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from(word(bytes, 8)?) << 32 | u64::from(word(bytes, 12)?)).ok()?),
            size => (8, size),
        };
        let body = bytes.get(header..size)?;
        bytes = &bytes[size..];
        Some((kind, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), &kind[..], body].concat()
    }

    fn words(kind: &[u8; 4], words: &[u32]) -> Vec<u8> {
        boxed(kind, &words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>())
    }

    /// An init section of video (1) and audio (2) with these default flags.
    fn map(default: u32) -> Vec<u8> {
        let trak = |id: u32, handler: &[u8; 4]| {
            let mdia = boxed(b"mdia", &words(b"hdlr", &[0, 0, u32::from_be_bytes(*handler), 0, 0, 0]));
            boxed(b"trak", &[words(b"tkhd", &[0, 0, 0, id, 0]), mdia].concat())
        };
        let trex = |id| words(b"trex", &[0, id, 1, 0, 0, default]);
        let mvex = boxed(b"mvex", &[trex(1), trex(2)].concat());
        let moov = boxed(b"moov", &[trak(1, b"vide"), trak(2, b"soun"), mvex].concat());
        [boxed(b"ftyp", b"iso6"), moov].concat()
    }

    /// A segment whose first samples state these flags, as far as any.
    fn segment(tracks: &[(u32, Option<u32>)]) -> Vec<u8> {
        let traf = |(id, flags): &(u32, Option<u32>)| {
            let trun =
                flags.map_or(words(b"trun", &[0x1, 1, 0]), |flags| words(b"trun", &[0x701, 1, 0, 512, 9, flags]));
            boxed(b"traf", &[words(b"tfhd", &[0x0002_0000, *id]), trun].concat())
        };
        let moof = boxed(b"moof", &tracks.iter().flat_map(traf).collect::<Vec<_>>());
        [boxed(b"styp", b"msdh"), moof, boxed(b"mdat", &[7; 9])].concat()
    }

    fn begins_without(map: &[u8], segment: &[u8]) -> bool {
        SyncFlags::of_segment(segment).begins_without(&SyncFlags::of_map(map))
    }

    #[test]
    fn the_first_frame_tells_by_itself_or_by_the_default() {
        let flags = [(Some(0x0101_0000), true), (Some(0x0200_0000), false)];
        for (stated, expected) in flags {
            assert_eq!(begins_without(&map(0x0101_0000), &segment(&[(1, stated), (2, Some(0))])), expected);
        }
        assert!(begins_without(&map(0x0101_0000), &segment(&[(1, None)])));
        assert!(!begins_without(&map(0), &segment(&[(1, None)])));
    }

    #[test]
    fn flags_of_a_run_and_of_a_fragment_are_read() {
        let first = words(b"trun", &[0x205, 2, 0, 0x0101_0000, 9, 9]);
        assert_eq!(own_flags(&first[8..]), Some(0x0101_0000));
        let tfhd = words(b"tfhd", &[0x0002_003a, 1, 1, 512, 9, 0x0101_0000]);
        let traf = [tfhd, words(b"trun", &[0x1, 1, 0])].concat();
        assert_eq!(first_sample(&traf), Some((1, Some(true))));
    }

    #[test]
    fn nothing_is_known_of_audio_and_of_what_cannot_be_read() {
        let map = map(0x0101_0000);
        for segment in [segment(&[(2, Some(0x0101_0000))]), b"any bytes at all".to_vec(), Vec::new()] {
            assert!(!begins_without(&map, &segment));
        }
        assert!(!begins_without(b"encrypted", &segment(&[(1, Some(0x0101_0000))])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(at in 0_usize..200, byte in any::<u8>(), end in 0_usize..200) {
            for mut bytes in [map(0), segment(&[(1, Some(0)), (2, None)])] {
                let length = bytes.len();
                bytes[at % length] = byte;
                begins_without(&bytes, &bytes);
                begins_without(&bytes[..end % length], &bytes[..end % length]);
            }
        }
    }
}
