//! What goes into a room and what comes out of it.

use std::sync::Arc;

use bytestring::ByteString;

use roomcast_protocol::ack::{self, EngineSettings};
use roomcast_protocol::code::CloseCode;
use roomcast_protocol::id::ObjectId;
use roomcast_protocol::signal::Signal;

use super::backlog::{Receipt, Words};
use super::shared::Errand;
use crate::hls::Change;

/// One WebSocket connection, unique for the life of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// An event.
#[derive(Debug, Clone)]
pub enum Input {
    /// A `JOIN`.
    Join {
        /// Where it came from.
        connection: ConnectionId,
        /// The signal; its body is a `JOIN`.
        signal: Signal,
        /// What the answer needs.
        welcome: Welcome,
    },
    /// Any other signal.
    Signal {
        /// Where it came from.
        connection: ConnectionId,
        /// The signal.
        signal: Signal,
    },
    /// A connection is gone, for whatever reason.
    Disconnected {
        /// Which.
        connection: ConnectionId,
    },
    /// Time has passed.
    Tick,
}

/// What a join ack needs and a pure room cannot make: fresh tokens and addresses of the outside.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// Unguessable; becomes `rt`.
    pub resume_token: String,
    /// Unguessable; becomes the bearer token for data signals, should the member be a publisher.
    pub ingest_token: String,
    /// When the ingest token ends, in milliseconds since 1970.
    pub ingest_expires: u64,
    /// ICE servers with fresh credentials.
    pub engine_settings: EngineSettings,
}

/// What follows from an event, to be carried out in order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Say something to a connection.
    Send {
        /// To which.
        to: ConnectionId,
        /// What.
        message: Outgoing,
    },
    /// Close a connection.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        code: CloseCode,
    },
    /// A connection has no member in this room any more.
    Forget {
        /// Which.
        connection: ConnectionId,
    },
    /// A playlist or its media changed.
    Live {
        /// The multivariant playlist.
        playlist: ObjectId,
        /// What changed.
        change: Change,
    },
    /// Something for other nodes, or for what they share.
    Elsewhere(Errand),
    /// The room is over, or has nobody on this node any more.
    Closed,
}

impl Effect {
    /// How many bytes a connection is sent by it, at most.
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
pub struct Outgoing {
    words: Words,
    /// The recipient's sequence number, and where to note that it was written.
    number: Option<(u64, Receipt)>,
}

impl Outgoing {
    /// A message without a number.
    #[must_use]
    pub const fn plain(object: Arc<str>) -> Self {
        Self { words: Words::Shared(object), number: None }
    }

    /// A message with a number.
    #[must_use]
    pub const fn numbered(sequence: u64, words: Words, receipt: Receipt) -> Self {
        Self { words, number: Some((sequence, receipt)) }
    }

    /// The text as it goes over the wire.
    #[must_use]
    pub fn text(&self) -> ByteString {
        match (&self.words, &self.number) {
            (Words::Own(text), _) => text.clone(),
            (Words::Shared(object), Some((sequence, _))) => ack::numbered(*sequence, object).into(),
            (Words::Shared(object), None) => (&**object).into(),
        }
    }

    /// How many bytes it is on the wire, at most.
    #[must_use]
    pub fn size(&self) -> usize {
        self.words.len() + 32
    }

    /// Whether it has a number, and so can be sent again.
    #[must_use]
    pub const fn is_numbered(&self) -> bool {
        self.number.is_some()
    }

    /// The message goes to the socket now: who comes back without saying what it got is not sent it again.
    pub fn written(&self) {
        if let Some((sequence, receipt)) = &self.number {
            receipt.note(*sequence);
        }
    }
}
