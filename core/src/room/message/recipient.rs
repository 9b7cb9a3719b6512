//! The form of a recipient between nodes.

use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient};
use serde::{Deserialize, Serialize};

/// The form of a recipient between nodes: tells its kind, which clients tell by its form.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Recipient")]
pub(super) enum TaggedRecipient {
    User(UserId),
    Session(MemberKey),
}

/// A recipient between nodes, or none.
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
