//! Observations of a client about its own connection and media, by name.
//!
//! Events of the state table are seen as well: a rule may name either.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::client::state::Event;
use crate::named::named;

named! {
    /// Something the client saw that is no event of the state table.
    Observation {
        JoinUnavailable = "joinUnavailable", "The join ack said 503, which is as good as no ack.";
        HeartbeatSent = "heartbeatSent", "`HEARTBEAT` was sent, and an ack of it is due.";
        HeartbeatAnswered = "heartbeatAnswered", "A heartbeat ack said 200.";
        CriticalFailure = "criticalFailure",
            "The media connection failed, or a heartbeat ack said that the room or the member is gone.";
        LowFrameRate = "lowFrameRate", "A warning that the frame rate is low.";
        OfferSent = "offerSent", "`OFFER` was sent.";
        AnswerReceived = "answerReceived", "No `OFFER` of this client is without its `ANSWER` any more: each was answered, refused or given up.";
        CalleeAbsent = "calleeAbsent", "Nobody else is in the call.";
        CalleePresent = "calleePresent", "The other user is in the call.";
        SlowUpload = "slowUpload", "A data signal took more than 700 ms.";
        FastUpload = "fastUpload", "A data signal took 700 ms or less.";
        BufferingStarted = "bufferingStarted", "Playback stands still for want of media.";
        BufferingEnded = "bufferingEnded", "Playback goes on.";
        Tick = "tick", "A second has passed: the rules are looked at.";
    }
}

/// An event or an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// An event of the state table.
    Event(Event),
    /// Anything else.
    Observation(Observation),
}

impl Seen {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event(event) => event.name(),
            Self::Observation(observation) => observation.name(),
        }
    }
}

impl From<Event> for Seen {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<Observation> for Seen {
    fn from(observation: Observation) -> Self {
        Self::Observation(observation)
    }
}

impl JsonSchema for Seen {
    fn schema_name() -> Cow<'static, str> {
        "Seen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let events = Event::ALL.iter().map(|event| event.name());
        let names: Vec<&str> = Observation::ALL.iter().map(|seen| seen.name()).chain(events).collect();
        json_schema!({ "type": "string", "description": "An event or an observation.", "enum": names })
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_observation_has_the_name_of_an_event_or_of_another() {
        for (index, observation) in Observation::ALL.iter().enumerate() {
            assert_eq!(Event::from_name(observation.name()), None);
            assert_eq!(Observation::from_name(observation.name()), Some(*observation));
            assert!(Observation::ALL[index + 1..].iter().all(|other| other.name() != observation.name()));
        }
    }
}
