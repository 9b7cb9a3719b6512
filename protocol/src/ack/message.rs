//! Every message of the server, typed: what a client that knows this version reads.
//!
//! Unlike [`read`], which lets newer codes and names pass, this refuses what the protocol does not
//! know and says why.

use std::borrow::Cow;

use serde::Deserialize;

use super::body::{Gap, HeartbeatAck, JoinAck, KeepAlive, PublishList, Renewed, Resend, RoomClosed};
use super::{Ack, Forwarded, Reply, encode, name, read};
use crate::code::AckCode;
use crate::json::{self, Raw};
use crate::signal::decode::decode_forwarded;
use crate::signal::{Signal, SignalKind};

/// A message of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerMessage {
    /// The ack of `JOIN`.
    Join(Box<JoinAck>),
    /// The ack of `HEARTBEAT`.
    Heartbeat(HeartbeatAck),
    /// The list of publishers changed; with the recipient's sequence number.
    PublishListChanged(u64, PublishList),
    /// The ack of `RENEW`.
    Renewed(Renewed),
    /// The connection is alive though nothing was said.
    KeepAlive(KeepAlive),
    /// The room is gone.
    RoomClosed(RoomClosed),
    /// Sequence numbers that cannot be delivered any more.
    Gap(Gap),
    /// The client sends the unconfirmed signals again.
    Resend(Resend),
    /// A signal was refused.
    Error(ErrorAck),
    /// A signal of another member; with the recipient's sequence number.
    Forwarded(u64, Box<Signal>),
}

/// Body of an ack that refuses a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorAck {
    /// The reason.
    pub code: AckCode,
    /// The signal's name, none where it could not be told.
    pub signal: Option<SignalKind>,
    /// Description of the error, in one sentence.
    pub message: String,
    /// The JSON object that the server received, as text; none where it received none or the ack had no room for it.
    pub request: Option<String>,
}

/// Reads a message of the server.
///
/// # Errors
/// A sentence when it is no message of this version of the protocol.
pub fn decode(text: &str) -> Result<ServerMessage, String> {
    match read(text).map_err(|error| error.to_string())? {
        Reply::Forwarded(signal) => forwarded(&signal),
        Reply::Ack(ack) if ack.code == AckCode::Ok.number() => acknowledged(&ack),
        Reply::Ack(ack) => refused(&ack),
    }
}

fn forwarded(forwarded: &Forwarded<'_>) -> Result<ServerMessage, String> {
    #[derive(Deserialize)]
    struct Name<'a> {
        #[serde(borrow)]
        s: Cow<'a, str>,
    }
    let name: Name<'_> = json::from_str(forwarded.text).map_err(|error| error.to_string())?;
    let kind = SignalKind::from_name(&name.s).filter(|kind| kind.is_forwarded());
    let kind = kind.ok_or_else(|| format!("{} is never forwarded", start(&name.s)))?;
    let signal = decode_forwarded(kind, forwarded).map_err(|refusal| refusal.reason)?;
    Ok(ServerMessage::Forwarded(forwarded.sequence, Box::new(signal)))
}

fn acknowledged(ack: &Ack<'_>) -> Result<ServerMessage, String> {
    Ok(match &*ack.name {
        "JOIN" => ServerMessage::Join(Box::new(body(ack.body)?)),
        "HEARTBEAT" => ServerMessage::Heartbeat(body(ack.body)?),
        "RENEW" => ServerMessage::Renewed(body(ack.body)?),
        name::PUBLISH_LIST_CHANGED => {
            ServerMessage::PublishListChanged(ack.sequence.ok_or("`sq` is missing")?, body(ack.body)?)
        }
        name::KEEPALIVE => ServerMessage::KeepAlive(body(ack.body)?),
        name::ROOM_CLOSED => ServerMessage::RoomClosed(body(ack.body)?),
        name::GAP => ServerMessage::Gap(body(ack.body)?),
        name::RESEND => ServerMessage::Resend(body(ack.body)?),
        other => return Err(format!("there is no ack {}", start(other))),
    })
}

fn refused(ack: &Ack<'_>) -> Result<ServerMessage, String> {
    let code = AckCode::from_number(ack.code).ok_or_else(|| format!("{} is no ack code", ack.code))?;
    let signal = SignalKind::from_name(&ack.name);
    if signal.is_none() && ack.name != name::UNKNOWN {
        return Err(format!("there is no signal {}", start(&ack.name)));
    }
    let said: ErrorBody<'_> = body(ack.body)?;
    let request = said.req.map(|raw| raw.0.to_owned());
    if request.as_ref().is_some_and(|request| !request.starts_with('{')) {
        return Err("`req` must be an object".into());
    }
    Ok(ServerMessage::Error(ErrorAck { code, signal, message: said.msg.into_owned(), request }))
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    msg: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "crate::strict::given")]
    req: Option<Raw<'a>>,
}

/// Truncates a text that an error message quotes, because it may be long.
fn start(text: &str) -> String {
    text.chars().take(64).collect()
}

fn body<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    json::from_str(body).map_err(|error| error.under("b").to_string())
}

impl ServerMessage {
    /// Writes the message as the server does.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Join(body) => encode(SignalKind::Join.name(), body).to_string(),
            Self::Heartbeat(body) => encode(SignalKind::Heartbeat.name(), body).to_string(),
            Self::Renewed(body) => encode(SignalKind::Renew.name(), body).to_string(),
            Self::PublishListChanged(sequence, body) => {
                super::numbered(*sequence, &encode(name::PUBLISH_LIST_CHANGED, body))
            }
            Self::KeepAlive(body) => encode(name::KEEPALIVE, body).to_string(),
            Self::RoomClosed(body) => encode(name::ROOM_CLOSED, body).to_string(),
            Self::Gap(body) => encode(name::GAP, body).to_string(),
            Self::Resend(body) => encode(name::RESEND, body).to_string(),
            Self::Error(error) => {
                let request = error.request.as_deref();
                super::encode_error(error.code, error.signal, &error.message, request, usize::MAX).to_string()
            }
            Self::Forwarded(sequence, signal) => super::numbered(*sequence, signal.raw()),
        }
    }
}
