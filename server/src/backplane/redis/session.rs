//! Keeps a shard connected, for ever.
//!
//! A session is the connection for commands, with a subscription and a connection for media beside it, all to the
//! same server. With the connection for commands the session ends: the server may be another now. The two others are
//! built anew by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Pipeline, RedisResult};

use super::Fabric;
use super::backoff::Backoff;
use super::connector::{Connection, Login, Purpose};
use super::lease::LEASE_KEY;
use super::shard::Shard;
use super::{sentinel, subscription};
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
        // In a cluster another server may have its partitions now.
        fabric.refresh.notify_one();
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
        let server = sentinel::find(&fabric.connector, fabric.settings.timeout, &shard.place).await?;
        let (mut commands, scripts) = commands(fabric, shard, &server).await?;
        let subscription = subscription::open(fabric, shard, &server).await?;
        let health = shard.commands.open(commands.commands.clone(), &scripts);
        if *connected_before {
            fabric.counters.reconnects.increment(1);
        }
        tracing::info!("connected to Redis at {server}");
        *connected_before = true;
        // What is known of it is from another session, perhaps of another server.
        shard.beats.forget_mark();
        if shard.assigned().lease {
            fabric.membership.forget_registration();
        }
        Ok((server, async move { commands.lost().await }, subscription, health))
    };
    let (server, lost, subscription, health) = match opening.await {
        Ok(open) => open,
        Err(reason) => return Ended::NotMade(reason),
    };
    let Fabric { connector, settings, .. } = &**fabric;
    tokio::select! {
        () = sentinel::switched(connector, settings.timeout, settings.lease / 2, shard, &server) => {
            Ended::Lost("the Sentinels name another master")
        }
        () = lost => Ended::Lost("it was closed"),
        () = health.given_up() => Ended::Lost("it does not answer, or not as a master"),
        () = subscription::keep(fabric, shard, &server, subscription) => Ended::Lost("its subscription ended"),
        () = media(fabric, shard, &server) => Ended::Lost("its media ended"),
    }
}

async fn commands(
    fabric: &Fabric,
    shard: &Shard,
    server: &Server,
) -> Result<(Connection, Vec<&'static Script>), String> {
    let purpose = Purpose { login: Login::Ours, timeout: fabric.settings.timeout, push: None };
    let mut connection = fabric.connector.connect(server, purpose).await?;
    let advice = fabric.connector.advice();
    let explain = |error| format!("{server} {}", advice.explain(&error, Login::Ours));
    let verified = sentinel::verify(&mut connection.commands, &shard.place, advice).await;
    verified.map_err(|reason| format!("{server} {reason}"))?;
    let scripts = fabric.scripts();
    if !scripts.is_empty() {
        let mut load = Pipeline::with_capacity(scripts.len());
        for script in &scripts {
            load.cmd("SCRIPT").arg("LOAD").arg(script.source());
        }
        load.exec_async(&mut connection.commands).await.map_err(explain)?;
    }
    probe(shard, &mut connection).await.map_err(explain)?;
    Ok((connection, scripts))
}

/// Whether it answers for what it is responsible for: a server that has just come back to its cluster takes connections
/// and scripts, but no call yet.
async fn probe(shard: &Shard, connection: &mut Connection) -> RedisResult<()> {
    let assigned = shard.assigned();
    let lease = assigned.lease.then(|| LEASE_KEY.to_owned());
    let Some(key) = assigned.partitions.first().map(|partition| partition.key("probe")).or(lease) else {
        return Ok(());
    };
    redis::cmd("EXISTS").arg(key).exec_async(&mut connection.commands).await
}

/// Keeps the connection for media.
async fn media(fabric: &Fabric, shard: &Shard, server: &Server) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        let purpose = Purpose { login: Login::Ours, timeout: fabric.settings.media_timeout, push: None };
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
