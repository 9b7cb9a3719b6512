//! A room that spans nodes: what the backplane is asked, and what it says.
//!
//! Scripts carry out what the rules have decided, whole or not at all. Never decides anything itself.

mod commit;
mod courier;
mod listener;
mod payload;
mod reaper;
mod reply;
mod sync;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use roomcast_core::room::Record;
use roomcast_protocol::id::RoomId;
use roomcast_protocol::signal::MemberKey;

use crate::backplane::{Backplane, BootId, Partition};

pub use commit::commit;
pub use courier::{AGAIN, Courier, carry, document, failed, there};
pub use listener::Rooms;
pub use sync::{Question, sync};

/// What every script of a room is told.
#[derive(Debug, Clone)]
pub struct Place {
    pub backplane: Backplane,
    pub room: RoomId,
    pub partition: Partition,
    pub node: BootId,
}

impl Place {
    pub fn new(backplane: &Backplane, room: &RoomId) -> Self {
        let (backplane, partition, node) = (backplane.clone(), Partition::of(room), backplane.boot());
        Self::of(backplane, room.clone(), partition, node)
    }

    /// The same in the name of another node.
    pub fn of(backplane: Backplane, room: RoomId, partition: Partition, node: BootId) -> Self {
        Self { backplane, room, partition, node }
    }

    /// The same for who lives under this name now.
    pub fn renew(&mut self) {
        self.node = self.backplane.boot();
    }

    fn prefix(&self) -> String {
        self.partition.key("")
    }

    fn room_key(&self) -> String {
        self.partition.key(&format!("r:{}", self.room))
    }

    fn rest(&self, key: &MemberKey) -> String {
        let user = key.user_id.as_str();
        format!("{}:{}:{user}:{}", self.room, user.len(), key.session_id)
    }

    fn member_key(&self, key: &MemberKey) -> String {
        self.partition.key(&format!("s:{}", self.rest(key)))
    }

    fn inbox_key(&self, key: &MemberKey) -> String {
        self.partition.key(&format!("o:{}", self.rest(key)))
    }
}

fn text(text: impl ToString) -> Bytes {
    Bytes::from(text.to_string())
}

/// A member, as it stands in an operation of a commit.
fn described(operation: &str, record: &Record) -> Value {
    let key = record.session.key();
    let mut value = json!({ "o": operation, "u": key.user_id, "s": key.session_id,
        "d": serde_json::to_string(record).expect("a record serialises"), "rt": record.resume_token,
        "ot": record.other_token, "kt": record.keeps_tokens, "g": record.generation.to_string(),
        "b": record.birth.to_string() });
    if let (Some(had), Some(value)) = (record.had, value.as_object_mut()) {
        value.insert("had".to_owned(), had.to_string().into());
    }
    value
}

/// A text of a reply, shared by all who keep it.
fn shared(bytes: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(bytes).into()
}
