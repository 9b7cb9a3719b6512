//! Playlists and media for players (draft-pantos-hls-rfc8216bis, sections 6.2.5 and B.1).
//!
//! What all viewers get is made once, with the snapshot; here it is only chosen.

mod answer;
mod coding;
mod freshness;
mod pieces;
mod range;
mod waiting;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use roomcast_core::hls::{Decision, Reload};
use roomcast_protocol::id::{InvalidId, ObjectId, RoomId};

pub use freshness::Freshness;

use super::track::LiveTrack;
use crate::node::Node;
use waiting::{Stop, wait};

/// `GET /live/{room}/{playlist}/playlist.m3u8`
pub async fn multivariant(request: HttpRequest, node: web::Data<Node>) -> HttpResponse {
    let found = || {
        let playlist = node.live.playlist(&room(&request)?, &id(&request, "playlist")?).ok_or(Stop::NotPlayable)?;
        playlist.multivariant().ok_or(Stop::NotPlayable)
    };
    let answer = answer::to_other_method(&request).unwrap_or_else(|| match found() {
        Ok(text) => answer::playlist(&request, &text, freshness::max_age(freshness::UNKNOWN)),
        Err(stop) => answer::stopped(&stop, || freshness::no_playlist(&Reload::default(), None)),
    });
    stamped(answer, &request, &node)
}

/// `GET /live/{room}/{playlist}/{track}/playlist.m3u8`
pub async fn media_playlist(request: HttpRequest, node: web::Data<Node>) -> HttpResponse {
    let answer = match answer::to_other_method(&request) {
        Some(answer) => answer,
        None => reloaded(&request, &node).await,
    };
    stamped(answer, &request, &node)
}

async fn reloaded(request: &HttpRequest, node: &Node) -> HttpResponse {
    let reload = match Reload::parse(request.query_string()) {
        Ok(reload) => reload,
        Err(bad) => return answer::bad_request(bad.to_string()),
    };
    let track = find(request, node);
    let waited = match &track {
        Ok(track) => wait(request, node, track, |snapshot| reload.decide(snapshot)).await,
        Err(stop) => Err(stop.clone()),
    };
    let published = match waited {
        Ok(published) => published,
        Err(stop) => return answer::stopped(&stop, || freshness::no_playlist(&reload, target(&track))),
    };
    let snapshot = &published.snapshot;
    let delta = published.delta.as_ref().filter(|_| reload.wants_delta(snapshot));
    let fresh = published.fresh.playlist(&reload, snapshot).clone();
    answer::playlist(request, delta.unwrap_or(&published.whole), fresh)
}

/// `GET /live/{room}/{playlist}/{track}/{object}`
pub async fn object(request: HttpRequest, node: web::Data<Node>) -> HttpResponse {
    let answer = match answer::to_other_method(&request) {
        Some(answer) => answer,
        None => held_back(&request, &node).await,
    };
    stamped(answer, &request, &node)
}

/// A part that is hinted at is held back until it is there.
async fn held_back(request: &HttpRequest, node: &Node) -> HttpResponse {
    let track = find(request, node);
    let answer = async {
        let (track, name) = (track.as_ref().map_err(Stop::clone)?, id(request, "object")?);
        let waited = wait(request, node, track, |snapshot| {
            let hinted = snapshot.hint.as_ref() == Some(&name);
            if hinted && track.object(&name).is_none() { Decision::Wait } else { Decision::Answer }
        });
        let fresh = waited.await?.fresh.media.clone();
        track.object(&name).map(|stored| answer::object(request, &stored, fresh)).ok_or(Stop::NotPlayable)
    };
    let answer = answer.await;
    answer.unwrap_or_else(|stop| answer::stopped(&stop, || freshness::no_object(target(&track))))
}

fn stamped(mut answer: HttpResponse, request: &HttpRequest, node: &Node) -> HttpResponse {
    node.cors.stamp(request.headers(), answer.headers_mut());
    answer
}

/// The target duration of a track, when there is one.
fn target(track: &Result<Arc<LiveTrack>, Stop>) -> Option<std::time::Duration> {
    Some(track.as_ref().ok()?.newest()?.snapshot.target_duration)
}

fn find(request: &HttpRequest, node: &Node) -> Result<Arc<LiveTrack>, Stop> {
    let (room, playlist, track) = (room(request)?, id(request, "playlist")?, id(request, "track")?);
    node.live.track(&room, &playlist, &track).ok_or(Stop::NotPlayable)
}

fn room(request: &HttpRequest) -> Result<RoomId, InvalidId> {
    RoomId::parse(request.match_info().query("room"))
}

fn id(request: &HttpRequest, name: &str) -> Result<ObjectId, InvalidId> {
    ObjectId::parse(request.match_info().query(name))
}
