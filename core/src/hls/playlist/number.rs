//! The format of numbers in playlists (rfc8216bis, 4.2).
//!
//! Numbers are formatted from integers, so that a duration always has the same text.

use std::fmt;

use roomcast_protocol::data::ProgramDateTime;

/// Microseconds as a decimal-floating-point number of seconds with one to six decimals.
pub(super) struct Seconds(pub u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut fraction, mut width) = (self.0 % 1_000_000, 6);
        while width > 1 && fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(f, "{}.{fraction:0width$}", self.0 / 1_000_000)
    }
}

/// Converts microseconds since 1970 to a date with milliseconds; `None` if the year would not have four digits.
pub(super) fn date(micros: i64) -> Option<ProgramDateTime> {
    ProgramDateTime::from_millis(micros.div_euclid(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seconds_have_no_needless_zeros() {
        let written = [(0, "0.0"), (333_333, "0.333333"), (2_000_000, "2.0"), (2_050_000, "2.05"), (1, "0.000001")];
        for (micros, text) in written {
            assert_eq!(Seconds(micros).to_string(), text);
        }
    }

    #[test]
    fn dates_have_milliseconds() {
        assert_eq!(date(1_732_287_600_123_999).unwrap().to_string(), "2024-11-22T15:00:00.123Z");
        assert!(date(i64::MAX).is_none() && date(-1).is_none());
    }

    proptest! {
        #[test]
        fn seconds_keep_every_microsecond(micros in 0..1_u64 << 50) {
            let text = Seconds(micros).to_string();
            let (whole, fraction) = text.split_once('.').unwrap();
            let read = whole.parse::<u64>().unwrap() * 1_000_000 + format!("{fraction:0<6}").parse::<u64>().unwrap();
            prop_assert_eq!(read, micros);
        }
    }
}
