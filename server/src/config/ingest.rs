//! Settings of uploads and of encoders that push.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use roomcast_protocol::id::UserId;

use super::value::{duration_or_none, time};
use crate::units::duration;

/// Limits of uploads.
#[derive(Debug, Clone, Args, Serialize)]
pub struct IngestSettings {
    /// Time that the body of one data signal may take to come; then: 408.
    #[arg(long, env = "ROOMCAST_UPLOAD_TIMEOUT", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub upload_timeout: Duration,
    /// The user in whose name encoders publish that push to `/rooms/…/ingest`.
    #[arg(long, env = "ROOMCAST_INGEST_USER", default_value = "ingest", value_name = "USER")]
    pub ingest_user: UserId,
    /// Time for an encoder that broke off to come back; then its broadcast ends.
    #[arg(long, env = "ROOMCAST_INGEST_LINGER", default_value = "10s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_linger: Duration,
    /// Longest wait of a pushed track for a further body after one that states its end, if each is a
    /// whole file: 1.5 times the length of its media, at least 1s; 0: not at all.
    #[arg(long, env = "ROOMCAST_INGEST_END_WAIT", default_value = "4s", value_parser = duration_or_none, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_end_wait: Duration,
    /// Time that pushed video without audio waits for audio of its own request, and audio for video.
    #[arg(long, env = "ROOMCAST_INGEST_OPENING", default_value = "2s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_opening: Duration,
    /// Longest pushed video without any key frame; then: 415. A body that ends before needs one if it has the length of a
    /// segment.
    #[arg(long, env = "ROOMCAST_INGEST_KEY_FRAME_WAIT", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_key_frame_wait: Duration,
    /// Time for which a pushing encoder may be silent within a request; then: 408.
    #[arg(long, env = "ROOMCAST_INGEST_SILENCE", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_silence: Duration,
    /// Length of segments that pushed media is cut into, unless `?segment=` says otherwise.
    #[arg(long, env = "ROOMCAST_INGEST_SEGMENT", default_value = "1s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_segment: Duration,
    /// Longest part that pushed media is cut into, unless `?part=` says otherwise.
    #[arg(long, env = "ROOMCAST_INGEST_PART", default_value = "350ms", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_part: Duration,
    /// Least target duration of pushed media: it follows the key frames, unless `?target=` fixes it.
    #[arg(long, env = "ROOMCAST_INGEST_TARGET_DURATION", default_value = "2s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub ingest_target_duration: Duration,
}
