//! Queries Sentinels for the master of a service.

use std::time::Duration;

use redis::aio::MultiplexedConnection;

use super::advice::Advice;
use super::connector::{Connector, Login, Purpose};
use crate::backplane::{Server, Topology};

/// The way in which a master is found.
pub enum Whereabouts {
    /// The address is known.
    At(Server),
    /// Sentinels have to be queried.
    Watched { sentinels: Vec<Server>, service: String },
}

impl Whereabouts {
    /// Returns how to find the only master; `None` in a cluster.
    pub fn of(place: &Topology) -> Option<Self> {
        match place {
            Topology::Cluster(_) => None,
            Topology::Single(server) => Some(Self::At(server.clone())),
            Topology::Sentinel { sentinels, service } => {
                Some(Self::Watched { sentinels: sentinels.clone(), service: service.clone() })
            }
        }
    }
}

/// Finds the present server of a master.
///
/// # Errors
/// A sentence.
pub async fn find(connector: &Connector, timeout: Duration, place: &Whereabouts) -> Result<Server, String> {
    let (sentinels, service) = match place {
        Whereabouts::At(server) => return Ok(server.clone()),
        Whereabouts::Watched { sentinels, service } => (sentinels, service),
    };
    let mut reasons = Vec::new();
    for sentinel in sentinels {
        match ask(connector, timeout, sentinel, service).await {
            Ok(Some(server)) => return Ok(server),
            Ok(None) => reasons.push(format!(
                "{sentinel} does not know the service {service}: correct its name in {}",
                connector.advice().url()
            )),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

async fn ask(
    connector: &Connector,
    timeout: Duration,
    sentinel: &Server,
    service: &str,
) -> Result<Option<Server>, String> {
    let purpose = Purpose { login: Login::Nobody, timeout, push: None };
    let mut connection = connector.connect(sentinel, purpose).await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(service);
    let answer = question.query_async::<Option<(String, u16)>>(&mut connection.commands).await;
    let answer = answer.map_err(|error| format!("{sentinel} {}", connector.advice().explain(&error, Login::Nobody)))?;
    Ok(answer.map(|(host, port)| Server { host, port }))
}

/// Verifies that a server that Sentinels named considers itself the master, since Sentinels may be outdated.
///
/// # Errors
/// The end of a sentence that begins with the address of the server.
pub async fn verify(
    connection: &mut MultiplexedConnection,
    place: &Whereabouts,
    advice: &Advice,
) -> Result<(), String> {
    if matches!(place, Whereabouts::At(_)) { Ok(()) } else { verify_master(connection, advice).await }
}

/// Verifies that any server considers itself a master.
///
/// # Errors
/// As [`verify`].
pub async fn verify_master(connection: &mut MultiplexedConnection, advice: &Advice) -> Result<(), String> {
    let role = redis::cmd("ROLE").query_async::<Vec<redis::Value>>(connection).await;
    let role = role.map_err(|error| advice.explain(&error, Login::Ours))?;
    match role.first() {
        Some(redis::Value::BulkString(role)) if role == b"master" => Ok(()),
        _ => Err("is not a master (yet): wait until the Sentinels agree".into()),
    }
}

/// Waits until the Sentinels name another server.
pub async fn switched(connector: &Connector, timeout: Duration, every: Duration, place: &Whereabouts, server: &Server) {
    if matches!(place, Whereabouts::At(_)) {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(every).await;
        if find(connector, timeout, place).await.is_ok_and(|found| found != *server) {
            return;
        }
    }
}
