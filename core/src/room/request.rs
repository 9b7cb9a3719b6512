//! Requests of clients in the form that the rules expect.

use roomcast_protocol::signal::{Body, RoomType, Signal};

use super::JoinGrant;
use crate::cluster::BootId;
use crate::room::message::{JoinId, JoinRequest, token_hash};
use crate::time::Instant;

/// The highest sequence number accepted from a client. Numbers up to it are exact in JSON parsers that use doubles (RFC
/// 8259, section 6); higher ones are ignored.
const HIGHEST_CLAIM: u64 = 1 << 52;

/// A JOIN and the data that its answer needs.
#[derive(Debug)]
pub(crate) struct JoinSignal {
    pub signal: Signal,
    pub grant: JoinGrant,
}

impl JoinSignal {
    /// Returns the request for the owner, or `None` if the signal is no JOIN. The ingest token it grants expires at
    /// `until`.
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
