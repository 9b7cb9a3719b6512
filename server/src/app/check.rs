//! `roomcast check`: what the settings name outside this process, looked at without starting anything.

use super::{Failure, serve};
use crate::config::Serve;
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
    faults.extend(settings.delivery.tls().err());
    faults.extend(serve::addresses(settings).err().into_iter().flatten());
    if let Some(backplane) = settings.backplane.settings() {
        let reached = backplane::reach(&backplane).await;
        faults.extend(reached.err().map(|reason| format!("--redis-url {}: {reason}", backplane.address)));
    }
    faults
}
