//! The delivery directives: whether a request is answered now, later or not at all, and with which text.
//!
//! Decided anew for every snapshot, so a request that waits needs no state. Never waits itself: who does, and for
//! how long, is the server's affair.
//!
//! rfc8216bis, 6.2.5.1 and 6.2.5.2.

use std::time::Duration;

use bytes::Bytes;
use roomcast_protocol::limits::RELOAD_AHEAD;

use super::change::Snapshot;

/// The delivery directives of a playlist request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reload {
    msn: Option<u64>,
    part: Option<u64>,
    skip: bool,
}

/// The error for a delivery directive that is not a number or is given twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{directive}` must be given once, as a decimal integer below 2^64")]
pub struct BadReload {
    directive: &'static str,
}

/// The decision about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The snapshot is the answer.
    Answer,
    /// The decision must be made again with the next snapshot.
    Wait,
    /// A bad request, for this reason.
    Refuse(&'static str),
}

impl Reload {
    /// Reads the query of a URL. Parameters other than `_HLS_msn`, `_HLS_part` and `_HLS_skip` are ignored, and so
    /// are values of `_HLS_skip` other than `YES` and `v2`: an answer may always be the whole playlist.
    ///
    /// # Errors
    /// [`BadReload`] if `_HLS_msn` or `_HLS_part` is not a number or is given twice.
    pub fn parse(query: &str) -> Result<Self, BadReload> {
        let mut reload = Self::default();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let (directive, slot) = match name {
                "_HLS_msn" => ("_HLS_msn", &mut reload.msn),
                "_HLS_part" => ("_HLS_part", &mut reload.part),
                "_HLS_skip" => {
                    reload.skip |= matches!(value, "YES" | "v2");
                    continue;
                }
                _ => continue,
            };
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse().ok().filter(|_| digits && slot.is_none());
            *slot = Some(number.ok_or(BadReload { directive })?);
        }
        Ok(reload)
    }

    /// Returns whether a certain state of the playlist is asked for, so that the answer is good for long. A playlist
    /// that does not block ignores what state is asked for; `None` stands for one that is not there.
    #[must_use]
    pub fn names_a_state(&self, snapshot: Option<&Snapshot>) -> bool {
        self.msn.is_some() && snapshot.is_none_or(|snapshot| snapshot.part_target.is_some())
    }

    /// Returns whether the delta update is the answer, if there is one.
    #[must_use]
    pub const fn wants_delta(&self, snapshot: &Snapshot) -> bool {
        self.skip && !snapshot.ended
    }

    /// Returns the text of the answer: the delta update if one was asked for and there is something to skip.
    #[must_use]
    pub fn text<'a>(&self, snapshot: &'a Snapshot) -> &'a Bytes {
        let delta = snapshot.delta.as_ref().filter(|_| self.wants_delta(snapshot));
        delta.unwrap_or(&snapshot.playlist)
    }

    /// Decides about the request while this is the newest snapshot.
    #[must_use]
    pub fn decide(&self, snapshot: &Snapshot) -> Decision {
        if snapshot.ended {
            return Decision::Answer;
        }
        let last = snapshot.position;
        let Some(msn) = self.msn else {
            return match self.part {
                Some(_) => Decision::Refuse("`_HLS_part` needs `_HLS_msn`"),
                None => Decision::Answer,
            };
        };
        // A directive that the playlist does not offer is ignored.
        let Some(part_target) = snapshot.part_target else { return Decision::Answer };
        if msn < last.msn {
            return Decision::Answer;
        }
        if msn - last.msn > RELOAD_AHEAD {
            return Decision::Refuse("`_HLS_msn` is more than 2 beyond the last segment");
        }
        // Without a part, the first one of the segment is waited for, or the whole where there are no parts.
        let part = self.part.unwrap_or(0);
        let listed = if msn == last.msn { last.parts } else { 0 };
        if part > listed.saturating_sub(1).saturating_add(advance_limit(part_target)) {
            return Decision::Refuse("`_HLS_part` is beyond the advance part limit");
        }
        // A segment without parts has no last one to be beyond.
        let whole = self.part.is_none() || (last.finished && last.parts == 0);
        if part < listed || (whole && msn == last.msn) { Decision::Answer } else { Decision::Wait }
    }
}

/// Number of parts beyond the last that a request may ask for.
fn advance_limit(part_target: Duration) -> u64 {
    let micros = u64::try_from(part_target.as_micros()).unwrap_or(u64::MAX);
    if micros >= 1_000_000 { 3 } else { 3_000_000_u64.div_ceil(micros.max(1)) }
}

#[cfg(test)]
mod tests {
    use super::super::change::PlaylistPosition;
    use super::*;
    use proptest::prelude::*;

    fn snapshot(msn: u64, parts: u64, finished: bool) -> Snapshot {
        Snapshot {
            playlist: Bytes::from_static(b"whole"),
            delta: Some(Bytes::from_static(b"delta")),
            position: PlaylistPosition { msn, parts, finished },
            ended: false,
            target_duration: Duration::from_secs(2),
            part_target: Some(Duration::from_millis(500)),
            hint: None,
            has_parts: parts > 0,
        }
    }

    fn decide(query: &str, snapshot: &Snapshot) -> Decision {
        Reload::parse(query).unwrap().decide(snapshot)
    }

    #[test]
    fn malformed_numbers_are_refused() {
        for bad in ["_HLS_msn=", "_HLS_msn", "_HLS_msn=-1", "_HLS_msn=+1", "_HLS_part=1.5", "_HLS_msn=1&_HLS_msn=1"] {
            assert!(Reload::parse(bad).is_err(), "{bad}");
        }
        assert!(Reload::parse("_HLS_msn=18446744073709551616").unwrap_err().to_string().contains("_HLS_msn"));
    }

    #[test]
    fn other_parameters_are_ignored() {
        let reload = Reload::parse("_HLS_report=v2&token=_HLS_msn&&_HLS_msn=7&_HLS_push=x").unwrap();
        assert_eq!(reload, Reload { msn: Some(7), ..Reload::default() });
        assert_eq!(decide("", &snapshot(7, 2, false)), Decision::Answer);
    }

    #[test]
    fn a_part_without_a_segment_is_refused() {
        assert!(matches!(decide("_HLS_part=0", &snapshot(7, 2, false)), Decision::Refuse(_)));
    }

    #[test]
    fn what_is_listed_is_answered_and_the_next_is_waited_for() {
        let open = snapshot(7, 2, false);
        for listed in ["_HLS_msn=0", "_HLS_msn=6&_HLS_part=99", "_HLS_msn=7", "_HLS_msn=7&_HLS_part=1"] {
            assert_eq!(decide(listed, &open), Decision::Answer, "{listed}");
        }
        for next in ["_HLS_msn=7&_HLS_part=2", "_HLS_msn=8", "_HLS_msn=9", "_HLS_msn=8&_HLS_part=6"] {
            assert_eq!(decide(next, &open), Decision::Wait, "{next}");
        }
    }

    #[test]
    fn what_is_too_far_ahead_is_refused() {
        let open = snapshot(7, 2, false);
        for far in ["_HLS_msn=10", "_HLS_msn=7&_HLS_part=8", "_HLS_msn=8&_HLS_part=7"] {
            assert!(matches!(decide(far, &open), Decision::Refuse(_)), "{far}");
        }
        assert_eq!(decide("_HLS_msn=7&_HLS_part=7", &open), Decision::Wait);
    }

    #[test]
    fn a_part_past_the_end_of_a_finished_segment_is_the_first_of_the_next() {
        let query = "_HLS_msn=7&_HLS_part=4";
        assert_eq!(decide(query, &snapshot(7, 4, true)), Decision::Wait);
        assert_eq!(decide(query, &snapshot(8, 1, false)), Decision::Answer);
    }

    #[test]
    fn a_segment_without_parts_is_waited_for_as_a_whole() {
        let whole = snapshot(7, 0, true);
        assert_eq!(decide("_HLS_msn=7", &whole), Decision::Answer);
        assert_eq!(decide("_HLS_msn=7&_HLS_part=0", &whole), Decision::Answer);
        assert_eq!(decide("_HLS_msn=8", &whole), Decision::Wait);
    }

    #[test]
    fn a_delta_update_is_for_those_who_ask_for_one() {
        let (whole, none) = (snapshot(7, 2, false), Snapshot { delta: None, ..snapshot(7, 2, false) });
        let ended = Snapshot { ended: true, ..snapshot(7, 2, true) };
        let text = |query: &str, of: &Snapshot| Reload::parse(query).unwrap().text(of).clone();
        for query in ["_HLS_skip=YES", "_HLS_skip=v2", "_HLS_msn=7&_HLS_skip=YES&_HLS_part=1"] {
            assert_eq!((&text(query, &whole)[..], &text(query, &none)[..]), (&b"delta"[..], &b"whole"[..]));
            assert_eq!(text(query, &ended), "whole");
        }
        for query in ["", "_HLS_skip", "_HLS_skip=NO", "_HLS_skip=yes", "_HLS_skip=v3", "_HLS_msn=7"] {
            assert_eq!(text(query, &whole), "whole", "{query}");
        }
    }

    #[test]
    fn only_a_number_names_a_state() {
        let (parts, whole) = (snapshot(7, 2, false), Snapshot { part_target: None, ..snapshot(7, 0, true) });
        for (query, of, expected) in [
            ("_HLS_msn=7", Some(&parts), true),
            ("_HLS_msn=7", None, true),
            ("_HLS_msn=7", Some(&whole), false),
            ("_HLS_skip=YES", Some(&parts), false),
        ] {
            assert_eq!(Reload::parse(query).unwrap().names_a_state(of), expected, "{query} {of:?}");
        }
    }

    #[test]
    fn a_playlist_without_parts_never_blocks() {
        let whole = Snapshot { part_target: None, ..snapshot(7, 0, true) };
        for query in ["_HLS_msn=7", "_HLS_msn=8", "_HLS_msn=8&_HLS_part=0", "_HLS_msn=99", "_HLS_msn=9&_HLS_skip=YES"] {
            assert_eq!(decide(query, &whole), Decision::Answer, "{query}");
        }
        assert!(matches!(decide("_HLS_part=0", &whole), Decision::Refuse(_)));
    }

    #[test]
    fn an_ended_playlist_answers_everything() {
        let ended = Snapshot { ended: true, ..snapshot(7, 2, true) };
        for query in ["_HLS_msn=99&_HLS_part=9", "_HLS_part=1", "_HLS_msn=8"] {
            assert_eq!(decide(query, &ended), Decision::Answer);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_queries_never_panic(query in ".{0,40}", msn: u64, parts: u64, micros: u64) {
            let part_target = Some(Duration::from_micros(micros));
            let snapshot = Snapshot { part_target, ..snapshot(msn, parts, false) };
            let _ = Reload::parse(&query).map(|reload| reload.decide(&snapshot));
        }
    }
}
