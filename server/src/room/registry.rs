//! The rooms on this node. Creation is decided once, under one lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::{Actor, Addr, ArbiterHandle};

use roomcast_core::room::Refusal;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, UserId};

use super::actor::RoomActor;
use super::message::MayBroadcast;
use crate::node::Node;

/// Why there is no room to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// It does not exist and was not to be created.
    #[error("there is no such room")]
    NotFound,
    /// The node has as many rooms as it may.
    #[error("the server has as many rooms as it may")]
    TooMany,
    /// The node stops.
    #[error("the server is stopping")]
    Draining,
}

impl NoRoom {
    pub const fn code(self) -> AckCode {
        match self {
            Self::NotFound => AckCode::RoomNotFound,
            Self::TooMany | Self::Draining => AckCode::Unavailable,
        }
    }
}

/// The rooms of this node.
#[derive(Debug)]
pub struct Registry {
    rooms: Mutex<HashMap<RoomId, Addr<RoomActor>>>,
    max_rooms: usize,
}

impl Registry {
    pub fn new(max_rooms: usize) -> Self {
        Self { rooms: Mutex::default(), max_rooms }
    }

    /// The room, if it exists.
    pub fn find(&self, id: &RoomId) -> Option<Addr<RoomActor>> {
        self.lock().get(id).filter(|room| room.connected()).cloned()
    }

    /// The room; made on this very thread when it does not exist and `creating` is true.
    pub fn open(&self, node: &Arc<Node>, id: &RoomId, creating: bool) -> Result<Addr<RoomActor>, NoRoom> {
        if node.is_draining() {
            return Err(NoRoom::Draining);
        }
        let mut rooms = self.lock();
        if let Some(room) = rooms.get(id).filter(|room| room.connected()) {
            return Ok(room.clone());
        }
        if !creating && node.transport().is_none() {
            return Err(NoRoom::NotFound);
        }
        if rooms.len() >= self.max_rooms {
            return Err(NoRoom::TooMany);
        }
        let room = RoomActor::new(Arc::clone(node), id.clone()).start();
        rooms.insert(id.clone(), room.clone());
        Ok(room)
    }

    /// The room for a message of another node, made on the thread of the node's own tasks where it does not exist.
    pub fn open_for_node(&self, node: &Arc<Node>, id: &RoomId, arbiter: &ArbiterHandle) -> Option<Addr<RoomActor>> {
        let mut rooms = self.lock();
        if let Some(room) = rooms.get(id).filter(|room| room.connected()) {
            return Some(room.clone());
        }
        if rooms.len() >= self.max_rooms {
            return None;
        }
        let (node, name) = (Arc::clone(node), id.clone());
        let room = RoomActor::start_in_arbiter(arbiter, move |_| RoomActor::new(node, name));
        rooms.insert(id.clone(), room.clone());
        Some(room)
    }

    /// Forgets a room that is over, unless another has taken its name.
    pub fn remove(&self, id: &RoomId, room: &Addr<RoomActor>) {
        let mut rooms = self.lock();
        if rooms.get(id) == Some(room) {
            rooms.remove(id);
        }
    }

    /// Whether a user could publish in a broadcast of this name, which may be created. The join decides in the end.
    ///
    /// # Errors
    /// The refusal that the join would get.
    pub async fn may_broadcast(&self, id: &RoomId, user: &UserId) -> Result<(), Refusal> {
        if let Some(room) = self.find(id) {
            // A room that has just closed is created anew.
            return room.send(MayBroadcast { user: user.clone() }).await.unwrap_or(Ok(()));
        }
        if self.len() >= self.max_rooms {
            return Err(Refusal { code: NoRoom::TooMany.code(), reason: NoRoom::TooMany.to_string() });
        }
        Ok(())
    }

    /// All rooms.
    pub fn all(&self) -> Vec<(RoomId, Addr<RoomActor>)> {
        self.lock().iter().map(|(id, room)| (id.clone(), room.clone())).collect()
    }

    /// Number of rooms.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Addr<RoomActor>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
