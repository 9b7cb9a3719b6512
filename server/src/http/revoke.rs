//! `POST /api/revoke`.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use roomcast_protocol::access::{MAX_META, Permit, Reason, Refused, Revoke};
use roomcast_protocol::code::AckCode;

use crate::access::{Challenge, arrival, counted, refusal};
use crate::response::answer;
use crate::state::AppState;

/// The most bytes of a request.
const MAX_REQUEST: usize = 4096;

/// Refuses tokens that were issued until now, on all nodes.
pub async fn revoke(request: HttpRequest, payload: Payload, state: Data<AppState>) -> HttpResponse {
    let token = arrival::bearer(request.headers());
    state.access.prepare(token).await;
    let permit = match state.access.admit(token) {
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
    match state.revoke(asked).await {
        Ok(revocation) => {
            let body = json!({ "at": revocation.at, "until": revocation.until });
            HttpResponse::Ok().json(json!({ "c": 200, "s": "REVOKE", "b": body }))
        }
        Err(failed) => answer::error(failed.code(), failed.to_string()),
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

/// Returns whether a token may revoke this: everything, or what holds in a room for which it grants `admin`.
fn may_revoke(permit: &Permit, asked: &Revoke) -> bool {
    permit.administers_all() || asked.room.as_ref().is_some_and(|rooms| permit.administers(rooms))
}
