//! Times and sizes as an operator or an encoder writes them.

use std::time::Duration;

use bytesize::ByteSize;

/// The longest time that may be said; more than that, and clocks could run over.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// Returns a size as a number of bytes, limited to the range of `usize`.
pub fn to_usize(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
}

/// Reads a time above 0.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("must be greater than 0, such as 10s or 2h".into()),
        Ok(duration) if duration > LONGEST => Err("must be at most 100 years, such as 10s or 2h".into()),
        Ok(duration) => Ok(duration),
        Err(humantime::DurationError::NumberOverflow) => Err("must be at most 100 years, such as 10s or 2h".into()),
        Err(_) => Err("is not a duration, such as 10s or 2h".into()),
    }
}
