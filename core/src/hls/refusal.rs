//! Reason why a payload is refused, with the code of the answer.

use roomcast_protocol::code::AckCode;

/// A payload that was not accepted. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// `InvalidSignal`, `TrackNotFound` or `SequenceConflict`.
    pub code: AckCode,
    /// Description of the error, in one sentence.
    pub reason: String,
}

impl Refusal {
    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self { code: AckCode::InvalidSignal, reason: reason.into() }
    }

    pub(super) fn conflict(reason: impl Into<String>) -> Self {
        Self { code: AckCode::SequenceConflict, reason: reason.into() }
    }

    pub(super) fn no_track(reason: impl Into<String>) -> Self {
        Self { code: AckCode::TrackNotFound, reason: reason.into() }
    }
}
