//! `roomcast publish`: fragmented MP4 in, a live broadcast out.
//!
//! Reads the input, joins the room as its publisher, cuts the media into parts and segments, and uploads them in real
//! time until the input ends or it is told to stop. The decisions are pure: `roomcast_media::package` (tracks, names,
//! numbers, dates), `pace` (when), `earlier` (where an earlier run stopped). `pipeline` carries it out.

mod earlier;
mod opening;
mod pace;
mod pipeline;
mod progress;
mod source;

use std::future::{Future, pending};
use std::pin::pin;
use std::time::Duration;

use roomcast_media::DEFAULT_LIMIT;
use roomcast_media::package::{Config, Lengths};
use roomcast_protocol::id::{ObjectId, RoomId, SessionId, UserId};
use roomcast_protocol::limits::HLS_WINDOW;
use tokio::time::timeout;

pub use progress::Progress;
pub use source::Input;

use crate::upload::Limits;
use crate::{AccessToken, Creating, Error, Trust};
use pipeline::{Broadcast, Flow};

/// The target duration of media whose key frames need no longer one.
const LEAST_TARGET: Duration = Duration::from_secs(2);
/// Time for which a requested stop waits for the next answer to an upload, and then for `LEAVE`.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);
/// The most time for the remaining uploads and the end of the broadcast after a requested stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Time for `LEAVE` at the end of the input.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Options of a broadcast: the server, the room, the input and its packaging.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The server: `http://`, `https://`, `ws://` or `wss://`.
    pub server_url: String,
    /// The JWT, where the server asks for one, or the function that fetches it. Its subject must be the user.
    pub access_token: Option<AccessToken>,
    /// Trusted issuers of the server's certificate.
    pub trust: Trust,
    /// The room, of type `p2m`.
    pub room: RoomId,
    /// Whether to create the room.
    pub creating: Creating,
    /// The media.
    pub input: Input,
    /// The user that publishes.
    pub user: UserId,
    /// Whether to take the place of another session of this user that is on air.
    pub take_over: bool,
    /// The session; another run with the same one cannot take this one over.
    pub session: SessionId,
    /// The multivariant playlist. One that an earlier run has left is continued behind a discontinuity.
    pub playlist: ObjectId,
    /// The variant.
    pub variant: ObjectId,
    /// Length after which a segment ends, before the next key frame.
    pub segment_target: Duration,
    /// Longest duration of a part.
    pub part_target: Duration,
    /// Longest rounded duration of a segment: a whole number of seconds. `None` lets it follow the key frames of the
    /// input.
    pub target_duration: Option<Duration>,
    /// Length of video without any key frame that ends with an error.
    pub key_frame_wait: Duration,
    /// Limits of the uploads that wait: their number, and the time.
    pub limits: Limits,
}

impl Publish {
    /// Returns the defaults: segments of 1 s in parts of up to 0.35 s, longer ones where key frames are further apart,
    /// playlist `main`, variant `v0`, user `publisher`, a random session, and a room that is created if there is none.
    #[must_use]
    pub fn new(server_url: impl Into<String>, room: RoomId, input: Input) -> Self {
        let object = |name| ObjectId::parse(name).expect("a legal name");
        let session = uuid::Uuid::new_v4().to_string();
        Self {
            server_url: server_url.into(),
            access_token: None,
            trust: Trust::default(),
            room,
            creating: Creating::IfAbsent,
            input,
            user: UserId::parse("publisher").expect("a legal name"),
            take_over: false,
            session: SessionId::parse(&session).expect("printable"),
            playlist: object("main"),
            variant: object("v0"),
            segment_target: Duration::from_secs(1),
            part_target: Duration::from_millis(350),
            target_duration: None,
            key_frame_wait: Duration::from_secs(30),
            limits: Limits::default(),
        }
    }

    fn config(&self) -> Result<Config, Error> {
        let (target, segment) = (self.target_duration.unwrap_or(LEAST_TARGET), self.segment_target);
        let is_declared = self.target_duration.is_some();
        if target.subsec_nanos() != 0 || segment.is_zero() || (is_declared && target < segment) {
            return Err(Error::TargetDuration { target, segment });
        }
        let lengths = Lengths { segment, part: self.part_target, target, is_declared };
        let (opening, held, prefix) = (Duration::ZERO, DEFAULT_LIMIT, String::new());
        let (playlist, key_frame_wait) = (self.playlist.clone(), self.key_frame_wait);
        Ok(Config { playlist, lengths, opening, key_frame_wait, window: HLS_WINDOW, held, prefix })
    }
}

/// Result of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The last progress.
    pub progress: Progress,
    /// Whether it was told to stop before the input ended.
    pub stopped: bool,
    /// Whether it was stopped before the server had been told that the broadcast ends.
    pub is_cut_off: bool,
}

/// Publishes until the input ends or `stop` is ready; then flushes the remaining media, ends the stream and leaves.
///
/// `progress` is called at each part and each change of state. A source that stalls is waited for.
///
/// # Errors
/// When the input cannot be read or cut, the server refuses, or the room is closed or somebody else's. Lost
/// connections are none while the server comes back.
///
/// # Panics
/// Outside a Tokio runtime.
pub async fn run(
    options: Publish,
    stop: impl Future<Output = ()>,
    progress: impl FnMut(Progress),
) -> Result<Summary, Error> {
    let mut stop = pin!(stop);
    let mut broadcast = tokio::select! {
        opened = opening::open(options, progress) => opened?,
        () = &mut stop => return Ok(Summary { progress: Progress::default(), stopped: true, is_cut_off: false }),
    };
    let (flowed, longest) = match broadcast.flow(stop).await {
        Ok(Flow::Stopped) => {
            let finished = finish(&mut broadcast).await;
            let longest = if matches!(finished, Ok(Flow::Stopped)) { STOP_TIMEOUT } else { Duration::ZERO };
            (finished, longest)
        }
        flowed => (flowed, LEAVE_TIMEOUT),
    };
    broadcast.leave(longest).await;
    let progress = broadcast.progress();
    flowed.map(|flow| Summary { progress, stopped: flow != Flow::Through, is_cut_off: flow == Flow::CutOff })
}

async fn finish<P: FnMut(Progress)>(broadcast: &mut Broadcast<P>) -> Result<Flow, Error> {
    broadcast.hurry();
    let flowed = timeout(STOP_LIMIT, broadcast.flow(pending())).await.unwrap_or(Ok(Flow::CutOff))?;
    if flowed == Flow::CutOff {
        tracing::debug!("stopped before everything was uploaded");
        return Ok(Flow::CutOff);
    }
    Ok(Flow::Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Publish {
        Publish::new("http://127.0.0.1:1", RoomId::parse("demo").unwrap(), Input::Stdin)
    }

    #[test]
    fn two_runs_are_two_sessions() {
        assert_ne!(options().session, options().session);
    }

    #[test]
    fn a_target_duration_is_whole_seconds_and_no_shorter_than_a_segment() {
        assert!(options().config().is_ok());
        for target in [1500, 0, 1000] {
            let mut options = options();
            options.segment_target = Duration::from_millis(1200);
            options.target_duration = Some(Duration::from_millis(target));
            assert!(matches!(options.config(), Err(Error::TargetDuration { .. })), "{target}");
        }
    }
}
