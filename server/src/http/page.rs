//! The web page, built by Vite and embedded in the binary.
//!
//! Files are never copied: a peer that reads slowly holds a piece of one. They are compressed once, by the first who
//! takes gzip.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::range::is_known;
use super::text::Text;
use super::{answer, coding, pieces};

#[derive(RustEmbed)]
#[folder = "$ROOMCAST_WEB_PAGE"]
struct Page;

/// Streams may come from a CDN, so connections go anywhere; code comes from here alone.
const POLICY: &str = "default-src 'self'; connect-src *; media-src * blob:; img-src 'self' data: blob:; \
    worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'";

static FILES: LazyLock<HashMap<Cow<'static, str>, File>> = LazyLock::new(|| {
    Page::iter().filter_map(|path| Some((path.clone(), File::new(&path, Page::get(&path)?)))).collect()
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
        .route("/", web::get().to(index))
        .route("/call/{room}", web::get().to(index))
        .route("/group/{room}", web::get().to(index))
        .route("/watch/{room}", web::get().to(index))
        .route("/broadcast/{room}", web::get().to(index))
        .route("/assets/{name}", web::get().to(asset))
        .route("/{name}", web::get().to(file));
}

async fn index(request: HttpRequest) -> HttpResponse {
    serve(&request, "index.html").await
}

async fn asset(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    serve(&request, &format!("assets/{name}")).await
}

async fn file(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    serve(&request, &name).await
}

async fn serve(request: &HttpRequest, path: &str) -> HttpResponse {
    match FILES.get(path) {
        Some(file) => file.answer(request.headers()),
        None => answer::nothing_here().await,
    }
}

impl File {
    fn new(path: &str, file: EmbeddedFile) -> Self {
        let text = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        // Built files carry a hash of their content in the name.
        let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..15]));
        Self {
            text: Text::new(text),
            tag: HeaderValue::try_from(tag).expect("letters and digits"),
            content_type: HeaderValue::try_from(file.metadata.mimetype()).expect("a media type is ASCII"),
            cache: HeaderValue::from_static(cache),
        }
    }

    fn answer(&self, request: &HeaderMap) -> HttpResponse {
        let known = is_known(request, || self.tag.clone());
        let gzip = self.is_text() && coding::takes_gzip(request);
        let (status, body) = match (known, gzip) {
            (true, _) => (StatusCode::NOT_MODIFIED, Bytes::new()),
            (_, true) => (StatusCode::OK, self.text.gzip().clone()),
            (_, false) => (StatusCode::OK, self.text.plain().clone()),
        };
        let mut response = HttpResponse::with_body(status, pieces::body(body));
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.cache.clone());
        // Weak: the same, compressed or not.
        headers.insert(ETAG, HeaderValue::try_from([b"W/", self.tag.as_bytes()].concat()).expect("letters and digits"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.is_text() {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if !known {
            headers.insert(CONTENT_TYPE, self.content_type.clone());
            if gzip {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
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
