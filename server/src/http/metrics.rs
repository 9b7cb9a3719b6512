//! `GET /metrics`: the metrics, in the text format of Prometheus.
//!
//! Counters are kept by the code that counts; values that can be read from the node at any time are read for each
//! request.

use actix_web::http::Method;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use roomcast_protocol::access::{Reason, Refused};

use crate::access::remote::FETCH_FAILURES;
use crate::access::{Challenge, REFUSED, arrival, counted, refusal};
use crate::ice;
use crate::listen::MALFORMED;
use crate::response::resource::resource;
use crate::room::TAKEOVER;
use crate::state::AppState;

/// The content type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const REVOCATIONS: &str = "roomcast_access_revocations";
const KEYS_AGE: &str = "roomcast_access_keys_age_seconds";
const ICE_AGE: &str = "roomcast_ice_servers_age_seconds";
const FORGOTTEN: &str = "roomcast_forgotten_signals_total";

/// Has everything counted from now on; returns the place to read it, unless something else counts already.
pub fn install() -> Option<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().ok()?;
    describe_gauge!("roomcast_rooms", "Rooms on this node");
    describe_gauge!("roomcast_connections", "Open WebSocket connections on this node");
    describe_gauge!("roomcast_draining", "1 while this node stops and takes no joins, else 0");
    describe_gauge!("roomcast_redis_up", "1 while Redis answers and what this node publishes comes back, else 0");
    describe_gauge!("roomcast_cluster_rooms_owned", "Rooms that this node owns among several");
    describe_gauge!(
        "roomcast_cluster_held_bytes",
        "Bytes of signals kept here until the owners of their rooms have them"
    );
    describe_histogram!(TAKEOVER, Unit::Seconds, "Time for which rooms that this node took over had no owner");
    describe_counter!(REFUSED, "Requests refused for their access token, by reason");
    counter!(FETCH_FAILURES).increment(0);
    describe_counter!(FETCH_FAILURES, "Fetches of the key set of access tokens that failed");
    counter!(ice::FETCH_FAILURES).increment(0);
    describe_counter!(ice::FETCH_FAILURES, "Questions for ICE servers that failed");
    describe_gauge!(ICE_AGE, Unit::Seconds, "Time since the ICE servers that members get of a service were asked for");
    describe_gauge!(REVOCATIONS, "Revocations of access tokens in force");
    describe_gauge!(KEYS_AGE, Unit::Seconds, "Time since the key set of access tokens was fetched");
    describe_counter!(FORGOTTEN, "Signals dropped from the full backlog of a member, and announced to it");
    describe_counter!(MALFORMED, "Requests that are not HTTP, or not as their version of it demands");
    // Counts from 0, so that the first one is seen as a rise.
    counter!(MALFORMED).increment(0);
    Some(handle)
}

/// Adds `/metrics` to an application.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/metrics", vec![(Method::GET, web::route().to(metrics))]));
}

/// Adds `/metrics` where clients come too: at a server with a key it wants a token.
pub fn guarded_routes(config: &mut ServiceConfig) {
    config.service(resource("/metrics", vec![(Method::GET, web::route().to(guarded))]));
}

async fn guarded(request: HttpRequest, state: web::Data<AppState>) -> HttpResponse {
    let token = arrival::of_any(request.head());
    state.access.prepare(token.as_deref()).await;
    let permit = state.access.admit(token.as_deref());
    let granted = permit.and_then(|permit| match permit.is_none_or(|permit| permit.administers_all()) {
        true => Ok(()),
        false => {
            let sentence = "/metrics wants a token that grants `admin` for every room";
            Err(counted(Refused::new(Reason::NotGranted, sentence)))
        }
    });
    match granted {
        Ok(()) => metrics(state).await,
        Err(refused) => refusal(&refused, Challenge::Bearer),
    }
}

/// Everything there is to see.
pub async fn metrics(state: web::Data<AppState>) -> HttpResponse {
    let Some(recorder) = &state.recorder else { return HttpResponse::NotFound().finish() };
    gauge!("roomcast_rooms").set(lossy(state.rooms.len()));
    gauge!("roomcast_connections").set(lossy(state.connections.count()));
    gauge!("roomcast_draining").set(u8::from(state.lifecycle.is_draining()));
    if let Some(transport) = state.transport() {
        gauge!("roomcast_redis_up").set(u8::from(transport.nodes().is_ready()));
        gauge!("roomcast_cluster_rooms_owned").set(lossy(state.rooms.owned.len()));
        gauge!("roomcast_cluster_held_bytes").set(lossy(state.rooms.tallies.held()));
    }
    if !state.access.is_open() {
        gauge!(REVOCATIONS).set(lossy(state.access.revocations().count()));
    }
    if let Some(age) = state.access.age_of_keys() {
        gauge!(KEYS_AGE).set(age.as_secs_f64());
    }
    if let Some(age) = state.ice.handed().and_then(ice::Handed::age) {
        gauge!(ICE_AGE).set(age.as_secs_f64());
    }
    counter!(FORGOTTEN).absolute(state.rooms.tallies.forgotten());
    recorder.run_upkeep();
    HttpResponse::Ok().content_type(TEXT).body(recorder.render())
}

fn lossy(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
