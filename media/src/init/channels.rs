//! The number of channels of an audio track, read from the configuration of its decoder.
//!
//! The channel count of a sample entry is 2 for most muxers, whatever there is. Therefore it only counts where the
//! configuration does not say.
//!
//! ISO/IEC 14496-3, 1.6.2.1 (AAC); ETSI TS 102 366, F.4 and F.6 (AC-3, Enhanced AC-3); the Opus and FLAC bindings to the
//! ISO base media file format.

use crate::boxes::Fields;

/// Channels of an AAC channel configuration; 0 where the configuration leaves it open.
const AAC: [u16; 16] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0];
/// Channels of an AC-3 coding mode, without that of low frequencies.
const AC3: [u16; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
/// Channels at each location that a dependent substream of Enhanced AC-3 adds, from the lowest bit.
const LOCATIONS: [u16; 9] = [2, 2, 1, 1, 2, 2, 2, 1, 1];
/// Audio object type of AAC with parametric stereo.
const PARAMETRIC_STEREO: u64 = 29;

/// Bits from the highest of the first byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// Returns the next bits, at most 32 of them; `None` at the end.
    fn take(&mut self, count: usize) -> Option<u64> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let byte = self.bytes.get(at / 8)?;
            value = value << 1 | u64::from(byte >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(value)
    }
}

fn bits<'a>(fields: &Fields<'a>) -> Bits<'a> {
    Bits { bytes: fields.rest(), at: 0 }
}

/// Channels of an `AudioSpecificConfig`.
pub(super) fn of_aac(configuration: &Fields<'_>) -> Option<u16> {
    let mut bits = bits(configuration);
    let object_type = match bits.take(5)? {
        31 => 32 + bits.take(6)?,
        short => short,
    };
    if bits.take(4)? == 15 {
        bits.take(24)?;
    }
    let channels = AAC[bits.take(4)? as usize];
    let is_widened = object_type == PARAMETRIC_STEREO && channels == 1;
    Some(if is_widened { 2 } else { channels }).filter(|channels| *channels > 0)
}

/// Channels of a `dac3` box.
pub(super) fn of_ac3(dac3: &Fields<'_>) -> Option<u16> {
    let mut bits = bits(dac3);
    bits.take(2 + 5 + 3)?;
    mode(&mut bits)
}

/// Channels of a `dec3` box: the first independent substream and its dependent ones.
pub(super) fn of_enhanced_ac3(dec3: &Fields<'_>) -> Option<u16> {
    let mut bits = bits(dec3);
    bits.take(13 + 3)?;
    bits.take(2 + 5 + 1 + 1 + 3)?;
    let own = mode(&mut bits)?;
    bits.take(3)?;
    if bits.take(4)? == 0 {
        return Some(own);
    }
    let locations = bits.take(9)?;
    let added = LOCATIONS.iter().enumerate().filter(|(bit, _)| locations >> bit & 1 == 1);
    Some(own + added.map(|(_, channels)| channels).sum::<u16>())
}

/// Channels of a `dOps` box.
pub(super) fn of_opus(dops: &Fields<'_>) -> Option<u16> {
    let mut bits = bits(dops);
    bits.take(8)?;
    bits.take(8).map(|channels| channels as u16).filter(|channels| *channels > 0)
}

/// Channels of a `dfLa` box, whose first block is STREAMINFO.
pub(super) fn of_flac(dfla: &Fields<'_>) -> Option<u16> {
    let mut bits = bits(dfla);
    bits.take(32)?;
    let is_description = bits.take(8)? & 0x7f == 0;
    bits.take(24)?;
    bits.at += 2 * 16 + 2 * 24 + 20;
    bits.take(3).filter(|_| is_description).map(|channels| channels as u16 + 1)
}

/// Returns the coding mode and whether there is a channel of low frequencies.
fn mode(bits: &mut Bits<'_>) -> Option<u16> {
    let mode = bits.take(3)?;
    Some(AC3[mode as usize] + bits.take(1)? as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(read: fn(&Fields<'_>) -> Option<u16>, bytes: &[u8]) -> Option<u16> {
        read(&Fields::new(b"test", bytes))
    }

    #[test]
    fn aac_states_its_channels_behind_the_frequency() {
        for (bytes, channels) in [
            (&[0x11, 0x90][..], Some(2)),
            (&[0x11, 0x88], Some(1)),
            (&[0x11, 0xb0], Some(6)),
            (&[0x11, 0xb8], Some(8)),
            // An explicit frequency, and parametric stereo over one channel.
            (&[0x17, 0x80, 0x5d, 0xc0, 0x30], Some(6)),
            (&[0xeb, 0x09, 0x88, 0], Some(2)),
            (&[0x11, 0x80], None),
            (&[0x11], None),
        ] {
            assert_eq!(found(of_aac, bytes), channels, "{bytes:x?}");
        }
    }

    #[test]
    fn dolby_states_a_mode_and_the_low_frequencies() {
        // 5.1 at 448 kbit/s, stereo, mono.
        for (bytes, channels) in [([0x10, 0x3d, 0xe0], 6), ([0x10, 0x11, 0x40], 2), ([0x10, 0x08, 0xc0], 1)] {
            assert_eq!(found(of_ac3, &bytes), Some(channels), "{bytes:x?}");
        }
        assert_eq!(found(of_enhanced_ac3, &[0x06, 0x00, 0x20, 0x0f, 0x00]), Some(6));
        assert_eq!(found(of_enhanced_ac3, &[0x06, 0x00, 0x20, 0x0f, 0x02, 0x02]), Some(8), "7.1: a rear pair");
        assert_eq!(found(of_enhanced_ac3, &[0x06, 0x00, 0x20]), None);
    }

    #[test]
    fn opus_and_flac_state_a_count() {
        assert_eq!(found(of_opus, &[0, 6, 1, 0x38]), Some(6));
        assert_eq!(found(of_opus, &[0]), None);
        let block = |channels: u8| [&[0, 0, 0, 0, 0x80, 0, 0, 34][..], &[0; 10], &[0x0b, 0xb8, channels << 1]].concat();
        assert_eq!((found(of_flac, &block(0)), found(of_flac, &block(5))), (Some(1), Some(6)));
        assert_eq!(found(of_flac, &[0; 8]), None);
    }
}
