//! Watermarks of messages written to a connection, and the texts of messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytestring::ByteString;

/// The highest number that was written to one connection. The socket raises it ([`DeliveryWatermark::raise`]); the edge
/// reads it when another connection takes over.
#[derive(Debug, Clone, Default)]
pub struct DeliveryWatermark(Arc<AtomicU64>);

impl DeliveryWatermark {
    pub(crate) fn at(sequence: u64) -> Self {
        Self(Arc::new(AtomicU64::new(sequence)))
    }

    /// Records that the message with this number is being written to the socket.
    pub fn raise(&self, sequence: u64) {
        // Read late, a number counts as not written: its message is sent twice rather than never.
        self.0.fetch_max(sequence, Ordering::Relaxed);
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for DeliveryWatermark {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DeliveryWatermark {}

/// The text of a message without its number, which is inserted when the message is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageText {
    /// A text that all recipients share.
    Shared(Arc<str>),
    /// A part of the sender's message.
    Own(ByteString),
}

impl MessageText {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Shared(object) => object,
            Self::Own(text) => text,
        }
    }
}
