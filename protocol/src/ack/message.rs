//! Every message of the server, typed: what a client that knows this version reads.
//!
//! Unlike [`read`](super::read), which lets newer codes and names pass, this refuses what the protocol does not
//! know and says why.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::body::{Gap, HeartbeatAck, JoinAck, KeepAlive, PublishList, RoomClosed};
use super::{Ack, Reply, encode, name, read};
use crate::code::AckCode;
use crate::signal::{Signal, SignalKind, decode_data};

/// A message of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerMessage {
    /// The ack of `JOIN`.
    Join(Box<JoinAck>),
    /// The ack of `HEARTBEAT`.
    Heartbeat(HeartbeatAck),
    /// The list of publishers changed; with the recipient's sequence number.
    PublishListChanged(u64, PublishList),
    /// The connection is alive though nothing was said.
    KeepAlive(KeepAlive),
    /// The room is gone.
    RoomClosed(RoomClosed),
    /// Sequence numbers that cannot be delivered any more.
    Gap(Gap),
    /// A signal was refused.
    Error(ErrorAck),
    /// A signal of another member; with the recipient's sequence number.
    Forwarded(u64, Box<Signal>),
}

/// That a signal was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorAck {
    /// Why.
    pub code: AckCode,
    /// The signal's name, none where it could not be told.
    pub signal: Option<SignalKind>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The message as the server received it, where it was a JSON object and the ack had room for it.
    pub request: Option<Value>,
}

/// Reads a message of the server.
///
/// # Errors
/// A sentence when it is no message of this version of the protocol.
pub fn decode(text: &str) -> Result<ServerMessage, String> {
    match read(text).map_err(|error| error.to_string())? {
        Reply::Forwarded { sequence, signal } => forwarded(sequence, &signal),
        Reply::Ack(ack) if ack.code == AckCode::Ok.number() => acknowledged(ack),
        Reply::Ack(ack) => refused(&ack),
    }
}

fn forwarded(sequence: u64, value: &Value) -> Result<ServerMessage, String> {
    let mut data = value.clone();
    let members = data.as_object_mut().ok_or("a forwarded signal is an object")?;
    members.shift_remove("sq");
    let name = members.get("s").and_then(Value::as_str).ok_or("`s` is missing")?;
    let kind = SignalKind::from_name(name).filter(|kind| kind.is_forwarded());
    let kind = kind.ok_or_else(|| format!("{name} is never forwarded"))?;
    let signal = decode_data(kind, &data.to_string()).map_err(|refusal| refusal.reason)?;
    Ok(ServerMessage::Forwarded(sequence, Box::new(signal)))
}

fn acknowledged(ack: Ack) -> Result<ServerMessage, String> {
    Ok(match ack.name.as_str() {
        "JOIN" => ServerMessage::Join(Box::new(body(ack.body)?)),
        "HEARTBEAT" => ServerMessage::Heartbeat(body(ack.body)?),
        name::PUBLISH_LIST_CHANGED => {
            ServerMessage::PublishListChanged(ack.sequence.ok_or("`sq` is missing")?, body(ack.body)?)
        }
        name::KEEPALIVE => ServerMessage::KeepAlive(body(ack.body)?),
        name::ROOM_CLOSED => ServerMessage::RoomClosed(body(ack.body)?),
        name::GAP => ServerMessage::Gap(body(ack.body)?),
        other => return Err(format!("there is no ack {other}")),
    })
}

fn refused(ack: &Ack) -> Result<ServerMessage, String> {
    let code = AckCode::from_number(ack.code).ok_or_else(|| format!("{} is no ack code", ack.code))?;
    let signal = SignalKind::from_name(&ack.name);
    if signal.is_none() && ack.name != name::UNKNOWN {
        return Err(format!("there is no signal {}", ack.name));
    }
    let message = ack.body.get("msg").and_then(Value::as_str).ok_or("`msg` is missing")?.to_owned();
    let request = ack.body.get("req").cloned();
    if request.as_ref().is_some_and(|request| !request.is_object()) {
        return Err("`req` must be an object".into());
    }
    Ok(ServerMessage::Error(ErrorAck { code, signal, message, request }))
}

fn body<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    crate::strict::object(body).map_err(|error: serde_json::Error| format!("`b`: {error}"))
}

impl ServerMessage {
    /// Writes the message as the server does.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Join(body) => encode(SignalKind::Join.name(), body).to_string(),
            Self::Heartbeat(body) => encode(SignalKind::Heartbeat.name(), body).to_string(),
            Self::PublishListChanged(sequence, body) => {
                super::numbered(*sequence, &encode(name::PUBLISH_LIST_CHANGED, body))
            }
            Self::KeepAlive(body) => encode(name::KEEPALIVE, body).to_string(),
            Self::RoomClosed(body) => encode(name::ROOM_CLOSED, body).to_string(),
            Self::Gap(body) => encode(name::GAP, body).to_string(),
            Self::Error(error) => {
                let request = error.request.as_ref().map(Value::to_string);
                super::encode_error(error.code, error.signal, &error.message, request.as_deref(), usize::MAX)
                    .to_string()
            }
            Self::Forwarded(sequence, signal) => super::numbered(*sequence, signal.raw()),
        }
    }
}
