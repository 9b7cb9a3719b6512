//! The revocations that this node holds, and `POST /api/revoke`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use roomcast_protocol::access::{MAX_META, Permit, Reason, Refused, Revocation, Revocations, Revoke, TooMany};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::RoomId;

use super::{Challenge, arrival, counted, exchange, refusal};
use crate::clock::unix_millis;
use crate::http::answer;
use crate::node::Node;

/// The most bytes of a request.
const MAX_REQUEST: usize = 4096;

/// The revocations of a node.
#[derive(Debug, Default)]
pub struct Held {
    most: usize,
    table: RwLock<Revocations>,
    /// Their number, so that a server without any looks at nothing.
    count: AtomicUsize,
    /// Rises with all that is new.
    version: AtomicU64,
}

impl Held {
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// A number that rises with all that is new.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// The number of revocations.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes revocations; gives whether any says anything new.
    ///
    /// # Errors
    /// When there are too many; those before it in order are taken.
    pub fn take(&self, now: u64, fresh: impl IntoIterator<Item = Revocation>) -> Result<bool, TooMany> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = Ok(false);
        for one in fresh {
            match table.insert(now, self.most, one) {
                Ok(is_news) => news = Ok(news == Ok(true) || is_news),
                Err(TooMany) => {
                    news = Err(TooMany);
                    break;
                }
            }
        }
        self.count.store(table.len(), Ordering::Relaxed);
        if news != Ok(false) {
            self.version.fetch_add(1, Ordering::Relaxed);
        }
        news
    }

    /// All of them, without those that have ended.
    pub fn all(&self, now: u64) -> Vec<Revocation> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.iter().filter(|one| now < one.until).collect()
    }

    /// Whether a token is refused: in a room, or everywhere where none is given.
    pub fn refuse(&self, now: u64, permit: &Permit, room: Option<&RoomId>) -> bool {
        self.count() > 0 && self.table.read().unwrap_or_else(PoisonError::into_inner).refuse(now, permit, room)
    }
}

/// `POST /api/revoke`: refuses tokens that were issued until now, on all nodes.
pub async fn revoke(request: HttpRequest, payload: Payload, node: Data<Node>) -> HttpResponse {
    let token = arrival::bearer(request.headers());
    node.access.prepare(token).await;
    let permit = match node.access.admit(token) {
        Ok(Some(permit)) => permit,
        Ok(None) => return answer::error(AckCode::PermissionNotFound, "this server has no key, and so no tokens"),
        Err(refused) => return refusal(&refused, Challenge::Bearer),
    };
    let asked = match read(payload).await {
        Ok(asked) => asked,
        Err(sentence) => return answer::error(AckCode::InvalidSignal, sentence),
    };
    if !may_revoke(&permit, &asked) {
        let refused = Refused::new(Reason::NotGranted, "the token does not grant `admin` for what is to be revoked");
        return refusal(&counted(refused), Challenge::Bearer);
    }
    match node.revoke(asked).await {
        Ok(revocation) => {
            let body = json!({ "at": revocation.at, "until": revocation.until });
            HttpResponse::Ok().json(json!({ "c": 200, "s": "REVOKE", "b": body }))
        }
        Err(failed) => answer::error(failed.code(), failed.to_string()),
    }
}

/// Why a revocation does not hold on all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRevoked {
    /// There is no place for it.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// It holds here, and others will hear of it when Redis is back.
    #[error("the revocation holds on this node, and on the others once Redis is back; try again to be sure")]
    NotTold,
}

impl NotRevoked {
    /// The code of the answer.
    pub const fn code(self) -> AckCode {
        match self {
            Self::TooMany(_) => AckCode::RateLimited,
            Self::NotTold => AckCode::Unavailable,
        }
    }
}

async fn read(payload: Payload) -> Result<Revoke, String> {
    let body = match payload.to_bytes_limited(MAX_REQUEST).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return Err(format!("the request was cut off: {error}")),
        Err(_) => return Err(format!("the request is longer than {MAX_REQUEST} bytes")),
    };
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("the request is no JSON object".to_owned());
    }
    let asked: Revoke = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    if asked.jti.as_ref().is_some_and(|jti| jti.is_empty() || jti.len() > MAX_META) {
        return Err(format!("`jti` is no text of 1 to {MAX_META} bytes"));
    }
    match asked.is_empty() {
        true => Err("one of `sub`, `jti` and `room` must say which tokens are revoked".to_owned()),
        false => Ok(asked),
    }
}

/// Whether a token may revoke this: everything, or what holds in a room for which it grants `admin`.
fn may_revoke(permit: &Permit, asked: &Revoke) -> bool {
    permit.administers_all() || asked.room.as_ref().is_some_and(|rooms| permit.administers(rooms))
}

impl Node {
    /// Refuses the tokens that are named, from now on, here and on all other nodes.
    ///
    /// # Errors
    /// Where there are too many revocations, or the other nodes could not be told.
    pub async fn revoke(&self, revoke: Revoke) -> Result<Revocation, NotRevoked> {
        let at = unix_millis() / 1000;
        let life = self.access.longest_life() + self.settings.access.auth_grace.as_secs();
        let revocation = Revocation { revoke, at, until: at.saturating_add(life) };
        self.access.revocations().take(at, [revocation.clone()])?;
        self.connections.judge_all();
        exchange(self).await?;
        Ok(revocation)
    }
}
