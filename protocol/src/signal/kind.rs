//! Table of the signals: their `action`, their name `s` and the types of room they belong to. One table.

use super::member::RoomType;

macro_rules! kinds {
    ($($variant:ident = $action:literal, $name:literal, [$($room:ident)*], $text:literal;)*) => {
        /// Kind of a signal of a client.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum SignalKind {
            $(#[doc = $text] $variant,)*
        }

        impl SignalKind {
            /// Every signal.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The signals of rooms: all that have the common members.
            pub const OF_ROOMS: &'static [Self] = {
                let (all, [.., Self::Renew]) = (Self::ALL, Self::ALL) else { panic!("RENEW, which is about no room, stands last: put others before it") };
                all.split_at(all.len() - 1).0
            };

            /// The `action` of the envelope.
            #[must_use]
            pub const fn action(self) -> &'static str {
                match self { $(Self::$variant => $action),* }
            }

            /// The name, member `s`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Whether the signal exists in this type of room.
            #[must_use]
            pub const fn allowed_in(self, room_type: RoomType) -> bool {
                match self { $(Self::$variant => matches!(room_type, $(RoomType::$room)|*)),* }
            }
        }
    };
}

kinds! {
    Join = "join", "JOIN", [P2p M2m A2m P2m], "Create, join or resume.";
    Leave = "leave", "LEAVE", [P2p M2m A2m P2m], "Leave at once.";
    Heartbeat = "heartbeat", "HEARTBEAT", [P2p M2m A2m P2m], "Still here; due every 3 s.";
    Update = "updateVideo", "UPDATE", [P2p M2m A2m P2m], "Video or audio switched on or off.";
    Kick = "kick", "KICK", [M2m A2m P2m], "Put a user out.";
    PublishRequest = "publishRequest", "PUBLISH_REQUEST", [M2m A2m], "A viewer asks to publish.";
    PublishAccept = "publishAccept", "PUBLISH_ACCEPT", [M2m A2m], "The owner lets a viewer publish.";
    PublishReject = "publishReject", "PUBLISH_REJECT", [M2m A2m], "The owner does not.";
    Offer = "offer", "OFFER", [P2p M2m A2m], "An SDP offer.";
    Answer = "answer", "ANSWER", [P2p M2m A2m], "An SDP answer.";
    Ice = "iceCandidate", "ICE", [P2p M2m A2m], "An ICE candidate.";
    Watch = "watch", "WATCH", [M2m A2m], "A viewer asks a publisher for an offer.";
    Renew = "renew", "RENEW", [P2p M2m A2m P2m], "Another access token, for the connection.";
}

impl SignalKind {
    /// Whether the signal must say to whom it goes, in this type of room.
    #[must_use]
    pub const fn needs_recipient(self, room_type: RoomType) -> bool {
        match self {
            Self::Kick | Self::PublishAccept | Self::PublishReject | Self::Watch => true,
            Self::Offer | Self::Answer | Self::Ice => matches!(room_type, RoomType::M2m | RoomType::A2m),
            Self::Join | Self::Leave | Self::Heartbeat | Self::Update | Self::PublishRequest | Self::Renew => false,
        }
    }

    /// Whether the signal reaches others as it was sent.
    #[must_use]
    pub const fn is_forwarded(self) -> bool {
        !matches!(self, Self::Join | Self::Leave | Self::Heartbeat | Self::Update | Self::Renew)
    }

    /// Whether the sender gets an ack when the signal was carried out; else it is answered only when it is refused.
    #[must_use]
    pub const fn is_acked(self) -> bool {
        matches!(self, Self::Join | Self::Heartbeat | Self::Renew)
    }

    /// Whether a client that numbers what it says numbers this signal.
    #[must_use]
    pub const fn is_numbered(self) -> bool {
        !matches!(self, Self::Join | Self::Leave | Self::Heartbeat | Self::Renew)
    }

    /// The signal with this `action`.
    #[must_use]
    pub fn from_action(action: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.action() == action)
    }

    /// The signal with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
