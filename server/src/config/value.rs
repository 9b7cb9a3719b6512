//! Parsing and printing of setting values. Each refusal gives a right value.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;

use crate::host::authority;
use crate::units::duration;

/// The largest size a setting may say.
const LARGEST: ByteSize = ByteSize::tib(1);
/// The largest buffer that the kernel can be asked for: it doubles the number and counts it with a sign.
const LARGEST_IN_KERNEL: ByteSize = ByteSize::mib(512);
/// The largest count a setting may say: more than any machine holds, and no queue's capacity overflows with it.
const MOST: u64 = 1_000_000_000;
/// The most worker threads that actix-server takes.
const MOST_WORKERS: u64 = 512;

/// Reads a time that may be 0.
pub fn duration_or_none(text: &str) -> Result<Duration, String> {
    if humantime::parse_duration(text).is_ok_and(|duration| duration.is_zero()) {
        return Ok(Duration::ZERO);
    }
    duration(text)
}

/// Reads a size above 0.
pub fn size(text: &str) -> Result<ByteSize, String> {
    size_to(text, LARGEST)
}

/// Reads the size of a buffer in the kernel.
pub fn kernel_size(text: &str) -> Result<ByteSize, String> {
    size_to(text, LARGEST_IN_KERNEL)
}

fn size_to(text: &str, most: ByteSize) -> Result<ByteSize, String> {
    let read = text.parse::<ByteSize>().map_err(|_| "is not a size, such as 32KiB or 16MiB")?;
    match read {
        ByteSize(0) => Err("must be greater than 0, such as 32KiB or 16MiB".into()),
        size if size > most => {
            Err(format!("must be at most {}, such as 32KiB or 16MiB", most.to_string().replace(".0 ", "")))
        }
        size => Ok(size),
    }
}

fn whole(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let (least, most) = (range.start(), range.end());
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

/// Reads a count. It is at least 1: where 0 has a meaning, another reader says so.
pub fn count(text: &str) -> Result<usize, String> {
    whole(text, 1..=MOST).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// Reads a count of 32 bits, at least 1.
pub fn count32(text: &str) -> Result<u32, String> {
    whole(text, 1..=MOST).map(|count| u32::try_from(count).unwrap_or(u32::MAX))
}

/// Reads a number of worker threads.
pub fn workers(text: &str) -> Result<usize, String> {
    let workers = whole(text, 0..=MOST_WORKERS).map_err(|reason| format!("{reason}, where 0 is one per core"))?;
    Ok(usize::try_from(workers).unwrap_or(usize::MAX))
}

/// Reads a share of a whole, in per cent.
pub fn percent(text: &str) -> Result<u8, String> {
    whole(text, 0..=100).map(|percent| u8::try_from(percent).unwrap_or(100))
}

/// Reads the path of a file, which need not exist yet.
pub fn file(text: &str) -> Result<PathBuf, String> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err("must be the path of a file, such as /etc/roomcast/cert.pem".into());
    }
    Ok(text.into())
}

/// Reads an address without the slash at its end; empty for none.
pub fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if url.contains(['?', '#']) {
        return Err("takes no query (?) and no fragment (#), such as https://rooms.example.com".into());
    }
    if host.is_some_and(|host| host.contains('@')) {
        return Err("takes no user (user@), such as https://rooms.example.com".into());
    }
    let path_is_plain = !url.contains(['"', '<', '>', '\\']) && !url.contains(char::is_whitespace);
    match rest {
        None if text.is_empty() => Ok(String::new()),
        Some(rest) if path_is_plain && authority(rest.split('/').next().unwrap_or_default()).is_ok() => {
            Ok(url.to_owned())
        }
        _ => {
            Err("must be empty or start with http:// or https:// and a host, such as https://rooms.example.com".into())
        }
    }
}

/// Reads the origin of a page (RFC 6454): scheme, host and port.
pub fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if authority(host).is_ok() => Ok(text.to_owned()),
        _ => Err("must be an origin, such as https://rooms.example.com".into()),
    }
}

/// Reads an origin or `*`.
pub fn cors_origin(text: &str) -> Result<String, String> {
    if text == "*" { Ok(text.to_owned()) } else { origin(text).map_err(|reason| format!("{reason}, or *")) }
}

/// Prints a time as it is read.
pub fn time<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// Prints a size as a number of bytes.
pub fn bytes<S: serde::Serializer>(size: &ByteSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_is_right() {
        let refused = |reason: Result<Duration, String>| reason.expect_err("refused");
        assert_eq!(refused(duration("")), "is not a duration, such as 10s or 2h");
        assert_eq!(refused(duration("0s")), "must be greater than 0, such as 10s or 2h");
        assert_eq!(refused(duration("99999999999999999999999h")), "must be at most 100 years, such as 10s or 2h");
        assert_eq!(size("10 apples"), Err("is not a size, such as 32KiB or 16MiB".to_owned()));
        assert_eq!(size("9999999999999999999EiB"), Err("must be at most 1TiB, such as 32KiB or 16MiB".to_owned()));
        assert!(kernel_size("513MiB").is_err());
        assert_eq!(count("0"), Err("must be a whole number from 1 to 1000000000".to_owned()));
        assert!(workers("0").is_ok() && workers("512").is_ok() && workers("513").is_err());
    }

    #[test]
    fn addresses_need_a_host() {
        for good in ["", "https://rooms.example.com/", "http://127.0.0.1:8080/team", "https://[::1]:1"] {
            assert!(public_url(good).is_ok(), "{good}");
        }
        for bad in ["/", "http://", "https://:80", "https://a b", "ftp://x", "https://x/?y", "https://x:0", "rooms"] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
        assert!(origin("https://a.b:8443").is_ok() && cors_origin("*").is_ok());
        for bad in ["", "*", "https://", "https://a/", "https://a b", "a.b", "https://a:65536"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
