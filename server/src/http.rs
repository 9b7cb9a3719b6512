//! The HTTP side: which address leads where.

pub mod answer;
mod health;
mod page;
mod published;

use actix_web::HttpResponse;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};

use crate::node::Node;
use crate::{live, session};

/// Adds every address of the server to an application.
pub fn routes(node: &web::Data<Node>) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let node = node.clone();
    move |config| {
        config
            .app_data(node.clone())
            .route("/healthz", web::get().to(health::healthz))
            .route("/readyz", web::get().to(health::readyz))
            .route("/ws", web::to(session::upgrade))
            .configure(live::routes)
            .service(
                web::scope("/schema").wrap(open_to_all_pages()).route("/{path:.*}", web::get().to(published::file)),
            )
            .configure(page::routes)
            .default_service(web::to(answer::nothing_here));
    }
}

/// Players and streamers run on any page: media is public, uploads carry a token. Always present, so that what
/// a cache keeps from one page serves every other.
pub fn open_to_all_pages() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .add((ACCESS_CONTROL_EXPOSE_HEADERS, "Content-Length, Date"))
}

/// The answer to a browser that asks before it sends (Fetch standard, CORS-preflight).
pub async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Range"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
