//! Three masters that share the slots, and a replica.

use super::server::{Redis, free_port};
use super::until;

/// A Redis Cluster.
pub struct Cluster {
    pub masters: Vec<Redis>,
    pub replica: Redis,
}

impl Cluster {
    /// Three masters, and a replica of the one that has partition 7.
    pub async fn start() -> Self {
        let mut nodes: Vec<_> = (0..4).map(|_| Redis::cluster_node()).collect();
        let ranges = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (node, (first, last)) in nodes.iter().zip(ranges) {
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
        }
        for node in &nodes[1..] {
            let [port, bus] = [node.port, node.bus()].map(|port| port.to_string());
            nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        until("met", || nodes.iter().all(|node| node.ask(&["CLUSTER", "INFO"]).contains("cluster_known_nodes:4")))
            .await;
        let slot: u16 = nodes[0].ask(&["CLUSTER", "KEYSLOT", "07"]).trim().parse().expect("a slot");
        let master = usize::from(slot / 5461);
        let id = nodes[master].ask(&["CLUSTER", "MYID"]);
        until("replicates", || nodes[3].ask(&["CLUSTER", "REPLICATE", id.trim()]).trim() == "OK").await;
        until("stands", || {
            let info = |node: &Redis| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok");
            nodes.iter().all(info) && nodes[3].ask(&["INFO", "replication"]).contains("master_link_status:up")
        })
        .await;
        let replica = nodes.pop().expect("a replica");
        nodes.swap(0, master);
        Self { masters: nodes, replica }
    }

    /// Address of a cluster with two servers, of which the first does not exist.
    pub fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", free_port(), self.masters[1].port)
    }
}
