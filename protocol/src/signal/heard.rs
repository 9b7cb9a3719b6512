//! Messages to other members that a signal leads to, beside the answer to its sender.

use schemars::JsonSchema;
use serde::Serialize;

use super::SignalKind;
use crate::ack::name::{PUBLISH_LIST_CHANGED, ROOM_CLOSED};
use crate::named::named;

named! {
    /// Members that hear something about a signal.
    Hearer {
        Recipients = "recipients", "The sessions that `to` names, never the sender; in `p2p` without `to` every session of the other user.";
        Owner = "owner", "The owner's session, and every moderator.";
        Publishers = "publishers", "Those of the recipients that publish.";
        Everyone = "everyone", "Every member of the room, the sender and viewers among them.";
    }
}

/// A message that a signal leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Heard {
    /// The message, by its `s`; the signal's own name: the signal as it was sent.
    pub message: &'static str,
    /// The members that receive it.
    pub who: Hearer,
    /// Condition under which that is so; absent: whenever the signal is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<&'static str>,
}

const fn list(when: &'static str) -> Heard {
    Heard { message: PUBLISH_LIST_CHANGED, who: Hearer::Everyone, when: Some(when) }
}

const fn forwarded(kind: SignalKind, who: Hearer) -> Heard {
    Heard { message: kind.name(), who, when: None }
}

impl SignalKind {
    /// Messages to other members once the signal was carried out, and their recipients. Nobody is told of viewers that
    /// come or go.
    #[must_use]
    pub const fn heard_by(self) -> &'static [Heard] {
        use Hearer::{Owner, Publishers, Recipients};
        match self {
            Self::Heartbeat => &[],
            Self::Join => {
                const {
                    &[list(
                        "The newcomer publishes; it has the list in its ack, and may be told once more. Nobody is told of a \
                    viewer, or of a member that resumes.",
                    )]
                }
            }
            Self::Leave => {
                const {
                    &[
                        list("The member published. Nobody is told of a viewer."),
                        Heard {
                            message: ROOM_CLOSED,
                            who: Hearer::Everyone,
                            when: Some("The last publisher left, and none came back within `roomLinger`."),
                        },
                    ]
                }
            }
            Self::Update => const { &[list("`ve` or `ae` differs from what the list says.")] },
            Self::Kick => {
                const {
                    &[
                        forwarded(Self::Kick, Recipients),
                        list("A publisher was kicked. Nobody else is told of a kicked viewer."),
                    ]
                }
            }
            Self::PublishRequest => const { &[forwarded(Self::PublishRequest, Owner)] },
            Self::PublishAccept => {
                const { &[forwarded(Self::PublishAccept, Recipients), list("The recipient did not publish yet.")] }
            }
            Self::PublishReject => const { &[forwarded(Self::PublishReject, Recipients)] },
            Self::Offer => const { &[forwarded(Self::Offer, Recipients)] },
            Self::Answer => const { &[forwarded(Self::Answer, Recipients)] },
            Self::Ice => const { &[forwarded(Self::Ice, Recipients)] },
            Self::Watch => const { &[forwarded(Self::Watch, Publishers)] },
            Self::Renew => {
                const { &[list("The new token no longer grants what the member does: it publishes no more, or is out.")] }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forwarded_is_heard_by_somebody_and_nothing_else_is() {
        for kind in SignalKind::ALL {
            let itself = kind.heard_by().iter().any(|heard| heard.message == kind.name());
            assert_eq!(itself, kind.is_forwarded(), "{kind:?}");
        }
    }
}
