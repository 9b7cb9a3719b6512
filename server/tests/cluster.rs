//! Nodes with owned rooms, over real Redis servers: connections, packets, leases, eras, the directory.

#[path = "cluster/connections.rs"]
mod connections;
#[path = "cluster/directory.rs"]
mod directory;
#[path = "cluster/leases.rs"]
mod leases;
#[path = "cluster/loss.rs"]
mod loss;
#[path = "cluster/masters.rs"]
mod masters;
#[path = "cluster/packets.rs"]
mod packets;
#[path = "cluster/process.rs"]
mod process;
#[path = "cluster/proxy.rs"]
mod proxy;
#[path = "cluster/rooms.rs"]
mod rooms;
#[path = "cluster/server.rs"]
mod server;
#[path = "cluster/topologies.rs"]
mod topologies;

use rooms::until;
