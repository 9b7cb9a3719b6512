//! `PUT` or `POST /rooms/{room}/ingest/{playlist}/{track}`: fragmented MP4 as an encoder writes it.
//!
//! One request for the whole broadcast, or one per segment. The body is read no faster than the room takes it, by a
//! task of its own: when the connection breaks, what had come is still taken.
//!
//! Statuses after the DASH-IF Live Media Ingest Protocol, interface 1 (CMAF).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::sync::watch;

use roomcast_core::room::Refusal;
use roomcast_media::package::Lengths;
use roomcast_media::{Error, FourCc, Reader};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::DataAckBody;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::body::{self, Bounds};
use super::intake::{self, Body, Silent};
use super::seat::{Address, BodyMedia, Seat, Stop};
use crate::config::{duration, to_usize};
use crate::http::answer;
use crate::node::Node;

/// The name in the answer.
const NAME: &str = "INGEST";
/// The shortest part anybody may ask for.
const SHORTEST: Duration = Duration::from_millis(50);
/// A manifest that comes along.
const MANIFEST: usize = 1024 * 1024;
/// How long media waits for an init section that is on its way in another request.
const INIT_PATIENCE: Duration = Duration::from_secs(1);
/// How long a request may go on when a newer one for its track has come, and be silent then.
const HANDOVER: Duration = Duration::from_secs(1);
const HANDOVER_SILENCE: Duration = Duration::from_millis(300);

type Query = web::Query<HashMap<String, String>>;

/// Why a request ends early.
#[derive(Debug)]
enum Early {
    Stop(Stop),
    Status(StatusCode, &'static str),
}

impl From<Stop> for Early {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Silent> for Early {
    fn from(_: Silent) -> Self {
        Self::Status(StatusCode::REQUEST_TIMEOUT, "nothing came for too long")
    }
}

impl From<Error> for Early {
    fn from(error: Error) -> Self {
        Self::Stop(Stop::Media(error))
    }
}

/// Takes media of a track. What stands behind the track in the path is the encoder's own affair.
pub async fn push(request: HttpRequest, query: Query, payload: web::Payload, node: web::Data<Node>) -> HttpResponse {
    let path = request.match_info();
    let [room, playlist, track, rest] = ["room", "playlist", "track", "rest"].map(|name| path.query(name));
    if [track, rest].iter().any(|name| name.ends_with(".mpd") || name.ends_with(".m3u8")) {
        let bounds = Bounds { bytes: MANIFEST, time: node.settings.ingest.upload_timeout };
        let _ = body::collect(&request, payload, bounds).await;
        return taken();
    }
    let ids = || Some((RoomId::parse(room).ok()?, ObjectId::parse(playlist).ok()?, ObjectId::parse(track).ok()?));
    let Some((room, playlist, track)) = ids() else {
        return refuse(Early::Status(StatusCode::NOT_FOUND, "a room, playlist or track cannot have this name"));
    };
    if node.is_draining() {
        return refuse(Early::Status(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping"));
    }
    let lengths = match lengths(&query, &node) {
        Ok(lengths) => lengths,
        Err(reason) => return answer::error(AckCode::InvalidSignal, reason),
    };
    let insists = ["segment", "part", "target"].iter().any(|name| query.contains_key(*name));
    let address = Address { playlist, track, lengths, insists };
    let limit = to_usize(node.settings.max_upload);
    let (intake, body) = intake::way(limit, node.settings.ingest.ingest_silence);
    let mut task = actix_web::rt::spawn(run(node.into_inner(), room, address, body));
    let done = tokio::select! {
        biased;
        () = intake.fill(payload) => task.await,
        done = &mut task => done,
    };
    match done {
        Ok(Ok(())) => taken(),
        Ok(Err(early)) => refuse(early),
        Err(_) => answer::error(AckCode::Internal, "the request failed"),
    }
}

/// What muxers do beside pushing, such as deleting old segments: nothing follows from it.
pub async fn anything() -> HttpResponse {
    taken()
}

async fn run(node: Arc<Node>, room: RoomId, address: Address, body: Body) -> Result<(), Early> {
    let request = node.seats.enter(&node, &room);
    let limit = to_usize(node.settings.max_upload);
    let done = pump(request.seat(), &address, body, limit).await;
    if let Err(early) = &done {
        tracing::info!(%room, track = %address.track, ?early, "a request of an encoder ended early");
    }
    request.exit().await;
    done
}

async fn pump(seat: &Arc<Seat>, address: &Address, mut body: Body, limit: usize) -> Result<(), Early> {
    let begins_anew = body.begins_anew().await?;
    if seat.resume(address).await.is_none() && !begins_anew {
        await_init(seat, address).await;
    }
    let turn = seat.turn(address);
    let mut newest = turn.newest.subscribe();
    turn.newest.send_modify(|newest| *newest += 1);
    let mine = *newest.borrow_and_update();
    let _turn = turn.taken.lock().await;
    let resumed = seat.resume(address).await;
    let mut media = BodyMedia::new(resumed.as_ref().map(|(init, _)| init));
    let mut reader = resumed.map_or_else(|| Reader::new(limit), |(init, ends)| Reader::after(limit, &init, ends));
    let mut lost = seat.lost.subscribe();
    let (mut ends_at, mut brought) = (None, false);
    loop {
        while let Some(item) = reader.next()? {
            media.note(&item);
            seat.take(address, item).await?;
            brought = true;
        }
        let bytes = tokio::select! {
            biased;
            lost = lost.wait_for(Option::is_some) => return Err(told(lost.ok().as_deref().and_then(Option::as_ref))),
            bytes = body.next() => bytes?,
            () = superseded(&mut newest, mine), if ends_at.is_none() => {
                ends_at = Some(actix_web::rt::time::Instant::now() + HANDOVER);
                body.silence = body.silence.min(HANDOVER_SILENCE);
                continue;
            }
            () = until(ends_at) => {
                return Err(Early::Status(StatusCode::CONFLICT, "a newer request pushes to this track"));
            }
        };
        match bytes {
            Some(bytes) => reader.push(&bytes)?,
            None => break,
        }
    }
    if !brought && reader.held() > 0 {
        return Err(Early::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body ends before anything of it is whole"));
    }
    if reader.is_over() {
        seat.end(address, &media).await?;
    }
    Ok(())
}

async fn await_init(seat: &Seat, address: &Address) {
    let coming = async {
        while seat.resume(address).await.is_none() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = actix_web::rt::time::timeout(INIT_PATIENCE, coming).await;
}

async fn superseded(newest: &mut watch::Receiver<u64>, mine: u64) {
    if newest.wait_for(|newest| *newest > mine).await.is_err() {
        std::future::pending().await
    }
}

async fn until(moment: Option<actix_web::rt::time::Instant>) {
    match moment {
        Some(moment) => actix_web::rt::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn told(lost: Option<&Refusal>) -> Early {
    let gone = || Refusal { code: AckCode::RoomNotFound, reason: "the room has closed".to_owned() };
    Early::Stop(Stop::Refused(lost.cloned().unwrap_or_else(gone)))
}

fn lengths(query: &Query, node: &Node) -> Result<Lengths, String> {
    let settings = &node.settings.ingest;
    let asked = |name: &str, default: Duration| match query.get(name) {
        Some(text) => duration(text).map_err(|error| format!("`{name}`: {error}")),
        None => Ok(default),
    };
    let segment = asked("segment", settings.ingest_segment)?;
    let part = asked("part", settings.ingest_part)?;
    let target = asked("target", settings.ingest_target_duration)?;
    let is_declared = query.contains_key("target");
    let longest = if is_declared { target } else { Duration::from_secs(3600) };
    if part < SHORTEST || part > segment || segment > longest || target > Duration::from_secs(3600) {
        return Err(
            "the durations must be at least 50ms and at most 1h: part, segment, target, none above the next".into()
        );
    }
    Ok(Lengths { segment, part, target, is_declared })
}

fn taken() -> HttpResponse {
    answer::data(AckCode::Ok, NAME, DataAckBody::default())
}

fn refuse(early: Early) -> HttpResponse {
    let (status, code, reason) = match early {
        Early::Stop(Stop::Refused(refusal)) => (answer::status(refusal.code), refusal.code, refusal.reason),
        Early::Stop(Stop::Media(error)) => (status_of(&error), AckCode::InvalidSignal, explain(&error)),
        Early::Status(status, reason) => {
            let code =
                if status == StatusCode::SERVICE_UNAVAILABLE { AckCode::Unavailable } else { AckCode::InvalidSignal };
            (status, code, reason.to_owned())
        }
    };
    let mut response = answer::data(code, NAME, DataAckBody { msg: Some(reason), ..DataAckBody::default() });
    let head = response.head_mut();
    head.status = status;
    // What is left of the body is not wanted.
    head.set_connection_type(actix_http::ConnectionType::Close);
    response
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
    matches!(&kind.0, b"ftyp" | b"moov" | b"moof" | b"mdat" | b"styp" | b"sidx" | b"emsg" | b"free" | b"mfra")
}

fn explain(error: &Error) -> String {
    match (status_of(error), error) {
        (StatusCode::PRECONDITION_FAILED, _) => {
            "media came before the init section; send ftyp and moov first".to_owned()
        }
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, error) => {
            format!(
                "this is no fragmented MP4 that can be listed: {error} (ffmpeg: -f mp4 -movflags +cmaf+delay_moov+default_base_moof)"
            )
        }
        (_, error) => error.to_string(),
    }
}
