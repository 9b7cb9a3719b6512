//! `GET /healthz` and `GET /readyz`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::node::Node;
use crate::response::answer;

/// The process is alive.
pub async fn healthz() -> HttpResponse {
    answer::text(StatusCode::OK, "ok\n")
}

/// Joins are taken.
pub async fn readyz(node: web::Data<Node>) -> HttpResponse {
    if node.is_draining() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    if !node.reaches_others() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "redis is out of reach\n");
    }
    if node.access.awaits_keys() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "the keys of access tokens were not fetched yet\n");
    }
    answer::text(StatusCode::OK, "ready\n")
}
