//! The scalars of data signals: media bytes, durations, dates, and integers that may come as text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Media bytes, base64 (RFC 4648, section 4) on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media(pub Bytes);

impl Serialize for Media {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl JsonSchema for Media {
    fn schema_name() -> Cow<'static, str> {
        "Media".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Media bytes in base64 (RFC 4648, section 4), padded.",
            "contentEncoding": "base64",
            "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        })
    }
}

impl<'de> Deserialize<'de> for Media {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Media;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("base64 text")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Media, E> {
                let bytes =
                    STANDARD.decode(text).map_err(|error| E::custom(format!("`data` is no base64: {error}")))?;
                Ok(Media(bytes.into()))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// A duration on the wire: seconds, at least a microsecond and at most 3600, kept in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u64);

impl Seconds {
    /// From microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within an hour")]
    fn read(seconds: f64) -> Result<Self, &'static str> {
        let micros = (seconds * 1e6).round();
        if !(micros >= 1.0 && seconds <= 3600.0) {
            return Err("a duration must be at least a microsecond and at most 3600 seconds");
        }
        Ok(Self(micros as u64))
    }
}

impl From<std::time::Duration> for Seconds {
    fn from(duration: std::time::Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

impl Serialize for Seconds {
    #[expect(clippy::cast_precision_loss, reason = "an hour of microseconds fits 53 bits")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1e6)
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "description": "A duration in seconds, kept in microseconds.", "minimum": 1e-6, "maximum": 3600 })
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Reads and writes a part target: 0 says that there are no parts.
pub(crate) mod part_target {
    use super::{Deserialize, Deserializer, Seconds, Serialize, Serializer};

    pub fn serialize<S: Serializer>(target: &Option<Seconds>, serializer: S) -> Result<S::Ok, S::Error> {
        target.unwrap_or(Seconds(0)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Seconds>, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if seconds == 0.0 {
            return Ok(None);
        }
        Seconds::read(seconds).map(Some).map_err(serde::de::Error::custom)
    }
}

/// Schema of a part target.
pub(crate) fn part_target_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "number",
        "description": "The longest a part gets, in seconds, at least a microsecond; 0: the stream has no parts.",
        "minimum": 0,
        "maximum": 3600,
    })
}

/// The last millisecond of the year 9999.
const LAST_DATE: i64 = 253_402_300_799_999;

/// A moment on the wall clock, in milliseconds since 1970; as text (RFC 3339, or the number) or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProgramDateTime(i64);

impl ProgramDateTime {
    /// From milliseconds since 1970.
    ///
    /// # Errors
    /// When the year would not have four digits.
    pub fn from_millis(millis: i64) -> Result<Self, &'static str> {
        if !(0..=LAST_DATE).contains(&millis) {
            return Err("`programDateTime` is out of range");
        }
        Ok(Self(millis))
    }

    /// In milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if is_number(text) {
            return Self::from_millis(text.parse().map_err(|_| "`programDateTime` is out of range")?);
        }
        if !has_form_of_rfc_3339(text) {
            return Err("`programDateTime` is neither a number nor RFC 3339");
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| "`programDateTime` is neither a number nor RFC 3339")?;
        Self::from_millis(moment.as_millisecond())
    }
}

impl std::fmt::Display for ProgramDateTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0).map_err(|_| std::fmt::Error)?;
        write!(f, "{moment:.3}")
    }
}

impl Serialize for ProgramDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ProgramDateTime {
    fn schema_name() -> Cow<'static, str> {
        "ProgramDateTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A moment in milliseconds since 1970, as a number or as text, or in the form of RFC 3339.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": LAST_DATE },
                { "type": "string", "pattern": "^(?:[0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}))$" },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for ProgramDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match TextOrNumber::deserialize(deserializer)? {
            TextOrNumber::Number(millis) => Self::from_millis(millis),
            TextOrNumber::Text(text) => Self::parse(&text),
        };
        read.map_err(serde::de::Error::custom)
    }
}

fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 3339 in capitals, with seconds; the calendar is checked elsewhere.
fn has_form_of_rfc_3339(text: &str) -> bool {
    let fits = |form: &str, text: &str| {
        let fit = |(form, byte): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { form == byte };
        form.len() == text.len() && form.bytes().zip(text.bytes()).all(fit)
    };
    let Some((date, rest)) = text.split_at_checked(19) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let digits = rest.len() - zone.len();
    let fraction = digits == 0 || (2..=10).contains(&digits);
    let zones = ["Z", "+00:00", "-00:00"];
    fits("0000-00-00T00:00:00", date) && fraction && zones.iter().any(|form| fits(form, zone))
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a string or a number")]
enum TextOrNumber {
    Number(i64),
    Text(String),
}

/// Reads an unsigned integer that comes as a number or as text.
pub(crate) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let read = match TextOrNumber::deserialize(deserializer)? {
        TextOrNumber::Number(number) => u64::try_from(number).ok(),
        TextOrNumber::Text(text) => is_number(&text).then(|| text.parse().ok()).flatten(),
    };
    read.ok_or_else(|| serde::de::Error::custom("expected an integer of 0 or more, as a number or as text"))
}

/// As [`lenient`], for a member that may be absent or null.
pub(crate) fn lenient_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Wrapped(#[serde(deserialize_with = "lenient")] u64);
    Ok(Option::<Wrapped>::deserialize(deserializer)?.map(|wrapped| wrapped.0))
}

/// Schema of what [`lenient`] reads.
pub(crate) fn lenient_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "title": "Version",
        "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^[0-9]{1,18}$" }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_date_reads_as_text_or_number_and_prints_with_milliseconds() {
        let date: ProgramDateTime = serde_json::from_str("1732287600123").unwrap();
        assert_eq!(date.to_string(), "2024-11-22T15:00:00.123Z");
        for same in ["\"1732287600123\"", "\"2024-11-22T15:00:00.123Z\"", "\"2024-11-22T16:00:00.123+01:00\""] {
            assert_eq!(serde_json::from_str::<ProgramDateTime>(same).unwrap(), date);
        }
        assert!(serde_json::from_str::<ProgramDateTime>("\"yesterday\"").is_err());
        assert!(serde_json::from_str::<ProgramDateTime>("-1").is_err());
    }

    fn from_str(json: &str) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
        serde_json::Deserializer::from_str(json)
    }

    #[test]
    fn a_part_target_of_0_says_that_there_are_no_parts() {
        assert_eq!(part_target::deserialize(&mut from_str("0")).unwrap(), None);
        assert_eq!(part_target::deserialize(&mut from_str("0.35")).unwrap(), Some(Seconds(350_000)));
    }

    #[test]
    fn the_published_bounds_of_durations_are_those_of_the_reader() {
        let schema = Seconds::json_schema(&mut SchemaGenerator::default()).to_value();
        let read = |seconds: f64| serde_json::from_str::<Seconds>(&seconds.to_string()).is_ok();
        let bound = |name: &str| schema[name].as_f64().unwrap();
        assert!(read(bound("minimum")) && read(bound("maximum")));
        assert!(!read(bound("minimum") / 10.0) && !read(bound("maximum") + 1.0));
    }

    #[test]
    fn durations_are_positive_and_bounded() {
        for bad in ["0", "-1", "3601", "\"1\"", "1e99", "0.0000001"] {
            assert!(serde_json::from_str::<Seconds>(bad).is_err(), "{bad}");
            assert_eq!(part_target::deserialize(&mut from_str(bad)).is_err(), bad != "0", "{bad}");
        }
        assert_eq!(serde_json::from_str::<Seconds>("0.333333").unwrap().micros(), 333_333);
    }

    proptest! {
        #[test]
        fn durations_survive_json(micros in 1_u64..3_600_000_000) {
            let json = serde_json::to_string(&Seconds(micros)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Seconds>(&json).unwrap(), Seconds(micros));
        }

        #[test]
        fn media_survives_json(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let media = Media(bytes.into());
            let json = serde_json::to_string(&media).unwrap();
            prop_assert_eq!(serde_json::from_str::<Media>(&json).unwrap(), media);
        }
    }
}
