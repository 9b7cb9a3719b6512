//! `GET /healthz` and `GET /readyz`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::response::answer;
use crate::state::AppState;

/// Reports that the process is alive.
pub async fn healthz() -> HttpResponse {
    answer::text(StatusCode::OK, "ok\n")
}

/// Joins are taken.
pub async fn readyz(state: web::Data<AppState>) -> HttpResponse {
    if state.lifecycle.is_draining() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    if !state.reaches_others() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "redis is out of reach\n");
    }
    if state.access.awaits_keys() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "the keys of access tokens were not fetched yet\n");
    }
    answer::text(StatusCode::OK, "ready\n")
}
