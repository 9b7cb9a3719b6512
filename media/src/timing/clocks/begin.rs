//! Finds where a track begins: as it states, or where the others are.
//!
//! Encoders that stamp each track by another clock (time since boot beside time since the start, or that of another
//! device) send media of one moment under times that have nothing to do with each other. Media that was sent together
//! was captured together, so the times of such a track are moved to where the others are when it comes.

use super::{Clock, Clocks, JUMP, LONGEST_HOLE, Others};
use crate::Sample;
use crate::cut::MAX_LAG;

/// A track that begins further from the others than this counts by another clock: nothing waits for longer.
const FAR: i128 = MAX_LAG.as_nanos() as i128;

impl Others {
    /// Returns where media belongs that jumps by so much from its end; `None` where it may be what it says. Streams of
    /// one broadcast have their discontinuities in common, so that none may have one by itself.
    pub(super) fn place_of_jump(&self, end: i128, jump: i128) -> Option<i128> {
        let is_possible = jump >= 0 && self.is_near(end + jump);
        // A stream that has paused comes back where the others are.
        let place = if self.end - end > LONGEST_HOLE { self.end } else { end };
        (!is_possible).then_some(place)
    }

    fn is_near(&self, at: i128) -> bool {
        (self.begin - LONGEST_HOLE..=self.end + LONGEST_HOLE).contains(&at)
    }
}

impl Clocks {
    /// Has a stream whose clock has nothing to do with those of the others begin where they are when it comes.
    pub(super) fn begin_beside(&mut self, samples: &[Sample], others: Option<Others>) {
        let Some(first) = samples.first() else { return };
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let own = self.clocks.iter().find(|clock| clock.track == first.track).filter(|_| is_first);
        let Some((own, others)) = own.zip(others) else { return };
        let stated = own.nanos(i128::from(first.decode_time.cast_signed()));
        if others.is_near(stated) {
            return;
        }
        let ticks =
            samples.iter().filter(|sample| sample.track == first.track).map(|sample| i128::from(sample.duration));
        let is_beginning = others.end - others.begin <= FAR;
        let place = if is_beginning { others.begin } else { others.end - own.nanos(ticks.sum()) };
        self.moved.push((first.track, place - stated));
        for clock in &mut self.clocks {
            clock.offset = clock.ticks(place - stated);
        }
    }

    /// Has a new track begin with this sample; one whose clock is unrelated, where the others are.
    pub(super) fn begin(&mut self, sample: &Sample) {
        let Some(clock) = self.clocks.iter().find(|clock| clock.track == sample.track && clock.is_new) else { return };
        let offset = if clock.jumps(sample, JUMP) { 0 } else { clock.offset };
        let stated = clock.nanos(i128::from(sample.decode_time.cast_signed()) + offset);
        let others = || self.clocks.iter().filter(|other| other.track != sample.track && other.begin.is_some());
        let reference = others().find(|other| other.is_video).or_else(|| others().next());
        let place = reference.filter(|reference| !reference.is_related(stated)).map(Clock::place);
        let begin = place.unwrap_or(stated);
        if place.is_some() {
            self.moved.push((sample.track, begin - stated));
        }
        if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.track == sample.track) {
            clock.offset = offset + clock.ticks(begin - stated);
            clock.begin = Some(begin);
        }
    }
}

impl Clock {
    /// Returns whether a track that begins at this time counts by the same clock: it begins about where this one is by
    /// now, or where this one began and the encoder is late with it.
    fn is_related(&self, begin: i128) -> bool {
        let is_here = (self.heard_from - FAR..=self.end() + FAR).contains(&begin);
        let is_late = self.begin.is_some_and(|own| (own - begin).abs() <= FAR) && self.end() - begin <= LONGEST_HOLE;
        is_here || is_late
    }

    /// Returns where a track belongs that comes now: at the start of this one, unless that was long ago and not in its
    /// newest fragment.
    fn place(&self) -> i128 {
        match self.begin {
            Some(begin) if self.end() - begin <= FAR || self.heard_from == begin => begin,
            _ if self.is_unheard => self.end(),
            _ => self.heard_from,
        }
    }

    fn ticks(&self, nanos: i128) -> i128 {
        nanos * self.timescale / super::NANOS
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, RATE, TICKS, map, piece, steady, times};
    use super::*;

    /// Pieces of a track each, the audio first or last.
    fn apart(pieces: impl Iterator<Item = Vec<Sample>>, first: u32) -> impl Iterator<Item = Vec<Sample>> {
        pieces.flat_map(move |piece| {
            let (one, other) = piece.into_iter().partition::<Vec<_>, _>(|sample| sample.track == first);
            [one, other]
        })
    }

    #[test]
    fn a_clock_that_has_nothing_to_do_with_the_others_begins_where_they_do() {
        for by in [5.0, 11.0, 300_000.0] {
            let audio = || (0..20).map(|number| piece(number, 0.0, by));
            for pieces in [audio().collect::<Vec<_>>(), apart(audio(), 1).collect(), apart(audio(), 2).collect()] {
                let (out, at) = map(pieces, true);
                let (video, audio) = (times(&out, 1), times(&out, 2));
                let begins = [video[0] as f64 / TICKS as f64, audio[0] as f64 / RATE as f64];
                assert!((begins[0] - begins[1]).abs() < 0.001, "{by}: {begins:?}");
                assert_eq!((video.len(), audio.len(), at), (200, 320, None));
                assert!(audio.windows(2).all(|pair| pair[1] - pair[0] == 1000), "{by}");
            }
            let (out, _) = map((0..20).map(|number| piece(number, by, 0.0)), true);
            assert_eq!(times(&out, 2).first().map(|at| at / RATE), Some(by as u64), "video {by}");
        }
    }

    #[test]
    fn an_unrelated_track_that_comes_later_begins_where_the_others_are() {
        let late = |number: u64| {
            let both = piece(number, 0.0, 1000.0).into_iter();
            both.filter(|sample| sample.track == 1 || number >= 15).collect::<Vec<_>>()
        };
        let (out, _) = map((0..30).map(late), true);
        assert_eq!((times(&out, 1), times(&out, 2)[0]), (steady(300, FRAME), 5 * RATE));
    }

    #[test]
    fn related_tracks_keep_their_times() {
        for by in [0.5, 1.5] {
            let (out, _) = map((0..20).map(|number| piece(number, 0.0, by)), true);
            assert_eq!(times(&out, 2)[0], (by * RATE as f64) as u64);
        }
        // The audio begins five seconds later; the video is brought so much later than the audio.
        let later = |number: u64| piece(number, 0.0, 0.0).into_iter().filter(move |s| s.track == 1 || number >= 15);
        let (out, _) = map((0..30).map(|number| later(number).collect()), true);
        assert_eq!(times(&out, 2)[0], 5 * RATE);
        let of = |number: u64, track| piece(number, 0.0, 0.0).into_iter().filter(move |sample| sample.track == track);
        let behind = (0..45_u64).map(|number| {
            let frames = number.checked_sub(15).into_iter().flat_map(|number| of(number, 1));
            frames.chain(of(number, 2)).collect()
        });
        let (out, _) = map(behind, true);
        assert_eq!((times(&out, 1), times(&out, 2)), (steady(300, FRAME), steady(720, 1000)));
    }

    #[test]
    fn clocks_are_compared_again_when_the_encoder_begins_anew() {
        let mut clocks = Clocks::new(&crate::fixture::init(&[crate::fixture::VIDEO, crate::fixture::AUDIO]));
        clocks.take(piece(30, 0.0, 1000.0), None);
        clocks.restart();
        let again = clocks.take(piece(0, 0.0, 2000.0), None);
        assert_eq!((times(&again, 1), times(&again, 2)), (steady(10, FRAME), steady(16, 1000)));
        let moved = clocks.take_moved();
        assert_eq!(
            moved.iter().map(|(track, by)| (*track, by / super::super::NANOS)).collect::<Vec<_>>(),
            [(2, -1000), (2, -2000)]
        );
    }
}
