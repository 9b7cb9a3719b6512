//! Reading a signal with `serde_json` and its `RawValue`, as the alternative that the reader of this crate is measured
//! beside. Gives the same [`Signal`]; of a message that is no signal it gives no reason.

use std::borrow::Cow;

use bytestring::ByteString;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::limits::NUMBERS_BELOW;
use roomcast_protocol::signal::{Body, Head, OfferOptions, Recipient, RoomType, Session, Signal, SignalKind};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    ch: RoomType,
    rid: RoomId,
    ss: Session,
    #[serde(default)]
    to: Option<Recipient>,
    #[serde(borrow, default)]
    sdp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    op: Option<&'a RawValue>,
    #[serde(borrow, default)]
    n: Option<&'a RawValue>,
    #[serde(default)]
    sq: Option<IgnoredAny>,
    #[serde(default)]
    c: Option<IgnoredAny>,
}

/// Reads a message; none when it is no signal.
pub fn decode(message: ByteString) -> Option<Signal> {
    let envelope: Envelope<'_> = serde_json::from_str(&message).ok()?;
    let text = envelope.data.get();
    let kind = SignalKind::from_action(&envelope.action)?;
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    let is_reserved = members.sq.is_some() || members.c.is_some();
    let is_addressed = members.to.is_some() || !kind.needs_recipient(members.ch);
    if members.s != kind.name() || !is_addressed || (is_reserved && kind.is_forwarded()) {
        return None;
    }
    let number = members.n.filter(|_| kind.is_numbered()).and_then(|raw| serde_json::from_str::<u64>(raw.get()).ok());
    let body = match kind {
        SignalKind::Offer | SignalKind::Answer | SignalKind::Ice => relayed(kind, members.sdp?, members.op)?,
        SignalKind::Heartbeat => Body::Heartbeat(serde_json::from_str(text).ok()?),
        _ => return None,
    };
    let start = text.as_ptr() as usize - message.as_ptr() as usize;
    let data = start..start + text.len();
    let head = Head { room_type: members.ch, room_id: members.rid, session: members.ss, recipient: members.to };
    let number = number.filter(|number| (1..NUMBERS_BELOW).contains(number));
    Some(Signal { head, number, body, message, data })
}

fn relayed(kind: SignalKind, sdp: &RawValue, options: Option<&RawValue>) -> Option<Body> {
    if let Some(options) = options.filter(|_| kind == SignalKind::Offer) {
        serde_json::from_str::<OfferOptions>(options.get()).ok()?;
    }
    let sdp = sdp.get();
    let is_payload = sdp.starts_with('"') || (kind == SignalKind::Ice && sdp.starts_with('{'));
    is_payload.then_some(Body::Relayed(kind))
}
