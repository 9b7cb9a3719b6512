//! The body of a push, read into the session of its room.
//!
//! A body is a stream of its own, unless it says where in the encoder's stream it begins: then it goes on in the middle
//! of a box, where the one before stopped.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use tokio::sync::watch;

use roomcast_core::room::Refusal;
use roomcast_media::{FourCc, Reader};
use roomcast_protocol::code::AckCode;

use super::{Refused, is_media};
use crate::live::ingest::intake::Body;
use crate::live::ingest::seat::{Address, BodyMedia, Seat, Stop, Unfinished};

/// Time that media waits for an init section of another request.
const INIT_PATIENCE: Duration = Duration::from_secs(1);
/// Time that a request may continue, and be silent, after a newer one for its track.
const HANDOVER: Duration = Duration::from_secs(1);
const HANDOVER_SILENCE: Duration = Duration::from_millis(300);

/// Reads a body to its end, once no other request pushes to the track.
pub(super) async fn read_body(
    seat: &Arc<Seat>,
    address: &Address,
    mut body: Body,
    limit: usize,
) -> Result<(), Refused> {
    let first = body.first_box().await?.map(FourCc);
    // Only media is worth waiting for its init section; something else is refused at once.
    let is_init = first.is_some_and(|kind| matches!(&kind.0, b"ftyp" | b"moov"));
    let is_media = !is_init && first.is_some_and(|kind| goes_on(address) || is_media(&kind));
    if is_media && seat.resume(address).await.is_none() {
        await_init(seat, address).await;
    }
    let turn = seat.turn(address);
    let mut newest = turn.newest.subscribe();
    turn.newest.send_modify(|newest| *newest += 1);
    let mine = *newest.borrow_and_update();
    let mut before = turn.taken.lock().await;
    let (Unfinished { mut reader, mut next }, mut media) = begin(seat, address, before.take(), limit).await;
    let mut lost = seat.lost.subscribe();
    let (mut ends_at, mut brought) = (None, address.offset.is_some());
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
                return Err(Refused::new(StatusCode::CONFLICT, "a newer request pushes to this track"));
            }
        };
        let Some(bytes) = bytes else { break };
        next += bytes.len() as u64;
        reader.push(&bytes)?;
    }
    // A body of `ftyp` alone is whole: the `moov` comes with the next.
    if !brought && reader.is_cut() {
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body ends before anything of it is whole"));
    }
    if reader.is_over() {
        seat.end(address, &media).await?;
    }
    *before = Some(Unfinished { reader, next });
    Ok(seat.check(address).await?)
}

/// Whether a body says that it goes on in the encoder's stream, perhaps in the middle of a box.
fn goes_on(address: &Address) -> bool {
    address.offset.is_some_and(|offset| offset > 0)
}

/// The stream that a body goes on with, or a new one.
async fn begin(seat: &Seat, address: &Address, before: Option<Unfinished>, limit: usize) -> (Unfinished, BodyMedia) {
    let resumed = seat.resume(address).await;
    let media = BodyMedia::new(resumed.as_ref().map(|(init, _)| init));
    if let Some(unfinished) = before.filter(|before| address.offset == Some(before.next)) {
        return (unfinished, media);
    }
    let reader = resumed.map_or_else(|| Reader::new(limit), |(init, ends)| Reader::after(limit, &init, ends));
    let next = address.offset.unwrap_or(0);
    (Unfinished { reader: reader.at(next), next }, media)
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

fn told(lost: Option<&Refusal>) -> Refused {
    let gone = || Refusal { code: AckCode::RoomNotFound, reason: "the room has closed".to_owned() };
    Stop::Refused(lost.cloned().unwrap_or_else(gone)).into()
}
