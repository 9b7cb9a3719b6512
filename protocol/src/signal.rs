//! Signals: what a client says to the server, `{"action": ACTION, "data": SIGNAL}`.
//!
//! Decoding reads the envelope and the members the server needs; the payload of a relayed signal stays the
//! sender's own text ([`Signal::raw`]) and is never serialised again.

use bytestring::ByteString;

pub mod decode;
pub mod encode;
pub mod head;
pub mod heard;
pub mod join;
pub mod kind;
pub mod member;
pub mod presence;
mod quick;
pub mod renew;
pub mod webrtc;

pub use decode::{Refusal, decode, decode_data};
pub use encode::{encode, with_number};
pub use head::{Head, Numbered, RefusedNumber};
pub use heard::{Heard, Hearer};
pub use join::{Engine, Join, JoinOptions};
pub use kind::SignalKind;
pub use member::{Category, Host, MemberKey, Recipient, RoomType, Session};
pub use presence::{Heartbeat, Kick, PublishRequest, Update};
pub use renew::Renew;
pub use webrtc::{Answer, IceCandidate, Offer, OfferOptions};

/// A signal as the server holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The common members.
    pub head: Head,
    /// The sender's number, if it has one that counts: a sender that numbers what it says must have it, of others it
    /// means nothing.
    pub number: Option<u64>,
    /// The request.
    pub body: Body,
    /// The whole message as received; shares its bytes.
    pub message: ByteString,
    /// Range of the `data` object in `message`.
    pub data: std::ops::Range<usize>,
}

impl Signal {
    /// The sender's `data` object exactly as sent.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.message[self.data.clone()]
    }

    /// Kind of the signal.
    #[must_use]
    pub const fn kind(&self) -> SignalKind {
        self.body.kind()
    }
}

/// Request of a signal.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Create, join or resume.
    Join(Join),
    /// Leave at once.
    Leave,
    /// Still here.
    Heartbeat(Heartbeat),
    /// Video or audio switched on or off.
    Update(Update),
    /// Put a user out.
    Kick(Kick),
    /// A viewer asks to publish.
    PublishRequest(PublishRequest),
    /// The owner lets a viewer publish.
    PublishAccept,
    /// The owner does not.
    PublishReject,
    /// A viewer asks a publisher for an offer.
    Watch,
    /// `OFFER`, `ANSWER` or `ICE`: passed on as it is.
    Relayed(SignalKind),
}

impl Body {
    /// Kind of the signal.
    #[must_use]
    pub const fn kind(&self) -> SignalKind {
        match self {
            Self::Join(_) => SignalKind::Join,
            Self::Leave => SignalKind::Leave,
            Self::Heartbeat(_) => SignalKind::Heartbeat,
            Self::Update(_) => SignalKind::Update,
            Self::Kick(_) => SignalKind::Kick,
            Self::PublishRequest(_) => SignalKind::PublishRequest,
            Self::PublishAccept => SignalKind::PublishAccept,
            Self::PublishReject => SignalKind::PublishReject,
            Self::Watch => SignalKind::Watch,
            Self::Relayed(kind) => *kind,
        }
    }
}
