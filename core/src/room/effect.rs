//! Inputs and effects of a room.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use roomcast_protocol::access::Permit;
use roomcast_protocol::ack::{self, EngineSettings};
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::{RefusedNumber, Signal, SignalKind};

use super::Refusal;
use super::heartbeat::HeartbeatResponder;
use super::outbound_message::{DeliveryWatermark, MessageText};
use crate::cluster::BootId;
use crate::hls::Change;
use crate::room::Credentials;
use crate::room::message::Message;
use crate::room::owner::KickRevocation;
use crate::room::site::DirectoryQuery;

/// One WebSocket connection, unique for the life of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// An event.
#[derive(Debug, Clone)]
pub enum Input {
    /// A `JOIN`.
    Join {
        /// The connection on which it arrived.
        connection: ConnectionId,
        /// The signal; its body is a `JOIN`.
        signal: Signal,
        /// Data for the answer that a room without I/O cannot produce.
        grant: JoinGrant,
    },
    /// Any other signal.
    Signal {
        /// The connection on which it arrived.
        connection: ConnectionId,
        /// The signal.
        signal: Signal,
    },
    /// A signal that was invalid and has been refused already. Its number counts as used.
    Refused {
        /// The connection on which it arrived.
        connection: ConnectionId,
        /// The kind of signal.
        kind: SignalKind,
        /// Its sender and number.
        numbered: RefusedNumber,
    },
    /// A connection has received a new token.
    Renewed {
        /// The connection.
        connection: ConnectionId,
        /// The grants of the token.
        permit: Arc<Permit>,
    },
    /// A connection is gone, for any reason.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// Time has passed.
    Tick,
}

/// Data of a join ack that a room without I/O cannot produce: new tokens and external addresses.
#[derive(Debug, Clone)]
pub struct JoinGrant {
    /// The resume token, `rt`. Must be unguessable.
    pub resume_token: String,
    /// The bearer token for data signals, if the member becomes a publisher. Must be unguessable.
    pub ingest_token: String,
    /// The expiry of the ingest token, in milliseconds since 1970.
    pub ingest_expires: u64,
    /// The remaining lifetime of the ingest token.
    pub ingest_life: Duration,
    /// ICE servers with fresh credentials.
    pub engine_settings: EngineSettings,
    /// The credentials of the client, if the server requires tokens.
    pub credentials: Option<Box<Credentials>>,
}

/// An effect of an input. Effects are executed in order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Send a message to a connection.
    Send {
        /// The connection.
        to: ConnectionId,
        /// The message.
        message: OutboundMessage,
    },
    /// Let a connection answer heartbeats of one of its members without the room.
    AnswerHeartbeats {
        /// The connection.
        connection: ConnectionId,
        /// The member.
        responder: HeartbeatResponder,
    },
    /// Close a connection.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// The reason.
        code: CloseCode,
    },
    /// Pause reading from a connection whose kept signals exceed the limit, or resume it.
    Read {
        /// The connection.
        connection: ConnectionId,
        /// Whether it is read.
        reads: bool,
    },
    /// A connection has no member in this room any more.
    Forget {
        /// The connection.
        connection: ConnectionId,
    },
    /// A playlist or its media changed.
    Live {
        /// The multivariant playlist.
        playlist: ObjectId,
        /// The change.
        change: Change,
    },
    /// Replace everything that is served of a broadcast.
    Everything {
        /// The multivariant playlist.
        playlist: ObjectId,
        /// All of it, as changes.
        all: Vec<Change>,
    },
    /// An upload is answered.
    Uploaded {
        /// The upload.
        id: u64,
        /// The answer.
        answer: Result<(), Refusal>,
    },
    /// Revoke the tokens of a user in this room.
    Revoke {
        /// The user whose tokens are revoked, and the moderator that requested it.
        revocation: Box<KickRevocation>,
    },
    /// Send a message to another node.
    ToNode {
        /// The node.
        to: BootId,
        /// The message.
        message: Message,
    },
    /// Query the directory.
    DirectoryQuery(DirectoryQuery),
    /// Drop the room, of which this node holds no state any more.
    Closed,
}

impl Effect {
    /// Returns the maximum number of bytes that the effect sends to a connection.
    #[must_use]
    pub fn size_for(&self, connection: ConnectionId) -> usize {
        match self {
            Self::Send { to, message } if *to == connection => message.size(),
            _ => 0,
        }
    }
}

/// A message to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    text: MessageText,
    /// The recipient's sequence number, and the watermark to raise when the message is written.
    number: Option<(u64, DeliveryWatermark)>,
}

impl OutboundMessage {
    /// Creates a message without a number.
    #[must_use]
    pub const fn plain(object: Arc<str>) -> Self {
        Self { text: MessageText::Shared(object), number: None }
    }

    /// Creates a message with a number.
    #[must_use]
    pub const fn numbered(sequence: u64, text: MessageText, watermark: DeliveryWatermark) -> Self {
        Self { text, number: Some((sequence, watermark)) }
    }

    /// Returns the text as sent on the wire.
    #[must_use]
    pub fn text(&self) -> ByteString {
        let (number, rest) = self.pieces();
        [&*number, rest].concat().into()
    }

    /// Returns the text in two pieces, of which the first is short.
    #[must_use]
    pub fn pieces(&self) -> (Cow<'static, str>, &str) {
        match &self.number {
            Some((sequence, _)) => {
                let (number, rest) = ack::number(*sequence, self.text.as_str());
                (number.into(), rest)
            }
            None => ("".into(), self.text.as_str()),
        }
    }

    /// Returns the maximum number of bytes on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.as_str().len() + 32
    }

    /// Returns the number and the watermark to raise when the message is written; `None` for a message without a
    /// number, which is never sent again.
    #[must_use]
    pub fn watermark(&self) -> Option<(u64, DeliveryWatermark)> {
        self.number.clone()
    }

    /// Records that the message is being written to the socket. It is not sent again to a member that reconnects
    /// without stating the last number it received.
    pub fn written(&self) {
        if let Some((sequence, watermark)) = &self.number {
            watermark.raise(*sequence);
        }
    }
}
