//! The time for which a certificate is valid (RFC 5280, section 4.1.2.5).
//!
//! Reads the two dates only: everything else in a certificate is judged by rustls.

use std::time::{Duration, SystemTime};

/// A certificate that ends within this time should have been renewed: those that renew themselves have by then.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

// Tags of DER (ITU-T X.690).
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The state of a certificate at a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dates {
    /// Good for long.
    Good,
    /// Still good, with a sentence.
    EndsSoon(String),
    /// Refused by every client, with a sentence.
    Invalid(String),
}

/// Judges the dates of a certificate in DER. Dates that cannot be read are left to the clients.
pub fn judge(certificate: &[u8], now: SystemTime) -> Dates {
    let Some((begin, end)) = dates(certificate) else { return Dates::Good };
    let shown = humantime::format_rfc3339_seconds;
    if now < begin {
        let begin = shown(begin);
        return Dates::Invalid(format!(
            "the certificate is not valid before {begin}; is the clock of this machine right?"
        ));
    }
    match end.duration_since(now) {
        Err(_) => Dates::Invalid(format!("the certificate has expired at {}; renew it", shown(end))),
        Ok(left) if left < SOON => {
            let days = left.as_secs() / (24 * 3600);
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            Dates::EndsSoon(format!("the certificate expires at {}, in {days}; renew it", shown(end)))
        }
        Ok(_) => Dates::Good,
    }
}

/// Returns the first and the last second of a certificate's validity.
fn dates(certificate: &[u8]) -> Option<(SystemTime, SystemTime)> {
    let (certificate, _) = tagged(SEQUENCE, certificate)?;
    let (signed, _) = tagged(SEQUENCE, certificate)?;
    let rest = tagged(VERSION, signed).map_or(signed, |(_, rest)| rest);
    let (_, rest) = tagged(INTEGER, rest)?;
    let (_algorithm, rest) = tagged(SEQUENCE, rest)?;
    let (_issuer, rest) = tagged(SEQUENCE, rest)?;
    let (validity, _) = tagged(SEQUENCE, rest)?;
    let (begin, rest) = time(validity)?;
    let (end, _) = time(rest)?;
    Some((begin, end))
}

/// An element with this tag, and what follows it.
fn tagged(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (bytes, rest) =
                rest.split_at_checked(long - 0x80).filter(|(bytes, _)| (1..=4).contains(&bytes.len()))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length).filter(|_| found == tag)
}

/// A time, and what follows it.
fn time(input: &[u8]) -> Option<(SystemTime, &[u8])> {
    let (text, rest, century) = match tagged(UTC_TIME, input) {
        // Two digits of the year: from 1950 to 2049.
        Some((text, rest)) => (text, rest, if text.first()? < &b'5' { "20" } else { "19" }),
        None => tagged(GENERALIZED_TIME, input).map(|(text, rest)| (text, rest, ""))?,
    };
    let text = format!("{century}{}", std::str::from_utf8(text).ok()?);
    let digits = text.strip_suffix('Z').filter(|text| text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()))?;
    let (date, time) = digits.split_at(8);
    let written =
        format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]);
    Some((humantime::parse_rfc3339(&written).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn certificate(begin: (i32, u8, u8), end: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(begin.0, begin.1, begin.2);
        params.not_after = rcgen::date_time_ymd(end.0, end.1, end.2);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn at(text: &str) -> SystemTime {
        humantime::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn both_dates_are_judged() {
        let made = certificate((2030, 1, 2), (2030, 4, 1));
        let early = judge(&made, at("2030-01-01T23:59:59Z"));
        assert!(
            matches!(&early, Dates::Invalid(said) if said.contains("not valid before 2030-01-02T00:00:00Z")),
            "{early:?}"
        );
        assert_eq!(judge(&made, at("2030-01-02T00:00:00Z")), Dates::Good);
        assert_eq!(judge(&made, at("2030-03-18T00:00:00Z")), Dates::Good);
        let soon = judge(&made, at("2030-03-30T12:00:00Z"));
        assert!(matches!(&soon, Dates::EndsSoon(said) if said.contains("2030-04-01T00:00:00Z, in 1 day;")), "{soon:?}");
        let late = judge(&made, at("2030-04-01T00:00:01Z"));
        assert!(
            matches!(&late, Dates::Invalid(said) if said.contains("has expired at 2030-04-01T00:00:00Z")),
            "{late:?}"
        );
    }

    #[test]
    fn dates_of_other_centuries_are_read() {
        assert_eq!(
            dates(&certificate((1975, 1, 1), (2055, 12, 31))),
            Some((at("1975-01-01T00:00:00Z"), at("2055-12-31T00:00:00Z")))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(cut in 0_usize..400, flip in 0_usize..400, byte: u8) {
            let mut made = certificate((2030, 1, 2), (2030, 4, 1));
            made.truncate(cut);
            if let Some(place) = made.get_mut(flip) {
                *place = byte;
            }
            let _ = judge(&made, SystemTime::UNIX_EPOCH);
        }
    }
}
