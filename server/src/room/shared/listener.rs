//! Hands on to the rooms of this node what comes from others.

use std::sync::Weak;
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::room::stage::Rules;

use super::payload::{news, split};
use super::reaper;
use crate::backplane::{Backplane, BootId, Failure, Listener, Partition, Reaping, Reset, Script};
use crate::node::Node;
use crate::room::message::{Heard, Live};

/// Before another try.
const AGAIN: Duration = Duration::from_millis(200);

/// The rooms of a node, as the backplane sees them.
#[derive(Debug)]
pub struct Rooms(pub Weak<Node>);

static BEGIN: Script = Script::new(include_str!("lua/begin.lua"));

/// Has it known in these partitions that what there is not is not lost, or may be.
async fn begin(node: Weak<Node>, backplane: Backplane, partitions: Vec<Partition>) {
    for partition in partitions {
        loop {
            let Some(node) = node.upgrade() else { return };
            let fresh = !node.has_begun(partition);
            let told = if fresh { "1" } else { "0" };
            let keys = vec![partition.key("e")];
            if backplane.run(partition, &BEGIN, keys, vec![Bytes::from_static(told.as_bytes())]).await.is_ok() {
                node.begin(partition);
                break;
            }
            drop(node);
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl Listener for Rooms {
    fn message(&self, _: Partition, payload: Bytes) {
        let Some(node) = self.0.upgrade() else { return };
        let Some((kind, room, rest)) = split(&payload) else { return };
        if kind == b'L' {
            node.rooms.tell(&room, Live(payload.clone()));
        } else if let Some(news) = news(kind, rest) {
            node.rooms.tell(&room, Heard(news));
        }
    }

    fn reset(&self, partitions: &[Partition], reason: Reset) {
        let Some(node) = self.0.upgrade() else { return };
        tracing::info!("resynchronizing rooms ({reason})");
        if let Some(backplane) = node.backplane().cloned() {
            tokio::spawn(begin(self.0.clone(), backplane, partitions.to_vec()));
        }
        node.rooms.reset(|room| partitions.contains(&Partition::of(room)));
    }

    fn reap(&self, dead: BootId) -> Reaping {
        let node = self.0.upgrade();
        Box::pin(async move {
            let node = node.ok_or(Failure::Unavailable)?;
            let backplane = node.backplane().cloned().ok_or(Failure::Unavailable)?;
            let (linger, kick_duration) = (node.settings.room_linger, node.settings.kick_duration);
            reaper::reap(backplane, dead, Rules { linger, kick_duration }).await
        })
    }
}
