//! Progress of a broadcast, and the speed of its uplink.
//!
//! Counts what the reports say; never decides to stop.

use std::fmt;
use std::time::{Duration, Instant};

use roomcast_protocol::client::State;

/// An upload that takes longer is slow.
const SLOW: Duration = Duration::from_millis(700);
/// Time for which uploads must be slow before a warning.
const SLOW_FOR: Duration = Duration::from_secs(10);
/// Dropped uploads are told no more often.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Progress of a broadcast. Its text is one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The member's state.
    pub state: State,
    /// Parts uploaded.
    pub parts: u64,
    /// Segments uploaded.
    pub segments: u64,
    /// Media bytes uploaded.
    pub bytes: u64,
    /// Duration of the media that was uploaded or dropped.
    pub media_time: Duration,
    /// From sending the last part to its answer.
    pub round_trip: Option<Duration>,
    /// Receive time less send time of the last part in milliseconds, by the two clocks.
    pub delay: Option<i64>,
    /// Parts that were too late to be uploaded.
    pub parts_dropped: u64,
    /// Whether uploads have been slow (over 700 ms) for 10 s: the uplink cannot keep up.
    pub is_slow: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            state: State::Idle,
            parts: 0,
            segments: 0,
            bytes: 0,
            media_time: Duration::ZERO,
            round_trip: None,
            delay: None,
            parts_dropped: 0,
            is_slow: false,
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.media_time.as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}  {hours:02}:{minutes:02}:{seconds:02}  {}", word(self.state), counted(self.segments, "segment"))?;
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        write!(f, "  {:.1} MiB", self.bytes as f64 / 1_048_576.0)?;
        if let Some(round_trip) = self.round_trip {
            write!(f, "  last part {} ms", round_trip.as_millis())?;
        }
        if let Some(delay) = self.delay {
            write!(f, " (upload {delay} ms)")?;
        }
        if self.parts_dropped > 0 {
            write!(f, "  {} dropped", counted(self.parts_dropped, "part"))?;
        }
        if self.is_slow {
            f.write_str("  the uplink is too slow")?;
        }
        Ok(())
    }
}

/// A number with its noun.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Idle | State::Initializing => "joining",
        State::Joined => "live",
        State::Leaved => "left",
        State::WaitingNetwork => "server out of reach, trying again",
        State::Reinitializing => "joining again",
        State::Failed => "failed",
    }
}

/// Judges the uplink by its uploads.
#[derive(Debug, Default)]
pub(super) struct Uplink {
    slow_since: Option<Instant>,
}

impl Uplink {
    /// Notes an upload; returns whether uploads have been slow for long, this one included.
    pub fn note_upload(&mut self, now: Instant, is_slow: bool) -> bool {
        self.slow_since = self.slow_since.or(Some(now)).filter(|_| is_slow);
        self.slow_since.is_some_and(|since| now >= since + SLOW_FOR)
    }
}

/// Uploads that came to nothing, told at most once a second.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    untold: u64,
    told: Option<Instant>,
}

impl Dropped {
    /// Counts one.
    pub fn add(&mut self) {
        self.untold += 1;
    }

    /// Returns the number to log now, if any.
    pub fn due(&mut self, now: Instant) -> Option<u64> {
        let is_early = self.told.is_some_and(|told| now < told + TELL_EVERY);
        if self.untold == 0 || is_early {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

/// Returns whether an upload was slow. The two clocks may differ, but an upload takes no longer than its round trip.
pub(super) fn is_slow(delay: Option<i64>, round_trip: Duration) -> bool {
    let delay = delay.and_then(|delay| u64::try_from(delay).ok()).map(Duration::from_millis);
    delay.is_some_and(|delay| delay.min(round_trip) > SLOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_one_line() {
        let progress = Progress {
            state: State::Joined,
            parts: 250,
            segments: 83,
            bytes: 13_000_000,
            media_time: Duration::from_millis(83_400),
            round_trip: Some(Duration::from_millis(41)),
            delay: Some(12),
            ..Progress::default()
        };
        assert_eq!(progress.to_string(), "live  00:01:23  83 segments  12.4 MiB  last part 41 ms (upload 12 ms)");
        let late = Progress { parts_dropped: 3, is_slow: true, ..Progress::default() };
        let text = "joining  00:00:00  0 segments  0.0 MiB  3 parts dropped  the uplink is too slow";
        assert_eq!(late.to_string(), text);
    }

    #[test]
    fn dropped_uploads_are_told_once_a_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut dropped = Dropped::default();
        assert_eq!(dropped.due(at(0)), None);
        dropped.add();
        assert_eq!(dropped.due(at(0)), Some(1));
        (0..60).for_each(|_| dropped.add());
        assert_eq!((dropped.due(at(999)), dropped.due(at(1000)), dropped.due(at(3000))), (None, Some(60), None));
    }

    #[test]
    fn an_uplink_is_slow_when_it_stays_so_for_ten_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut uplink = Uplink::default();
        assert!(!uplink.note_upload(at(0), true));
        assert!(!uplink.note_upload(at(9), true));
        assert!(uplink.note_upload(at(10), true));
        assert!(!uplink.note_upload(at(11), false));
        assert!(!uplink.note_upload(at(12), true));
    }

    #[test]
    fn an_upload_is_slow_by_its_delay_unless_a_clock_is_wrong() {
        let trip = Duration::from_secs(1);
        assert!(is_slow(Some(701), trip) && !is_slow(Some(700), trip) && !is_slow(None, trip));
        assert!(!is_slow(Some(3_600_000), Duration::from_millis(40)));
    }
}
