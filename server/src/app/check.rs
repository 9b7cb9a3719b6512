//! `roomcast check`: certificate, key set, ICE service, addresses, Redis and open files, looked at without starting anything.

use std::time::SystemTime;

use super::{Failure, serve};
use crate::access::remote;
use crate::config::Serve;
use crate::fetch::Fetcher;
use crate::listen::Dates;
use crate::terminal::say;
use crate::{backplane, open_files};

/// Looks at everything.
///
/// # Errors
/// All that is wrong.
pub fn run(settings: &Serve) -> Result<(), Failure> {
    let limit = open_files::raise_limit();
    let (workers, connections) = (settings.worker_threads(), settings.delivery.max_connections);
    // With that few, nothing else can be looked at.
    if let Some(lack) = limit.and_then(|limit| open_files::lack(limit, workers)) {
        return Err(Failure::setting(lack));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut faults = runtime.block_on(outside(settings));
    faults.extend(limit.and_then(|limit| open_files::shortage(limit, workers, connections)));
    if faults.is_empty() { Ok(()) } else { Err(Failure::Settings(faults)) }
}

async fn outside(settings: &Serve) -> Vec<String> {
    let mut faults = Vec::new();
    faults.extend(settings.tls().err());
    match settings.certificate().map(|certificate| certificate.dates(SystemTime::now())) {
        Some(Dates::Invalid(said)) => faults.push(said),
        Some(Dates::EndsSoon(said)) => say(&format!("warning: {said}")),
        Some(Dates::Good) | None => {}
    }
    if let Some(source) = &settings.access.auth_jwks {
        let fetched = match Fetcher::new() {
            Ok(fetcher) => remote::fetch(&fetcher, source).await,
            Err(reason) => Err(reason),
        };
        let name = settings.names.of("auth_jwks");
        faults.extend(fetched.err().map(|reason| format!("{name} \"{source}\": {reason}")));
    }
    if let Some(service) = settings.turn.service() {
        let asked = match Fetcher::new() {
            Ok(fetcher) => service.ask(&fetcher).await,
            Err(reason) => Err(reason),
        };
        let name = settings.names.of("ice_url");
        faults.extend(asked.err().map(|reason| format!("{name} \"{}\": {reason}", service.shown())));
    }
    faults.extend(serve::addresses(settings).err().into_iter().flatten());
    if let Some(nodes) = settings.nodes() {
        let reached = backplane::reach(&nodes).await;
        faults.extend(reached.faults);
        reached.unknown.iter().for_each(|unknown| say(&format!("warning: {unknown}")));
    }
    faults
}
