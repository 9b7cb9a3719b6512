//! `GET /schema/…`: the published protocol, as this very server speaks it, and an index of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use rust_embed::RustEmbed;
use serde_json::json;

use roomcast_protocol::schema::VERSION;

use crate::page::{not_found, takes_html};
use crate::response::resource::refuse_to_write;
use crate::response::static_file::{StaticFile, embedded};

/// The folder, which a test holds against what the types say.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../schema"]
struct Folder;

const CACHE: &str = "max-age=3600";
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

static FILES: LazyLock<BTreeMap<Cow<'static, str>, StaticFile>> = LazyLock::new(|| {
    let content = |path: Cow<'static, str>| {
        let file = Folder::get(&path)?;
        let content_type = HeaderValue::from_static(content_type(&path));
        Some((path, StaticFile::new(embedded(file.data), content_type, CACHE, POLICY)))
    };
    Folder::iter().filter_map(content).collect()
});

static PAGE: LazyLock<StaticFile> = LazyLock::new(|| index_file("text/html; charset=utf-8", page()));
static LIST: LazyLock<StaticFile> = LazyLock::new(|| index_file("application/json", list()));

fn index_file(content_type: &'static str, text: String) -> StaticFile {
    StaticFile::new(Bytes::from(text), HeaderValue::from_static(content_type), CACHE, POLICY)
}

/// Texts and programs are shown by a browser, not kept.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, kind)| kind) {
        Some("json") => "application/json",
        Some("mp4" | "m4s") => "video/mp4",
        Some("md" | "py" | "ts" | "m3u8") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// One file of the schema, by its path within the folder.
pub async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let Some(file) = FILES.get(path.as_str()) else { return not_found(request).await };
    refuse_to_write(&request).unwrap_or_else(|| file.answer(request.headers()))
}

/// Returns the index: a page for a browser, a list in JSON for anything else.
pub async fn index(request: HttpRequest) -> HttpResponse {
    let index = if takes_html(request.headers()) { &PAGE } else { &LIST };
    refuse_to_write(&request).unwrap_or_else(|| index.answer_by_accept(request.headers(), StatusCode::OK))
}

/// Leads to the index. The address is relative, so that it holds below a prefix that a proxy takes away.
pub async fn without_slash(request: HttpRequest) -> HttpResponse {
    refuse_to_write(&request)
        .unwrap_or_else(|| HttpResponse::PermanentRedirect().insert_header((LOCATION, "schema/")).finish())
}

fn list() -> String {
    let files: Vec<_> = FILES
        .iter()
        .map(|(path, file)| json!({ "path": path, "type": content_type(path), "bytes": file.text().plain().len() }))
        .collect();
    format!("{:#}\n", json!({ "version": VERSION, "files": files }))
}

fn page() -> String {
    let mut rows = String::new();
    for (path, file) in FILES.iter() {
        let size = file.text().plain().len();
        // Names of files of the project need no escapes.
        _ = write!(rows, "<tr><td><a href=\"{path}\">{path}</a><td>{}<td>{size}", content_type(path));
    }
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Roomcast protocol {VERSION}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:1rem/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}}\
         td,th{{text-align:left;padding:.1rem 1rem .1rem 0}}td:last-child,th:last-child{{text-align:right}}</style>\
         <h1>Roomcast protocol {VERSION}</h1>\
         <p>Begin with <a href=\"README.md\">README.md</a>. Asked without <code>Accept: text/html</code>, this \
         address gives the list as JSON.\
         <table><tr><th>File<th>Type<th>Bytes{rows}</table></html>\n"
    )
}
