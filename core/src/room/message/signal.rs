//! Signals in the form that edge and owner process.

use std::ops::Range;

use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{self, Recipient, SignalKind};

use super::recipient;

/// A signal with the sender's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedSignal {
    /// The number.
    pub n: u64,
    /// The signal.
    pub signal: Signal,
}

/// The part of a signal that edge and owner process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The action.
    pub action: Action,
    /// The recipient that it names.
    #[serde(with = "recipient::tagged")]
    pub to: Option<Recipient>,
    /// The message as received.
    pub text: SignalText,
}

/// The action of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// OFFER, ANSWER or ICE: to be forwarded to other members.
    Relay(SignalKind),
    /// WATCH: to be forwarded to a publisher.
    Watch,
    /// Removes sessions from the room.
    Kick,
    /// Removes sessions from the room, and revokes the tokens of their user in the room.
    KickAndRevoke,
    /// A viewer's request to publish, with video and audio enabled as given.
    PublishRequest(bool, bool),
    /// Makes viewers publishers.
    PublishAccept,
    /// Tells viewers that they do not become publishers.
    PublishReject,
    /// Switches video and audio.
    Update(bool, bool),
    /// Ends the membership.
    Leave,
    /// Refused by the edge; its number counts as seen.
    Refused(SignalKind),
}

impl Action {
    /// Returns the kind of signal.
    #[must_use]
    pub const fn kind(self) -> SignalKind {
        match self {
            Self::Relay(kind) | Self::Refused(kind) => kind,
            Self::Watch => SignalKind::Watch,
            Self::Kick | Self::KickAndRevoke => SignalKind::Kick,
            Self::PublishRequest(..) => SignalKind::PublishRequest,
            Self::PublishAccept => SignalKind::PublishAccept,
            Self::PublishReject => SignalKind::PublishReject,
            Self::Update(..) => SignalKind::Update,
            Self::Leave => SignalKind::Leave,
        }
    }
}

impl Signal {
    /// Returns the signal of a decoded message; `None` for JOIN and HEARTBEAT, which edges handle separately.
    #[must_use]
    pub fn of(signal: &signal::Signal) -> Option<Self> {
        let action = match &signal.body {
            signal::Body::Join(_) | signal::Body::Heartbeat(_) => return None,
            signal::Body::Leave => Action::Leave,
            signal::Body::Update(update) => Action::Update(update.video, update.audio),
            signal::Body::Kick(kick) if kick.revoke => Action::KickAndRevoke,
            signal::Body::Kick(_) => Action::Kick,
            signal::Body::PublishRequest(request) => Action::PublishRequest(request.video, request.audio),
            signal::Body::PublishAccept => Action::PublishAccept,
            signal::Body::PublishReject => Action::PublishReject,
            signal::Body::Watch => Action::Watch,
            signal::Body::Relayed(kind) => Action::Relay(*kind),
        };
        let text = SignalText { message: signal.message.clone(), data: signal.data.clone() };
        Some(Self { action, to: signal.head.recipient.clone(), text })
    }
}

/// The text of a signal as received.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignalText {
    /// The whole message.
    pub message: ByteString,
    /// The range of the `data` object in the message.
    pub data: Range<usize>,
}

impl SignalText {
    /// Returns the `data` object, which is sent to recipients. It shares the bytes of the message. Empty if the range
    /// from a packet is outside the message.
    #[must_use]
    pub fn data(&self) -> ByteString {
        self.message.get(self.data.clone()).map(|data| self.message.slice_ref(data)).unwrap_or_default()
    }
}

/// A refused signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalRefusal {
    /// The sender's number.
    pub n: u64,
    /// The kind of signal.
    pub kind: SignalKind,
    /// The code of the answer.
    pub code: AckCode,
    /// The reason, in a sentence.
    pub reason: String,
    /// The message as received.
    pub message: ByteString,
}
