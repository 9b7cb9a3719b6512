//! The codec string of a sample entry, as playlists and players want it.
//!
//! Never guesses: a sample entry that is not known, or has no decoder configuration, is an error.
//!
//! RFC 6381, 3.3; ISO/IEC 14496-15 Annex E (AVC, HEVC); ISO/IEC 14496-1, 7.2.6 (esds); the AV1,
//! VP9, Opus and FLAC bindings to the ISO base media file format; ETSI TS 102 366, Annex F (AC-3, Enhanced AC-3).

use super::channels;
use crate::Error;
use crate::boxes::{Fields, FourCc};

/// Returns the codec string of a visual sample entry, and the coded width and height.
pub(super) fn video(entry: &mut Fields<'_>) -> Result<(String, (u32, u32)), Error> {
    let (before_size, after_size) = (24, 50);
    entry.skip(before_size)?;
    let size = (u32::from(entry.u16()?), u32::from(entry.u16()?));
    entry.skip(after_size)?;
    let name = entry.kind;
    let codec = match &name.0 {
        b"avc1" | b"avc3" => avc(name, entry.require(b"avcC")?),
        b"hvc1" | b"hev1" => hevc(name, entry.require(b"hvcC")?),
        b"av01" => av1(entry.require(b"av1C")?),
        b"vp09" => vp9(entry.require(b"vpcC")?),
        _ => Err(Error::UnsupportedSampleEntry(name)),
    };
    Ok((codec?, size))
}

/// Returns the codec string of an audio sample entry, and the number of channels.
pub(super) fn audio(entry: &mut Fields<'_>) -> Result<(String, Option<u16>), Error> {
    entry.skip(16)?;
    let stated = Some(entry.u16()?).filter(|channels| *channels > 0);
    entry.skip(10)?;
    match &entry.kind.0 {
        b"mp4a" => mp4a(entry.require(b"esds")?).map(|(codec, channels)| (codec, channels.or(stated))),
        // Lower case, unlike the sample entry: browsers refuse the other spelling.
        b"Opus" => {
            let own = entry.find(b"dOps").ok().flatten().and_then(|dops| channels::of_opus(&dops));
            Ok(("opus".to_owned(), own.or(stated)))
        }
        b"fLaC" => entry.require(b"dfLa").map(|dfla| ("fLaC".to_owned(), channels::of_flac(&dfla).or(stated))),
        // The entry says 2 whatever there is (ETSI TS 102 366, F.3 and F.5).
        b"ac-3" => entry.require(b"dac3").map(|dac3| ("ac-3".to_owned(), channels::of_ac3(&dac3))),
        b"ec-3" => entry.require(b"dec3").map(|dec3| ("ec-3".to_owned(), channels::of_enhanced_ac3(&dec3))),
        _ => Err(Error::UnsupportedSampleEntry(entry.kind)),
    }
}

fn avc(name: FourCc, mut avcc: Fields<'_>) -> Result<String, Error> {
    let [_version, profile, compatibility, level] = avcc.array()?;
    Ok(format!("{name}.{profile:02x}{compatibility:02x}{level:02x}"))
}

fn hevc(name: FourCc, mut hvcc: Fields<'_>) -> Result<String, Error> {
    let [_version, profile] = hvcc.array()?;
    let compatibility = hvcc.u32()?.reverse_bits();
    let constraints: [u8; 6] = hvcc.array()?;
    let level = hvcc.u8()?;
    let space = ["", "A", "B", "C"][usize::from(profile >> 6)];
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let profile = profile & 0x1f;
    let mut codec = format!("{name}.{space}{profile}.{compatibility:X}.{tier}{level}");
    let said = constraints.iter().rposition(|byte| *byte != 0);
    for byte in constraints.iter().take(said.map_or(0, |last| last + 1)) {
        codec += &format!(".{byte:X}");
    }
    Ok(codec)
}

fn av1(mut av1c: Fields<'_>) -> Result<String, Error> {
    let [_version, profile_and_level, bits] = av1c.array()?;
    let (profile, level) = (profile_and_level >> 5, profile_and_level & 0x1f);
    let tier = if bits & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (bits & 0x40 != 0, bits & 0x20 != 0) {
        (true, true) => 12,
        (true, false) => 10,
        _ => 8,
    };
    Ok(format!("av01.{profile}.{level:02}{tier}.{depth:02}"))
}

fn vp9(mut vpcc: Fields<'_>) -> Result<String, Error> {
    vpcc.version_and_flags()?;
    let [profile, level, depth] = vpcc.array()?;
    let depth = depth >> 4;
    Ok(format!("vp09.{profile:02}.{level:02}.{depth:02}"))
}

fn mp4a(mut esds: Fields<'_>) -> Result<(String, Option<u16>), Error> {
    esds.version_and_flags()?;
    let mut stream = descriptor(&mut esds, 3)?;
    let [_id_high, _id_low, flags] = stream.array()?;
    if flags & 0x80 != 0 {
        stream.skip(2)?;
    }
    if flags & 0x40 != 0 {
        let url = stream.u8()?;
        stream.skip(usize::from(url))?;
    }
    if flags & 0x20 != 0 {
        stream.skip(2)?;
    }
    let mut decoder = descriptor(&mut stream, 4)?;
    let object_type = decoder.u8()?;
    if object_type != 0x40 {
        return Ok((format!("mp4a.{object_type:02X}"), None));
    }
    decoder.skip(12)?;
    let mut configuration = descriptor(&mut decoder, 5)?;
    let channels = channels::of_aac(&configuration);
    let [first, second] = configuration.array()?;
    let audio_object_type = match first >> 3 {
        // Five bits of ones: the type is in the next six, plus 32.
        31 => 32 + ((first & 7) << 3 | second >> 5),
        short => short,
    };
    Ok((format!("mp4a.40.{audio_object_type}"), channels))
}

/// Returns the payload of the next descriptor, which has to bear this tag.
fn descriptor<'a>(fields: &mut Fields<'a>, tag: u8) -> Result<Fields<'a>, Error> {
    let wrong = Error::Truncated(fields.kind);
    if fields.u8()? != tag {
        return Err(wrong);
    }
    let mut length = 0;
    for _ in 0..4 {
        let byte = fields.u8()?;
        length = length << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let payload = fields.take(length)?;
    Ok(Fields::new(&fields.kind.0, payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::{BufMut, BytesMut};

    /// A sample entry with `fixed` bytes of fields and one decoder configuration.
    fn entry(fixed: usize, configuration: &[u8; 4], payload: &[u8]) -> BytesMut {
        let mut out = BytesMut::zeroed(fixed);
        crate::boxes::put_box(&mut out, configuration, |out| out.put_slice(payload));
        out
    }

    fn video_codec(name: &[u8; 4], configuration: &[u8; 4], payload: &[u8]) -> String {
        let entry = entry(78, configuration, payload);
        video(&mut Fields::new(name, &entry)).unwrap().0
    }

    fn audio_codec(esds: &[u8]) -> Result<String, Error> {
        audio(&mut Fields::new(b"mp4a", &entry(28, b"esds", esds))).map(|(codec, _)| codec)
    }

    #[test]
    fn video_codecs_are_those_of_the_standards_examples() {
        let avc = video_codec(b"avc3", b"avcC", &[1, 0x42, 0xe0, 0x1e, 0xff]);
        assert_eq!(avc, "avc3.42e01e");
        let hevc = [1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
        assert_eq!(video_codec(b"hvc1", b"hvcC", &hevc), "hvc1.1.6.L93.B0");
        let hevc = [1, 0x62, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120];
        assert_eq!(video_codec(b"hev1", b"hvcC", &hevc), "hev1.A2.4.H120");
        let av1 = video_codec(b"av01", b"av1C", &[0x81, 4, 0x4c, 0]);
        assert_eq!(av1, "av01.0.04M.10");
        let vp9 = video_codec(b"vp09", b"vpcC", &[1, 0, 0, 0, 2, 10, 0xa2]);
        assert_eq!(vp9, "vp09.02.10.10");
    }

    #[test]
    fn the_audio_object_type_is_read_in_both_of_its_lengths() {
        let before = [0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 22, 0, 1, 0, 4, 17, 0x40];
        let short = [&before[..], &[0; 12], &[5, 2, 0x11, 0x90]].concat();
        assert_eq!(audio_codec(&short).as_deref(), Ok("mp4a.40.2"));
        let long = [&before[..], &[0; 12], &[5, 2, 0xf9, 0x40]].concat();
        assert_eq!(audio_codec(&long).as_deref(), Ok("mp4a.40.42"));
    }

    #[test]
    fn optional_fields_of_the_stream_are_passed_over() {
        let before = [0, 0, 0, 0, 3, 28, 0, 1, 0xe0, 9, 9];
        let url = [1, b'x', 9, 9];
        let esds = [&before[..], &url, &[4, 17, 0x6b], &[0; 16]].concat();
        assert_eq!(audio_codec(&esds).as_deref(), Ok("mp4a.6B"));
    }

    #[test]
    fn audio_codecs_are_spelt_as_browsers_want_them() {
        let found = |name: &[u8; 4], configuration| {
            let entry = entry(28, configuration, &[0; 8]);
            audio(&mut Fields::new(name, &entry)).map(|(codec, _)| codec)
        };
        assert_eq!(found(b"Opus", b"dOps").as_deref(), Ok("opus"));
        assert_eq!(found(b"ac-3", b"dac3").as_deref(), Ok("ac-3"));
        assert_eq!(found(b"ec-3", b"dec3").as_deref(), Ok("ec-3"));
        assert_eq!(found(b"fLaC", b"dfLa").as_deref(), Ok("fLaC"));
        assert_eq!(found(b"fLaC", b"dOps"), Err(Error::Missing(FourCc(*b"dfLa"))));
    }

    #[test]
    fn an_unknown_or_encrypted_sample_entry_is_named() {
        let entry = entry(78, b"avcC", &[1, 2, 3, 4]);
        let found = video(&mut Fields::new(b"encv", &entry));
        assert_eq!(found, Err(Error::UnsupportedSampleEntry(FourCc(*b"encv"))));
        let found = audio(&mut Fields::new(b"alac", &entry));
        assert_eq!(found, Err(Error::UnsupportedSampleEntry(FourCc(*b"alac"))));
    }
}
