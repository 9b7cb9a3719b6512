//! `roomcast check turn`: whether the TURN servers of the settings make relays for members.

use roomcast_protocol::ack::IceServer;

use super::Failure;
use crate::clock::unix_millis;
use crate::config::Serve;
use crate::fetch::Fetcher;
use crate::ice;
use crate::turn::{Target, Transport, try_allocation};

/// The user in the credentials.
const USER: &str = "roomcast-check";

/// Tries every address, and prints for each whether it works.
///
/// # Errors
/// An error with the number of addresses that do not work, or the reason why nothing could be tried.
pub fn run(settings: &Serve) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut told = ice::servers(&settings.ice_server, settings.turn.signer(), USER, unix_millis() / 1000);
    told.extend(runtime.block_on(handed(settings)).map_err(Failure::Other)?);
    let servers = told.iter().flat_map(|server| server.urls.iter().map(move |url| (url, server)));
    let targets: Vec<_> = servers.filter_map(|(url, server)| Some((url, Target::of(url)?, server))).collect();
    if targets.is_empty() {
        return Err(Failure::setting("there is no TURN server to try: --ice-server turn:HOST:PORT names one".into()));
    }
    let mut failed = 0;
    for (url, target, server) in &targets {
        let (user, password) = (server.username.as_deref(), server.credential.as_deref());
        let tried = try_allocation(target, user.unwrap_or_default(), password.unwrap_or_default());
        let result = runtime.block_on(tried);
        failed += usize::from(result.is_err());
        let result = result.err().map_or("works".to_owned(), |reason| format!("does not work: {reason}"));
        println!("{url} ({}) {result}", target.transport.name());
    }
    if targets.iter().all(|(_, target, _)| target.transport != Transport::Tls) {
        println!("there is no turns: among them: networks that let nothing but TLS through have no relay");
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Other(format!("{failed} of {} addresses of TURN servers do not work", targets.len()))),
    }
}

/// Returns the servers of the service that hands them out, where there is one.
async fn handed(settings: &Serve) -> Result<Vec<IceServer>, String> {
    let Some(service) = settings.turn.service() else { return Ok(Vec::new()) };
    let asked = service.ask(&Fetcher::new()?).await;
    let read =
        asked.map_err(|reason| format!("the ICE servers were not fetched from {}: {reason}", service.shown()))?;
    read.ignored.iter().for_each(|ignored| println!("{}: {ignored}", service.shown()));
    Ok(read.servers)
}
