//! A Redis Cluster of three masters, each with a replica or none.
//!
//! A lost master is noticed within a second or two; the slots of the others go on meanwhile.

use std::time::Duration;

use crate::redis::{Redis, port};
use crate::with_timeout;

const SLOTS: usize = 16_384;
const MASTERS: usize = 3;

/// The servers of a cluster.
#[derive(Debug)]
pub struct RedisCluster {
    /// The three masters of the beginning, then their replicas, in the same order.
    pub servers: Vec<Redis>,
}

impl RedisCluster {
    /// Starts three masters, with a replica each or none, and waits until all agree on who has which slots.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(replicas: bool) -> Self {
        let count = if replicas { 2 * MASTERS } else { MASTERS };
        let servers = futures_util::future::join_all((0..count).map(|_| member())).await;
        let cluster = Self { servers };
        cluster.meet().await;
        cluster.deal(replicas).await;
        with_timeout("the cluster to agree", cluster.agreed()).await;
        cluster
    }

    async fn meet(&self) {
        let port = self.servers[0].port().to_string();
        let bus = self.servers[0].call(&["CONFIG", "GET", "cluster-port"]).await.list()[1].text().to_owned();
        for (epoch, server) in self.servers.iter().enumerate() {
            // As `redis-cli --cluster create` does: an epoch of its own for each saves an election.
            server.call(&["CLUSTER", "SET-CONFIG-EPOCH", &(epoch + 1).to_string()]).await;
            server.call(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await;
        }
        let met = async {
            for server in &self.servers {
                while server.call(&["CLUSTER", "NODES"]).await.text().matches(" connected").count() < self.servers.len()
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        };
        with_timeout("the servers to meet", met).await;
    }

    async fn deal(&self, replicas: bool) {
        for (index, server) in self.servers[..MASTERS].iter().enumerate() {
            let (first, behind) = (index * SLOTS / MASTERS, (index + 1) * SLOTS / MASTERS);
            let range = [first.to_string(), (behind - 1).to_string()];
            assert_eq!(server.call(&["CLUSTER", "ADDSLOTSRANGE", &range[0], &range[1]]).await.text(), "OK");
            if replicas {
                let id = server.call(&["CLUSTER", "MYID"]).await.text().to_owned();
                let replica = &self.servers[MASTERS + index];
                let asked = async {
                    while replica.call(&["CLUSTER", "REPLICATE", &id]).await != crate::redis::Reply::Text("OK".into()) {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                };
                with_timeout("a replica to find its master", asked).await;
            }
        }
    }

    async fn agreed(&self) {
        for server in &self.servers {
            loop {
                let info = server.call(&["CLUSTER", "INFO"]).await.text().to_owned();
                let role = server.call(&["INFO", "replication"]).await.text().to_owned();
                let linked = role.contains("role:master") || role.contains("master_link_status:up");
                if info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384") && linked {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The address to configure in a node.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.servers[..MASTERS].iter().map(Redis::address).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// Waits until the replica of this master has taken its place.
    ///
    /// # Panics
    /// When it does not.
    pub async fn replaced(&self, master: usize) {
        let promoted = async {
            while !self.servers[MASTERS + master].call(&["INFO", "replication"]).await.text().contains("role:master") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        with_timeout("the replica to take its master's place", promoted).await;
    }
}

async fn member() -> Redis {
    let bus = port::free().to_string();
    let flags = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "1000"];
    let more = ["--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0"];
    Redis::start_with(&[&flags[..], &more[..]].concat()).await
}
