//! The envelope of a data signal and its decoding from JSON.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::media::{Media, lenient};
use super::payload::{EndStream, UpdatePart, UpdateSegment, UpdateVariant};
use super::rendition::UpdateRendition;
use crate::json::{self, Raw};

/// The version of data signals.
pub const VERSION: u64 = 1;

/// One resource of a stream, made or changed.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSignal {
    /// The sender's id of the signal, given back in the answer.
    pub id: Uuid,
    /// Time at which it was sent, in milliseconds since 1970.
    pub timestamp: u64,
    /// The object that is created or changed.
    pub payload: Payload,
}

/// The object that a data signal creates or changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// A variant and its init section.
    Variant(UpdateVariant),
    /// A rendition and its init section.
    Rendition(UpdateRendition),
    /// A whole segment.
    Segment(UpdateSegment),
    /// A part of a segment.
    Part(UpdatePart),
    /// The end of a stream.
    End(EndStream),
}

impl Payload {
    /// The `action` of the signal.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Variant(_) => "updateVariant",
            Self::Rendition(_) => "updateRendition",
            Self::Segment(_) => "updateSegment",
            Self::Part(_) => "updatePart",
            Self::End(_) => "endStream",
        }
    }

    /// The name in the answer.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Variant(_) => "UPDATE_VARIANT",
            Self::Rendition(_) => "UPDATE_RENDITION",
            Self::Segment(_) => "UPDATE_SEGMENT",
            Self::Part(_) => "UPDATE_PART",
            Self::End(_) => "END_STREAM",
        }
    }

    /// Decoded media bytes.
    #[must_use]
    pub fn media_bytes(&self) -> usize {
        match self {
            Self::Variant(update) => update.segment.map.data.0.len(),
            Self::Rendition(update) => update.segment.map.data.0.len(),
            Self::Segment(update) => update.segment.data.0.len(),
            Self::Part(update) => update.part.data.0.len(),
            Self::End(_) => 0,
        }
    }
}

impl DataSignal {
    /// Writes the signal in its JSON form.
    ///
    /// # Panics
    /// Never: every member serialises.
    #[must_use]
    pub fn to_json(&self) -> String {
        let written = match &self.payload {
            Payload::Variant(update) => self.write(update),
            Payload::Rendition(update) => self.write(update),
            Payload::Segment(update) => self.write(update),
            Payload::Part(update) => self.write(update),
            Payload::End(end) => self.write(end),
        };
        written.expect("data signals serialise")
    }

    fn write<P: Serialize>(&self, payload: &P) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Envelope<'a, P> {
            action: &'static str,
            version: u64,
            id: Uuid,
            timestamp: String,
            numbytes: usize,
            payload: &'a P,
        }
        serde_json::to_string(&Envelope {
            action: self.payload.action(),
            version: VERSION,
            id: self.id,
            timestamp: self.timestamp.to_string(),
            numbytes: self.payload.media_bytes(),
            payload,
        })
    }
}

/// Reason why a text is no data signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The name of the signal, where it could be told.
    pub name: Option<&'static str>,
    /// The signal's id, where it could be told.
    pub id: Option<Uuid>,
    /// Description of the error, in one sentence.
    pub reason: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    #[serde(deserialize_with = "lenient")]
    version: u64,
    #[serde(deserialize_with = "hyphenated")]
    id: Uuid,
    #[serde(deserialize_with = "lenient")]
    timestamp: u64,
    numbytes: usize,
    #[serde(borrow)]
    payload: Raw<'a>,
}

fn hyphenated<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(deserializer)?;
    let id = Uuid::try_parse(&text).ok().filter(|_| text.len() == 36);
    id.ok_or_else(|| serde::de::Error::custom("`id` must be a UUID with hyphens"))
}

/// The media of the multipart form.
#[derive(Debug, Default)]
struct Parts {
    data: Option<Bytes>,
    map: Option<Bytes>,
}

/// Reads the JSON form.
///
/// # Errors
/// A [`Refusal`] with a sentence when it is no data signal, or when `numbytes` does not tell the truth.
pub fn decode(json: &[u8]) -> Result<DataSignal, Refusal> {
    read(json, None)
}

/// Reads the multipart form: the JSON without `data` members, and the bytes of the parts `data` and `map`.
///
/// # Errors
/// As [`decode`], and when a part is missing, or there is one that the signal has no place for.
pub fn decode_multipart(json: &[u8], data: Option<Bytes>, map: Option<Bytes>) -> Result<DataSignal, Refusal> {
    read(json, Some(Parts { data, map }))
}

fn read(json: &[u8], parts: Option<Parts>) -> Result<DataSignal, Refusal> {
    let blank = |reason: String| Refusal { name: None, id: None, reason };
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(blank("the signal must be a JSON object".into()));
    }
    let json = std::str::from_utf8(json).map_err(|_| blank("the signal must be UTF-8".into()))?;
    let envelope: Envelope<'_> = json::from_str(json).map_err(|error| blank(error.to_string()))?;
    let (id, timestamp) = (envelope.id, envelope.timestamp);
    if envelope.version != VERSION {
        return Err(Refusal { id: Some(id), ..blank(format!("`version` must be {VERSION}")) });
    }
    let name = name_of(&envelope.action);
    let refuse = |reason: String| Refusal { name, id: Some(id), reason };
    let mut payload = payload(&envelope.action, envelope.payload.0).map_err(refuse)?;
    if let Some(parts) = parts {
        payload.fill(parts).map_err(|reason| refuse(reason.to_owned()))?;
    }
    payload.check_media().map_err(|reason| refuse(reason.to_owned()))?;
    let counted = payload.media_bytes();
    if counted != envelope.numbytes {
        return Err(refuse(format!("`numbytes` says {}, counted {counted}", envelope.numbytes)));
    }
    Ok(DataSignal { id, timestamp, payload })
}

impl Payload {
    fn media(&mut self) -> (Option<&mut Media>, Option<&mut Media>) {
        match self {
            Self::Variant(update) => (None, Some(&mut update.segment.map.data)),
            Self::Rendition(update) => (None, Some(&mut update.segment.map.data)),
            Self::Segment(update) => (Some(&mut update.segment.data), None),
            Self::Part(update) => (Some(&mut update.part.data), None),
            Self::End(_) => (None, None),
        }
    }

    fn fill(&mut self, parts: Parts) -> Result<(), &'static str> {
        let (data, map) = self.media();
        put(data, parts.data, "there is no place for the part `data`")?;
        put(map, parts.map, "there is no place for the part `map`")
    }

    fn check_media(&self) -> Result<(), &'static str> {
        match self {
            Self::End(_) => Ok(()),
            Self::Part(update) if update.part.gap => Ok(()),
            Self::Part(_) if self.media_bytes() == 0 => Err("a part without bytes must be a `gap`"),
            _ if self.media_bytes() == 0 => Err("`data` is missing or empty"),
            _ => Ok(()),
        }
    }
}

fn put(place: Option<&mut Media>, part: Option<Bytes>, no_place: &'static str) -> Result<(), &'static str> {
    match (place, part) {
        (_, None) => Ok(()),
        (Some(place), Some(_)) if !place.0.is_empty() => Err("media comes as a part or as base64, not both"),
        (Some(place), Some(bytes)) => {
            place.0 = bytes;
            Ok(())
        }
        (None, Some(_)) => Err(no_place),
    }
}

fn payload(action: &str, text: &str) -> Result<Payload, String> {
    match action {
        "updateVariant" => object(text).map(Payload::Variant),
        "updateRendition" => object(text).map(Payload::Rendition),
        "updateSegment" => {
            let update: UpdateSegment = object(text)?;
            one_track(update.variant.is_some(), update.rendition.is_some())?;
            Ok(Payload::Segment(update))
        }
        "updatePart" => {
            let update: UpdatePart = object(text)?;
            one_track(update.variant.is_some(), update.rendition.is_some())?;
            Ok(Payload::Part(update))
        }
        "endStream" => object(text).map(Payload::End),
        other => Err(format!("there is no action {:?}", other.chars().take(64).collect::<String>())),
    }
}

fn object<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    json::from_str(text).map_err(|error| match error.to_string() {
        reason if text.starts_with('{') => reason,
        _ => "`payload` must be an object".to_owned(),
    })
}

fn one_track(variant: bool, rendition: bool) -> Result<(), String> {
    if variant == rendition {
        return Err("exactly one of `variant` and `rendition` must be given".into());
    }
    Ok(())
}

fn name_of(action: &str) -> Option<&'static str> {
    Some(match action {
        "updateVariant" => "UPDATE_VARIANT",
        "updateRendition" => "UPDATE_RENDITION",
        "updateSegment" => "UPDATE_SEGMENT",
        "updatePart" => "UPDATE_PART",
        "endStream" => "END_STREAM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(data: &str, numbytes: usize, more: &str) -> String {
        format!(
            r#"{{"action":"updatePart","version":"1","id":"67e55044-10b1-426f-9247-bb680e5fe0c8","timestamp":"1732287600123",
            "numbytes":{numbytes},"payload":{{"playlist":{{"id":"main"}},"variant":{{"id":"v0"}}{more},
            "segment":{{"id":"s7.m4s","sequence":7,"programDateTime":1732287600000}},
            "part":{{"id":"p21.m4s","sequence":0,"duration":0.33333,"independent":true,"data":"{data}"}}}}}}"#
        )
    }

    #[test]
    fn a_part_is_read() {
        let signal = decode(part("AAEC", 3, "").as_bytes()).unwrap();
        let Payload::Part(update) = &signal.payload else { panic!("no part") };
        assert_eq!(&update.part.data.0[..], [0, 1, 2]);
        assert_eq!(update.part.duration.micros(), 333_330);
        assert_eq!(decode(signal.to_json().as_bytes()).unwrap(), signal);
    }

    #[test]
    fn bytes_other_than_counted_are_refused() {
        let refusal = decode(part("AAEC", 4, "").as_bytes()).unwrap_err();
        assert_eq!(refusal.name, Some("UPDATE_PART"));
        assert!(refusal.reason.contains("counted 3"));
        assert!(decode(part("", 0, "").as_bytes()).unwrap_err().reason.contains("gap"));
        assert!(decode(part("A%EC", 3, "").as_bytes()).unwrap_err().reason.contains("base64"));
    }

    #[test]
    fn a_part_belongs_to_one_track() {
        assert!(decode(part("AAEC", 3, r#","rendition":{"id":"a0"}"#).as_bytes()).is_err());
    }

    #[test]
    fn what_would_break_out_of_a_playlist_line_is_refused() {
        for bad in ["../x", "a b", "a\\nb", "a,b", "a\\\"b"] {
            let text = part("AAEC", 3, "").replace("p21.m4s", bad);
            assert!(decode(text.as_bytes()).unwrap_err().reason.contains("object id"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
