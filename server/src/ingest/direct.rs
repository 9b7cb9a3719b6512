//! `PUT` or `POST /rooms/{room}/ingest/{playlist}/{track}`: fragmented MP4 as an encoder writes it.
//!
//! One request for the whole broadcast, or one per segment. The body is read no faster than the room takes it, by a
//! task of its own: when the connection breaks, what had come is still taken.
//!
//! Statuses after the DASH-IF Live Media Ingest Protocol, interface 1 (CMAF).

mod reading;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_RANGE;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use roomcast_core::room::Refusal;
use roomcast_media::package::Lengths;
use roomcast_media::{Error, FourCc};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::DataAckBody;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::body::{self, Bounds};
use super::body_channel::{self, BodyTimeout, PushBody};
use super::publisher::{self, Publisher};
use super::refusals::RefusedPush;
use super::session::{IngestError, PushTarget};
use super::state::IngestState;
use crate::access;
use crate::response::answer;
use crate::units::duration;

/// The name in the answer.
const NAME: &str = roomcast_protocol::ack::name::INGEST;
/// The shortest part duration that a request may specify.
const SHORTEST_PUSHED: Duration = roomcast_protocol::limits::SHORTEST_PUSHED;
/// The longest segment and target duration that a request may specify.
const LONGEST_PUSHED: Duration = roomcast_protocol::limits::LONGEST_MEDIA;
/// A manifest that comes along.
const MANIFEST: usize = 1024 * 1024;

type Query = web::Query<HashMap<String, String>>;

/// The answer to a push that ends before its body has.
#[derive(Debug)]
struct PushRefusal {
    status: StatusCode,
    code: AckCode,
    reason: String,
}

impl PushRefusal {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let code = match status {
            StatusCode::SERVICE_UNAVAILABLE => AckCode::Unavailable,
            StatusCode::INTERNAL_SERVER_ERROR => AckCode::Internal,
            StatusCode::UNAUTHORIZED => AckCode::Unauthenticated,
            _ => AckCode::InvalidSignal,
        };
        Self { status, code, reason: reason.into() }
    }
}

impl From<IngestError> for PushRefusal {
    fn from(stop: IngestError) -> Self {
        match stop {
            IngestError::Refused(refusal) => {
                Self { status: answer::status(refusal.code), code: refusal.code, reason: refusal.reason }
            }
            IngestError::Media(error) => Self::new(status_of(&error), explain(&error)),
        }
    }
}

impl From<BodyTimeout> for PushRefusal {
    fn from(_: BodyTimeout) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "nothing came for too long")
    }
}

impl From<Error> for PushRefusal {
    fn from(error: Error) -> Self {
        IngestError::Media(error).into()
    }
}

/// Takes media of a track. What follows the track in the path is the encoder's own affair.
pub async fn push(
    request: HttpRequest,
    query: Query,
    payload: web::Payload,
    ingest: web::Data<IngestState>,
) -> HttpResponse {
    let path = request.match_info();
    let [room, playlist, track, rest] = ["room", "playlist", "track", "rest"].map(|name| path.query(name));
    let publisher = match admit(&request, &ingest).await {
        Ok(publisher) => publisher,
        Err(refused) => return refuse_token(&request, &ingest, room, track, &refused),
    };
    if [track, rest].iter().any(|name| name.ends_with(".mpd") || name.ends_with(".m3u8")) {
        let bounds = Bounds { bytes: MANIFEST, time: ingest.settings.timeout };
        let _ = body::collect(&request, payload, bounds).await;
        return taken();
    }
    let track = track_name(track, rest);
    let done = match address(room, playlist, track, &query, &ingest) {
        Ok((room, target)) => {
            let target = PushTarget { offset: range_start(&request), ..target };
            match ingest.rooms.may_broadcast(&room, publisher.user()).await {
                Ok(()) => receive(Arc::clone(&ingest), (room, publisher), target, payload).await,
                Err(refusal) => Err(IngestError::Refused(refusal).into()),
            }
        }
        Err(refused) => Err(refused),
    };
    match done {
        Ok(()) => taken(),
        Err(refused) => refuse(&request, &ingest, room, track, refused),
    }
}

/// Answers a request below a room at an address that does not exist.
pub async fn unknown_address(request: HttpRequest, ingest: web::Data<IngestState>) -> HttpResponse {
    let reason = "there is no such target: media is pushed to /rooms/ROOM/ingest/PLAYLIST/TRACK";
    let refused = PushRefusal::new(StatusCode::NOT_FOUND, reason);
    if [Method::PUT, Method::POST].contains(request.method()) {
        return refuse(&request, &ingest, request.match_info().query("room"), "", refused);
    }
    answer::with_status(refused.status, refused.code, refused.reason)
}

/// Returns the name of the track: the segment of the path, or the name in its `Streams(…)`, before which the DASH-IF
/// protocol allows a `Switching(…)`.
fn track_name<'a>(track: &'a str, rest: &'a str) -> &'a str {
    let named = |segment: &'a str, set: &str| {
        let name = segment.get(..set.len()).filter(|start| start.eq_ignore_ascii_case(set));
        name.and_then(|_| segment[set.len()..].strip_prefix('(')?.strip_suffix(')'))
    };
    let track = match named(track, "Switching") {
        Some(_) => rest.split('/').next().unwrap_or_default(),
        None => track,
    };
    named(track, "Streams").unwrap_or(track)
}

fn address(
    room: &str,
    playlist: &str,
    track: &str,
    query: &Query,
    ingest: &IngestState,
) -> Result<(RoomId, PushTarget), PushRefusal> {
    let (room, playlist, track) = names(room, playlist, track)?;
    if ingest.rooms.lifecycle.is_draining() {
        return Err(PushRefusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping"));
    }
    let lengths = lengths(query, ingest).map_err(|reason| PushRefusal::new(StatusCode::BAD_REQUEST, reason))?;
    let insists = ["segment", "part", "target"].iter().any(|name| query.contains_key(*name));
    Ok((room, PushTarget { playlist, track, lengths, insists, offset: None }))
}

fn names(room: &str, playlist: &str, track: &str) -> Result<(RoomId, ObjectId, ObjectId), PushRefusal> {
    let ids = || Some((RoomId::parse(room).ok()?, ObjectId::parse(playlist).ok()?, ObjectId::parse(track).ok()?));
    ids().ok_or_else(|| PushRefusal::new(StatusCode::NOT_FOUND, "a room, playlist or track cannot have this name"))
}

/// Admits an encoder by its token. A name that no room can have is refused as such, but only behind a good token.
async fn admit(request: &HttpRequest, ingest: &IngestState) -> Result<Publisher, access::Refused> {
    let room = RoomId::parse(request.match_info().query("room"));
    let room = room.unwrap_or_else(|_| RoomId::parse("-").expect("it is a name"));
    Publisher::admit(ingest, request, &room).await
}

async fn receive(
    ingest: Arc<IngestState>,
    (room, publisher): (RoomId, Publisher),
    target: PushTarget,
    payload: web::Payload,
) -> Result<(), PushRefusal> {
    let limit = ingest.settings.max_bytes;
    let (feeder, body) = body_channel::channel(limit, ingest.settings.silence);
    let (judge, judged) = (Arc::clone(&ingest), (room.clone(), publisher.clone()));
    let mut task = actix_web::rt::spawn(run(ingest, (room, publisher), target, body));
    let done = tokio::select! {
        biased;
        refused = judged.1.over(&judge, &judged.0) => {
            return Err(PushRefusal::new(StatusCode::UNAUTHORIZED, refused.sentence));
        }
        () = feeder.fill(payload) => task.await,
        done = &mut task => done,
    };
    done.unwrap_or_else(|_| Err(PushRefusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the request failed")))
}

/// Answers what muxers do besides pushing, such as deleting old segments: it has no effect.
pub async fn anything(request: HttpRequest, ingest: web::Data<IngestState>) -> HttpResponse {
    if let Err(refused) = admit(&request, &ingest).await {
        return publisher::refusal(&refused);
    }
    let path = request.match_info();
    let track = track_name(path.query("track"), path.query("rest"));
    match names(path.query("room"), path.query("playlist"), track) {
        Ok(_) => taken(),
        Err(refused) => answer::with_status(refused.status, refused.code, refused.reason),
    }
}

async fn run(
    ingest: Arc<IngestState>,
    (room, publisher): (RoomId, Publisher),
    target: PushTarget,
    body: PushBody,
) -> Result<(), PushRefusal> {
    let request = ingest.sessions.enter(&ingest, &room, &publisher);
    if request.session().publisher.user() != publisher.user() {
        request.exit().await;
        return Err(IngestError::Refused(another()).into());
    }
    let limit = ingest.settings.max_bytes;
    let done = reading::read_body(request.session(), &target, body, limit).await;
    request.exit().await;
    done
}

fn another() -> Refusal {
    Refusal { code: AckCode::PermissionNotFound, reason: "another publishes in this room".to_owned() }
}

fn lengths(query: &Query, ingest: &IngestState) -> Result<Lengths, String> {
    let settings = &ingest.settings;
    let asked = |name: &str, default: Duration| match query.get(name) {
        Some(text) => duration(text).map_err(|error| format!("`{name}`: {error}")),
        None => Ok(default),
    };
    let segment = asked("segment", settings.segment)?;
    let part = asked("part", settings.part)?;
    let target = asked("target", settings.target_duration)?;
    let is_declared = query.contains_key("target");
    let longest = if is_declared { target } else { LONGEST_PUSHED };
    if part < SHORTEST_PUSHED || part > segment || segment > longest || target > LONGEST_PUSHED {
        return Err(
            "the durations must be at least 50ms and at most 1h: part, segment, target, none above the next".into()
        );
    }
    let longest = ingest.settings.hls_window / 3;
    for (name, length) in [("segment", segment), ("target", target)] {
        if length > longest {
            let longest = humantime::format_duration(longest);
            return Err(format!("`{name}` must be at most {longest}, a third of the media that a playlist lists"));
        }
    }
    Ok(Lengths { segment, part, target, is_declared })
}

/// Offset in the encoder's stream at which a body begins, if it says so (`Content-Range: bytes 1434-53173/*`).
fn range_start(request: &HttpRequest) -> Option<u64> {
    let range = request.headers().get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let start = range.strip_prefix("bytes ")?.split('-').next()?.parse().ok();
    // No stream is as long as that, and positions are counted on from there.
    start.filter(|start| *start <= u64::MAX / 2)
}

fn taken() -> HttpResponse {
    answer::data(AckCode::Ok, NAME, DataAckBody::default())
}

/// Refuses a push and logs the refusal, since encoders do not print the answer.
fn refuse(request: &HttpRequest, ingest: &IngestState, room: &str, track: &str, refused: PushRefusal) -> HttpResponse {
    let PushRefusal { status, code, reason } = refused;
    log(request, ingest, RefusedPush { room, track, status: status.as_u16(), reason: &reason });
    let body = DataAckBody { msg: Some(reason), ..DataAckBody::default() };
    answer::named_with_status(status, code, NAME, body)
}

/// Refuses a push because of its token and logs the refusal.
fn refuse_token(
    request: &HttpRequest,
    ingest: &IngestState,
    room: &str,
    track: &str,
    refused: &access::Refused,
) -> HttpResponse {
    let status = refused.reason.code().http();
    log(request, ingest, RefusedPush { room, track, status, reason: &refused.sentence });
    publisher::refusal(refused)
}

fn log(request: &HttpRequest, ingest: &IngestState, line: RefusedPush<'_>) {
    let client = request.peer_addr().map(|client| client.ip().to_canonical());
    ingest.refusals.log(ingest.rooms.clock.now(), client, line);
}

const fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::FragmentBeforeInit => StatusCode::PRECONDITION_FAILED,
        // Something else altogether mostly reads as a box of gigabytes.
        Error::BoxTooLarge { kind, .. } if is_media(kind) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Waiting(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Targets { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    }
}

const fn is_media(kind: &FourCc) -> bool {
    matches!(&kind.0, b"ftyp" | b"moov" | b"moof" | b"mdat" | b"styp" | b"sidx" | b"emsg" | b"prft" | b"free" | b"mfra")
}

fn explain(error: &Error) -> String {
    match (status_of(error), error) {
        (StatusCode::PRECONDITION_FAILED, _) => {
            "media came before the init section; send ftyp and moov first".to_owned()
        }
        (_, Error::NoKeyFrame(_)) => format!("{error}, and players can begin at nothing else"),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, error) => {
            format!(
                "not fragmented MP4 that can be played: {} (ffmpeg: -f mp4 -movflags +cmaf+delay_moov+default_base_moof)",
                match error {
                    Error::UnsupportedSampleEntry(codec) => format!("codec {codec} is not supported"),
                    error => error.to_string(),
                }
            )
        }
        (_, error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_begins_where_its_range_does() {
        let start = |range: &str| {
            range_start(&actix_web::test::TestRequest::put().insert_header((CONTENT_RANGE, range)).to_http_request())
        };
        let longest = format!("bytes {}-{}/*", u64::MAX, u64::MAX);
        let starts = ["bytes 1434-53173/*", " bytes 0-31/32", "bytes */32", "1434-", &longest].map(start);
        assert_eq!(starts, [Some(1434), Some(0), None, None, None]);
    }

    #[test]
    fn tracks_are_named_as_in_the_dash_if_protocol_too() {
        for (path, name) in [
            (("v0", ""), "v0"),
            (("v0", "seg-1.m4s"), "v0"),
            (("Streams(v0)", ""), "v0"),
            (("streams(video-750k.cmfv)", ""), "video-750k.cmfv"),
            (("Streams(v0)", "init.mp4"), "v0"),
            (("Switching(video)", "Streams(v0)"), "v0"),
            (("Switching(video)", "Streams(v0)/1.m4s"), "v0"),
            (("Streams()", ""), ""),
            (("Streams(v0", ""), "Streams(v0"),
            (("Switching(video)", ""), ""),
            (("Streamsé(x)", ""), "Streamsé(x)"),
        ] {
            assert_eq!(track_name(path.0, path.1), name, "{path:?}");
        }
    }
    #[test]
    fn a_refused_push_has_a_code_that_is_published_with_its_status() {
        for status in [400, 401, 404, 408, 409, 412, 413, 415, 500, 503] {
            let refused = PushRefusal::new(StatusCode::from_u16(status).unwrap(), "because");
            assert!(refused.code.statuses().contains(&status), "{refused:?}");
        }
    }
}
