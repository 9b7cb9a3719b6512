//! Broadcasts over HTTP: data signals in, playlists and media out.
//!
//! The room's actor alone writes; it publishes bytes and immutable snapshots into the [`LiveIndex`], which
//! readers share. No reader ever stands in a room's mailbox.

mod index;
mod ingest;
mod media;
mod playback;
mod remote_lookup;
mod stored;
mod track;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub use index::{LiveIndex, LiveRoom};
pub use ingest::{IngestSessions, LONGEST_PUSHED, Refusals, refuse_encoder, takes_media};
pub use playback::ask as ask_to_play;
pub use remote_lookup::RemoteLookup;

use crate::response::cors;
use crate::response::resource::resource;
use playback::Playback;

/// Adds the addresses of ingest and playback.
pub fn routes(config: &mut ServiceConfig) {
    config.service(Playback).service(
        web::scope("/rooms/{room}")
            .wrap(from_fn(cors::for_pages))
            .service(resource("/data", vec![(Method::POST, web::route().to(ingest::data))]))
            .service(pushed("/ingest/{playlist}/{track}"))
            .service(pushed("/ingest/{playlist}/{track}/{rest:.*}"))
            .default_service(web::to(ingest::unknown_address)),
    );
}

/// A resource for encoders, which also tidy up at times.
fn pushed(path: &str) -> actix_web::Resource {
    let push = || web::route().to(ingest::push);
    let routes =
        vec![(Method::PUT, push()), (Method::POST, push()), (Method::DELETE, web::route().to(ingest::anything))];
    resource(path, routes)
}
