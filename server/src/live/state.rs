//! State that requests for playlists and media share.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;

use super::index::LiveIndex;
use super::remote_lookup::RemoteLookup;
use crate::access::{Access, Caches};
use crate::lifecycle::Lifecycle;
use crate::response::cors::Cors;

/// The tracks that are served to players, and the rules that authorize players.
#[derive(Debug)]
pub struct LiveState {
    pub index: Arc<LiveIndex>,
    /// The lookup of broadcasts on other nodes.
    pub remote_lookup: RemoteLookup,
    pub access: Arc<Access>,
    /// The caches in front of the server that authorize viewers themselves.
    pub caches: Arc<Caches>,
    pub cors: Data<Cors>,
    pub lifecycle: Arc<Lifecycle>,
    /// The time for which media is still sent after its token has expired.
    pub auth_grace: Duration,
}
