//! The web page, built by Vite and embedded in the binary.
//!
//! Files are never copied: a peer that reads slowly holds a piece of one. They are compressed once, by the first who
//! takes gzip. The document exists once for each form of address below the server's root (see [`base`]).

mod accept;
mod base;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha1::{Digest as _, Sha1};

use super::range::is_known;
use super::resource::{refuse_to_write, resource};
use super::text::Text;
use super::{coding, pieces};

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

static FILES: LazyLock<HashMap<Cow<'static, str>, File>> = LazyLock::new(|| {
    Page::iter()
        .filter(|path| path != DOCUMENT)
        .filter_map(|path| Some((path.clone(), File::new(&path, Page::get(&path)?))))
        .collect()
});

/// The document by the depth of the address it is served under, then by its number of segments.
static DOCUMENTS: LazyLock<Vec<Vec<File>>> = LazyLock::new(|| {
    let file = Page::get(DOCUMENT).expect("the build fails without it");
    let text = String::from_utf8_lossy(&file.data);
    let script = Page::get(BASE_SCRIPT).map_or(Cow::Borrowed(&[][..]), |script| script.data);
    let script = String::from_utf8_lossy(&script);
    let of_depth = |depth| {
        let document = |segments| File::document(base::with_base(&text, depth, segments, &script));
        (0..=MAX_DEPTH + 1).map(document).collect()
    };
    (0..=MAX_DEPTH).map(of_depth).collect()
});

/// A file and what its answers share.
struct File {
    text: Text,
    tag: HeaderValue,
    content_type: HeaderValue,
    cache: HeaderValue,
}

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
    if opens && accept::takes_html(request.headers()) {
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

/// The document under the address of a request. The page itself tells from the address which view to show.
fn document(request: &HttpRequest, status: StatusCode) -> HttpResponse {
    let path = request.uri().path();
    let documents = DOCUMENTS.get(base::depth(path));
    let Some(file) = documents.and_then(|list| list.get(base::segments(path))) else { return not_found_text() };
    if status == StatusCode::OK {
        file.answer(request.headers())
    } else {
        file.answer_missing(request.headers(), status)
    }
}

/// Whether the page takes this for the name of a room (`isRoomName` in `web/src/ui/names.ts`).
fn is_room_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    (1..=128).contains(&name.len()) && name.bytes().all(plain) && name != "." && name != ".."
}

impl File {
    fn new(path: &str, file: EmbeddedFile) -> Self {
        let text = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        // Built files carry a hash of their content in the name.
        let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let content_type = HeaderValue::try_from(file.metadata.mimetype()).expect("a media type is ASCII");
        Self { tag: tag(&text), text: Text::new(text), content_type, cache: HeaderValue::from_static(cache) }
    }

    fn document(text: String) -> Self {
        let text = Bytes::from(text);
        Self {
            tag: tag(&text),
            text: Text::new(text),
            content_type: HeaderValue::from_static("text/html; charset=utf-8"),
            cache: HeaderValue::from_static("no-cache"),
        }
    }

    /// The file, or 304 to a client that has it.
    fn answer(&self, request: &HeaderMap) -> HttpResponse {
        let mut response = if is_known(request, || self.tag.clone()) {
            self.respond(StatusCode::NOT_MODIFIED, Bytes::new())
        } else {
            self.respond_with_text(request, StatusCode::OK)
        };
        // Weak: the same, compressed or not.
        let tag = HeaderValue::try_from([b"W/", self.tag.as_bytes()].concat()).expect("letters and digits");
        response.headers_mut().insert(ETAG, tag);
        response
    }

    /// The file as the explanation of an error, to which conditions of the request do not apply.
    fn answer_missing(&self, request: &HeaderMap, status: StatusCode) -> HttpResponse {
        let mut response = self.respond_with_text(request, status);
        response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        response
    }

    fn respond_with_text(&self, request: &HeaderMap, status: StatusCode) -> HttpResponse {
        let gzip = self.is_text() && coding::takes_gzip(request);
        let body = if gzip { self.text.gzip() } else { self.text.plain() };
        let mut response = self.respond(status, body.clone());
        response.headers_mut().insert(CONTENT_TYPE, self.content_type.clone());
        if gzip {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }

    fn respond(&self, status: StatusCode, body: Bytes) -> HttpResponse {
        let mut response = HttpResponse::with_body(status, pieces::body(body));
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.cache.clone());
        headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // An address may hold a token.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if self.is_text() {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        response
    }

    /// Whether gzip makes it smaller: pictures and fonts are compressed already.
    fn is_text(&self) -> bool {
        let of = self.content_type.as_bytes();
        [&b"text/"[..], b"image/svg", b"application/json", b"application/javascript"]
            .iter()
            .any(|kind| of.starts_with(kind))
    }
}

/// A strong entity tag of a text.
fn tag(text: &[u8]) -> HeaderValue {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha1::digest(text)[..15]));
    HeaderValue::try_from(tag).expect("letters and digits")
}

#[cfg(test)]
mod tests;
