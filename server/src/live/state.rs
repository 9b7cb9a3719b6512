//! State that requests for playlists and media share.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;

use super::index::LiveIndex;
use super::remote_lookup::RemoteLookup;
use crate::access::{Access, Caches};
use crate::lifecycle::Lifecycle;
use crate::response::cors::Cors;

/// The tracks that players are served, and the rules about who may play them.
#[derive(Debug)]
pub struct LiveState {
    pub index: Arc<LiveIndex>,
    /// Broadcasts that other nodes have.
    pub remote_lookup: RemoteLookup,
    pub access: Arc<Access>,
    /// The caches in front that check viewers by themselves.
    pub caches: Arc<Caches>,
    pub cors: Data<Cors>,
    pub lifecycle: Arc<Lifecycle>,
    /// The time for which media is sent on behind the end of its token.
    pub auth_grace: Duration,
}
