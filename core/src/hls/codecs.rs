//! Codec names that no browser takes as they are: a level of 0 is filled in from the size and the frame rate.
//!
//! Encoders that do not know their level write 0 (`vp09.00.00.08`), for which no decoder is found. The lowest level is named
//! that has room; where the size is unknown, one for 1920x1080 at 60 frames a second, which decoders usually have. Never
//! changes a level that is stated.
//!
//! RFC 6381; VP9 levels (webmproject.org/vp9/levels), ITU-T H.264 table A-1, ITU-T H.265 tables A.8 and A.9.

use roomcast_protocol::data::Variant;

/// Size and rate of the video, where unknown.
const USUAL: (u64, u64) = (1920, 1080);
const USUAL_RATE: f64 = 60.0;

/// The largest frame and the most of it in a second that a level has room for.
struct Level {
    name: u8,
    frame: u64,
    second: u64,
}

const fn level(name: u8, frame: u64, second: u64) -> Level {
    Level { name, frame, second }
}

/// In luma samples; named by ten times the level.
const VP9: [Level; 14] = [
    level(10, 36_864, 829_440),
    level(11, 73_728, 2_764_800),
    level(20, 122_880, 4_608_000),
    level(21, 245_760, 9_216_000),
    level(30, 552_960, 20_736_000),
    level(31, 983_040, 36_864_000),
    level(40, 2_228_224, 83_558_400),
    level(41, 2_228_224, 160_432_128),
    level(50, 8_912_896, 311_951_360),
    level(51, 8_912_896, 588_251_136),
    level(52, 8_912_896, 1_176_502_272),
    level(60, 35_651_584, 1_176_502_272),
    level(61, 35_651_584, 2_353_004_544),
    level(62, 35_651_584, 4_706_009_088),
];

/// In macroblocks; named by ten times the level.
const H264: [Level; 14] = [
    level(10, 99, 1_485),
    level(11, 396, 3_000),
    level(12, 396, 6_000),
    level(13, 396, 11_880),
    level(21, 792, 19_800),
    level(22, 1_620, 20_250),
    level(30, 1_620, 40_500),
    level(31, 3_600, 108_000),
    level(32, 5_120, 216_000),
    level(40, 8_192, 245_760),
    level(42, 8_704, 522_240),
    level(50, 22_080, 589_824),
    level(51, 36_864, 983_040),
    level(52, 36_864, 2_073_600),
];

/// In luma samples; named by thirty times the level.
const H265: [Level; 10] = [
    level(30, 36_864, 552_960),
    level(60, 122_880, 3_686_400),
    level(63, 245_760, 7_372_800),
    level(90, 552_960, 16_588_800),
    level(93, 983_040, 33_177_600),
    level(120, 2_228_224, 66_846_720),
    level(123, 2_228_224, 133_693_440),
    level(150, 8_912_896, 267_386_880),
    level(153, 8_912_896, 534_773_760),
    level(156, 8_912_896, 1_069_547_520),
];

/// Returns the `CODECS` of a variant.
pub(super) fn complete(variant: &Variant) -> String {
    let size = variant.resolution.as_deref().and_then(read_size).unwrap_or(USUAL);
    let rate = variant.frame_rate.unwrap_or(USUAL_RATE);
    let named = variant.codecs.split(',').map(|codec| fill(codec, size, rate).unwrap_or_else(|| codec.to_owned()));
    named.collect::<Vec<_>>().join(",")
}

fn read_size(resolution: &str) -> Option<(u64, u64)> {
    let (width, height) = resolution.split_once('x')?;
    let size = (width.parse().ok()?, height.parse().ok()?);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// Returns the codec with a level; `None` where it states one.
fn fill(codec: &str, (width, height): (u64, u64), rate: f64) -> Option<String> {
    let samples = width * height;
    let parts: Vec<&str> = codec.split('.').collect();
    match parts[..] {
        ["vp09", profile, "00", ref rest @ ..] => {
            let level = lowest(&VP9, samples, rate);
            Some([&["vp09", profile, &format!("{level:02}")][..], rest].concat().join("."))
        }
        [name @ ("avc1" | "avc3"), profile] if profile.len() == 6 && profile.ends_with("00") => {
            let level = lowest(&H264, width.div_ceil(16) * height.div_ceil(16), rate);
            Some(format!("{name}.{}{level:02x}", profile.get(..4)?))
        }
        [name @ ("hvc1" | "hev1"), profile, compatible, tier @ ("L0" | "H0"), ref rest @ ..] => {
            let level = format!("{}{}", &tier[..1], lowest(&H265, samples, rate));
            Some([&[name, profile, compatible, &level][..], rest].concat().join("."))
        }
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of frames fit 53 bits")]
fn lowest(levels: &[Level], frame: u64, rate: f64) -> u8 {
    let fits = |level: &&Level| frame <= level.frame && frame as f64 * rate <= level.second as f64;
    levels.iter().find(fits).or(levels.last()).map_or(0, |level| level.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_of_0_is_filled_in_and_others_stay() {
        for (codec, size, rate, expected) in [
            ("vp09.00.00.08", (640, 360), 30.0, Some("vp09.00.21.08")),
            ("vp09.00.00.08", (1280, 720), 30.0, Some("vp09.00.31.08")),
            ("vp09.02.00.10.01", (3840, 2160), 60.0, Some("vp09.02.51.10.01")),
            ("vp09.00.00.08", (99_999, 99_999), 1000.0, Some("vp09.00.62.08")),
            ("vp09.00.10.08", (1280, 720), 30.0, None),
            ("avc1.42c000", (1280, 720), 30.0, Some("avc1.42c01f")),
            ("avc3.640000", (1920, 1080), 60.0, Some("avc3.64002a")),
            ("avc1.42e01e", (1280, 720), 30.0, None),
            ("hvc1.1.6.L0.B0", (1920, 1080), 30.0, Some("hvc1.1.6.L120.B0")),
            ("hev1.2.4.H0", (1920, 1080), 60.0, Some("hev1.2.4.H123")),
            ("hvc1.1.6.L93.B0", (1280, 720), 30.0, None),
            ("av01.0.00M.08", (640, 360), 30.0, None),
            ("mp4a.40.2", (640, 360), 30.0, None),
        ] {
            assert_eq!(fill(codec, size, rate).as_deref(), expected, "{codec}");
        }
    }

    #[test]
    fn a_size_is_read_or_unknown() {
        assert_eq!(read_size("1280x720"), Some((1280, 720)));
        assert!(read_size("0x720").is_none() && read_size("wide").is_none());
    }
}
