//! Everything that can be wrong with the bytes, the samples or the targets.
//!
//! Never a broken invariant of this crate: that is a panic with its reason.

use std::time::Duration;

use crate::FourCc;

/// Reasons why bytes cannot be read, or samples cannot be cut or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A box whose size is 0 (up to the end of the file), below its own header, or beyond the box
    /// that holds it.
    #[error("box {kind} has the impossible size {size}")]
    BoxSize {
        /// The box.
        kind: FourCc,
        /// The size it claims, in bytes, header included.
        size: u64,
    },
    /// A box that, together with the data kept for it, exceeds the limit given to the reader.
    #[error("box {kind} of {size} bytes exceeds the limit of {limit} bytes")]
    BoxTooLarge {
        /// The box.
        kind: FourCc,
        /// Its size in bytes, header included.
        size: u64,
        /// The reader's limit in bytes.
        limit: usize,
    },
    /// A box that ends in the middle of its fields.
    #[error("box {0} ends before its last field")]
    Truncated(FourCc),
    /// A `moov` without `mvex`: no fragments will follow, and all samples stand in one `mdat`.
    #[error("the MP4 is not fragmented")]
    NotFragmented,
    /// A box that has to be there and is not.
    #[error("box {0} is missing")]
    Missing(FourCc),
    /// A track that is neither video (`vide`) nor audio (`soun`).
    #[error("handler {0} is neither video nor audio")]
    UnsupportedHandler(FourCc),
    /// A sample entry for which no codec string can be told.
    #[error("sample entry {0} is not supported")]
    UnsupportedSampleEntry(FourCc),
    /// A track with no sample entry, or with several.
    #[error("track {track} has {count} sample entries instead of one")]
    SampleEntries {
        /// The track.
        track: u32,
        /// Number of its sample entries.
        count: u32,
    },
    /// A track whose timescale is 0.
    #[error("track {0} has the timescale 0")]
    Timescale(u32),
    /// An initialization section without tracks.
    #[error("there is no track")]
    NoTracks,
    /// A `moof` before any `moov`.
    #[error("a fragment came before the initialization section")]
    FragmentBeforeInit,
    /// A `moof` that another `moof`, `ftyp` or `moov` follows in place of its `mdat`.
    #[error("a moof has no mdat")]
    MoofWithoutMdat,
    /// An `mdat` that no `moof` speaks of, as in an MP4 that is not fragmented.
    #[error("an mdat has no moof: is the MP4 fragmented?")]
    MdatWithoutMoof,
    /// A sample of a track that the initialization section does not have.
    #[error("track {0} is not in the initialization section")]
    UnknownTrack(u32),
    /// A fragment with more samples than anyone sends (65 536).
    #[error("a fragment has too many samples")]
    TooManySamples,
    /// Sample data that does not lie inside the fragment's `mdat`.
    #[error("a sample of track {0} lies outside the mdat")]
    SampleOutsideMdat(u32),
    /// Bytes were pushed while more than the limit still waited to be read.
    #[error("bytes were pushed before the items of the last ones were taken")]
    NotDrained,
    /// A target of 0, a segment target below the part target, or above the longest segment.
    #[error("a segment of {segment:?} cannot be cut into parts of {part:?}")]
    Targets {
        /// The segment target.
        segment: Duration,
        /// The part target.
        part: Duration,
    },
    /// More than 64 MiB wait for the leading track: for any sample, or for the sync sample that
    /// ends the segment.
    #[error("{0} bytes wait for the leading track")]
    Waiting(usize),
    /// Video without any key frame, of so much media: no player could begin.
    #[error("no key frame came in {:.1} s of video", .0.as_secs_f64())]
    NoKeyFrame(Duration),
    /// Samples that one fragment cannot hold: decode times of a track that run back or leave a
    /// hole of more than 32 bits, or more than 2 GiB.
    #[error("the samples of track {0} do not fit into one fragment")]
    Unwritable(u32),
}
