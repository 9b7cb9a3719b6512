//! Tracks the masters of a cluster and their slots, which are queried again when a call reached the wrong server or a
//! connection was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use super::routes::{Master, Routes};
use super::{Masters, session};
use crate::backplane::redis::cluster::{Range, ranges};
use crate::backplane::redis::sentinel::Whereabouts;
use crate::backplane::{Server, Topology};

/// The minimum delay between two queries.
const MIN_DELAY: Duration = Duration::from_millis(200);
/// The delay if no error occurred.
const MAX_DELAY: Duration = Duration::from_secs(30);

type Known = BTreeMap<Server, (Arc<Master>, AbortHandle)>;

/// Tracks the cluster; never returns.
pub async fn follow(masters: Arc<Masters>) {
    let mut known = Known::new();
    // One line in the log for each time that it is out of reach.
    let mut told = false;
    loop {
        match discover(&masters, &known).await {
            Ok(ranges) => {
                apply(&masters, &mut known, ranges);
                told = false;
            }
            Err(reason) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("the cluster does not tell who has what: {reason}");
                }
                masters.refresh.notify_one();
            }
        }
        tokio::time::sleep(MIN_DELAY).await;
        let _ = tokio::time::timeout(MAX_DELAY, masters.refresh.notified()).await;
    }
}

/// Queries the known masters, then the servers of the address.
async fn discover(masters: &Masters, known: &Known) -> Result<Vec<Range>, String> {
    let Topology::Cluster(given) = &masters.settings.address.topology else { return Err("this is no cluster".into()) };
    let (mut reasons, mut asked) = (Vec::new(), BTreeSet::new());
    let answering = known.iter().filter(|(_, (master, _))| master.commands.is_open()).map(|(server, _)| server);
    for server in answering.chain(given).chain(known.keys()) {
        if !asked.insert(server) {
            continue;
        }
        match ranges(&masters.connector, masters.settings.timeout, server).await {
            Ok(ranges) => return Ok(ranges),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

fn apply(masters: &Arc<Masters>, known: &mut Known, ranges: Vec<Range>) {
    known.retain(|server, (master, task)| {
        let stays = ranges.iter().any(|range| range.master == *server);
        if !stays {
            tracing::info!("the cluster has no slot at {server} any more");
            task.abort();
            master.close();
        }
        stays
    });
    let routes = ranges.into_iter().map(|range| {
        let (master, _) = known.entry(range.master).or_insert_with_key(|server| {
            let place = Whereabouts::At(server.clone());
            let master = Arc::new(Master::new(place, &masters.settings, &masters.refresh));
            let task = masters.spawn(session::supervise(Arc::clone(masters), Arc::clone(&master)));
            (master, task)
        });
        (range.first, range.last, Arc::clone(master))
    });
    masters.set_routes(Routes::new(routes.collect()));
}
