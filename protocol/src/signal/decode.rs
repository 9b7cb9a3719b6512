//! From the text of a message to a [`Signal`], or a refusal that says why.
//!
//! The envelope is read with `data` left as raw text, then all members of `data` that the server needs, at once.
//! For signals that are passed on that is all: `sdp` is checked for its form without being copied. Only what is
//! not taken so is read again, in steps, for the sentence that says what is wrong with it.

mod excerpt;

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use self::excerpt::Excerpt;
use super::{Body, Head, Join, OfferOptions, Recipient, RoomType, Session, Signal, SignalKind};
use crate::code::AckCode;
use crate::id::RoomId;

/// Whitespace between the tokens of JSON (RFC 8259, section 2).
const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Longest part of a reason that quotes the client, in characters: an error ack must never pass the message limit.
const MAX_SENTENCE: usize = 400;

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
    action: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Whatever the server reads of a signal, except for the members that only one signal has.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(rename = "ch")]
    room_type: RoomType,
    #[serde(rename = "rid")]
    room_id: RoomId,
    #[serde(rename = "ss", deserialize_with = "crate::strict::object")]
    session: Session,
    #[serde(rename = "to", default)]
    recipient: Option<Recipient>,
    #[serde(borrow)]
    sdp: Option<&'a RawValue>,
    #[serde(borrow, rename = "op", default, deserialize_with = "present")]
    options: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    sq: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    c: Option<IgnoredAny>,
}

/// Members that tell what the signal calls itself; read before anything else is required.
#[derive(Deserialize)]
struct Name<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
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

/// Members by which a recipient knows what it got.
#[derive(Deserialize)]
struct Reserved {
    #[serde(default, deserialize_with = "present")]
    sq: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    c: Option<IgnoredAny>,
}

/// Reads a member that counts as given even when it is null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a message.
///
/// # Errors
/// A [`Refusal`] with code 2001 and a sentence when the message is no signal of this protocol.
pub fn decode(message: &str) -> Result<Signal, Refusal> {
    if !message.trim_start().starts_with('{') {
        return Err(Refusal { quotable: false, ..refusal(None, "the message must be a JSON object".into()) });
    }
    if let Some(signal) = at_once(message) {
        return Ok(signal);
    }
    let envelope: Envelope<'_> = serde_json::from_str(message).map_err(|error| no_envelope(message, &error))?;
    let text = envelope.data.get();
    let kind = SignalKind::from_action(&envelope.action).ok_or_else(|| unknown_action(&envelope.action, text))?;
    let (head, body) = in_steps(kind, text).map_err(|reason| refusal(Some(kind), reason))?;
    let start = offset(text, message);
    Ok(Signal { head, body, message: Arc::from(message), data: start..start + text.len() })
}

/// Reads the `data` object of a signal on its own, as it is forwarded.
///
/// # Errors
/// As [`decode`].
pub fn decode_data(kind: SignalKind, data: &str) -> Result<Signal, Refusal> {
    let whole = members(kind, data).filter(|(_, _, length)| *length == data.len());
    let read = whole.map_or_else(|| in_steps(kind, data), |(head, body, _)| Ok((head, body)));
    let (head, body) = read.map_err(|reason| refusal(Some(kind), reason))?;
    Ok(Signal { head, body, message: Arc::from(data), data: 0..data.len() })
}

/// Reads a legal message; of another it does not say what is wrong.
fn at_once(message: &str) -> Option<Signal> {
    let excerpt = Excerpt::of(message);
    let (kind, text, behind) = usual(&excerpt.text).or_else(|| unusual(&excerpt.text))?;
    let (head, body, length) = members(kind, text)?;
    if text[length..].trim_matches(WHITESPACE) != behind {
        return None;
    }
    let start = offset(text, &excerpt.text);
    let data = excerpt.position(start)..excerpt.position(start + length);
    Some(Signal { head, body, message: Arc::from(message), data })
}

/// The text from `data` on, and what must follow it, of an envelope as nearly every client writes it.
fn usual(message: &str) -> Option<(SignalKind, &str, &'static str)> {
    let (action, data) = message.strip_prefix(r#"{"action":""#)?.split_once(r#"","data":"#)?;
    Some((SignalKind::from_action(action)?, data, "}"))
}

/// The same of any envelope, for one pass more.
fn unusual(message: &str) -> Option<(SignalKind, &str, &'static str)> {
    let envelope: Envelope<'_> = serde_json::from_str(message).ok()?;
    Some((SignalKind::from_action(&envelope.action)?, envelope.data.get(), ""))
}

fn offset(part: &str, whole: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// Reads the object that `text` begins with; and how long it is.
fn members(kind: SignalKind, text: &str) -> Option<(Head, Body, usize)> {
    if !text.starts_with('{') {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(text).into_iter::<Members<'_>>();
    let members = reader.next()?.ok()?;
    let length = reader.byte_offset();
    let addressed = members.recipient.is_some() || !kind.needs_recipient(members.room_type);
    let numbered = kind.is_forwarded() && (members.sq.is_some() || members.c.is_some());
    if members.s != kind.name() || !addressed || numbered {
        return None;
    }
    let body = match kind {
        SignalKind::Offer | SignalKind::Answer | SignalKind::Ice => members.relayed(kind)?,
        _ => body(kind, &text[..length]).ok()?,
    };
    let Members { room_type, room_id, session, recipient, .. } = members;
    Some((Head { room_type, room_id, session, recipient }, body, length))
}

impl Members<'_> {
    fn relayed(&self, kind: SignalKind) -> Option<Body> {
        if kind == SignalKind::Offer
            && let Some(options) = self.options
        {
            let mut reader = serde_json::Deserializer::from_str(options.get());
            crate::strict::object::<_, OfferOptions>(&mut reader).ok()?;
        }
        is_payload(kind, self.sdp?.get()).then_some(Body::Relayed(kind))
    }
}

fn in_steps(kind: SignalKind, text: &str) -> Result<(Head, Body), String> {
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
        check_reserved_are_free(text)?;
    }
    Ok((head, body))
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
        SignalKind::Offer | SignalKind::Answer | SignalKind::Ice => relayed(kind, text)?,
    })
}

fn relayed(kind: SignalKind, text: &str) -> Result<Body, String> {
    let members: Relayed<'_> = member(text)?;
    if !is_payload(kind, members.sdp.get()) {
        return Err("`sdp` has the wrong type".into());
    }
    if kind == SignalKind::Offer {
        member::<WithOptions>(text)?;
    }
    Ok(Body::Relayed(kind))
}

/// The recipient's number goes in front; one of the sender's own would stand behind it and win. With a code the
/// recipient would take the signal for an ack.
fn check_reserved_are_free(text: &str) -> Result<(), String> {
    let reserved: Reserved = member(text)?;
    let given = [("sq", reserved.sq), ("c", reserved.c)].into_iter().find(|(_, member)| member.is_some());
    given.map_or(Ok(()), |(name, _)| Err(format!("`{name}` is the server's: leave it out of a signal to be forwarded")))
}

/// Whether `sdp` has the form it must have: a string, or a candidate in one of its two.
fn is_payload(kind: SignalKind, sdp: &str) -> bool {
    sdp.starts_with('"') || (kind == SignalKind::Ice && sdp.starts_with('{'))
}

fn member<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.starts_with('{') {
        return Err("`data` must be an object".into());
    }
    serde_json::from_str(text).ok().ok_or_else(|| reason::<T>(text))
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

/// Serde's message without the position, which refers to a part of what the client sent, and cut off where it
/// quotes the client at length.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(&*text, |(reason, _)| reason);
    match reason.len() {
        ..=MAX_SENTENCE => reason.to_owned(),
        _ => reason.chars().take(MAX_SENTENCE).chain(['…']).collect(),
    }
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
        assert!(decode(&offer(r#","sq":null"#)).unwrap_err().reason.contains("`sq`"));
    }

    #[test]
    fn a_sender_cannot_make_its_signal_look_like_an_ack() {
        assert!(decode(&offer(r#","c":500"#)).unwrap_err().reason.contains("`c`"));
        assert!(decode(&offer(r#","\u0063":null"#)).unwrap_err().reason.contains("`c`"));
    }

    #[test]
    fn a_reason_does_not_quote_at_length() {
        let room = offer("").replace("\"p2p\"", &format!("\"{}\"", "é".repeat(9000)));
        let refused = decode(&room).unwrap_err();
        assert!(refused.reason.starts_with("`ch`: unknown variant"), "{}", refused.reason);
        assert!(refused.reason.len() < 1000);
    }

    #[test]
    fn members_of_other_signals_are_ignored() {
        let offer = offer(r#","bid":7,"ve":"no""#);
        assert!(decode(&offer).is_ok());
        let answer = offer.replace("offer", "answer").replace("OFFER", "ANSWER").replace("}} }", r#","op":null}} }"#);
        assert!(decode(&answer).is_ok());
    }

    #[test]
    fn a_long_offer_is_kept_as_sent_wherever_its_description_stands() {
        let long = offer("").replace("v=0", &"a=x\\r\\n".repeat(300));
        let raw = decode(&long).unwrap().raw().to_owned();
        assert_eq!(raw, serde_json::from_str::<Envelope<'_>>(&long).unwrap().data.get());
        let stray = long.replacen('{', &format!(r#"{{"sdp":"{}","#, "y".repeat(2000)), 1);
        assert_eq!(decode(&stray).unwrap().raw(), raw);
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
