//! Listed time against decode time: from a discontinuity to the next, players find media where durations say.

use roomcast_media::Sample;

use crate::lost::samples;
use crate::media::AUDIO_RATE;
use crate::origin::Origin;

/// Time that need not be listed, in microseconds: players go over it.
const LITTLE: u64 = 101_000;

/// Segments with frames that do not begin where the durations of those before say, gaps among them: by more than a frame, or
/// than players go over. In a hole of the video, a segment begins with its audio, or with the rest of a frame.
pub fn unlike(origin: &Origin, timescale: u32) -> Vec<String> {
    let mut faults = Vec::new();
    // Listed time and decode time of the last segment that has frames, since the last discontinuity.
    let (mut listed, mut known) = (0, None);
    for (number, segment, uploaded) in origin.timeline() {
        known = known.filter(|_| !segment.discontinuity);
        let samples = uploaded.filter(|_| !segment.gap).map(|uploaded| samples(&uploaded.bytes)).unwrap_or_default();
        let first = |track| samples.iter().find(|sample| sample.track == track);
        let begin = |sample: &Sample, rate: u64| sample.decode_time * 1_000_000 / rate;
        if let Some(video) = first(1) {
            let at = begin(video, timescale.into());
            let frame = 1_000_000 * u64::from(video.duration) / u64::from(timescale);
            let expected = known.map_or(at, |(before, begun)| begun + listed - before);
            let audio = first(2).map_or(at, |audio| begin(audio, AUDIO_RATE));
            // The frame before may last into this segment, which then ends with the last one.
            let last = samples
                .iter()
                .rfind(|sample| sample.track == 1)
                .map_or(at, |last| (last.end() * 1_000_000 / u64::from(timescale)).saturating_sub(segment.duration));
            let at = [at, audio, last].into_iter().min_by_key(|at| at.abs_diff(expected)).unwrap_or(at);
            if at.abs_diff(expected) > frame.max(LITTLE) {
                faults.push(format!("segment {number}: {} us", at.abs_diff(expected)));
            }
            known = Some((listed, at));
        }
        listed += segment.duration;
    }
    faults
}
