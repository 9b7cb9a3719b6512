//! Samples of a track that are listed nowhere, and when that is said: once media follows those that were left out first,
//! and at the end for all others.

use super::Track;
use super::period::Period;
use crate::Handler;

/// Numbers of samples that were left out behind listed media, and not said yet.
#[derive(Debug, Default)]
pub(super) struct Unlisted {
    leading: u64,
    others: u64,
    /// Media was listed since.
    pub is_over: bool,
    is_noted: bool,
}

impl Unlisted {
    pub fn add(&mut self, leading: u64, others: u64) {
        (self.leading, self.others) = (self.leading + leading, self.others + others);
        self.is_over &= leading == 0 && others == 0;
    }

    /// Takes over what the cutter of a period has left out. Media before the first video that is listed at all is no
    /// loss.
    pub fn count(&mut self, period: &mut Period) {
        let left_out = period.cutter.take_left_out();
        let early = if period.is_first { 0 } else { left_out.early };
        self.add(left_out.leading, left_out.others + early);
    }
}

impl Track {
    /// Returns the numbers of video frames and audio samples that were left out, if they are to be said now.
    pub fn take_left_out(&mut self) -> Option<(u64, u64)> {
        let Unlisted { leading, others, is_over, is_noted } = self.left_out;
        let is_due = self.is_over || (is_over && !is_noted);
        if !is_due || leading + others == 0 {
            return None;
        }
        self.left_out = Unlisted { is_noted: true, is_over, ..Unlisted::default() };
        let is_video = self.leading().is_some_and(|leading| leading.handler == Handler::Video);
        Some(if is_video { (leading, others) } else { (0, leading + others) })
    }
}
