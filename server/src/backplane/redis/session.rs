//! Keeps a shard connected, for ever.
//!
//! A session is the connection for commands, with a subscription and a connection for media beside it, all to the
//! same server. With the connection for commands the session ends: the server may be another now. The two others are
//! built anew by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Pipeline;

use super::Fabric;
use super::backoff::Backoff;
use super::connector::{Connection, Purpose};
use super::shard::{Shard, Whereabouts};
use super::subscription;
use crate::backplane::{Script, Server};

/// A session of this length was a good one: the next is tried soon.
const SETTLED: Duration = Duration::from_secs(5);

/// Connects again and again.
pub async fn supervise(fabric: Arc<Fabric>, shard: Arc<Shard>) {
    let mut backoff = Backoff::new();
    let mut connected_before = false;
    // One line in the log for each change, however often it is tried.
    let mut told = false;
    loop {
        let began = Instant::now();
        let ended = session(&fabric, &shard, &mut connected_before).await;
        shard.close();
        match ended {
            Ended::Lost(reason) => {
                tracing::warn!("the connection to Redis is lost: {reason}");
                told = true;
            }
            Ended::NotMade(reason) if told => tracing::debug!("Redis is out of reach: {reason}"),
            Ended::NotMade(reason) => {
                tracing::warn!("Redis is out of reach: {reason}");
                told = true;
            }
        }
        if began.elapsed() > SETTLED {
            backoff = Backoff::new();
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

enum Ended {
    NotMade(String),
    Lost(&'static str),
}

async fn session(fabric: &Arc<Fabric>, shard: &Arc<Shard>, connected_before: &mut bool) -> Ended {
    let opening = async {
        let server = find(shard).await?;
        let (mut commands, scripts) = commands(fabric, &server).await?;
        let subscription = subscription::open(fabric, shard, &server).await?;
        let health = shard.commands.open(commands.commands.clone(), &scripts);
        if *connected_before {
            fabric.counters.reconnects.increment(1);
        }
        tracing::info!("connected to Redis at {server}");
        *connected_before = true;
        if shard.assigned().lease {
            // What is known of the lease is from another session, perhaps of another server.
            fabric.membership.forget_registration();
        }
        Ok((server, async move { commands.lost().await }, subscription, health))
    };
    let (server, lost, subscription, health) = match opening.await {
        Ok(open) => open,
        Err(reason) => return Ended::NotMade(reason),
    };
    tokio::select! {
        () = lost => Ended::Lost("it was closed"),
        () = health.given_up() => Ended::Lost("it does not answer, or not as a master"),
        () = subscription::keep(fabric, shard, &server, subscription) => Ended::Lost("its subscription ended"),
        () = media(fabric, shard, &server) => Ended::Lost("its media ended"),
    }
}

/// Where the shard's server is at present.
async fn find(shard: &Shard) -> Result<Server, String> {
    match &shard.place {
        Whereabouts::At(server) => Ok(server.clone()),
        Whereabouts::Watched { service, .. } => Err(format!("sentinels of {service} are not asked yet")),
    }
}

async fn commands(fabric: &Fabric, server: &Server) -> Result<(Connection, Vec<&'static Script>), String> {
    let purpose = Purpose { timeout: fabric.settings.timeout, push: None };
    let mut connection = fabric.connector.connect(server, purpose).await?;
    let scripts = fabric.scripts();
    if !scripts.is_empty() {
        let mut load = Pipeline::with_capacity(scripts.len());
        for script in &scripts {
            load.cmd("SCRIPT").arg("LOAD").arg(script.source());
        }
        load.exec_async(&mut connection.commands).await.map_err(|error| error.to_string())?;
    }
    Ok((connection, scripts))
}

/// Keeps the connection for media.
async fn media(fabric: &Fabric, shard: &Shard, server: &Server) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        let purpose = Purpose { timeout: fabric.settings.media_timeout, push: None };
        match fabric.connector.connect(server, purpose).await {
            Err(reason) => tracing::debug!("no connection for media: {reason}"),
            Ok(mut connection) => {
                let health = shard.media.open(connection.commands.clone(), &[]);
                tokio::select! { () = connection.lost() => {}, () = health.given_up() => {} }
                shard.media.close();
            }
        }
        if began.elapsed() > SETTLED {
            backoff = Backoff::new();
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}
