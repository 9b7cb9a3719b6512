//! `GET /schema/…`: the published schema, as this very server speaks it.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use roomcast_protocol::schema;

use super::page::not_found;
use super::resource::refuse_to_write;

static FILES: LazyLock<HashMap<String, Bytes>> =
    LazyLock::new(|| schema::files().into_iter().map(|file| (file.path, Bytes::from(file.text))).collect());

/// One file of the schema, by its path within the folder.
pub async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let Some(text) = FILES.get(path.as_str()) else { return not_found(request).await };
    refuse_to_write(&request).unwrap_or_else(|| {
        HttpResponse::Ok()
            .content_type("application/json")
            .insert_header((CACHE_CONTROL, "max-age=3600"))
            .body(text.clone())
    })
}
