//! Properties of a stream for a multivariant playlist: codecs, resolution, frame rate.
//!
//! Never says a bandwidth: that takes segments.
//!
//! rfc8216bis, 4.4.6.2 (EXT-X-STREAM-INF).

use crate::{Fragment, Handler, Init};

/// The highest frame rate that may be declared.
const MAX_RATE: f64 = 1000.0;

/// Attributes of the variant that a stream makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The codec strings of all tracks, joined by commas: `CODECS`.
    pub codecs: String,
    /// Width and height of the leading track in pixels: `RESOLUTION`. `None` without video.
    pub resolution: Option<(u32, u32)>,
    /// Frames per second to three decimals: `FRAME-RATE`. `None` without video, without a video
    /// sample in the first fragment, and where there are more than may be declared.
    pub frame_rate: Option<f64>,
}

impl Variant {
    /// Derives the properties from the initialization section and the first fragment after it.
    pub fn new(init: &Init, first: &Fragment) -> Self {
        let codecs: Vec<&str> = init.tracks.iter().map(|track| &track.codec[..]).collect();
        Self {
            codecs: codecs.join(","),
            resolution: init.leading().and_then(|track| track.resolution),
            frame_rate: frame_rate(init, first),
        }
    }
}

fn frame_rate(init: &Init, first: &Fragment) -> Option<f64> {
    let leading = init.leading().filter(|track| track.handler == Handler::Video)?;
    let own = first.samples.iter().filter(|sample| sample.track == leading.id);
    let mut durations: Vec<u32> = own.map(|sample| sample.duration).collect();
    durations.sort_unstable();
    let median = *durations.get(durations.len() / 2)?;
    // Encoders stretch the very first frame to where the sound begins: such ones do not count.
    durations.retain(|duration| duration.abs_diff(median) <= median / 2);
    let ticks: u64 = durations.iter().copied().map(u64::from).sum();
    let rate = durations.len() as f64 * f64::from(leading.timescale.get()) / ticks as f64;
    let rounded = (rate * 1000.0).round().max(1.0) / 1000.0;
    (ticks > 0 && rounded <= MAX_RATE).then_some(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, AUDIO, VIDEO, sample};

    #[test]
    fn a_variant_names_all_codecs_and_the_frame_rate_of_the_video() {
        let frames = (0..10).map(|i| sample(1, i * 512, 512, true));
        let sounds = (0..9).map(|i| sample(2, i * 1024, 1024, true));
        let first = fixture::fragment(frames.chain(sounds));
        let variant = Variant::new(&fixture::init(&[VIDEO, AUDIO]), &first);
        assert_eq!(variant.codecs, "avc1.64001f,mp4a.40.2");
        assert_eq!(variant.resolution, Some((1280, 720)));
        assert_eq!(variant.frame_rate, Some(30.0));
    }

    #[test]
    fn a_frame_rate_has_three_decimals() {
        let first = fixture::fragment((0..7).map(|i| sample(1, i * 500, 513, true)));
        let variant = Variant::new(&fixture::init(&[VIDEO]), &first);
        assert_eq!(variant.frame_rate, Some(29.942));
    }

    #[test]
    fn a_stretched_first_frame_does_not_slow_the_frame_rate() {
        let first = [sample(1, 0, 840, true)].into_iter();
        let first = fixture::fragment(first.chain((0..9).map(|i| sample(1, 840 + i * 512, 512, false))));
        let variant = Variant::new(&fixture::init(&[VIDEO]), &first);
        assert_eq!(variant.frame_rate, Some(30.0));
    }

    #[test]
    fn a_frame_rate_is_one_that_may_be_declared() {
        for (duration, rate) in [(7, None), (16, Some(960.0)), (u32::MAX, Some(0.001)), (0, None)] {
            let first = fixture::fragment((0..9).map(|i| sample(1, i * u64::from(duration), duration, true)));
            assert_eq!(Variant::new(&fixture::init(&[VIDEO]), &first).frame_rate, rate, "{duration}");
        }
    }

    #[test]
    fn audio_has_neither_resolution_nor_frame_rate() {
        let first = fixture::fragment([sample(2, 0, 1024, true)]);
        let variant = Variant::new(&fixture::init(&[AUDIO]), &first);
        assert_eq!((variant.resolution, variant.frame_rate), (None, None));
    }
}
