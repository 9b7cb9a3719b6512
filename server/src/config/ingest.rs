//! Settings of uploads and of encoders that push.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use roomcast_protocol::limits;

use super::value::{duration, time};

/// What who uploads may do.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Ingest {
    /// How long the body of one data signal may take to come; then: 408.
    #[arg(long, env = "ROOMCAST_UPLOAD_TIMEOUT", default_value = "30s", value_parser = duration, value_name = "TIME")]
    #[serde(serialize_with = "time")]
    pub upload_timeout: Duration,
    /// Newer uploads of a track that may wait for a missing part or segment before it is listed as a gap.
    #[arg(long, env = "ROOMCAST_PARTS_BEFORE_GAP", default_value_t = limits::PARTS_BEFORE_GAP, value_name = "COUNT")]
    pub parts_before_gap: usize,
}
