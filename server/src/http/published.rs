//! `GET /schema/…`: the published schema, as this very server speaks it.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use bytes::Bytes;

use roomcast_protocol::schema;

use super::answer;

static FILES: LazyLock<HashMap<String, Bytes>> =
    LazyLock::new(|| schema::files().into_iter().map(|file| (file.path, Bytes::from(file.text))).collect());

/// One file of the schema, by its path within the folder.
pub async fn file(path: web::Path<String>) -> HttpResponse {
    match FILES.get(path.as_str()) {
        Some(text) => HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((CACHE_CONTROL, "max-age=3600"))
            .body(text.clone()),
        None => answer::nothing_here().await,
    }
}
