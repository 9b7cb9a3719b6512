//! `GET /healthz` and `GET /readyz`.

use actix_web::{HttpResponse, web};

use crate::node::Node;

/// The process is alive.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// Joins are taken.
pub async fn readyz(node: web::Data<Node>) -> HttpResponse {
    if node.is_draining() {
        return HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body("draining\n");
    }
    if !node.reaches_others() {
        return HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body("redis is out of reach\n");
    }
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")
}
