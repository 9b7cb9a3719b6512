//! Requests of clients as the rules take them.

use roomcast_protocol::signal::{Body, RoomType, Signal};

use super::JoinGrant;
use crate::cluster::BootId;
use crate::room::message::{JoinId, JoinRequest, token_hash};
use crate::time::Instant;

/// Sequence numbers stay exact in JSON readers that hold them as doubles (RFC 8259, section 6); a client that claims
/// more claims nothing.
const HIGHEST_CLAIM: u64 = 1 << 52;

/// A JOIN and what its answer needs.
#[derive(Debug)]
pub(crate) struct JoinSignal {
    pub signal: Signal,
    pub grant: JoinGrant,
}

impl JoinSignal {
    /// Returns the request that it makes, if it is a JOIN; an ingest token that it gives is good until then.
    pub fn request(&self, until: Instant) -> Option<JoinRequest> {
        let Self { signal, grant } = self;
        let Body::Join(join) = &signal.body else { return None };
        let (options, head) = (&join.options, &signal.head);
        Some(JoinRequest {
            id: JoinId { edge: BootId(0), counter: 0 },
            session: head.session.clone(),
            room_type: head.room_type,
            creating: options.room_creating,
            media: (join.video, join.audio),
            numbers_above: options.numbers_above,
            resume_from: options.resume_from.filter(|had| *had < HIGHEST_CLAIM),
            brought: options.resume_token.as_deref().map(token_hash),
            given: token_hash(&grant.resume_token),
            ingest: (head.room_type == RoomType::P2m).then(|| (token_hash(&grant.ingest_token), until)),
            holds: None,
            credentials: grant.credentials.clone(),
        })
    }
}
