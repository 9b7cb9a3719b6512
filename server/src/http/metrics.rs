//! `GET /metrics`: what is counted, in the text format of Prometheus.
//!
//! Counters are kept by whoever counts; what the node only has to be asked for is asked when somebody looks.

use actix_web::http::Method;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::resource::resource;
use crate::listen::MALFORMED;
use crate::node::Node;

/// The content type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where everything is counted from now on, unless something else was there before.
pub fn install() -> Option<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().ok()?;
    describe_gauge!("roomcast_rooms", "Rooms on this node");
    describe_gauge!("roomcast_connections", "Open WebSocket connections on this node");
    describe_gauge!("roomcast_draining", "1 while this node stops and takes no joins, else 0");
    describe_gauge!("roomcast_redis_up", "1 while Redis answers and what this node publishes comes back, else 0");
    describe_counter!(MALFORMED, "Requests that are not HTTP, or not as their version of it demands");
    // Counts from 0, so that the first one is seen as a rise.
    counter!(MALFORMED).increment(0);
    Some(handle)
}

/// Adds `/metrics` to an application.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/metrics", vec![(Method::GET, web::route().to(metrics))]));
}

/// Everything there is to see.
pub async fn metrics(node: web::Data<Node>) -> HttpResponse {
    let Some(recorder) = &node.recorder else { return HttpResponse::NotFound().finish() };
    gauge!("roomcast_rooms").set(lossy(node.rooms.len()));
    gauge!("roomcast_connections").set(lossy(node.connections.count()));
    gauge!("roomcast_draining").set(u8::from(node.is_draining()));
    if let Some(backplane) = node.backplane.get() {
        gauge!("roomcast_redis_up").set(u8::from(backplane.is_ready()));
    }
    recorder.run_upkeep();
    HttpResponse::Ok().content_type(TEXT).body(recorder.render())
}

fn lossy(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
