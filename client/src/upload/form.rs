//! Encoding of a data signal: `multipart/form-data` with its media unencoded, or JSON with base64 for a server that
//! does not know the former.
//!
//! Media is never copied into a multipart body. The server's answer to the first signal shows whether it takes
//! multipart.
//!
//! RFC 7578.

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form as Parts, Part};
use reqwest::{Body, RequestBuilder};
use roomcast_protocol::ack::name::UNKNOWN;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::{DataAck, DataSignal, Media, Payload};
use serde_json::Value;

use super::attempt::Outcome;

const UNSUPPORTED_MEDIA_TYPE: u16 = 415;

/// The encoding in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Multipart, and the server has taken none yet.
    Untried,
    Multipart,
    Json,
}

impl Form {
    /// Gives a request its body.
    pub fn fill(self, request: RequestBuilder, signal: &DataSignal) -> RequestBuilder {
        if self == Self::Json {
            return request.header(CONTENT_TYPE, "application/json").body(signal.to_json());
        }
        let (json, media) = split(signal);
        let mut parts = Parts::new().text("signal", json);
        if let Some((name, bytes)) = media {
            let length = bytes.len() as u64;
            parts = parts.part(name, Part::stream_with_length(Body::from(bytes), length));
        }
        request.multipart(parts)
    }

    /// Learns from an answer. Whether the signal has to go again, in the other form.
    pub fn learn(&mut self, outcome: &Outcome) -> bool {
        let (Self::Untried, Outcome::Answered { status, ack, .. }) = (*self, outcome) else { return false };
        // The server could not even tell which signal it was.
        let unread = |ack: &DataAck| ack.code == AckCode::InvalidSignal.number() && ack.name == UNKNOWN;
        *self = match (status, ack) {
            (200..=299, _) => Self::Multipart,
            (&UNSUPPORTED_MEDIA_TYPE, _) => Self::Json,
            (_, Some(ack)) if unread(ack) => Self::Json,
            _ => Self::Untried,
        };
        *self == Self::Json
    }
}

/// Returns the JSON without media, and the media with the name of its part.
fn split(signal: &DataSignal) -> (String, Option<(&'static str, Bytes)>) {
    let mut bare = signal.clone();
    let (pointer, name, media) = match &mut bare.payload {
        Payload::Variant(update) => ("/segment/map", "map", &mut update.segment.map.data),
        Payload::Rendition(update) => ("/segment/map", "map", &mut update.segment.map.data),
        Payload::Segment(update) => ("/segment", "data", &mut update.segment.data),
        Payload::Part(update) => ("/part", "data", &mut update.part.data),
        Payload::End(_) => return (signal.to_json(), None),
    };
    let Media(bytes) = std::mem::take(media);
    let mut json: Value = serde_json::from_str(&bare.to_json()).expect("data signals are JSON");
    json["numbytes"] = bytes.len().into();
    let holder = json["payload"].pointer_mut(pointer).and_then(Value::as_object_mut);
    holder.expect("what holds the media is written").shift_remove("data");
    (json.to_string(), (!bytes.is_empty()).then_some((name, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roomcast_protocol::data::{DataAckBody, EndStream, PlaylistRef, decode, decode_multipart};
    use roomcast_protocol::id::ObjectId;
    use serde_json::json;
    use uuid::Uuid;

    fn signal(payload: Payload) -> DataSignal {
        DataSignal { id: Uuid::from_u128(7), timestamp: 1_732_287_600_123, payload }
    }

    /// One of each that has media.
    fn payloads(media: &Bytes) -> [Payload; 4] {
        let targets = json!({"id": "v0", "codecs": "mp4a.40.2", "bandwidth": 64_000, "targetDuration": 1,
            "targetPartDuration": 0.35, "type": "AUDIO", "groupId": "audio", "name": "v0"});
        let map = json!({"map": {"id": "init.mp4"}});
        let segment = json!({"id": "s7.m4s", "sequence": 7, "duration": 1, "programDateTime": 1_732_287_600_000_u64});
        let part = json!({"id": "p21.m4s", "sequence": 0, "duration": 0.333334, "independent": true});
        let variant = json!({"playlist": {"id": "main"}, "variant": targets, "segment": map});
        let rendition = json!({"playlist": {"id": "main"}, "rendition": targets, "segment": map});
        let whole = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"}, "segment": segment});
        let piece = json!({"playlist": {"id": "main"}, "variant": {"id": "v0"}, "segment": segment, "part": part});
        let mut payloads = [
            Payload::Variant(serde_json::from_value(variant).unwrap()),
            Payload::Rendition(serde_json::from_value(rendition).unwrap()),
            Payload::Segment(serde_json::from_value(whole).unwrap()),
            Payload::Part(serde_json::from_value(piece).unwrap()),
        ];
        for payload in &mut payloads {
            match payload {
                Payload::Variant(update) => update.segment.map.data = Media(media.clone()),
                Payload::Rendition(update) => update.segment.map.data = Media(media.clone()),
                Payload::Segment(update) => update.segment.data = Media(media.clone()),
                Payload::Part(update) => update.part.data = Media(media.clone()),
                Payload::End(_) => {}
            }
        }
        payloads
    }

    proptest! {
        #[test]
        fn what_is_taken_apart_reads_as_the_same_signal(media in prop::collection::vec(any::<u8>(), 1..200)) {
            let media = Bytes::from(media);
            for signal in payloads(&media).map(signal) {
                let (json, Some((name, bytes))) = split(&signal) else { panic!("there is media") };
                prop_assert!(!json.contains("\"data\""), "{json}");
                prop_assert_eq!(bytes.as_ptr(), media.as_ptr());
                let (data, map) = if name == "map" { (None, Some(bytes)) } else { (Some(bytes), None) };
                prop_assert_eq!(decode_multipart(json.as_bytes(), data, map).unwrap(), signal.clone());
                prop_assert_eq!(decode(signal.to_json().as_bytes()).unwrap(), signal);
            }
        }
    }

    #[test]
    fn without_media_there_is_no_part_for_it() {
        let [.., Payload::Part(mut gap)] = payloads(&Bytes::new()) else { panic!("the last is a part") };
        gap.part.gap = true;
        let playlist = PlaylistRef { id: ObjectId::parse("main").unwrap(), version: None };
        for signal in [Payload::Part(gap), Payload::End(EndStream { playlist })].map(signal) {
            let (json, media) = split(&signal);
            assert_eq!(media, None);
            assert_eq!(decode_multipart(json.as_bytes(), None, None).unwrap(), signal);
        }
    }

    #[test]
    fn only_the_first_answer_decides() {
        let ack = |name: &str| DataAck { code: 2001, name: name.into(), body: DataAckBody::default() };
        let answered = |status, ack| Outcome::Answered { status, ack, retry_after: None };
        for (outcome, form) in [
            (answered(415, None), Form::Json),
            (answered(400, Some(ack("UNKNOWN"))), Form::Json),
            (answered(400, Some(ack("UPDATE_PART"))), Form::Untried),
            (answered(503, None), Form::Untried),
            (Outcome::Lost { reason: String::new() }, Form::Untried),
            (answered(200, None), Form::Multipart),
        ] {
            let mut learnt = Form::Untried;
            assert_eq!((learnt.learn(&outcome), learnt), (form == Form::Json, form), "{outcome:?}");
            for mut decided in [Form::Multipart, Form::Json] {
                let before = decided;
                assert_eq!((decided.learn(&outcome), decided), (false, before));
            }
        }
    }
}
