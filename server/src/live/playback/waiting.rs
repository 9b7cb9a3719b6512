//! Waiting for a state of a track: for a part, a segment or the end.
//!
//! One change wakes all who wait, and each decides anew. Who waits holds a place in the track's list and one timer.

use std::future::poll_fn;
use std::rc::Weak;
use std::sync::Arc;
use std::task::Poll;

use actix_web::dev::{RequestHead, ServiceRequest};
use actix_web::http::header::{ACCEPT_ENCODING, HeaderName, IF_NONE_MATCH, IF_RANGE, ORIGIN, RANGE};
use tokio::sync::watch;

use roomcast_core::hls::{Decision, Snapshot};
use roomcast_protocol::id::InvalidId;

use crate::live::LiveState;
use crate::live::stored::OutOfReach;
use crate::live::track::{LiveTrack, Newest, Published};
use crate::socket::SocketHandle;

/// A reader waits at most this many target durations.
const WAIT_TARGETS: u32 = roomcast_protocol::limits::RELOAD_TARGETS;

/// The headers that are read when the wait is over.
const READ_LATER: [HeaderName; 5] = [ACCEPT_ENCODING, IF_NONE_MATCH, IF_RANGE, ORIGIN, RANGE];

/// The reason why a track cannot answer a request.
#[derive(Debug, Clone)]
pub enum PlaybackError {
    /// The name is not a valid id.
    BadId(InvalidId),
    /// The request is invalid, for this reason.
    Refused(&'static str),
    /// No object has this name.
    NotPlayable,
    /// It is hinted at and not there yet, and the request does not wait.
    NotYet,
    /// It did not come in time, the server stops, or nobody is there any more to be answered.
    TooLong,
    /// It is listed, and its bytes could not be had in time.
    OutOfReach,
}

impl From<OutOfReach> for PlaybackError {
    fn from(_: OutOfReach) -> Self {
        Self::OutOfReach
    }
}

impl From<InvalidId> for PlaybackError {
    fn from(error: InvalidId) -> Self {
        Self::BadId(error)
    }
}

/// Waits until `decide` returns an answer, at most for three target durations.
pub async fn wait(
    request: &mut ServiceRequest,
    state: &LiveState,
    track: &LiveTrack,
    decide: impl Fn(&Snapshot) -> Decision,
) -> Result<Arc<Published>, PlaybackError> {
    let now = track.newest().ok_or(PlaybackError::NotPlayable)?;
    if let Some(decided) = decided(&now, &decide) {
        return decided;
    }
    lighten(request.head_mut());
    let mut newest = track.watch();
    let limit = tokio::time::sleep(now.snapshot.target_duration * WAIT_TARGETS);
    drop(now);
    tokio::select! {
        biased;
        answer = until(&mut newest, state, decide) => answer,
        () = abandoned(SocketHandle::of(request.request())) => Err(PlaybackError::TooLong),
        () = limit => Err(PlaybackError::TooLong),
    }
}

/// Drops the headers that nobody reads any more: the map that a request comes with is far larger than all else that
/// who waits holds.
fn lighten(head: &mut RequestHead) {
    let all = std::mem::take(&mut head.headers);
    for name in READ_LATER {
        for value in all.get_all(&name) {
            head.headers.append(name.clone(), value.clone());
        }
    }
}

async fn until(
    newest: &mut watch::Receiver<Newest>,
    state: &LiveState,
    decide: impl Fn(&Snapshot) -> Decision,
) -> Result<Arc<Published>, PlaybackError> {
    loop {
        let now = newest.borrow_and_update().clone().ok_or(PlaybackError::NotPlayable)?;
        if let Some(decided) = decided(&now, &decide) {
            return decided;
        }
        // Looked at only behind the list: who stops the server sets it first and then wakes all.
        if state.lifecycle.is_draining() {
            return Err(PlaybackError::TooLong);
        }
        drop(now);
        newest.changed().await.map_err(|_| PlaybackError::TooLong)?;
    }
}

fn decided(
    now: &Arc<Published>,
    decide: impl Fn(&Snapshot) -> Decision,
) -> Option<Result<Arc<Published>, PlaybackError>> {
    match decide(&now.snapshot) {
        Decision::Answer => Some(Ok(Arc::clone(now))),
        Decision::Refuse(reason) => Some(Err(PlaybackError::Refused(reason))),
        Decision::Wait => None,
    }
}

/// Until the peer has closed its connection. The dispatcher of HTTP/1.1 reads on while it waits for an answer, and
/// in the same task: there is no need to be woken. A stream of HTTP/2 is dropped with all that waits for it.
async fn abandoned(socket: Weak<SocketHandle>) {
    poll_fn(|_| match socket.upgrade() {
        Some(socket) if socket.is_ended() => Poll::Ready(()),
        _ => Poll::Pending,
    })
    .await;
}
