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
        /// Connection from which it came.
        connection: ConnectionId,
        /// The signal; its body is a `JOIN`.
        signal: Signal,
        /// Data for the answer that a pure room cannot make.
        grant: JoinGrant,
    },
    /// Any other signal.
    Signal {
        /// Connection from which it came.
        connection: ConnectionId,
        /// The signal.
        signal: Signal,
    },
    /// A signal that is no legal one was refused already; its number is used up.
    Refused {
        /// Connection from which it came.
        connection: ConnectionId,
        /// The kind of signal.
        kind: SignalKind,
        /// Its sender and number.
        numbered: RefusedNumber,
    },
    /// A connection has another token.
    Renewed {
        /// The connection.
        connection: ConnectionId,
        /// The grants of the token.
        permit: Arc<Permit>,
    },
    /// A connection is gone, for whatever reason.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// Time has passed.
    Tick,
}

/// Data of a join ack that a pure room cannot make: fresh tokens and external addresses.
#[derive(Debug, Clone)]
pub struct JoinGrant {
    /// Unguessable; becomes `rt`.
    pub resume_token: String,
    /// Unguessable; becomes the bearer token for data signals, should the member be a publisher.
    pub ingest_token: String,
    /// Time when the ingest token ends, in milliseconds since 1970.
    pub ingest_expires: u64,
    /// The time for which it is good from now on.
    pub ingest_life: Duration,
    /// ICE servers with fresh credentials.
    pub engine_settings: EngineSettings,
    /// The credentials of the client, if the server requires tokens.
    pub credentials: Option<Box<Credentials>>,
}

/// An effect of an input; effects are carried out in order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Say something to a connection.
    Send {
        /// The connection.
        to: ConnectionId,
        /// The message.
        message: OutboundMessage,
    },
    /// Let a connection answer heartbeats of one of its members by itself.
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
    /// Pause reading from a connection, for which more is kept than may be, or resume it.
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
        /// Owner of the tokens, and at whose wish they are revoked.
        revocation: Box<KickRevocation>,
    },
    /// Send a message to another node.
    ToNode {
        /// The node.
        to: BootId,
        /// The message.
        message: Message,
    },
    /// Ask the directory.
    DirectoryQuery(DirectoryQuery),
    /// Nothing of the room is here any more.
    Closed,
}

impl Effect {
    /// Maximum number of bytes that it sends to a connection.
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
    /// The recipient's sequence number, and where to note that it was written.
    number: Option<(u64, DeliveryWatermark)>,
}

impl OutboundMessage {
    /// A message without a number.
    #[must_use]
    pub const fn plain(object: Arc<str>) -> Self {
        Self { text: MessageText::Shared(object), number: None }
    }

    /// A message with a number.
    #[must_use]
    pub const fn numbered(sequence: u64, text: MessageText, watermark: DeliveryWatermark) -> Self {
        Self { text, number: Some((sequence, watermark)) }
    }

    /// Returns the text as it goes over the wire.
    #[must_use]
    pub fn text(&self) -> ByteString {
        let (number, rest) = self.pieces();
        [&*number, rest].concat().into()
    }

    /// Returns the same in two pieces, of which the first is short.
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

    /// Maximum number of bytes on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.as_str().len() + 32
    }

    /// Its number, and where to note that it was written; none where it has no number, and so is never sent again.
    #[must_use]
    pub fn watermark(&self) -> Option<(u64, DeliveryWatermark)> {
        self.number.clone()
    }

    /// Notes that the message goes to the socket now: it is not sent again to a member that comes back without naming
    /// the number it received last.
    pub fn written(&self) {
        if let Some((sequence, watermark)) = &self.number {
            watermark.raise(*sequence);
        }
    }
}
