//! The serialized form of a recipient in messages between nodes.

use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient};
use serde::{Deserialize, Serialize};

/// The serialized form of a recipient between nodes. It contains a tag for the kind; in client messages, the kind
/// follows from the form.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Recipient")]
pub(super) enum TaggedRecipient {
    User(UserId),
    Session(MemberKey),
}

/// Serialization of an optional recipient between nodes.
pub(super) mod tagged {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Recipient, TaggedRecipient};

    #[derive(Serialize)]
    struct Borrowed<'a>(#[serde(with = "TaggedRecipient")] &'a Recipient);

    #[derive(Deserialize)]
    struct Owned(#[serde(with = "TaggedRecipient")] Recipient);

    pub fn serialize<S: Serializer>(to: &Option<Recipient>, serializer: S) -> Result<S::Ok, S::Error> {
        to.as_ref().map(Borrowed).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Recipient>, D::Error> {
        Ok(Option::<Owned>::deserialize(deserializer)?.map(|Owned(to)| to))
    }
}
