//! Broadcasts over HTTP: data signals in, playlists and media out.
//!
//! The room's actor alone writes; it publishes bytes and immutable snapshots into the [`LiveIndex`], which
//! readers share. No reader ever stands in a room's mailbox.

mod index;
mod ingest;
mod playback;
mod track;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

pub use index::{LiveIndex, LiveRoom};
pub use ingest::Seats;

use crate::http::{open_to_all_pages, preflight};

/// Adds the addresses of ingest and playback.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::scope("/rooms/{room}")
                .wrap(open_to_all_pages())
                .service(
                    web::resource("/data")
                        .route(web::post().to(ingest::data))
                        .route(web::method(Method::OPTIONS).to(preflight)),
                )
                .service(pushed("/ingest/{playlist}/{track}"))
                .service(pushed("/ingest/{playlist}/{track}/{rest:.*}")),
        )
        .service(
            web::scope("/live/{room}/{playlist}")
                .wrap(open_to_all_pages())
                .service(both("/playlist.m3u8", playback::multivariant))
                .service(both("/{track}/playlist.m3u8", playback::media_playlist))
                .service(both("/{track}/{object}", playback::object)),
        );
}

/// A resource for encoders, which also tidy up at times.
fn pushed(path: &str) -> actix_web::Resource {
    web::resource(path)
        .route(web::put().to(ingest::push))
        .route(web::post().to(ingest::push))
        .route(web::delete().to(ingest::anything))
        .route(web::method(Method::OPTIONS).to(preflight))
}

/// A resource for GET and HEAD, for the pages of any origin.
fn both<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args> + Copy,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler))
        .route(web::head().to(handler))
        .route(web::method(Method::OPTIONS).to(preflight))
}
