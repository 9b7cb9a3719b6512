//! Playlists and media for players (draft-pantos-hls-rfc8216bis, sections 6.2.5 and B.1).
//!
//! Answers that all viewers share are made once, with the snapshot; this module only selects them.

mod access;
mod address;
mod answer;
mod freshness;
mod original;
mod waiting;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_service::fn_service;
use actix_web::dev::{AppService, HttpServiceFactory, ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::{Error, HttpRequest, HttpResponse, web};

use roomcast_core::hls::{Decision, Reload, Snapshot};
use roomcast_protocol::id::{InvalidId, ObjectId, RoomId};

pub use access::ask;
use address::{LiveAddress, split_token};
pub use freshness::Freshness;

use super::track::LiveTrack;
use crate::live::LiveState;
use crate::page;
use crate::response::resource::refuse_to_write;
use waiting::{PlaybackError, wait};

/// The time of waiting, or of sending, after which the token of a request is judged again.
const JUDGED_AGAIN: Duration = Duration::from_secs(1);

/// Everything under `/live`. Thousands of viewers ask for it, each several times a second: the beginning of the
/// path is compared and the rest split, while the library's routes are regular expressions, tried one by one.
pub struct Playback;

impl HttpServiceFactory for Playback {
    fn register(self, config: &mut AppService) {
        config.register_service(ResourceDef::prefix("/live"), None, fn_service(serve), None);
    }
}

async fn serve(mut request: ServiceRequest) -> Result<ServiceResponse, Error> {
    let state = request.app_data::<web::Data<LiveState>>().expect("the application has its state").clone();
    let (token, path) = token_and_path(request.request(), &state);
    let Some(address) = LiveAddress::of(path) else {
        let missing = page::not_found(request.request().clone()).await;
        return Ok(request.into_response(missing));
    };
    let early = match refuse_to_write(request.request()) {
        None => access::refuse(&request, &state, token, &address).await,
        refused => refused,
    };
    let asked = Instant::now();
    let mut answer = match (early, address) {
        (Some(answer), _) => answer,
        (None, LiveAddress::Multivariant(room, playlist)) => {
            multivariant(request.request(), &state, room, playlist).await
        }
        (None, LiveAddress::Playlist(room, playlist, track)) => {
            let track = find(&state, room, playlist, track).await;
            media_playlist(&mut request, &state, track).await
        }
        (None, LiveAddress::Object(room, playlist, track, name)) => {
            let (track, name) = (find(&state, room, playlist, track).await, ObjectId::parse(name));
            object(&mut request, &state, track, name).await
        }
    };
    // A token may end, or be revoked, while its request waits.
    if asked.elapsed() >= JUDGED_AGAIN {
        let (token, path) = token_and_path(request.request(), &state);
        if let Some(address) = LiveAddress::of(path) {
            answer = access::refuse(&request, &state, token, &address).await.unwrap_or(answer);
        }
    }
    state.cors.stamp(request.headers(), answer.headers_mut());
    Ok(request.into_response(answer))
}

/// Returns the token in the path, at a server that wants any, and the path behind it.
fn token_and_path<'a>(request: &'a HttpRequest, state: &LiveState) -> (Option<&'a str>, &'a str) {
    let whole = request.match_info().unprocessed();
    match split_token(whole) {
        (Some(token), path) if !state.access.is_open() => (Some(token), path),
        _ => (None, whole),
    }
}

async fn multivariant(request: &HttpRequest, state: &LiveState, room: &str, playlist: &str) -> HttpResponse {
    let found = async {
        let (room, playlist) = (RoomId::parse(room)?, ObjectId::parse(playlist)?);
        look(state, &room, &playlist).await;
        let playlist = state.index.playlist(&room, &playlist);
        playlist.and_then(|playlist| playlist.multivariant()).ok_or(PlaybackError::NotPlayable)
    };
    match found.await {
        Ok(text) => answer::playlist(request, &text, freshness::max_age(freshness::UNKNOWN)),
        Err(stop) => answer::stopped(&stop, || freshness::no_playlist(&Reload::default(), None)),
    }
}

async fn media_playlist(request: &mut ServiceRequest, state: &LiveState, track: Found) -> HttpResponse {
    let reload = match Reload::parse(request.query_string()) {
        Ok(reload) => reload,
        Err(bad) => return answer::bad_request(bad.to_string()),
    };
    let at_once = request.method() == Method::HEAD;
    let decide = |snapshot: &Snapshot| match reload.decide(snapshot) {
        Decision::Wait if at_once => Decision::Answer,
        decided => decided,
    };
    let waited = match &track {
        Ok(track) => wait(request, state, track, decide).await,
        Err(stop) => Err(stop.clone()),
    };
    let published = match waited {
        Ok(published) => published,
        Err(stop) => return answer::stopped(&stop, || freshness::no_playlist(&reload, target(&track))),
    };
    let snapshot = &published.snapshot;
    let delta = published.delta.as_ref().filter(|_| reload.wants_delta(snapshot));
    let is_named = !matches!(reload.decide(snapshot), Decision::Wait);
    let fresh = if is_named { published.fresh.playlist(&reload, snapshot).clone() } else { freshness::NEVER };
    answer::playlist(request.request(), delta.unwrap_or(&published.whole), fresh)
}

/// Answers a request for media. One for a hinted part waits until the part is there, unless it is a HEAD.
async fn object(
    request: &mut ServiceRequest,
    state: &web::Data<LiveState>,
    track: Found,
    name: Result<ObjectId, InvalidId>,
) -> HttpResponse {
    let answer = async {
        let (track, name) = (track.as_ref().map_err(PlaybackError::clone)?, name?);
        let awaits = |snapshot: &Snapshot| snapshot.hint.as_ref() == Some(&name) && track.object(&name).is_none();
        if request.method() == Method::HEAD && track.newest().is_some_and(|now| awaits(&now.snapshot)) {
            return Err(PlaybackError::NotYet);
        }
        let waited = wait(request, state, track, |snapshot| match awaits(snapshot) {
            true => Decision::Wait,
            false => Decision::Answer,
        });
        let fresh = waited.await?.fresh.media.clone();
        let stored = track.object(&name).ok_or(PlaybackError::NotPlayable)?;
        let bytes = stored.bytes().await?;
        let guard = || access::guard(request.request(), state);
        Ok(answer::object(request.request(), &stored, bytes, fresh, guard))
    };
    let answer = answer.await;
    answer.unwrap_or_else(|stop| answer::stopped(&stop, || freshness::no_object(target(&track))))
}

type Found = Result<Arc<LiveTrack>, PlaybackError>;

async fn find(state: &LiveState, room: &str, playlist: &str, track: &str) -> Found {
    let (room, playlist, track) = (RoomId::parse(room)?, ObjectId::parse(playlist)?, ObjectId::parse(track)?);
    look(state, &room, &playlist).await;
    let track = state.index.track(&room, &playlist, &track).ok_or(PlaybackError::NotPlayable)?;
    track.note_viewer();
    Ok(track)
}

/// Looks for a playlist at other nodes where it is not here.
async fn look(state: &LiveState, room: &RoomId, playlist: &ObjectId) {
    if state.index.lacks(room, playlist) {
        state.remote_lookup.look_up(room).await;
    }
}

/// Returns the target duration of a track, when there is one.
fn target(track: &Found) -> Option<Duration> {
    Some(track.as_ref().ok()?.newest()?.snapshot.target_duration)
}
