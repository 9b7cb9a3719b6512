//! Keeps a master connected.
//!
//! A session begins and ends with the connection for commands; after that, the master may be another server. During a
//! session, the connections for leases and for media are reestablished independently.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Pipeline;
use tokio::sync::watch;

use super::routes::Master;
use super::{LEASE_TAG, Masters};
use crate::backplane::Server;
use crate::backplane::redis::backoff::Backoff;
use crate::backplane::redis::call_link::CallLink;
use crate::backplane::redis::connector::{Connection, Login, Purpose};
use crate::backplane::redis::{sentinel, slot};

/// The duration from which a session counts as successful, so that the next attempt follows soon.
const SETTLED: Duration = Duration::from_secs(5);

/// Connects repeatedly; never returns.
pub async fn supervise(masters: Arc<Masters>, master: Arc<Master>) {
    let mut backoff = Backoff::new();
    // One line in the log for each change, however often it is tried.
    let mut told = false;
    let mut connected_before = false;
    loop {
        let began = Instant::now();
        let ended = session(&masters, &master, &mut connected_before).await;
        master.close();
        // In a cluster another server may have its slots now.
        masters.refresh.notify_one();
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

async fn session(masters: &Arc<Masters>, master: &Arc<Master>, connected_before: &mut bool) -> Ended {
    let settings = &masters.settings;
    let opening = async {
        let server = sentinel::find(&masters.connector, settings.timeout, &master.place).await?;
        let connection = open(masters, master, &server, &master.commands, settings.timeout).await?;
        Ok((server, connection))
    };
    let (server, (mut commands, health)) = match opening.await {
        Ok(opened) => opened,
        Err(reason) => return Ended::NotMade(reason),
    };
    tracing::info!("connected to Redis at {server}");
    master.set_server(Some(server.clone()));
    masters.commands_opened.send_modify(|count| *count += 1);
    if std::mem::replace(connected_before, true) {
        masters.counters.reconnects.increment(1);
    }
    tokio::select! {
        () = sentinel::switched(&masters.connector, settings.timeout, settings.lease / 2, &master.place, &server) => {
            Ended::Lost("the Sentinels name another master")
        }
        () = commands.lost() => Ended::Lost("it was closed"),
        () = health.given_up() => Ended::Lost("it does not answer, or not as a master"),
        () = keep_lease(masters, master, &server) => Ended::Lost("its leases ended"),
        () = keep(masters, master, &server, &master.media, settings.media_timeout, None) => {
            Ended::Lost("its media ended")
        }
    }
}

type Opened = (Connection, Arc<crate::backplane::redis::call_link::Health>);

/// Connects, loads the known scripts, and uses the connection for calls from then on.
async fn open(
    masters: &Masters,
    master: &Master,
    server: &Server,
    link: &CallLink,
    timeout: Duration,
) -> Result<Opened, String> {
    let purpose = Purpose { login: Login::Ours, timeout, push: None };
    let mut connection = masters.connector.connect(server, purpose).await?;
    let advice = masters.connector.advice();
    let verified = sentinel::verify(&mut connection.commands, &master.place, advice).await;
    verified.map_err(|reason| format!("{server} {reason}"))?;
    let scripts = masters.scripts();
    if !scripts.is_empty() {
        let mut load = Pipeline::with_capacity(scripts.len());
        for script in &scripts {
            load.cmd("SCRIPT").arg("LOAD").arg(script.source());
        }
        let loaded = load.exec_async(&mut connection.commands).await;
        loaded.map_err(|error| format!("{server} {}", advice.explain(&error, Login::Ours)))?;
    }
    let health = link.open(connection.commands.clone(), &scripts);
    Ok((connection, health))
}

/// Maintains a connection for leases while this master stores them. Returns if it does not, or no longer, store them.
async fn keep_lease(masters: &Arc<Masters>, master: &Arc<Master>, server: &Server) {
    let mut routed = masters.routed.subscribe();
    let has_leases = || {
        let routes = masters.routes();
        routes.of_slot(slot::of_tag(LEASE_TAG)).is_some_and(|found| Arc::ptr_eq(found, master))
    };
    loop {
        routed.borrow_and_update();
        let timeout = masters.settings.timeout;
        if has_leases() {
            let kept = keep(masters, master, server, &master.lease, timeout, Some(&masters.lease_opened));
            tokio::pin!(kept);
            while has_leases() {
                tokio::select! { () = &mut kept => return, _ = routed.changed() => {} }
            }
        }
        master.lease.close();
        let _ = routed.changed().await;
    }
}

/// Maintains another connection to the same server. Returns if calls abandon a connection with an `opened` counter,
/// since the server is then unusable or not the master.
async fn keep(
    masters: &Masters,
    master: &Master,
    server: &Server,
    link: &CallLink,
    timeout: Duration,
    opened: Option<&watch::Sender<u64>>,
) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        match open(masters, master, server, link, timeout).await {
            Err(reason) => tracing::debug!("no further connection: {reason}"),
            Ok((mut connection, health)) => {
                opened.into_iter().for_each(|opened| opened.send_modify(|count| *count += 1));
                let is_given_up = tokio::select! { () = connection.lost() => false, () = health.given_up() => true };
                link.close();
                if is_given_up && opened.is_some() {
                    return;
                }
            }
        }
        if began.elapsed() > SETTLED {
            backoff = Backoff::new();
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}
