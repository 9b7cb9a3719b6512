//! Reading legal messages in one pass: what is done thousands of times a second.
//!
//! Knows the usual spelling only. What it does not take, illegal or merely odd, is [`decode`](super::decode)'s to
//! read once more, with reasons; what it takes, that reads just the same (a property test holds them together).

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::decode::{Parts, body, is_payload, number};
use super::{Body, Category, Head, Heartbeat, Host, MemberKey, OfferOptions, Recipient, RoomType, Session, SignalKind};
use crate::id::RoomId;
use crate::json::{self, Error, Raw, Reader, Text};

/// Members that the server reads of the signals that come all the time, and of others what they have in common.
#[derive(Debug, Default)]
struct Members<'a> {
    name: Option<&'a str>,
    room_type: Option<RoomType>,
    room_id: Option<RoomId>,
    session: Option<Session>,
    recipient: Option<Recipient>,
    sdp: Option<Raw<'a>>,
    options: Option<Raw<'a>>,
    number: Option<Raw<'a>>,
    beat_id: Option<Raw<'a>>,
    send_ack: Option<Raw<'a>>,
    received: Option<Raw<'a>>,
    /// Whether there is a member that a signal to be forwarded may not have.
    reserved: bool,
}

/// The parts of a signal, and where `data` stands; none when a closer look is needed.
pub(super) fn read(message: &str) -> Option<(Parts, Range<usize>)> {
    let (mut kind, mut text, mut members) = (None, None, Members::default());
    let mut reader = Reader::new(message);
    let whole = reader.members(|name, reader| match name.raw {
        "action" => fill(&mut kind, || SignalKind::from_action(plain(reader)?).ok_or_else(odd)),
        "data" => fill(&mut text, || Ok(reader.with_text(|reader| members.read(reader))?.1)),
        _ => ignore(name, reader),
    });
    whole.and_then(|()| reader.end()).ok()?;
    let (kind, text) = (kind?, text?);
    let parts = members.checked(kind, text)?;
    let start = text.as_ptr() as usize - message.as_ptr() as usize;
    Some((parts, start..start + text.len()))
}

impl<'a> Members<'a> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Error> {
        reader.members(|name, reader| match name.raw {
            "s" => fill(&mut self.name, || plain(reader)),
            "ch" => fill(&mut self.room_type, || reader.value()),
            "rid" => fill(&mut self.room_id, || reader.value()),
            "ss" => fill(&mut self.session, || session(reader)),
            "to" => fill(&mut self.recipient, || recipient(reader)),
            "sdp" => fill(&mut self.sdp, || reader.value()),
            "op" => fill(&mut self.options, || reader.value()),
            "n" => fill(&mut self.number, || reader.value()),
            "bid" => fill(&mut self.beat_id, || reader.value()),
            "send_ack" => fill(&mut self.send_ack, || reader.value()),
            "sq" => {
                self.reserved = true;
                fill(&mut self.received, || reader.value())
            }
            _ => {
                self.reserved |= name.raw == "c";
                ignore(name, reader)
            }
        })
    }

    fn checked(self, kind: SignalKind, text: &str) -> Option<Parts> {
        let (room_type, room_id, session) = (self.room_type?, self.room_id?, self.session?);
        let addressed = self.recipient.is_some() || !kind.needs_recipient(room_type);
        if self.name != Some(kind.name()) || !addressed || (self.reserved && kind.is_forwarded()) {
            return None;
        }
        let body = match kind {
            SignalKind::Offer | SignalKind::Answer | SignalKind::Ice => relayed(kind, self.sdp?, self.options)?,
            SignalKind::Heartbeat => heartbeat(self.beat_id?, self.send_ack, self.received)?,
            _ => body(kind, text).ok()?,
        };
        Some((Head { room_type, room_id, session, recipient: self.recipient }, number(kind, self.number), body))
    }
}

fn relayed(kind: SignalKind, sdp: Raw<'_>, options: Option<Raw<'_>>) -> Option<Body> {
    if let Some(options) = options.filter(|_| kind == SignalKind::Offer) {
        json::from_str::<OfferOptions>(options.0).ok()?;
    }
    is_payload(kind, sdp.0).then_some(Body::Relayed(kind))
}

fn heartbeat(beat_id: Raw<'_>, send_ack: Option<Raw<'_>>, received: Option<Raw<'_>>) -> Option<Body> {
    let beat_id = crate::strict::words(&mut Reader::new(beat_id.0)).ok()?;
    let send_ack = send_ack.map_or(Ok(true), |raw| json::from_str(raw.0)).ok()?;
    let received = received.map_or(Ok(None), |raw| json::from_str(raw.0)).ok()?;
    Some(Body::Heartbeat(Heartbeat { beat_id, send_ack, received }))
}

fn session(reader: &mut Reader<'_>) -> Result<Session, Error> {
    let (mut user_id, mut session_id, mut device_id) = (None, None, None);
    let (mut category, mut host): (Option<Category>, Option<Host>) = (None, None);
    reader.members(|name, reader| match name.raw {
        "userId" => fill(&mut user_id, || reader.value()),
        "sessionId" => fill(&mut session_id, || reader.value()),
        "category" => fill(&mut category, || reader.value()),
        "host" => fill(&mut host, || reader.value()),
        "deviceId" => fill(&mut device_id, || crate::strict::words(&mut *reader)),
        _ => ignore(name, reader),
    })?;
    let whole = || {
        Some(Session {
            user_id: user_id?,
            session_id: session_id?,
            category: category?,
            host: host?,
            device_id: device_id?,
        })
    };
    whole().ok_or_else(odd)
}

fn recipient(reader: &mut Reader<'_>) -> Result<Recipient, Error> {
    if reader.peek() == Some(b'"') {
        return reader.value().map(Recipient::User);
    }
    let (mut user_id, mut session_id) = (None, None);
    reader.members(|name, reader| match name.raw {
        "userId" => fill(&mut user_id, || reader.value()),
        "sessionId" => fill(&mut session_id, || reader.value()),
        _ => ignore(name, reader),
    })?;
    let whole = || Some(MemberKey { user_id: user_id?, session_id: session_id? });
    whole().map(Recipient::Session).ok_or_else(odd)
}

/// Puts what is read into a place that must be free.
fn fill<T>(place: &mut Option<T>, read: impl FnOnce() -> Result<T, Error>) -> Result<(), Error> {
    if place.is_some() {
        return Err(odd());
    }
    *place = Some(read()?);
    Ok(())
}

/// Passes the value of a member that is not known by this spelling.
fn ignore(name: Text<'_>, reader: &mut Reader<'_>) -> Result<(), Error> {
    if name.escaped { Err(odd()) } else { IgnoredAny::deserialize(reader).map(drop) }
}

/// A text without escapes.
fn plain<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Error> {
    <&str>::deserialize(reader)
}

/// Error for a message that the full decoder has to read; its text is never shown.
#[cold]
fn odd() -> Error {
    Error::new("")
}
