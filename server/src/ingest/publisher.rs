//! The user as which encoders push: the subject of their token, or the configured user on a server without keys.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::{HttpRequest, HttpResponse};

use percent_encoding::percent_decode_str;
use roomcast_core::room::Credentials;
use roomcast_protocol::access::{Action, Permit, Reason};
use roomcast_protocol::id::{RoomId, UserId};

use super::state::IngestState;
use crate::access::{self, Challenge, arrival};
use crate::clock::unix_millis;

/// The interval at which a push checks whether its token is still valid.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A user as which media is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    user: UserId,
    /// The permit of its token; `None` on a server without keys.
    permit: Option<Arc<Permit>>,
}

/// Returns whether encoders push to an address.
pub fn takes_media(path: &str) -> bool {
    let mut names = path.split('/').skip(1);
    names.next() == Some("rooms") && names.nth(1) == Some("ingest")
}

/// Returns the room that an encoder's address names.
fn room_of(path: &str) -> Option<RoomId> {
    let name = percent_decode_str(path.split('/').nth(2)?).decode_utf8().ok()?;
    RoomId::parse(&name).ok()
}

/// Returns the answer to an encoder whose token is missing, wrong or for something else.
pub fn refuse_encoder(ingest: &IngestState, head: &RequestHead) -> Option<HttpResponse> {
    let token = arrival::of_encoder(head);
    let refused = match room_of(head.uri.path()) {
        Some(room) => ingest.access.admit_to(token.as_deref(), Action::Publish, &room).err()?,
        None => ingest.access.admit(token.as_deref()).err()?,
    };
    // Its key may be one that is to be fetched.
    (refused.reason != Reason::UnknownKey).then(|| refusal(&refused))
}

/// Returns the answer to an encoder whose token is refused.
pub fn refusal(refused: &access::Refused) -> HttpResponse {
    access::refusal(refused, Challenge::BearerOrBasic)
}

impl Publisher {
    /// Admits an encoder to a room, before anything of its body is read.
    ///
    /// # Errors
    /// The refusal of a token that is missing, wrong or not enough.
    pub async fn admit(ingest: &IngestState, request: &HttpRequest, room: &RoomId) -> Result<Self, access::Refused> {
        let token = arrival::of_encoder(request.head());
        ingest.access.prepare(token.as_deref()).await;
        Ok(match ingest.access.admit_to(token.as_deref(), Action::Publish, room)? {
            Some(permit) => Self { user: permit.subject.clone(), permit: Some(permit) },
            None => Self { user: ingest.settings.user.clone(), permit: None },
        })
    }

    /// Returns the user.
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// Returns the part of its token that the room needs.
    pub fn credentials(&self, room: &RoomId) -> Option<Box<Credentials>> {
        self.permit.as_deref().map(|permit| Box::new(Credentials::of(permit, room)))
    }

    /// Waits until the token has ended or is revoked, and gives the reason.
    pub async fn over(&self, ingest: &IngestState, room: &RoomId) -> access::Refused {
        let Some(permit) = &self.permit else { return std::future::pending().await };
        let end = permit.expires.saturating_add(ingest.settings.auth_grace.as_secs());
        loop {
            if let Err(refused) =
                ingest.access.check_in(permit, None).and_then(|()| ingest.access.check_in(permit, Some(room)))
            {
                return access::counted(refused);
            }
            if unix_millis() / 1000 >= end {
                return access::counted(access::Refused::new(Reason::Expired, "the token has ended"));
            }
            actix_web::rt::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Returns the publisher of an open server.
    #[cfg(test)]
    pub fn of_settings(ingest: &IngestState) -> Self {
        Self { user: ingest.settings.user.clone(), permit: None }
    }
}
