//! The web page, built by Vite and embedded in the binary.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{self, ServiceConfig};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::answer;

#[derive(RustEmbed)]
#[folder = "$ROOMCAST_WEB_PAGE"]
struct Page;

/// Streams may come from a CDN, so connections go anywhere; code comes from here alone.
const POLICY: &str = "default-src 'self'; connect-src *; media-src * blob:; img-src 'self' data: blob:; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'";

pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(index))
        .route("/call/{room}", web::get().to(index))
        .route("/group/{room}", web::get().to(index))
        .route("/watch/{room}", web::get().to(index))
        .route("/broadcast/{room}", web::get().to(index))
        .route("/assets/{name}", web::get().to(asset))
        .route("/{name}", web::get().to(file));
}

async fn index() -> HttpResponse {
    serve(Page::get("index.html"), "no-cache")
}

/// Built files carry a hash of their content in the name.
async fn asset(name: web::Path<String>) -> HttpResponse {
    serve(Page::get(&format!("assets/{name}")), "public, max-age=31536000, immutable")
}

async fn file(name: web::Path<String>) -> HttpResponse {
    match Page::get(&name) {
        None => answer::nothing_here().await,
        found => serve(found, "no-cache"),
    }
}

fn serve(found: Option<EmbeddedFile>, cache: &'static str) -> HttpResponse {
    let Some(file) = found else { return HttpResponse::NotFound().finish() };
    HttpResponse::Ok()
        .content_type(file.metadata.mimetype())
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(file.data.into_owned())
}
