//! A movie fragment: the samples that a `moof` describes and its `mdat` holds.
//!
//! Payloads are slices of the `mdat`, never copies. Never trusts a count, a size or an offset:
//! what does not lie in the `mdat` is an error.
//!
//! ISO/IEC 14496-12, 8.8.4 to 8.8.12 (moof, mfhd, traf, tfhd, trun, tfdt).

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::boxes::Fields;
use crate::init::Ignored;
use crate::{Defaults, Error, Track};

/// `sample_is_non_sync_sample` in the sample flags.
const NON_SYNC: u32 = 0x0001_0000;
/// A run without per-sample fields costs nothing on the wire, so that its count needs a bound.
const MAX_SAMPLES: usize = 65_536;

/// The samples of one `moof` and its `mdat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// `sequence_number` of its `mfhd`.
    pub sequence: u32,
    /// The samples in the order of the `moof`: by track fragment, in decode order.
    pub samples: Vec<Sample>,
}

/// One sample: an access unit of one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// `track_ID`
    pub track: u32,
    /// Decode time in the track's timescale; of a [`Reader`](crate::Reader), times before zero are the upper half.
    pub decode_time: u64,
    /// Duration in the track's timescale.
    pub duration: u32,
    /// Composition time minus decode time, in the track's timescale.
    pub composition_offset: i32,
    /// Sample flags as they stand in the `trun` (ISO/IEC 14496-12, 8.8.3.1).
    pub flags: u32,
    /// The access unit; its length is the sample's size.
    pub payload: Bytes,
}

impl Sample {
    /// Returns whether decoding can start here.
    pub fn is_sync(&self) -> bool {
        self.flags & NON_SYNC == 0
    }

    /// Decode time plus duration, in the track's timescale.
    pub fn end(&self) -> u64 {
        self.decode_time.saturating_add(u64::from(self.duration))
    }
}

/// The payload of an `mdat` and where in the stream it starts.
pub(crate) struct Data {
    pub(crate) at: u64,
    pub(crate) payload: Bytes,
}

/// State needed to read the fragments of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) tracks: Vec<Track>,
    pub(crate) ignored: Vec<Ignored>,
    /// End of the last fragment of each track, for one that states no decode time.
    pub(crate) ends: Ends,
}

/// Decode times at which tracks end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends(Vec<(u32, u64)>);

impl Ends {
    fn get(&self, track: u32) -> u64 {
        self.0.iter().find(|(id, _)| *id == track).map_or(0, |(_, end)| *end)
    }

    /// Notes where the tracks of a fragment end.
    pub(crate) fn note(&mut self, fragment: &Fragment) {
        for sample in &fragment.samples {
            self.set(sample.track, sample.decode_time.wrapping_add(sample.duration.into()));
        }
    }

    fn set(&mut self, track: u32, end: u64) {
        match self.0.iter_mut().find(|(id, _)| *id == track) {
            Some((_, known)) => *known = end,
            None => self.0.push((track, end)),
        }
    }
}

impl Fragment {
    /// Reads the payload of a `moof` whose header starts at `at` in the stream.
    pub(crate) fn read(moof: &[u8], at: u64, data: &Data, context: &mut Context) -> Result<Self, Error> {
        let mut moof = Fields::new(b"moof", moof);
        let mut mfhd = moof.require(b"mfhd")?;
        mfhd.version_and_flags()?;
        let sequence = mfhd.u32()?;
        let mut samples = Vec::new();
        // Without any flag the first traf counts from the moof, each other from its forerunner.
        let mut inherited = at;
        while let Some(traf) = moof.child()? {
            if traf.kind.0 != *b"traf" {
                continue;
            }
            let tfhd = Tfhd::read(traf.require(b"tfhd")?, context)?;
            let base = tfhd.base.resolve(at, inherited);
            let Tfhd { track, defaults, is_ignored, .. } = tfhd;
            let mut run = TrackRun { track, defaults, base, position: base, decode_time: 0, is_ignored, data };
            if !tfhd.is_empty {
                run.decode_time = match traf.find(b"tfdt")? {
                    Some(tfdt) => read_tfdt(tfdt)?,
                    None => context.ends.get(track),
                };
                run.read_all(traf, &mut samples)?;
                context.ends.set(track, run.decode_time);
            }
            inherited = run.position;
        }
        Ok(Self { sequence, samples })
    }
}

/// Base of the data offsets of a track fragment.
enum Base {
    Explicit(u64),
    Moof,
    Inherited,
}

impl Base {
    fn resolve(&self, moof: u64, inherited: u64) -> u64 {
        match self {
            Self::Explicit(offset) => *offset,
            Self::Moof => moof,
            Self::Inherited => inherited,
        }
    }
}

struct Tfhd {
    track: u32,
    base: Base,
    defaults: Defaults,
    is_empty: bool,
    is_ignored: bool,
}

impl Tfhd {
    fn read(mut tfhd: Fields<'_>, context: &Context) -> Result<Self, Error> {
        let (_, flags) = tfhd.version_and_flags()?;
        let id = tfhd.u32()?;
        let track = context.tracks.iter().find(|track| track.id == id).map(|track| track.defaults);
        let ignored = || context.ignored.iter().find(|track| track.id == id).map(|track| track.defaults);
        let is_ignored = track.is_none();
        let mut defaults = track.or_else(ignored).ok_or(Error::UnknownTrack(id))?;
        let base = match (flags & 0x1 != 0, flags & 0x2_0000 != 0) {
            (true, _) => Base::Explicit(tfhd.u64()?),
            (false, true) => Base::Moof,
            (false, false) => Base::Inherited,
        };
        if flags & 0x2 != 0 {
            let _sample_description_index = tfhd.u32()?;
        }
        let overrides = [(0x8, &mut defaults.duration), (0x10, &mut defaults.size), (0x20, &mut defaults.flags)];
        for (flag, default) in overrides {
            if flags & flag != 0 {
                *default = tfhd.u32()?;
            }
        }
        Ok(Self { track: id, base, defaults, is_empty: flags & 0x1_0000 != 0, is_ignored })
    }
}

fn read_tfdt(mut tfdt: Fields<'_>) -> Result<u64, Error> {
    match tfdt.version_and_flags()? {
        (0, _) => tfdt.u32().map(u64::from),
        _ => tfdt.u64(),
    }
}

/// The runs of one track fragment: where the next sample lies and when it is decoded.
struct TrackRun<'a> {
    track: u32,
    defaults: Defaults,
    base: u64,
    position: u64,
    decode_time: u64,
    /// Its samples are left out, and only counted for what follows them.
    is_ignored: bool,
    data: &'a Data,
}

impl TrackRun<'_> {
    fn read_all(&mut self, mut traf: Fields<'_>, samples: &mut Vec<Sample>) -> Result<(), Error> {
        while let Some(child) = traf.child()? {
            if child.kind.0 == *b"trun" {
                self.read_trun(child, samples)?;
            }
        }
        Ok(())
    }

    fn read_trun(&mut self, mut trun: Fields<'_>, samples: &mut Vec<Sample>) -> Result<(), Error> {
        let (_, flags) = trun.version_and_flags()?;
        let count = trun.u32()? as usize;
        if count.saturating_add(samples.len()) > MAX_SAMPLES {
            return Err(Error::TooManySamples);
        }
        if flags & 0x1 != 0 {
            let offset = i64::from(trun.i32()?);
            let position = self.base.checked_add_signed(offset);
            self.position = position.ok_or(Error::SampleOutsideMdat(self.track))?;
        }
        let mut first_flags = match flags & 0x4 {
            0 => None,
            _ => Some(trun.u32()?),
        };
        for _ in 0..count {
            let first = first_flags.take();
            samples.extend(self.read_sample(&mut trun, flags, first)?);
        }
        Ok(())
    }

    fn read_sample(
        &mut self,
        trun: &mut Fields<'_>,
        present: u32,
        first_flags: Option<u32>,
    ) -> Result<Option<Sample>, Error> {
        let mut field = |flag: u32, default: u32| match present & flag {
            0 => Ok(default),
            _ => trun.u32(),
        };
        let duration = field(0x100, self.defaults.duration)?;
        let size = field(0x200, self.defaults.size)?;
        let flags = field(0x400, self.defaults.flags)?;
        // Version 0 says unsigned, but encoders write negative offsets there too.
        let composition_offset = field(0x800, 0)?.cast_signed();
        let decode_time = self.decode_time;
        // Times before zero are written as their 64-bit complement, so that a run may pass from one to the other.
        self.decode_time = decode_time.wrapping_add(u64::from(duration));
        if self.is_ignored {
            self.position = self.position.saturating_add(u64::from(size));
            return Ok(None);
        }
        let sample = Sample {
            track: self.track,
            decode_time,
            duration,
            composition_offset,
            flags: first_flags.unwrap_or(flags),
            payload: self.payload(size)?,
        };
        Ok(Some(sample))
    }

    fn payload(&mut self, size: u32) -> Result<Bytes, Error> {
        let outside = || Error::SampleOutsideMdat(self.track);
        let start = self.position.checked_sub(self.data.at).ok_or_else(outside)?;
        let end = start.checked_add(u64::from(size)).ok_or_else(outside)?;
        if end > self.data.payload.len() as u64 {
            return Err(outside());
        }
        self.position += u64::from(size);
        Ok(self.data.payload.slice(start as usize..end as usize))
    }
}
