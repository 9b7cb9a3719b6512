//! From the text of a message to a [`Signal`], or a refusal that says why.
//!
//! The envelope is read with `data` left as raw text; then the common members, then the signal's own. For
//! relayed signals that is all: `sdp` is checked for its form without being copied.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Body, Head, Join, OfferOptions, Signal, SignalKind};
use crate::code::AckCode;

/// Why a message is no signal, with what an error ack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the error ack.
    pub code: AckCode,
    /// The signal's name, where it could be told.
    pub kind: Option<SignalKind>,
    /// What is wrong, in a sentence.
    pub reason: String,
    /// Whether the message is a JSON object, which the error ack then quotes.
    pub quotable: bool,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Members that tell what the signal calls itself; read before anything else is required.
#[derive(Deserialize)]
struct Name<'a> {
    #[serde(borrow)]
    s: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Relayed<'a> {
    #[serde(borrow)]
    sdp: &'a RawValue,
}

#[derive(Deserialize)]
struct WithOptions {
    #[serde(default, rename = "op", deserialize_with = "crate::strict::object")]
    _options: OfferOptions,
}

#[derive(Deserialize)]
struct Number {
    sq: Option<IgnoredAny>,
}

/// Reads a message.
///
/// # Errors
/// A [`Refusal`] with code 2001 and a sentence when the message is no signal of this protocol.
pub fn decode(message: &str) -> Result<Signal, Refusal> {
    if !message.trim_start().starts_with('{') {
        return Err(Refusal { quotable: false, ..refusal(None, "the message must be a JSON object".into()) });
    }
    let envelope: Envelope<'_> = serde_json::from_str(message).map_err(|error| no_envelope(message, &error))?;
    let text = envelope.data.get();
    let kind = SignalKind::from_action(&envelope.action).ok_or_else(|| unknown_action(&envelope.action, text))?;
    read(kind, text, message).map_err(|reason| refusal(Some(kind), reason))
}

fn read(kind: SignalKind, text: &str, message: &str) -> Result<Signal, String> {
    let name: Name<'_> = member(text)?;
    if name.s != kind.name() {
        return Err(format!("`s` must be {} where `action` is {}", kind.name(), kind.action()));
    }
    let head: Head = member(text)?;
    if head.recipient.is_none() && kind.needs_recipient(head.room_type) {
        return Err("`to` is missing".into());
    }
    let body = body(kind, text)?;
    if kind.is_forwarded() {
        check_number_is_free(text)?;
    }
    let start = text.as_ptr() as usize - message.as_ptr() as usize;
    Ok(Signal { head, body, message: Arc::from(message), data: start..start + text.len() })
}

fn body(kind: SignalKind, text: &str) -> Result<Body, String> {
    Ok(match kind {
        SignalKind::Join => Body::Join(member::<Join>(text)?),
        SignalKind::Leave => Body::Leave,
        SignalKind::Heartbeat => Body::Heartbeat(member(text)?),
        SignalKind::Update => Body::Update(member(text)?),
        SignalKind::Kick => Body::Kick,
        SignalKind::PublishRequest => Body::PublishRequest(member(text)?),
        SignalKind::PublishAccept => Body::PublishAccept,
        SignalKind::PublishReject => Body::PublishReject,
        SignalKind::Watch => Body::Watch,
        SignalKind::Offer | SignalKind::Answer => relayed(kind, text, is_string)?,
        SignalKind::Ice => relayed(kind, text, |sdp| is_string(sdp) || sdp.starts_with('{'))?,
    })
}

fn relayed(kind: SignalKind, text: &str, legal: fn(&str) -> bool) -> Result<Body, String> {
    let members: Relayed<'_> = member(text)?;
    if !legal(members.sdp.get()) {
        return Err("`sdp` has the wrong type".into());
    }
    if kind == SignalKind::Offer {
        member::<WithOptions>(text)?;
    }
    Ok(Body::Relayed(kind))
}

/// The recipient's number goes in front; one of the sender's own would stand behind it and win.
fn check_number_is_free(text: &str) -> Result<(), String> {
    match member::<Number>(text)?.sq {
        Some(_) => Err("`sq` is the server's: leave it out of a signal to be forwarded".into()),
        None => Ok(()),
    }
}

fn is_string(json: &str) -> bool {
    json.starts_with('"')
}

fn member<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.starts_with('{') {
        return Err("`data` must be an object".into());
    }
    serde_json::from_str(text).map_err(|_| reason::<T>(text))
}

/// Which member is wrong, and what was expected. Reads a second time: only what is refused pays for it.
fn reason<'a, T: Deserialize<'a>>(text: &'a str) -> String {
    let mut reader = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => "`data` is malformed".to_owned(),
        Err(error) => {
            let path = error.path().to_string();
            let sentence = sentence(error.inner());
            if path == "." { sentence } else { format!("`{path}`: {sentence}") }
        }
    }
}

/// Serde's message without the position, which refers to a part of what the client sent.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

fn no_envelope(message: &str, error: &serde_json::Error) -> Refusal {
    let quotable = serde_json::from_str::<IgnoredAny>(message).is_ok();
    let reason = if quotable { sentence(error) } else { format!("the message is no JSON: {error}") };
    Refusal { quotable, ..refusal(None, reason) }
}

fn unknown_action(action: &str, text: &str) -> Refusal {
    let kind = serde_json::from_str::<Name<'_>>(text).ok().and_then(|name| SignalKind::from_name(&name.s));
    let shown: String = action.chars().take(64).collect();
    refusal(kind, format!("there is no action {shown:?}"))
}

const fn refusal(kind: Option<SignalKind>, reason: String) -> Refusal {
    Refusal { code: AckCode::InvalidSignal, kind, reason, quotable: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::RoomType;
    use proptest::prelude::*;

    const SESSION: &str = r#"{"userId":"u","sessionId":"s","category":"stream","host":"Web","deviceId":"d"}"#;

    fn offer(more: &str) -> String {
        format!(
            r#"{{"action":"offer","data": {{"s":"OFFER","ch":"p2p","rid":"demo","ss":{SESSION}, "sdp":"v=0\r\n"{more}}} }}"#
        )
    }

    #[test]
    fn the_payload_of_a_relayed_signal_is_kept_as_sent() {
        let signal = decode(&offer(r#","x":[1,  2]"#)).unwrap();
        assert_eq!(signal.head.room_type, RoomType::P2p);
        assert!(signal.raw().starts_with(r#"{"s":"OFFER""#));
        assert!(signal.raw().ends_with(r#""sdp":"v=0\r\n","x":[1,  2]}"#));
    }

    #[test]
    fn a_refusal_names_the_member() {
        let missing = decode(r#"{"action":"leave","data":{"s":"LEAVE","ch":"p2p"}}"#).unwrap_err();
        assert_eq!((missing.code, missing.kind), (AckCode::InvalidSignal, Some(SignalKind::Leave)));
        assert!(missing.reason.contains("rid"), "{}", missing.reason);
        let name = decode(r#"{"action":"leave","data":{"s":"JOIN"}}"#).unwrap_err();
        assert!(name.reason.contains("`s` must be LEAVE"), "{}", name.reason);
    }

    #[test]
    fn an_unknown_action_is_refused_under_the_signals_name_if_it_has_one() {
        let refused = decode(r#"{"action":"dance","data":{"s":"OFFER"}}"#).unwrap_err();
        assert_eq!(refused.kind, Some(SignalKind::Offer));
        assert_eq!(decode(r#"{"action":"dance","data":{}}"#).unwrap_err().kind, None);
    }

    #[test]
    fn what_is_no_object_is_not_quoted() {
        assert!(!decode("[1]").unwrap_err().quotable);
        assert!(!decode("{\"action\":").unwrap_err().quotable);
        assert!(decode("{}").unwrap_err().quotable);
        assert!(!decode("").unwrap_err().quotable);
    }

    #[test]
    fn a_sender_cannot_choose_the_recipients_sequence_number() {
        assert!(decode(&offer(r#","sq":7"#)).unwrap_err().reason.contains("`sq`"));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,200}") {
            let _ = decode(&text);
        }

        #[test]
        fn arbitrary_members_never_panic(action in "(join|offer|leave|iceCandidate)", data in r#"[{}\[\],:"a-z0-9]{0,80}"#) {
            let _ = decode(&format!(r#"{{"action":"{action}","data":{data}}}"#));
        }
    }
}
