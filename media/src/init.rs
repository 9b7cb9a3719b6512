//! The initialization section: `ftyp` and `moov`, and what they say of each track.
//!
//! Tracks that cannot be played (neither video nor audio, an unknown codec) are named and left out. Never accepts a
//! `moov` that is not followed by fragments, or one without any track that can be played.
//!
//! ISO/IEC 14496-12, 8.2 to 8.5 and 8.8.1 to 8.8.3; CMAF 7.3.

mod channels;
mod codec;
mod only;

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;

use crate::Error;
use crate::boxes::{Fields, FourCc};

/// The initialization section of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// `ftyp` and `moov` as received: the map.
    pub bytes: Bytes,
    /// The tracks in the order of the `moov`; never empty when read.
    pub tracks: Vec<Track>,
    /// The tracks that are left out.
    pub ignored: Vec<Ignored>,
}

/// A track that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// `track_ID`
    pub id: u32,
    /// Reason why it is left out.
    pub reason: Error,
    pub(crate) defaults: Defaults,
}

/// Kind of media, by the handler of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handler {
    /// `vide`
    Video,
    /// `soun`
    Audio,
}

/// One track of the initialization section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// `track_ID`
    pub id: u32,
    /// Video or audio.
    pub handler: Handler,
    /// Ticks per second of its decode times, durations and composition offsets.
    pub timescale: NonZeroU32,
    /// The codec string of RFC 6381, such as `avc1.64001f` or `mp4a.40.2`.
    pub codec: String,
    /// Width and height in pixels at which to show it; `None` for audio, and where the stream does not say.
    pub resolution: Option<(u32, u32)>,
    /// The language of `mdhd` (ISO 639-2/T), unless it is undetermined.
    pub language: Option<String>,
    /// Number of audio channels, from the decoder configuration, else from the sample entry.
    pub channels: Option<u16>,
    /// Defaults of a sample, where its fragment does not override them.
    pub defaults: Defaults,
    /// The sample entry as received: what a decoder is set up with.
    pub entry: Bytes,
}

/// The defaults of a track's samples (`trex`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Duration in the track's timescale.
    pub duration: u32,
    /// Size in bytes.
    pub size: u32,
    /// Sample flags.
    pub flags: u32,
}

impl Track {
    /// A decode time of this track as time, rounded down to the nanosecond.
    pub fn time(&self, ticks: u64) -> Duration {
        crate::cut::time(ticks, self.timescale)
    }
}

impl Init {
    /// Reads the payload of a `moov`; `bytes` is kept as the map.
    pub(crate) fn read(moov: &[u8], bytes: Bytes) -> Result<Self, Error> {
        let moov = Fields::new(b"moov", moov);
        let defaults = read_defaults(moov.find(b"mvex")?.ok_or(Error::NotFragmented)?)?;
        let (mut tracks, mut ignored) = (Vec::new(), Vec::new());
        let mut children = moov;
        while let Some(child) = children.child()? {
            if child.kind.0 != *b"trak" {
                continue;
            }
            match read_track(child, &defaults) {
                Ok(track) => tracks.push(track),
                Err(reason) => ignored.push(Ignored::read(child, &defaults, reason)?),
            }
        }
        match ignored.first() {
            Some(first) if tracks.is_empty() => Err(first.reason.clone()),
            None if tracks.is_empty() => Err(Error::NoTracks),
            _ => Ok(Self { bytes, tracks, ignored }),
        }
    }

    /// Returns the track that decides where to cut: the first video track, else the first track.
    pub fn leading(&self) -> Option<&Track> {
        let video = |track: &&Track| track.handler == Handler::Video;
        self.tracks.iter().find(video).or(self.tracks.first())
    }

    /// Returns the track of this id.
    pub fn track(&self, id: u32) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }
}

impl Ignored {
    fn read(trak: Fields<'_>, all: &[(u32, Defaults)], reason: Error) -> Result<Self, Error> {
        let (id, _) = read_tkhd(trak.require(b"tkhd")?)?;
        let defaults = all.iter().find(|(track, _)| *track == id).map(|(_, defaults)| *defaults);
        Ok(Self { id, reason, defaults: defaults.unwrap_or_default() })
    }
}

fn read_defaults(mut mvex: Fields<'_>) -> Result<Vec<(u32, Defaults)>, Error> {
    let mut all = Vec::new();
    while let Some(mut trex) = mvex.child()? {
        if trex.kind.0 != *b"trex" {
            continue;
        }
        trex.version_and_flags()?;
        let track = trex.u32()?;
        let _sample_description_index = trex.u32()?;
        let (duration, size, flags) = (trex.u32()?, trex.u32()?, trex.u32()?);
        let defaults = Defaults { duration, size, flags };
        all.push((track, defaults));
    }
    Ok(all)
}

fn read_track(trak: Fields<'_>, all: &[(u32, Defaults)]) -> Result<Track, Error> {
    let (id, shown) = read_tkhd(trak.require(b"tkhd")?)?;
    let mdia = trak.require(b"mdia")?;
    let (timescale, language) = read_mdhd(mdia.require(b"mdhd")?)?;
    let handler = read_handler(mdia.require(b"hdlr")?)?;
    let stbl = mdia.require(b"minf")?.require(b"stbl")?;
    let mut stsd = stbl.require(b"stsd")?;
    stsd.version_and_flags()?;
    let count = stsd.u32()?;
    let entry = stsd.child()?.filter(|_| count == 1);
    let mut entry = entry.ok_or(Error::SampleEntries { track: id, count })?;
    let whole = Bytes::copy_from_slice(entry.rest());
    let defaults = all.iter().find(|(track, _)| *track == id);
    let (_, defaults) = defaults.ok_or(Error::Missing(FourCc(*b"trex")))?;
    let (codec, coded, channels) = match handler {
        Handler::Video => codec::video(&mut entry).map(|(codec, size)| (codec, Some(size), None))?,
        Handler::Audio => codec::audio(&mut entry).map(|(codec, channels)| (codec, None, channels))?,
    };
    Ok(Track {
        id,
        handler,
        timescale: NonZeroU32::new(timescale).ok_or(Error::Timescale(id))?,
        codec,
        // A track header may leave the size open; the pictures themselves never do.
        resolution: coded.map(|coded| shown.unwrap_or(coded)).filter(|(width, height)| *width > 0 && *height > 0),
        language,
        channels,
        defaults: *defaults,
        entry: whole,
    })
}

/// Returns the track's id, and width and height unless one of them is 0.
fn read_tkhd(mut tkhd: Fields<'_>) -> Result<(u32, Option<(u32, u32)>), Error> {
    let (version, _) = tkhd.version_and_flags()?;
    tkhd.skip(if version == 1 { 16 } else { 8 })?;
    let id = tkhd.u32()?;
    let duration = if version == 1 { 8 } else { 4 };
    let (reserved, layer_to_volume, matrix) = (4 + 8, 8, 36);
    tkhd.skip(reserved + duration + layer_to_volume + matrix)?;
    // 16.16 fixed point: the upper half is whole pixels.
    let (width, height) = (tkhd.u32()? >> 16, tkhd.u32()? >> 16);
    let shown = (width > 0 && height > 0).then_some((width, height));
    Ok((id, shown))
}

/// Returns the timescale, and the language unless it is undetermined.
fn read_mdhd(mut mdhd: Fields<'_>) -> Result<(u32, Option<String>), Error> {
    let (version, _) = mdhd.version_and_flags()?;
    mdhd.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = mdhd.u32()?;
    mdhd.skip(if version == 1 { 8 } else { 4 })?;
    let packed = mdhd.u16()?;
    // Three letters of five bits each.
    let letters = [10, 5, 0].map(|shift| (packed >> shift & 0x1f) as u8 + 0x60);
    let is_language = letters.iter().all(u8::is_ascii_lowercase) && letters != *b"und";
    Ok((timescale, is_language.then(|| letters.iter().copied().map(char::from).collect())))
}

fn read_handler(mut hdlr: Fields<'_>) -> Result<Handler, Error> {
    hdlr.version_and_flags()?;
    hdlr.skip(4)?;
    match &hdlr.array()? {
        b"vide" => Ok(Handler::Video),
        b"soun" => Ok(Handler::Audio),
        other => Err(Error::UnsupportedHandler(FourCc(*other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn moov(init: &[u8]) -> &[u8] {
        let at = init.windows(4).position(|kind| kind == b"moov").unwrap();
        &init[at + 4..]
    }

    fn read(init: &Bytes) -> Result<Init, Error> {
        Init::read(moov(init), init.clone())
    }

    #[test]
    fn tracks_are_read_with_all_they_say() {
        let init = read(&fixture::init_bytes(&[fixture::VIDEO, fixture::AUDIO])).unwrap();
        let [video, audio] = &init.tracks[..] else { panic!("two tracks") };
        assert_eq!((video.id, video.timescale.get()), (1, 15_360));
        assert_eq!(video.resolution, Some((1280, 720)));
        assert_eq!(video.codec, "avc1.64001f");
        assert_eq!((audio.id, audio.timescale.get()), (2, 48_000));
        assert_eq!((audio.handler, audio.resolution), (Handler::Audio, None));
        assert_eq!(audio.codec, "mp4a.40.2");
    }

    #[test]
    fn the_leading_track_is_video_wherever_it_stands() {
        let init = read(&fixture::init_bytes(&[fixture::AUDIO, fixture::VIDEO])).unwrap();
        assert_eq!(init.leading().map(|track| track.id), Some(1));
        let init = read(&fixture::init_bytes(&[fixture::AUDIO])).unwrap();
        assert_eq!(init.leading().map(|track| track.id), Some(2));
    }

    #[test]
    fn a_moov_without_mvex_or_without_tracks_is_an_error() {
        assert_eq!(Init::read(b"", Bytes::new()), Err(Error::NotFragmented));
        assert_eq!(read(&fixture::init_bytes(&[])), Err(Error::NoTracks));
    }

    #[test]
    fn a_moov_cut_short_anywhere_is_an_error() {
        let bytes = fixture::init_bytes(&[fixture::VIDEO, fixture::AUDIO]);
        let moov = moov(&bytes);
        for end in 0..moov.len() {
            assert!(Init::read(&moov[..end], Bytes::new()).is_err(), "{end}");
        }
    }
}
