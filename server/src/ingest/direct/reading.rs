//! The body of a push, read into the session of its room.
//!
//! A body is a stream of its own, unless it says where in the encoder's stream it begins: then it goes on in the middle
//! of a box, where the one before stopped.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use bytes::Bytes;
use tokio::sync::watch;

use roomcast_core::room::Refusal;
use roomcast_media::{FourCc, Reader};
use roomcast_protocol::code::AckCode;

use super::{PushRefusal, is_media};
use crate::ingest::body_channel::PushBody;
use crate::ingest::session::{BodyMedia, IngestError, IngestSession, PartialStream, PushTarget, TrackLock};

/// The time for which media waits for an init section from another request.
const INIT_TIMEOUT: Duration = Duration::from_secs(1);
/// The time for which a request may continue without sending data after a newer request for its track.
const HANDOVER: Duration = Duration::from_secs(1);
const HANDOVER_SILENCE: Duration = Duration::from_millis(300);

/// Reads a body to its end, after waiting until no other request pushes to the track.
pub(super) async fn read_body(
    session: &Arc<IngestSession>,
    target: &PushTarget,
    mut body: PushBody,
    limit: usize,
) -> Result<(), PushRefusal> {
    await_init_before_media(session, target, &mut body).await?;
    let lock = session.track_lock(target);
    let mut handover = Handover::begin(&lock);
    let mut before = lock.taken.lock().await;
    let (PartialStream { mut reader, mut next }, mut media) = begin(session, target, before.take(), limit).await;
    let mut lost = session.lost.subscribe();
    let mut brought = target.offset.is_some();
    loop {
        while let Some(item) = reader.next()? {
            media.note(&item);
            session.take(target, item).await?;
            brought = true;
        }
        let Some(bytes) = more(&mut body, &mut handover, &mut lost).await? else { break };
        next += bytes.len() as u64;
        reader.push(&bytes)?;
    }
    // A body of `ftyp` alone is whole: the `moov` comes with the next.
    if !brought && reader.is_cut() {
        return Err(PushRefusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body ends before anything of it is whole",
        ));
    }
    if reader.is_over() {
        session.end(target, &media).await?;
    }
    *before = Some(PartialStream { reader, next });
    Ok(session.check(target).await?)
}

/// Waits for the init section of the track, if a body begins with media.
async fn await_init_before_media(
    session: &IngestSession,
    target: &PushTarget,
    body: &mut PushBody,
) -> Result<(), PushRefusal> {
    let first = body.first_box().await?.map(FourCc);
    // Only media is worth waiting for its init section; something else is refused at once.
    let is_init = first.is_some_and(|kind| matches!(&kind.0, b"ftyp" | b"moov"));
    let is_media = !is_init && first.is_some_and(|kind| goes_on(target) || is_media(&kind));
    if is_media && session.resume(target).await.is_none() {
        await_init(session, target).await;
    }
    Ok(())
}

/// The position of a request among those that push to one track. The newest replaces the others.
struct Handover {
    newest: watch::Receiver<u64>,
    mine: u64,
    /// Time when the track goes to a newer request, once there is one.
    ends_at: Option<actix_web::rt::time::Instant>,
}

impl Handover {
    /// Makes a request the newest of its track.
    fn begin(lock: &TrackLock) -> Self {
        let mut newest = lock.newest.subscribe();
        lock.newest.send_modify(|newest| *newest += 1);
        let mine = *newest.borrow_and_update();
        Self { newest, mine, ends_at: None }
    }
}

/// Waits for the next bytes of a body; returns `None` at its end.
///
/// # Errors
/// Where nothing comes for too long, the session is lost, or a newer request takes over the track.
async fn more(
    body: &mut PushBody,
    handover: &mut Handover,
    lost: &mut watch::Receiver<Option<Refusal>>,
) -> Result<Option<Bytes>, PushRefusal> {
    loop {
        tokio::select! {
            biased;
            lost = lost.wait_for(Option::is_some) => return Err(told(lost.ok().as_deref().and_then(Option::as_ref))),
            bytes = body.next() => return Ok(bytes?),
            () = superseded(&mut handover.newest, handover.mine), if handover.ends_at.is_none() => {
                handover.ends_at = Some(actix_web::rt::time::Instant::now() + HANDOVER);
                body.silence = body.silence.min(HANDOVER_SILENCE);
            }
            () = until(handover.ends_at) => {
                return Err(PushRefusal::new(StatusCode::CONFLICT, "a newer request pushes to this track"));
            }
        }
    }
}

/// Returns whether a body says that it goes on in the encoder's stream, perhaps in the middle of a box.
fn goes_on(target: &PushTarget) -> bool {
    target.offset.is_some_and(|offset| offset > 0)
}

/// Returns the stream that a body continues, or a new one.
async fn begin(
    session: &IngestSession,
    target: &PushTarget,
    before: Option<PartialStream>,
    limit: usize,
) -> (PartialStream, BodyMedia) {
    let resumed = session.resume(target).await;
    let media = BodyMedia::new(resumed.as_ref().map(|(init, _)| init));
    if let Some(unfinished) = before.filter(|before| target.offset == Some(before.next)) {
        return (unfinished, media);
    }
    let reader = resumed.map_or_else(|| Reader::new(limit), |(init, ends)| Reader::after(limit, &init, ends));
    let next = target.offset.unwrap_or(0);
    (PartialStream { reader: reader.at(next), next }, media)
}

async fn await_init(session: &IngestSession, target: &PushTarget) {
    let coming = async {
        while session.resume(target).await.is_none() {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = actix_web::rt::time::timeout(INIT_TIMEOUT, coming).await;
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

fn told(lost: Option<&Refusal>) -> PushRefusal {
    let gone = || Refusal { code: AckCode::RoomNotFound, reason: "the room has closed".to_owned() };
    IngestError::Refused(lost.cloned().unwrap_or_else(gone)).into()
}
