//! The envelope of a data signal and its decoding from JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::media::lenient;
use super::payload::{EndStream, UpdatePart, UpdateSegment, UpdateVariant};

/// The version of data signals.
pub const VERSION: u64 = 1;

/// One resource of a stream, made or changed.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSignal {
    /// The sender's id of the signal, given back in the answer.
    pub id: Uuid,
    /// When it was sent, in milliseconds since 1970.
    pub timestamp: u64,
    /// What is made or changed.
    pub payload: Payload,
}

/// What a data signal makes or changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// A variant and its init section.
    Variant(UpdateVariant),
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

/// Why a text is no data signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The name of the signal, where it could be told.
    pub name: Option<&'static str>,
    /// The signal's id, where it could be told.
    pub id: Option<Uuid>,
    /// What is wrong, in a sentence.
    pub reason: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    #[serde(deserialize_with = "lenient")]
    version: u64,
    id: Uuid,
    #[serde(deserialize_with = "lenient")]
    timestamp: u64,
    numbytes: usize,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// Reads the JSON form.
///
/// # Errors
/// A [`Refusal`] with a sentence when it is no data signal, or when `numbytes` does not tell the truth.
pub fn decode(json: &[u8]) -> Result<DataSignal, Refusal> {
    let blank = |reason: String| Refusal { name: None, id: None, reason };
    let envelope: Envelope<'_> = serde_json::from_slice(json).map_err(|error| blank(error.to_string()))?;
    let (id, timestamp) = (envelope.id, envelope.timestamp);
    if envelope.version != VERSION {
        return Err(Refusal { id: Some(id), ..blank(format!("`version` must be {VERSION}")) });
    }
    let name = name_of(&envelope.action);
    let refuse = |reason: String| Refusal { name, id: Some(id), reason };
    let payload = payload(&envelope.action, envelope.payload.get()).map_err(refuse)?;
    let counted = payload.media_bytes();
    if counted != envelope.numbytes {
        return Err(refuse(format!("`numbytes` says {}, counted {counted}", envelope.numbytes)));
    }
    Ok(DataSignal { id, timestamp, payload })
}

fn payload(action: &str, text: &str) -> Result<Payload, String> {
    match action {
        "updateVariant" => serde_json::from_str(text).map(Payload::Variant).map_err(sentence),
        "updateSegment" => {
            let update: UpdateSegment = serde_json::from_str(text).map_err(sentence)?;
            one_track(update.variant.is_some(), update.rendition.is_some())?;
            Ok(Payload::Segment(update))
        }
        "updatePart" => {
            let update: UpdatePart = serde_json::from_str(text).map_err(sentence)?;
            one_track(update.variant.is_some(), update.rendition.is_some())?;
            if update.part.data.0.is_empty() && !update.part.gap {
                return Err("a part without bytes must be a `gap`".into());
            }
            Ok(Payload::Part(update))
        }
        "endStream" => serde_json::from_str(text).map(Payload::End).map_err(sentence),
        other => Err(format!("there is no action {:?}", other.chars().take(64).collect::<String>())),
    }
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

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn sentence(error: serde_json::Error) -> String {
    error.to_string()
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
