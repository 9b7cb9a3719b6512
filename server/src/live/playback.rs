//! Playlists and media for players, with blocking reload (draft-pantos-hls-rfc8216bis, section 6.2.5.2).

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use tokio::sync::watch;

use roomcast_core::hls::{Decision, Object, Reload, Snapshot};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{InvalidId, ObjectId, RoomId};

use super::track::{LiveTrack, Newest};
use crate::http::answer;
use crate::node::Node;

const PLAYLIST_TYPE: &str = "application/vnd.apple.mpegurl";
/// A reader waits at most this many target durations.
const WAIT_TARGETS: u32 = 3;

/// `GET /live/{room}/{playlist}/playlist.m3u8`
pub async fn multivariant(path: web::Path<(String, String)>, node: web::Data<Node>) -> HttpResponse {
    let found = || {
        let (room, [playlist]) = ids(&path.0, [&path.1])?;
        let playlist = node.live.playlist(&room, &playlist).ok_or(Stop::NotPlayable)?;
        playlist.multivariant().ok_or(Stop::NotPlayable)
    };
    found().map_or_else(Stop::into_answer, |text| playlist_answer(text, "max-age=1".to_owned()))
}

/// `GET /live/{room}/{playlist}/{track}/playlist.m3u8`
pub async fn media_playlist(
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
    node: web::Data<Node>,
) -> HttpResponse {
    let reload = match Reload::parse(request.query_string()) {
        Ok(reload) => reload,
        Err(bad) => return answer::error(AckCode::InvalidSignal, bad.to_string()),
    };
    let waited = match find(&node, &path.0, &path.1, &path.2) {
        Ok(track) => wait(&node, &track, |snapshot| reload.decide(snapshot)).await,
        Err(stop) => Err(stop),
    };
    waited.map_or_else(Stop::into_answer, |snapshot| media_answer(&snapshot, &reload))
}

/// `GET /live/{room}/{playlist}/{track}/{object}`
pub async fn object(path: web::Path<(String, String, String, String)>, node: web::Data<Node>) -> HttpResponse {
    held_back(&node, &path).await.unwrap_or_else(Stop::into_answer)
}

/// A part that is hinted at is held back until it is there.
async fn held_back(node: &Node, path: &(String, String, String, String)) -> Result<HttpResponse, Stop> {
    let (track, name) = (find(node, &path.0, &path.1, &path.2)?, ObjectId::parse(&path.3)?);
    let waited = wait(node, &track, |snapshot| match track.object(&name) {
        None if snapshot.hint.as_ref() == Some(&name) => Decision::Wait,
        _ => Decision::Answer,
    });
    let snapshot = waited.await?;
    track.object(&name).map(|object| object_answer(object, &snapshot)).ok_or(Stop::NotPlayable)
}

/// Why there is no answer from a track.
enum Stop {
    BadId(InvalidId),
    Refused(&'static str),
    NotPlayable,
    TooLong,
}

impl From<InvalidId> for Stop {
    fn from(error: InvalidId) -> Self {
        Self::BadId(error)
    }
}

impl Stop {
    fn into_answer(self) -> HttpResponse {
        match self {
            Self::BadId(error) => answer::error(AckCode::InvalidSignal, error.to_string()),
            Self::Refused(reason) => answer::error(AckCode::InvalidSignal, reason),
            Self::NotPlayable => no_track(),
            Self::TooLong => answer::error(AckCode::Unavailable, "what was asked for did not come in time"),
        }
    }
}

/// Waits until `decide` says to answer, at most for three target durations.
async fn wait(node: &Node, track: &LiveTrack, decide: impl Fn(&Snapshot) -> Decision) -> Result<Arc<Snapshot>, Stop> {
    let mut newest = track.watch();
    let mut draining = node.watch_draining();
    let first = newest.borrow_and_update().clone().ok_or(Stop::NotPlayable)?;
    let limit = actix_web::rt::time::sleep(first.target_duration * WAIT_TARGETS);
    tokio::select! {
        answer = until(&mut newest, decide) => answer,
        () = limit => Err(Stop::TooLong),
        _ = draining.wait_for(|draining| *draining) => Err(Stop::TooLong),
    }
}

async fn until(
    newest: &mut watch::Receiver<Newest>,
    decide: impl Fn(&Snapshot) -> Decision,
) -> Result<Arc<Snapshot>, Stop> {
    loop {
        let snapshot = newest.borrow_and_update().clone().ok_or(Stop::NotPlayable)?;
        match decide(&snapshot) {
            Decision::Answer => return Ok(snapshot),
            Decision::Refuse(reason) => return Err(Stop::Refused(reason)),
            Decision::Wait => newest.changed().await.map_err(|_| Stop::TooLong)?,
        }
    }
}

fn find(node: &Node, room: &str, playlist: &str, track: &str) -> Result<Arc<LiveTrack>, Stop> {
    let (room, [playlist, track]) = ids(room, [playlist, track])?;
    node.live.track(&room, &playlist, &track).ok_or(Stop::NotPlayable)
}

fn ids<const N: usize>(room: &str, objects: [&str; N]) -> Result<(RoomId, [ObjectId; N]), InvalidId> {
    let room = RoomId::parse(room)?;
    let parsed: Vec<ObjectId> = objects.into_iter().map(ObjectId::parse).collect::<Result<_, _>>()?;
    Ok((room, parsed.try_into().expect("as many as were given")))
}

fn no_track() -> HttpResponse {
    let mut response = answer::error(AckCode::TrackNotFound, AckCode::TrackNotFound.meaning());
    response.headers_mut().insert(CACHE_CONTROL, actix_web::http::header::HeaderValue::from_static("max-age=1"));
    response
}

fn media_answer(snapshot: &Snapshot, reload: &Reload) -> HttpResponse {
    // An answer that was asked for by number never changes; the plain one does with the next part.
    let targets = if reload.names_a_state() && !snapshot.ended { 6.0 } else { 0.5 };
    playlist_answer(reload.text(snapshot).clone(), max_age(snapshot.target_duration.mul_f64(targets)))
}

fn object_answer(object: Object, snapshot: &Snapshot) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(object.content_type)
        .insert_header((CACHE_CONTROL, max_age(snapshot.target_duration * 6)))
        .body(object.bytes)
}

fn playlist_answer(text: Bytes, cache: String) -> HttpResponse {
    HttpResponse::build(StatusCode::OK).content_type(PLAYLIST_TYPE).insert_header((CACHE_CONTROL, cache)).body(text)
}

fn max_age(duration: Duration) -> String {
    format!("max-age={}", duration.as_secs())
}
