//! The encoding of packets between nodes: a version, the sender, the counters, and the messages, each preceded by its
//! length.
//!
//! The room and the attachment of a message can be decoded even if its content cannot. Such a message ends only its
//! attachment.

use serde::{Deserialize, Serialize};

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::peers::Header;
use roomcast_core::room::message::{AttachmentId, Body, Message};
use roomcast_protocol::id::RoomId;

/// The version that is written, as the first byte of a packet. This version and the previous one can be read.
pub const VERSION: u8 = 1;
/// The maximum number of bytes of messages in a packet, unless a single message is larger.
pub const MAX_MESSAGES: usize = 256 * 1024;

/// The part of a message that can be read in any version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Envelope {
    room: RoomId,
    attachment: AttachmentId,
}

/// A message of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A decoded message.
    Message(Message),
    /// A message whose content could not be decoded. Its attachment ends.
    Unreadable(RoomId, AttachmentId),
}

/// A packet that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The node that sent it.
    pub from: BootId,
    /// Its counters.
    pub header: Header,
    /// Its messages.
    pub messages: Vec<Decoded>,
    /// The size of its messages.
    pub bytes: usize,
}

/// Reasons why a packet was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The sender could not be decoded.
    Header,
    /// The messages could not be separated. They count as lost.
    Messages(BootId, Header),
}

#[derive(Serialize, Deserialize)]
struct Start {
    from: u64,
    counter: u64,
    had: u64,
}

/// Returns an encoded message, preceded by its length.
///
/// # Panics
/// Never, since every message can be serialized.
#[must_use]
pub fn encode_message(message: &Message) -> Vec<u8> {
    // The fields of a message stand one behind the other: envelope and body.
    let content = postcard::to_stdvec(message).expect("every message has this form");
    let mut bytes = postcard::to_stdvec(&content.len()).expect("every number has this form");
    bytes.extend_from_slice(&content);
    bytes
}

/// Returns a packet with these encoded messages.
///
/// # Panics
/// Never, since the header can always be serialized.
#[must_use]
pub fn encode(from: BootId, header: Header, messages: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(32 + messages.len());
    packet.push(VERSION);
    let start = Start { from: from.0, counter: header.counter, had: header.had };
    let mut packet = postcard::to_extend(&start, packet).expect("every number has this form");
    packet.extend_from_slice(messages);
    packet
}

impl Packet {
    /// Decodes a packet.
    ///
    /// # Errors
    /// The part of the packet that could be decoded.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (version, rest) = bytes.split_first().ok_or(Unreadable::Header)?;
        if *version != VERSION {
            return Err(Unreadable::Header);
        }
        let (start, content) = postcard::take_from_bytes::<Start>(rest).map_err(|_| Unreadable::Header)?;
        let (from, header) = (BootId(start.from), Header { counter: start.counter, had: start.had });
        let messages = decode_messages(content).ok_or(Unreadable::Messages(from, header))?;
        Ok(Self { from, header, messages, bytes: content.len() })
    }
}

fn decode_messages(mut rest: &[u8]) -> Option<Vec<Decoded>> {
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let (length, behind) = postcard::take_from_bytes::<usize>(rest).ok()?;
        let (message, behind) = behind.split_at_checked(length)?;
        messages.push(decode_message(message)?);
        rest = behind;
    }
    Some(messages)
}

fn decode_message(bytes: &[u8]) -> Option<Decoded> {
    let (Envelope { room, attachment }, body) = postcard::take_from_bytes(bytes).ok()?;
    Some(match postcard::take_from_bytes::<Body>(body) {
        Ok((body, [])) => Decoded::Message(Message { room, attachment, body }),
        _ => Decoded::Unreadable(room, attachment),
    })
}

#[cfg(test)]
mod tests;
