//! Tokens of players, contained in the path of a request.
//!
//! All addresses in playlists are relative: a player that was given one path with a token finds every playlist and all
//! media below it, and what is rendered once still serves all.

use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, web};

use roomcast_protocol::access::{Action, Permit, Reason};
use roomcast_protocol::id::{ObjectId, RoomId};

use super::address::LiveAddress;
use super::original::{self, Original};
use super::{JUDGED_AGAIN, token_and_path};
use crate::access::{Challenge, Refused, arrival, counted, refusal};
use crate::clock::unix_millis;
use crate::live::LiveState;
use crate::response::pieces::SendCheck;

/// Returns the answer to a request that may not play what it asks for, or has to ask for it with its token in the path.
pub async fn refuse(
    request: &ServiceRequest,
    state: &LiveState,
    in_path: Option<&str>,
    address: &LiveAddress<'_>,
) -> Option<HttpResponse> {
    if state.access.is_open() {
        return None;
    }
    if in_path.is_none() && arrival::bearer(request.headers()).is_some_and(|bearer| state.caches.knows(bearer)) {
        return None;
    }
    let token = in_path.or_else(|| arrival::bearer(request.headers()));
    let (LiveAddress::Multivariant(room, playlist), None) = (address, token) else {
        state.access.prepare(token).await;
        return judge(state, token, address);
    };
    let Some(parameter) = arrival::parameter(request.head()) else { return judge(state, None, address) };
    state.access.prepare(Some(&parameter)).await;
    let redirected = || ObjectId::parse(playlist).ok().map(|_| redirect(request, &parameter, room, playlist));
    judge(state, Some(&parameter), address).or_else(redirected)
}

/// Checks once a second, while media is sent, whether its token still permits playback.
pub fn guard(request: &HttpRequest, state: &web::Data<LiveState>) -> Option<SendCheck> {
    let by_cache = || arrival::bearer(request.headers()).is_some_and(|bearer| state.caches.knows(bearer));
    if state.access.is_open() || (token_and_path(request, state).0.is_none() && by_cache()) {
        return None;
    }
    let (request, state, mut judged) = (request.clone(), state.clone(), Instant::now());
    Some(Box::new(move || {
        if judged.elapsed() < JUDGED_AGAIN {
            return true;
        }
        judged = Instant::now();
        let (in_path, path) = token_and_path(&request, &state);
        let token = in_path.or_else(|| arrival::bearer(request.headers()));
        LiveAddress::of(path).is_some_and(|address| goes_on(&state, token, &address))
    }))
}

/// Returns whether media is still sent: as long as a connection with this token would stay open.
fn goes_on(state: &LiveState, token: Option<&str>, address: &LiveAddress<'_>) -> bool {
    let Ok(room) = RoomId::parse(address.room()) else { return false };
    let grace = state.auth_grace.as_secs();
    let lasts = |permit: &Permit| unix_millis() / 1000 < permit.expires.saturating_add(grace);
    let judged = state.access.admit_to(token, Action::Play, &room);
    judged.is_ok_and(|permit| permit.is_none_or(|permit| lasts(&permit)))
}

/// Judges the token for the room of an address. A name that no room can have is told as such, behind a good token.
fn judge(state: &LiveState, token: Option<&str>, address: &LiveAddress<'_>) -> Option<HttpResponse> {
    let judged = match RoomId::parse(address.room()) {
        Ok(room) => state.access.admit_to(token, Action::Play, &room).map(drop),
        Err(_) => state.access.admit(token).map(drop),
    };
    judged.err().map(|refused| refusal(&refused, Challenge::Bearer))
}

/// Redirects a player to the address with its token in the path, relative to the requested one.
fn redirect(request: &ServiceRequest, token: &str, room: &str, playlist: &str) -> HttpResponse {
    let rest = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split_once('=').is_none_or(|(name, _)| name != arrival::PARAMETER));
    let rest = rest.collect::<Vec<_>>().join("&");
    let query = if rest.is_empty() { String::new() } else { format!("?{rest}") };
    let location = format!("../../@{token}/{room}/{playlist}/playlist.m3u8{query}");
    let mut response = HttpResponse::new(StatusCode::FOUND);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// `GET /auth/play`: whether a proxy or cache in front may serve what it was asked for, to whom it was asked by.
pub async fn ask(request: HttpRequest, state: web::Data<LiveState>) -> HttpResponse {
    if state.access.is_open() {
        return granted("no-store");
    }
    let Some(original) = original::of(&request) else {
        let sentence = "the original address is no playlist and no media below /live";
        return refusal(&counted(Refused::new(Reason::NotGranted, sentence)), Challenge::Bearer);
    };
    let Original { room, token, parameter } = &original;
    let token = token.as_deref().or_else(|| arrival::bearer(request.headers())).or(parameter.as_deref());
    state.access.prepare(token).await;
    match state.access.admit_to(token, Action::Play, room) {
        Ok(permit) => {
            let rest = permit.map_or(0, |permit| permit.expires.saturating_sub(unix_millis() / 1000));
            granted(&format!("private, max-age={rest}"))
        }
        Err(refused) => refusal(&refused, Challenge::Bearer),
    }
}

fn granted(age: &str) -> HttpResponse {
    HttpResponse::NoContent().insert_header((CACHE_CONTROL, age)).finish()
}
