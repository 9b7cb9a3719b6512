//! The address of its own that `--metrics-listen` gives to `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::{App, web};

use crate::state::AppState;
use crate::{http, listen};

/// Starts serving `/metrics` on the addresses of `--metrics-listen`, over plain HTTP; does nothing without that setting.
///
/// # Errors
/// A sentence with the address when it cannot be used.
pub fn start(state: &web::Data<AppState>, addresses: &[SocketAddr]) -> Result<(), String> {
    let Some(name) = &state.settings.metrics_listen else { return Ok(()) };
    let setting = state.settings.names.of("metrics_listen");
    let failed = |error: std::io::Error| format!("{setting} \"{name}\": cannot listen there: {error}");
    let listeners = listen::bind(addresses).map_err(failed)?;
    let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let settings = listen::ListenSettings { workers: 1, ..state.settings.listening() };
    let routes = http::metrics_routes(state);
    let application = move || App::new().configure(routes.clone());
    let running =
        listen::serve(listeners, None, settings, state.lifecycle.watch_draining(), Arc::new(|_| None), application);
    let running = running.map_err(failed)?;
    for address in addresses {
        tracing::info!("metrics at http://{address}/metrics");
    }
    // Ends with the process.
    actix_web::rt::spawn(running);
    Ok(())
}
