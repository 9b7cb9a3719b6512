//! The HTTP side: which address leads where.

mod auth_check;
mod health;
mod metrics;
mod published;
mod revoke;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};

pub use metrics::install as install_metrics;

use crate::listen::ContinueCheck;
use crate::response::resource::resource;
use crate::state::AppState;
use crate::{ingest, live, page, session};

/// Adds every address of the server to an application.
pub fn routes(state: &web::Data<AppState>) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let state = state.clone();
    move |config| {
        config
            .app_data(state.clone())
            .app_data(state.cors.clone())
            .app_data(web::Data::from(state.live.clone()))
            .app_data(web::Data::from(state.ingest.clone()))
            .service(resource("/healthz", vec![(Method::GET, web::route().to(health::healthz))]))
            .service(resource("/readyz", vec![(Method::GET, web::route().to(health::readyz))]))
            .service(resource("/api/revoke", vec![(Method::POST, web::route().to(revoke::revoke))]))
            .service(
                resource("/auth/check", vec![(Method::GET, web::route().to(auth_check::check))])
                    .wrap(open_to_all_pages()),
            )
            .service(resource("/auth/play", vec![(Method::GET, web::route().to(live::ask_to_play))]))
            .service(resource("/ws", vec![(Method::GET, web::route().to(session::upgrade))]))
            .service(live::Playback)
            .configure(ingest::routes)
            .service(
                web::scope("/schema")
                    .wrap(open_to_all_pages())
                    .route("", web::to(published::without_slash))
                    .route("/", web::to(published::index))
                    .route("/{path:.+}", web::to(published::file)),
            )
            .configure(|config| {
                if state.settings.metrics_listen.is_none() {
                    config.configure(metrics::guarded_routes);
                }
            })
            .configure(page::routes)
            .default_service(web::to(page::not_found));
    }
}

/// Judges the tokens of encoders that wait for a sign before they send media: ffmpeg does so with a password in its
/// address, and sends that only when it is asked for it.
pub fn before_body(state: &Arc<AppState>) -> ContinueCheck {
    let state = Arc::clone(state);
    Arc::new(move |head| match ingest::takes_media(head.uri.path()) {
        true => ingest::refuse_encoder(&state.ingest, head),
        false => None,
    })
}

/// Adds `/metrics` alone, for the address of `--metrics-listen`.
pub fn metrics_routes(state: &web::Data<AppState>) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let state = state.clone();
    move |config| {
        config.app_data(state.clone()).configure(metrics::routes);
    }
}

/// Returns headers that permit pages of all origins to read an answer. The schema is public, and so are the grants of a
/// token to its holder.
fn open_to_all_pages() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .add((ACCESS_CONTROL_EXPOSE_HEADERS, "Content-Length, Date"))
}
