//! Which master of a cluster has which partition, followed for ever.
//!
//! Any server of the cluster tells who has which slot. It is asked again when a call went astray, when a connection is
//! lost and every so often. A server that lost or gained partitions subscribes anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tokio::task::AbortHandle;

use super::connector::{Connector, Login, Purpose};
use super::shard::{Assigned, Shard, Shards, Whereabouts};
use super::{Fabric, session, slot};
use crate::backplane::{Partition, Place, Reset, Server};

/// Not asked more often than this, whatever is reported.
const SHORTEST: Duration = Duration::from_millis(200);
/// Asked this often when nothing is reported.
const LONGEST: Duration = Duration::from_secs(30);

/// Masters, each with what it is responsible for.
pub type Map = BTreeMap<Server, Assigned>;
type Members = BTreeMap<Server, (Arc<Shard>, AbortHandle)>;

/// Follows the cluster for ever.
pub async fn follow(fabric: Arc<Fabric>) {
    let mut members = Members::new();
    // One line in the log for each time it is out of reach, however often it is asked.
    let mut told = false;
    loop {
        match discover(&fabric, &members).await {
            Ok(map) => {
                apply(&fabric, &mut members, map);
                told = false;
            }
            Err(reason) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("the cluster does not tell who has what: {reason}");
                }
                fabric.refresh.notify_one();
            }
        }
        tokio::time::sleep(SHORTEST).await;
        let _ = tokio::time::timeout(LONGEST, fabric.refresh.notified()).await;
    }
}

/// Asks the known masters, then those of the address.
async fn discover(fabric: &Fabric, members: &Members) -> Result<Map, String> {
    let Place::Cluster(given) = &fabric.settings.address.place else { return Err("this is no cluster".into()) };
    let mut reasons = Vec::new();
    let mut asked = BTreeSet::new();
    let answering = members.iter().filter(|(_, (shard, _))| shard.commands.is_open()).map(|(server, _)| server);
    for server in answering.chain(given).chain(members.keys()) {
        if !asked.insert(server) {
            continue;
        }
        match ask(&fabric.connector, fabric.settings.timeout, server).await {
            Ok(map) => return Ok(map),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

/// Asks a server which master has what.
///
/// # Errors
/// A sentence.
pub async fn ask(connector: &Connector, timeout: Duration, server: &Server) -> Result<Map, String> {
    let purpose = Purpose { login: Login::Ours, timeout, push: None };
    let mut connection = connector.connect(server, purpose).await?;
    let answer = redis::cmd("CLUSTER").arg("SLOTS").query_async::<Vec<Value>>(&mut connection.commands).await;
    let ranges: Vec<_> = answer
        .map_err(|error| format!("{server} {}", connector.advice().explain(&error, Login::Ours)))?
        .into_iter()
        .filter_map(|range| Range::read(range, server))
        .collect();
    if ranges.is_empty() {
        return Err(format!("{server} is a cluster without slots: create it (redis-cli --cluster create)"));
    }
    Ok(assign(&ranges))
}

/// Slots and their master.
#[derive(Debug)]
struct Range {
    first: i64,
    last: i64,
    master: Server,
}

impl Range {
    /// `[first, last, [host, port, …], replicas…]`; a server that does not know its own name says none.
    fn read(value: Value, asked: &Server) -> Option<Self> {
        let Value::Array(parts) = value else { return None };
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = parts.as_slice() else { return None };
        let [host, Value::Int(port), ..] = master.as_slice() else { return None };
        let host = match host {
            Value::BulkString(host) => {
                String::from_utf8(host.clone()).ok().filter(|host| !host.is_empty() && host != "?")
            }
            _ => None,
        };
        let master = Server { host: host.unwrap_or_else(|| asked.host.clone()), port: u16::try_from(*port).ok()? };
        Some(Self { first: *first, last: *last, master })
    }
}

/// Whether every partition and the lease have a master.
pub fn is_complete(map: &Map) -> bool {
    let partitions: usize = map.values().map(|assigned| assigned.partitions.len()).sum();
    partitions == usize::from(Partition::COUNT) && map.values().any(|assigned| assigned.lease)
}

fn assign(ranges: &[Range]) -> Map {
    let master = |tag: &str| {
        let slot = i64::from(slot::of_tag(tag));
        ranges.iter().find(|range| (range.first..=range.last).contains(&slot)).map(|range| range.master.clone())
    };
    let mut map = Map::new();
    for partition in Partition::all() {
        if let Some(server) = master(&partition.to_string()) {
            map.entry(server).or_default().partitions.push(partition);
        }
    }
    if let Some(server) = master("L") {
        map.entry(server).or_default().lease = true;
    }
    map
}

fn apply(fabric: &Arc<Fabric>, members: &mut Members, map: Map) {
    members.retain(|server, (shard, task)| {
        let stays = map.contains_key(server);
        if !stays {
            tracing::info!("the cluster has no partition at {server} any more");
            task.abort();
            shard.close();
        }
        stays
    });
    for (server, assigned) in map {
        match members.get(&server) {
            Some((shard, _)) => {
                if shard.assign(&assigned) {
                    shard.resubscribe(Reset::Connected);
                }
            }
            None => {
                let shard = fabric.shard(Whereabouts::At(server.clone()), assigned);
                let task = fabric.spawn(session::supervise(Arc::clone(fabric), Arc::clone(&shard)));
                members.insert(server, (shard, task));
            }
        }
    }
    fabric.set_shards(Shards::of_all(members.values().map(|(shard, _)| Arc::clone(shard))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_the_master_of_its_slot() {
        let server = |port| Server { host: "h".into(), port };
        let ranges = [(0, 8191, 1), (8192, 16000, 2)];
        let ranges = ranges.map(|(first, last, port)| Range { first, last, master: server(port) });
        let map = assign(&ranges);
        for partition in Partition::all() {
            let slot = slot::of_tag(&partition.to_string());
            let has = |port| map[&server(port)].partitions.contains(&partition);
            assert_eq!([has(1), has(2)], [slot < 8192, (8192..=16000).contains(&slot)], "{partition} in {slot}");
        }
        assert!(map.values().filter(|assigned| assigned.lease).count() <= 1);
    }

    #[test]
    fn a_master_without_a_name_is_the_one_that_was_asked() {
        let asked = Server { host: "asked".into(), port: 1 };
        let range = |host| {
            let master = Value::Array(vec![host, Value::Int(7), Value::BulkString(b"id".to_vec())]);
            Range::read(Value::Array(vec![Value::Int(0), Value::Int(9), master]), &asked).map(|range| range.master.host)
        };
        assert_eq!(range(Value::Nil).as_deref(), Some("asked"));
        assert_eq!(range(Value::BulkString(b"named".to_vec())).as_deref(), Some("named"));
        assert!(Range::read(Value::Array(vec![Value::Int(0)]), &asked).is_none());
    }
}
