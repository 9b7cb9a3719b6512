//! The address of its own that `--metrics-listen` gives to `/metrics`.

use actix_web::{App, web};

use crate::node::Node;
use crate::{http, listen};

/// Starts serving `/metrics` where `--metrics-listen` says, over plain HTTP; does nothing without that setting.
///
/// # Errors
/// A sentence with the address when it cannot be used.
pub fn start(node: &web::Data<Node>) -> Result<(), String> {
    let Some(address) = node.settings.metrics_listen else { return Ok(()) };
    let failed = |error: std::io::Error| format!("cannot listen on {address} (--metrics-listen): {error}");
    let listener = listen::bind(address).map_err(failed)?;
    let address = listener.local_addr().unwrap_or(address);
    let settings = listen::Settings { workers: 1, ..node.settings.listening() };
    let routes = http::metrics_routes(node);
    let application = move || App::new().configure(routes.clone());
    let running = listen::serve(listener, None, settings, node.watch_draining(), application).map_err(failed)?;
    tracing::info!("metrics at http://{address}/metrics");
    // Ends with the process.
    actix_web::rt::spawn(running);
    Ok(())
}
