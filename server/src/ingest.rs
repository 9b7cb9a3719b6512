//! The writing half of the origin: data signals, and encoders that push fragmented MP4.
//!
//! Bodies are read no faster than the room takes them, and never kept beyond a bound. What is uploaded is decided
//! by the room alone.

mod body;
mod body_channel;
mod direct;
mod multipart;
mod participant;
mod publisher;
mod refusals;
mod session;
mod sessions;
mod signal;
mod state;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

pub use publisher::{refuse_encoder, takes_media};
pub use state::{IngestState, UploadSettings};

use crate::response::cors;
use crate::response::resource::resource;

/// Adds the addresses of uploads.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/rooms/{room}")
            .wrap(from_fn(cors::for_pages))
            .service(resource("/data", vec![(Method::POST, web::route().to(signal::data))]))
            .service(pushed("/ingest/{playlist}/{track}"))
            .service(pushed("/ingest/{playlist}/{track}/{rest:.*}"))
            .default_service(web::to(direct::unknown_address)),
    );
}

/// A resource for encoders, which also tidy up at times.
fn pushed(path: &str) -> actix_web::Resource {
    let push = || web::route().to(direct::push);
    let routes =
        vec![(Method::PUT, push()), (Method::POST, push()), (Method::DELETE, web::route().to(direct::anything))];
    resource(path, routes)
}
