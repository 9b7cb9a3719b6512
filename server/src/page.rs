//! The web page, built by Vite and embedded in the binary.
//!
//! The document exists once for each form of address below the server's root (see [`base`]).

mod accept;
mod base;

pub use accept::takes_html;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{HeaderValue, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::response::resource::{refuse_to_write, resource};
use crate::response::static_file::{StaticFile, embedded};

#[derive(RustEmbed)]
#[folder = "$ROOMCAST_WEB_PAGE"]
struct Page;

/// Streams may come from a CDN, so connections go anywhere; code comes from here alone. The one script in
/// the document itself is named by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let script = Page::get(BASE_SCRIPT).map_or(String::new(), |script| {
        format!("script-src 'self' 'sha256-{}'; ", STANDARD.encode(script.metadata.sha256_hash()))
    });
    HeaderValue::try_from(format!("{script}{POLICY_OF_FILES}")).expect("a hash in base64 is ASCII")
});

const POLICY_OF_FILES: &str = "default-src 'self'; connect-src *; media-src * blob:; img-src 'self' data: blob:; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'";

const DOCUMENT: &str = "index.html";

/// The script that belongs into the document.
const BASE_SCRIPT: &str = "base.js";

/// The document is kept for addresses down to this depth. The deepest address of the page has two; what lies deeper is
/// answered in plain text, so that nobody fills memory with variants.
const MAX_DEPTH: usize = 7;

static FILES: LazyLock<HashMap<Cow<'static, str>, StaticFile>> = LazyLock::new(|| {
    Page::iter()
        .filter(|path| path != DOCUMENT)
        .filter_map(|path| Some((path.clone(), file_of_page(&path, Page::get(&path)?))))
        .collect()
});

/// The document by the depth of the address it is served under, then by its number of segments.
static DOCUMENTS: LazyLock<Vec<Vec<StaticFile>>> = LazyLock::new(|| {
    let file = Page::get(DOCUMENT).expect("the build fails without it");
    let text = String::from_utf8_lossy(&file.data);
    let script = Page::get(BASE_SCRIPT).map_or(Cow::Borrowed(&[][..]), |script| script.data);
    let script = String::from_utf8_lossy(&script);
    let of_depth = |depth| {
        let document = |segments| document_of_page(base::with_base(&text, depth, segments, &script));
        (0..=MAX_DEPTH + 1).map(document).collect()
    };
    (0..=MAX_DEPTH).map(of_depth).collect()
});

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/", vec![(Method::GET, web::route().to(index))]))
        .route("/{view:call|group|watch|broadcast}/{room}", web::to(room))
        .route("/assets/{name}", web::to(asset))
        .route("/{name}", web::to(file));
}

async fn index(request: HttpRequest) -> HttpResponse {
    document(&request, StatusCode::OK)
}

async fn room(request: HttpRequest, address: web::Path<(String, String)>) -> HttpResponse {
    if !is_room_name(&address.1) {
        return not_found(request).await;
    }
    refuse_to_write(&request).unwrap_or_else(|| document(&request, StatusCode::OK))
}

async fn asset(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    serve(request, &format!("assets/{name}")).await
}

async fn file(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    serve(request, &name).await
}

async fn serve(request: HttpRequest, path: &str) -> HttpResponse {
    let Some(file) = FILES.get(path) else { return not_found(request).await };
    refuse_to_write(&request).unwrap_or_else(|| file.answer(request.headers()))
}

/// Answers an address that leads nowhere: the page's own "not found" for a browser that opens it, a line of text for
/// anything else.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let opens = [Method::GET, Method::HEAD].contains(request.method());
    if opens && takes_html(request.headers()) {
        return document(&request, StatusCode::NOT_FOUND);
    }
    not_found_text()
}

fn not_found_text() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .insert_header((VARY, "Accept"))
        .body("Page not found.\n")
}

/// Returns the document under the address of a request. The page itself tells from the address which view to show.
fn document(request: &HttpRequest, status: StatusCode) -> HttpResponse {
    let path = request.uri().path();
    let documents = DOCUMENTS.get(base::depth(path));
    let Some(file) = documents.and_then(|list| list.get(base::segments(path))) else { return not_found_text() };
    if status == StatusCode::OK {
        file.answer(request.headers())
    } else {
        file.answer_by_accept(request.headers(), status)
    }
}

/// Returns whether the page takes this for the name of a room (`isRoomName` in `web/src/ui/names.ts`).
fn is_room_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    (1..=128).contains(&name.len()) && name.bytes().all(plain) && name != "." && name != ".."
}

fn file_of_page(path: &str, file: EmbeddedFile) -> StaticFile {
    // Built files carry a hash of their content in the name.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let content_type = HeaderValue::try_from(file.metadata.mimetype()).expect("a media type is ASCII");
    StaticFile::new(embedded(file.data), content_type, cache, POLICY.clone())
}

fn document_of_page(text: String) -> StaticFile {
    StaticFile::new(text.into(), HeaderValue::from_static("text/html; charset=utf-8"), "no-cache", POLICY.clone())
}

#[cfg(test)]
mod tests;
