//! Broadcasts over HTTP: data signals in, playlists and media out.
//!
//! The room's actor alone writes; it publishes bytes and immutable snapshots into the [`LiveIndex`], which
//! readers share. No reader ever stands in a room's mailbox.

mod index;
mod ingest;
mod playback;
mod text;
mod track;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub use index::{LiveIndex, LiveRoom};

use crate::config::to_usize;
use crate::http::cors;
use crate::node::Node;

/// Adds the addresses of ingest and playback.
pub fn routes(config: &mut ServiceConfig, node: &web::Data<Node>) {
    // Base64 takes four bytes for three; the rest is for the signal's other members.
    let limit = to_usize(node.settings.max_upload).saturating_mul(4) / 3 + 64 * 1024;
    config
        .service(
            web::scope("/rooms/{room}")
                .wrap(from_fn(cors::for_pages))
                .app_data(web::PayloadConfig::new(limit))
                .service(
                    web::resource("/data")
                        .route(web::post().to(ingest::data))
                        .route(web::method(Method::OPTIONS).to(async || cors::preflight())),
                ),
        )
        // No middleware and no guards: this is what thousands of viewers ask for, each several times a second.
        .service(
            web::scope("/live/{room}/{playlist}")
                .service(web::resource("/playlist.m3u8").to(playback::multivariant))
                .service(web::resource("/{track}/playlist.m3u8").to(playback::media_playlist))
                .service(web::resource("/{track}/{object}").to(playback::object)),
        );
}
