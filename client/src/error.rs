//! Everything that ends a membership or a broadcast.
//!
//! Never a broken invariant of this crate: that is a panic with its reason. A failure that passes is tried again and
//! is no error.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::client::TooManyUnconfirmed;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::limits::MAX_MESSAGE;

/// Errors for which a member or a broadcast cannot begin or continue.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that is no URL of a server.
    #[error("{url:?} is not a server address ({reason}); write http://host:port")]
    Address {
        /// The address as given.
        url: String,
        /// Description of the fault.
        reason: String,
    },
    /// An access token with characters that no token has.
    #[error("the access token is none: it has characters that no token has")]
    Token,
    /// The HTTP client failed: it could not be made, or a request for the playlist had no answer.
    #[error("HTTP failed: {0}")]
    Http(#[from] reqwest::Error),
    /// The input could not be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason of the operating system.
        source: io::Error,
    },
    /// The input could not be read to its end.
    #[error("cannot read the input: {0}")]
    Read(#[source] io::Error),
    /// The input does not begin like fragmented MP4.
    #[error(
        "the input is not fragmented MP4 ({reason}); ffmpeg writes it with \
         -f mp4 -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333"
    )]
    NotFragmented {
        /// Description of the mismatch.
        reason: String,
    },
    /// The media cannot be cut into parts and segments.
    #[error("the media cannot be published: {}", media_reason(.0))]
    Media(#[from] roomcast_media::Error),
    /// Durations that cannot go together, such as a target duration that is no whole number of seconds.
    #[error("a target duration of {target:?} does not fit segments of {segment:?}")]
    TargetDuration {
        /// The target duration.
        target: Duration,
        /// The segment target.
        segment: Duration,
    },
    /// The server refused `JOIN`, or the upgrade to WebSocket, for good.
    #[error("the server refused: {message} (code {code})")]
    Refused {
        /// The ack code.
        code: u16,
        /// The server's sentence.
        message: String,
    },
    /// The server closed the connection with a code that forbids to reconnect.
    #[error("the server closed the connection for good: {reason} (code {code})")]
    Closed {
        /// The WebSocket close code.
        code: u16,
        /// The server's reason.
        reason: String,
    },
    /// The room is of another type.
    #[error("room {0} is a call, not a broadcast")]
    NoBroadcast(RoomId),
    /// No connection could be established, or the server did not answer on it.
    #[error("the server is out of reach: {reason}")]
    Unreachable {
        /// The last failure.
        reason: String,
    },
    /// The server closed the room.
    #[error("the room was closed ({0:?})")]
    RoomClosed(RoomClosedReason),
    /// The member was put out of the room.
    #[error("a moderator put this session out of room {0}")]
    Kicked(RoomId),
    /// The room is the broadcast of another user.
    #[error(
        "another publisher is on air in room {0}, as another user; publish to another room, or as that user (--user)"
    )]
    AnotherPublisher(RoomId),
    /// Another session of this user publishes in the room, and its place was not to be taken.
    #[error("another publisher is on air in room {0}; to take its place: --take-over")]
    OnAir(RoomId),
    /// Another session of this user took the place of this one.
    #[error("another publisher has taken over room {0}")]
    TakenOver(RoomId),
    /// A file of certificates that cannot be used.
    #[error("{}: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Description of the fault.
        reason: String,
    },
    /// The server refused a data signal.
    #[error("the server refused {signal}: {message} (code {code})")]
    Upload {
        /// Name of the signal.
        signal: &'static str,
        /// The code of the answer, or its HTTP status if it has no code.
        code: u16,
        /// The server's sentence.
        message: String,
    },
    /// A signal was not said: too many are unconfirmed.
    #[error("the signal was not said: {0}")]
    Unconfirmed(#[source] TooManyUnconfirmed),
    /// A signal was not said: the server would close the connection over it.
    #[error("the signal was not said: its message of {length} bytes is over the {MAX_MESSAGE} that a server takes")]
    TooLong {
        /// Its length, in bytes.
        length: usize,
    },
    /// The member has left or failed: it takes no more commands.
    #[error("the member is gone")]
    Gone,
}

/// Returns the reason as a person at an encoder would say it.
fn media_reason(error: &roomcast_media::Error) -> String {
    match error {
        roomcast_media::Error::UnsupportedSampleEntry(codec) => format!("codec {codec} is not supported"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_codec_is_called_one() {
        let error = Error::Media(roomcast_media::Error::UnsupportedSampleEntry(roomcast_media::FourCc(*b"mp4v")));
        assert_eq!(error.to_string(), "the media cannot be published: codec mp4v is not supported");
    }
}
