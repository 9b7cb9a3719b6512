//! From the text of a message to a [`Signal`], or a refusal that says why.
//!
//! Nothing of a signal that is passed on is copied but the ids: the signal shares the bytes of the message. What
//! `quick` does not take is read in steps, for the sentence that says what is wrong with it.

use std::borrow::Cow;
use std::ops::Range;

use bytestring::ByteString;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Body, Head, Join, OfferOptions, RefusedNumber, Signal, SignalKind, quick};
use crate::ack::Forwarded;
use crate::code::AckCode;
use crate::json::{self, Raw};
use crate::limits::NUMBERS_BELOW;

/// Whitespace between the tokens of JSON (RFC 8259, section 2).
const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Reason why a message is no signal, with what an error ack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the error ack.
    pub code: AckCode,
    /// The signal's name, where it could be told.
    pub kind: Option<SignalKind>,
    /// Description of the error, in one sentence.
    pub reason: String,
    /// Whether the message is a JSON object, which the error ack then quotes.
    pub quotable: bool,
    /// The sender's number, where it can be read.
    pub numbered: Option<Box<RefusedNumber>>,
}

/// The parts of a signal: its common members, its number, and its own members.
pub(super) type Parts = (Head, Option<u64>, Body);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    data: Raw<'a>,
}

/// Members that tell what the signal calls itself; read before anything else is required.
#[derive(Deserialize)]
struct Name<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Number<'a> {
    #[serde(borrow)]
    n: Option<Raw<'a>>,
}

#[derive(Deserialize)]
struct Relayed<'a> {
    #[serde(borrow)]
    sdp: Raw<'a>,
}

#[derive(Deserialize)]
struct WithOptions {
    #[serde(default, rename = "op")]
    _options: OfferOptions,
}

/// Members by which a recipient knows what it got.
#[derive(Deserialize)]
struct Reserved {
    #[serde(default, deserialize_with = "crate::strict::given")]
    sq: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "crate::strict::given")]
    c: Option<IgnoredAny>,
}

/// Reads a message, without a copy of it when it comes as a [`ByteString`] or a [`String`].
///
/// # Errors
/// A [`Refusal`] with code 2001 and a sentence when the message is no signal of this protocol.
pub fn decode(message: impl Into<ByteString>) -> Result<Signal, Refusal> {
    let message = message.into();
    let ((head, number, body), data) = quick::read(&message).map_or_else(|| in_steps(&message), Ok)?;
    Ok(Signal { head, number, body, message, data })
}

/// Reads the `data` object of a signal on its own, as it is forwarded.
///
/// # Errors
/// As [`decode`].
pub fn decode_data(kind: SignalKind, data: impl Into<ByteString>) -> Result<Signal, Refusal> {
    let data = data.into();
    let (head, number, body) = members(kind, &data, &["sq", "c"]).map_err(|reason| refusal(Some(kind), reason))?;
    let whole = 0..data.len();
    Ok(Signal { head, number, body, message: data, data: whole })
}

/// Reads what reached a recipient. The signal is copied, without its number, once it is known to be one.
pub(crate) fn decode_forwarded(kind: SignalKind, forwarded: &Forwarded<'_>) -> Result<Signal, Refusal> {
    let (head, number, body) = members(kind, forwarded.text, &["c"]).map_err(|reason| refusal(Some(kind), reason))?;
    let message = ByteString::from(forwarded.signal());
    let whole = 0..message.len();
    Ok(Signal { head, number, body, message, data: whole })
}

/// Reads any message, in as many steps as it takes to say what is wrong with it.
fn in_steps(message: &str) -> Result<(Parts, Range<usize>), Refusal> {
    let envelope: Envelope<'_> = json::from_str(message).map_err(|error| no_envelope(message, &error))?;
    let text = envelope.data.0;
    let kind = SignalKind::from_action(&envelope.action).ok_or_else(|| unknown_action(&envelope.action, text));
    let named = || json::from_str::<Name<'_>>(text).ok().and_then(|name| SignalKind::from_name(&name.s));
    if named() == Some(SignalKind::Renew)
        || matches!(&kind, Ok(SignalKind::Renew) | Err(Refusal { kind: Some(SignalKind::Renew), .. }))
    {
        let refusal = refusal(Some(SignalKind::Renew), "RENEW is a signal of no room".to_owned());
        return Err(Refusal { quotable: false, ..refusal });
    }
    let parts = kind.and_then(|kind| members(kind, text, &["sq", "c"]).map_err(|reason| refusal(Some(kind), reason)));
    let parts = parts.map_err(|refusal| with_number(refusal, text))?;
    let start = text.as_ptr() as usize - message.as_ptr() as usize;
    Ok((parts, start..start + text.len()))
}

/// Adds the number of a refused signal, where it can be read.
fn with_number(mut refusal: Refusal, text: &str) -> Refusal {
    if refusal.kind.is_none_or(SignalKind::is_numbered) {
        refusal.numbered = member(text).ok().map(Box::new);
    }
    refusal
}

/// The sender's number, as it is written. Of most senders it means nothing, so that none is refused for it here.
pub(super) fn number(kind: SignalKind, written: Option<Raw<'_>>) -> Option<u64> {
    let number = written.filter(|_| kind.is_numbered()).and_then(|raw| json::from_str::<u64>(raw.0).ok());
    number.filter(|number| (1..NUMBERS_BELOW).contains(number))
}

/// `reserved` are the members that a forwarded signal may not have.
fn members(kind: SignalKind, text: &str, reserved: &[&str]) -> Result<Parts, String> {
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
        check_reserved_are_free(text, reserved)?;
    }
    let written = member::<Number<'_>>(text).ok().and_then(|number| number.n);
    Ok((head, number(kind, written), body))
}

pub(super) fn body(kind: SignalKind, text: &str) -> Result<Body, String> {
    Ok(match kind {
        SignalKind::Join => Body::Join(member::<Join>(text)?),
        SignalKind::Renew => return Err("RENEW is a signal of no room".to_owned()),
        SignalKind::Leave => Body::Leave,
        SignalKind::Heartbeat => Body::Heartbeat(member(text)?),
        SignalKind::Update => Body::Update(member(text)?),
        SignalKind::Kick => Body::Kick(member(text)?),
        SignalKind::PublishRequest => Body::PublishRequest(member(text)?),
        SignalKind::PublishAccept => Body::PublishAccept,
        SignalKind::PublishReject => Body::PublishReject,
        SignalKind::Watch => Body::Watch,
        SignalKind::Offer | SignalKind::Answer | SignalKind::Ice => relayed(kind, text)?,
    })
}

fn relayed(kind: SignalKind, text: &str) -> Result<Body, String> {
    let members: Relayed<'_> = member(text)?;
    if !is_payload(kind, members.sdp.0) {
        return Err("`sdp` has the wrong type".into());
    }
    if kind == SignalKind::Offer {
        member::<WithOptions>(text)?;
    }
    Ok(Body::Relayed(kind))
}

/// The recipient's number goes in front; one of the sender's own would stand behind it and win. With a code the
/// recipient would take the signal for an ack.
fn check_reserved_are_free(text: &str, reserved: &[&str]) -> Result<(), String> {
    let found: Reserved = member(text)?;
    let members = [("sq", found.sq), ("c", found.c)];
    let given = members.into_iter().find(|(name, member)| member.is_some() && reserved.contains(name));
    given.map_or(Ok(()), |(name, _)| Err(format!("`{name}` is the server's: leave it out of a signal to be forwarded")))
}

/// Whether `sdp` has the form it must have: a string, or a candidate in one of its two.
pub(super) fn is_payload(kind: SignalKind, sdp: &str) -> bool {
    sdp.starts_with('"') || (kind == SignalKind::Ice && sdp.starts_with('{'))
}

fn member<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.starts_with('{') {
        return Err("`data` must be an object".into());
    }
    json::from_str(text).map_err(|error| error.to_string())
}

fn no_envelope(message: &str, error: &json::Error) -> Refusal {
    let object = message.trim_start_matches(WHITESPACE).starts_with('{');
    let reason = match (object, json::is_valid(message)) {
        (false, _) => "the message must be a JSON object".to_owned(),
        (true, true) => error.to_string(),
        (true, false) => format!("the message is no JSON: {error}"),
    };
    Refusal { quotable: object && json::is_valid(message), ..refusal(None, reason) }
}

fn unknown_action(action: &str, text: &str) -> Refusal {
    let kind = json::from_str::<Name<'_>>(text).ok().and_then(|name| SignalKind::from_name(&name.s));
    let shown: String = action.chars().take(64).collect();
    refusal(kind, format!("there is no action {shown:?}"))
}

const fn refusal(kind: Option<SignalKind>, reason: String) -> Refusal {
    Refusal { code: AckCode::InvalidSignal, kind, reason, quotable: true, numbered: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::RoomType;
    use crate::strategy;
    use proptest::prelude::*;

    const SESSION: &str = r#"{"userId":"u","sessionId":"s","category":"stream","host":"Web","deviceId":"d"}"#;

    fn offer(more: &str) -> String {
        format!(
            r#"{{"action":"offer","data": {{"s":"OFFER","ch":"p2p","rid":"demo","ss":{SESSION}, "sdp":"v=0\r\n"{more}}} }}"#
        )
    }

    #[test]
    fn the_payload_of_a_relayed_signal_is_kept_as_sent() {
        let signal = decode(offer(r#","x":[1,  2]"#)).unwrap();
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
    fn the_last_member_is_read_quickly_however_short_it_is() {
        for length in 0..12 {
            let last = format!(r#""sq":{}"#, "1".repeat(length + 1));
            let text = format!(
                r#"{{"action":"heartbeat","data":{{"s":"HEARTBEAT","ch":"p2p","rid":"demo","ss":{SESSION},"bid":"1",{last}}}}}"#
            );
            assert!(quick::read(&text).is_some(), "{text}");
        }
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
        assert!(decode(offer(r#","sq":7"#)).unwrap_err().reason.contains("`sq`"));
        assert!(decode(offer(r#","sq":null"#)).unwrap_err().reason.contains("`sq`"));
    }

    #[test]
    fn a_sender_cannot_make_its_signal_look_like_an_ack() {
        assert!(decode(offer(r#","c":500"#)).unwrap_err().reason.contains("`c`"));
        assert!(decode(offer(r#","\u0063":null"#)).unwrap_err().reason.contains("`c`"));
    }

    #[test]
    fn the_number_is_read_where_it_counts_and_refuses_nobody() {
        assert_eq!(decode(offer(r#","n":7"#)).unwrap().number, Some(7));
        for none in [
            "",
            r#","n":0"#,
            r#","n":7.0"#,
            r#","n":7e0"#,
            r#","n":-1"#,
            r#","n":9007199254740992"#,
            r#","n":"7""#,
            r#","n":{}"#,
            r#","n":1,"n":2"#,
        ] {
            assert_eq!(decode(offer(none)).unwrap().number, None, "{none}");
        }
        let leave = offer(r#","n":7"#).replace("offer", "leave").replace("OFFER", "LEAVE");
        assert_eq!(decode(leave).unwrap().number, None, "LEAVE has none");
    }

    /// The pages say so: JSON Schema alone takes 1.0 for an integer.
    #[test]
    fn an_integer_is_written_without_a_fraction() {
        let join = |n: &str| {
            decode(format!(
                r#"{{"action":"join","data":{{"s":"JOIN","ch":"p2p","rid":"demo","ss":{SESSION},"ve":true,"ae":true,"eg":"native","op":{{"n":{n}}}}}}}"#
            ))
        };
        assert!(join("1").is_ok());
        for written in ["1.0", "1e3", "1.5"] {
            assert_eq!(join(written).unwrap_err().code, AckCode::InvalidSignal, "{written}");
        }
    }

    #[test]
    fn a_refusal_tells_the_number_that_is_used_up() {
        let wrong = offer(r#","n":7"#).replace(r#""v=0\r\n""#, "7");
        let numbered = decode(wrong.as_str()).unwrap_err().numbered.unwrap();
        assert_eq!((numbered.number, numbered.room_id.as_str(), numbered.member.session_id.as_str()), (7, "demo", "s"));
        let unknown = wrong.replace(r#""offer""#, r#""dance""#).replace("OFFER", "DANCE");
        assert_eq!(decode(unknown).unwrap_err().numbered, Some(numbered));
        let heartbeat = wrong.replace("offer", "heartbeat").replace("OFFER", "HEARTBEAT");
        assert_eq!(decode(heartbeat).unwrap_err().numbered, None);
        assert_eq!(decode(offer("").replace(r#""v=0\r\n""#, "7")).unwrap_err().numbered, None);
    }

    #[test]
    fn a_reason_does_not_quote_at_length() {
        let room = offer("").replace("\"p2p\"", &format!("\"{}\"", "é".repeat(9000)));
        let refused = decode(room).unwrap_err();
        assert!(refused.reason.starts_with("`ch`: unknown variant"), "{}", refused.reason);
        assert!(refused.reason.len() < 1000);
    }

    #[test]
    fn members_of_other_signals_are_ignored() {
        let offer = offer(r#","bid":7,"ve":"no""#);
        assert!(decode(offer.as_str()).is_ok());
        let answer = offer.replace("offer", "answer").replace("OFFER", "ANSWER").replace("}} }", r#","op":null}} }"#);
        assert!(decode(answer).is_ok());
    }

    #[test]
    fn a_long_offer_is_kept_as_sent_wherever_its_description_stands() {
        let long = offer("").replace("v=0", &"a=x\\r\\n".repeat(300));
        let raw = decode(long.as_str()).unwrap().raw().to_owned();
        assert_eq!(raw, json::from_str::<Envelope<'_>>(&long).unwrap().data.0);
        let stray = long.replacen('{', &format!(r#"{{"sdp":"{}","#, "y".repeat(2000)), 1);
        assert_eq!(decode(stray).unwrap().raw(), raw);
    }

    proptest! {
        #[test]
        fn the_quick_way_and_the_long_way_agree(text in strategy::client_text(), cut in any::<prop::sample::Index>()) {
            let long = in_steps(&text).unwrap();
            prop_assert_eq!(quick::read(&text), Some(long));
            // A message with something wrong in it, as often as not.
            let at = cut.index(text.len());
            let damaged: String = text.chars().take(at).chain(text.chars().skip(at + 1)).collect();
            if let Some(quick) = quick::read(&damaged) {
                prop_assert_eq!(in_steps(&damaged), Ok(quick));
            }
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,200}") {
            let _ = decode(text);
        }

        #[test]
        fn arbitrary_members_never_panic(action in "(join|offer|leave|iceCandidate)", data in r#"[{}\[\],:"a-z0-9]{0,80}"#) {
            let _ = decode(format!(r#"{{"action":"{action}","data":{data}}}"#));
        }
    }
}
