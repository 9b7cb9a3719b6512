//! How values of flags are read and printed.

use std::time::Duration;

use bytesize::ByteSize;

/// The longest time a setting may say; more than that, and clocks could run over.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// A size as a number of bytes this machine can count.
pub fn to_usize(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
}

/// A time above 0.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("must be more than 0".into()),
        Ok(duration) if duration > LONGEST => Err("must be at most 100 years".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error} (durations read like 10s or 2h)")),
    }
}

/// A time that may be 0.
pub fn duration_or_none(text: &str) -> Result<Duration, String> {
    if humantime::parse_duration(text).is_ok_and(|duration| duration.is_zero()) {
        return Ok(Duration::ZERO);
    }
    duration(text)
}

/// A size above 0.
pub fn size(text: &str) -> Result<ByteSize, String> {
    match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() == 0 => Err("must be more than 0".into()),
        Ok(size) => Ok(size),
        Err(error) => Err(format!("{error} (sizes read like 32KiB or 16MiB)")),
    }
}

/// An address without the slash at its end; empty for none.
pub fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    if url.is_empty() || url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url.to_owned());
    }
    Err("must start with http:// or https://".into())
}

/// The origin of a page (RFC 6454): scheme, host and port.
pub fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(text.to_owned()),
        _ => Err("must read like https://rooms.example.com".into()),
    }
}

/// Prints a time as it is read.
pub fn time<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// Prints a size as a number of bytes.
pub fn bytes<S: serde::Serializer>(size: &ByteSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(size.as_u64())
}
