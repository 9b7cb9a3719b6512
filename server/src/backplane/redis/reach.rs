//! A look at Redis before anything is started: whether it can be reached and lets this node in.

use super::connector::{Connector, Login, Purpose};
use super::sentinel;
use super::shard::Whereabouts;
use crate::backplane::{BackplaneSettings, Place, Server};

/// Connects, logs in and asks for an answer; of a cluster, one server is enough.
///
/// # Errors
/// A sentence without secrets.
pub async fn reach(settings: &BackplaneSettings) -> Result<(), String> {
    let connector = Connector::new(settings)?;
    let place = match &settings.address.place {
        Place::Single(server) => Whereabouts::At(server.clone()),
        Place::Sentinel { sentinels, service } => {
            Whereabouts::Watched { sentinels: sentinels.clone(), service: service.clone() }
        }
        Place::Cluster(servers) => return reach_any(&connector, settings, servers).await,
    };
    let server = sentinel::find(&connector, settings.timeout, &place).await?;
    ping(&connector, settings, &server).await
}

async fn reach_any(connector: &Connector, settings: &BackplaneSettings, servers: &[Server]) -> Result<(), String> {
    let mut reasons = Vec::new();
    for server in servers {
        match ping(connector, settings, server).await {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join(", "))
}

async fn ping(connector: &Connector, settings: &BackplaneSettings, server: &Server) -> Result<(), String> {
    let purpose = Purpose { login: Login::Ours, timeout: settings.timeout, push: None };
    let mut connection = connector.connect(server, purpose).await?;
    let answer = redis::cmd("PING").query_async::<String>(&mut connection.commands).await;
    answer.map(drop).map_err(|error| format!("{server}: {error}"))
}
