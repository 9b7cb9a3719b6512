//! The way to other nodes, over real Redis servers.

#[path = "backplane/calls.rs"]
mod calls;
#[path = "backplane/ear.rs"]
mod ear;
#[path = "backplane/lease.rs"]
mod lease;
#[path = "backplane/process.rs"]
mod process;
#[path = "backplane/proxy.rs"]
mod proxy;
#[path = "backplane/server.rs"]
mod server;
#[path = "backplane/topologies.rs"]
mod topologies;

use bytes::Bytes;
use roomcast_server::backplane::{Backplane, Failure, Partition, Reply, Script};

static APPEND: Script = Script::new("return redis.call('RPUSH', KEYS[1], ARGV[1])");
static TELL: Script = Script::new("redis.call('INCR', KEYS[1]) return redis.call(ARGV[1], ARGV[2], ARGV[3])");
static READ: Script = Script::new("return redis.call('LRANGE', KEYS[1], 0, -1)");

fn partition(index: usize) -> Partition {
    Partition::all().nth(index).expect("a partition")
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn append(backplane: &Backplane, value: &str) -> Result<Reply, Failure> {
    backplane.run(partition(7), &APPEND, vec![partition(7).key("list")], vec![text(value)]).await
}

async fn tell(from: &Backplane, to: &Backplane, payload: &str) -> Result<Reply, Failure> {
    let at = partition(7);
    let args = vec![text(from.publish_command()), text(&from.channel(at, to.boot().as_str())), text(payload)];
    from.run(at, &TELL, vec![at.key("told")], args).await
}

async fn append_bytes(backplane: &Backplane, count: usize) -> Result<Reply, Failure> {
    let call = backplane.run(partition(7), &APPEND, vec![partition(7).key("bytes")], vec![vec![1; count].into()]);
    call.await
}
