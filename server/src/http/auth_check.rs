//! `GET /auth/check`.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use roomcast_protocol::access::{Action, Permit, Reason, Refused};
use roomcast_protocol::ack::name::AUTH_CHECK;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::RoomType;

use crate::access::{Access, Challenge, arrival, counted, named};
use crate::state::AppState;

/// The question to `/auth/check`.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// The room in which grants are asked for.
    room: Option<String>,
    /// The grants, with commas between them.
    grant: Option<String>,
}

/// Reports the grants of the request's token, or the reason of its refusal. Pages of every origin may ask: of a failed
/// handshake a browser tells nothing.
pub async fn check(request: HttpRequest, asked: web::Query<Asked>, state: web::Data<AppState>) -> HttpResponse {
    let token = arrival::of_any(request.head());
    state.access.prepare(token.as_deref()).await;
    let checked = state.access.admit(token.as_deref()).and_then(|permit| match permit {
        None => Ok(json!({ "open": true })),
        Some(permit) => match check_grants(&state.access, &permit, &asked) {
            Ok(()) => Ok(described(&permit)),
            Err(refused) => Err(counted(refused)),
        },
    });
    let mut response = match checked {
        Ok(body) => HttpResponse::Ok().json(json!({ "c": 200, "s": AUTH_CHECK, "b": body })),
        Err(refused) => named(&refused, Challenge::Bearer, AUTH_CHECK),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn described(permit: &Permit) -> serde_json::Value {
    let mut body = json!({ "open": false, "sub": permit.subject, "iat": permit.issued, "exp": permit.expires });
    if let Some(name) = &permit.name {
        body["name"] = json!(name);
    }
    if let Some(grant) = &permit.grant {
        body["room"] = json!(grant);
    }
    body
}

fn check_grants(access: &Access, permit: &Permit, asked: &Asked) -> Result<(), Refused> {
    let Some(room) = &asked.room else {
        return match asked.grant {
            None => Ok(()),
            Some(_) => Err(Refused::new(Reason::NotGranted, "`grant` is asked for in a `room`")),
        };
    };
    let room = RoomId::parse(room).map_err(|error| Refused::new(Reason::NotGranted, error.to_string()))?;
    access.check_in(permit, Some(&room))?;
    for name in asked.grant.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty()) {
        let actions = actions(name).ok_or_else(|| {
            let names = "join, create, publish, play, moderate and admin";
            Refused::new(Reason::NotGranted, format!("there is no such grant: there are {names}"))
        })?;
        let mut checked = actions.iter().map(|action| permit.check(*action, &room));
        if let Some(Err(refused)) = checked.next().filter(|first| first.is_err() && !checked.any(|next| next.is_ok())) {
            return Err(refused.into());
        }
    }
    Ok(())
}

/// Returns the actions of which a grant permits at least one.
fn actions(name: &str) -> Option<&'static [Action]> {
    const CREATE: [Action; 4] = [
        Action::Create(RoomType::P2m),
        Action::Create(RoomType::P2p),
        Action::Create(RoomType::M2m),
        Action::Create(RoomType::A2m),
    ];
    Some(match name {
        "join" => &[Action::Join(RoomType::M2m)],
        "create" => &CREATE,
        "publish" => &[Action::Publish],
        "play" => &[Action::Play],
        "moderate" => &[Action::Moderate],
        "admin" => &[Action::Admin],
        _ => return None,
    })
}
