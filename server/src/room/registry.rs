//! Which rooms there are on this node. Creation is decided once, under one lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::dev::SendError;
use actix::{Actor, Addr};

use roomcast_core::room::Refusal;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, UserId};
use roomcast_protocol::signal::RoomType;

use super::actor::RoomActor;
use super::message::{MayBroadcast, Observe, ResetRoom};
use super::shared::{Place, there};
use crate::node::Node;

/// How often a room that ends while it is looked for is looked for.
const OBSERVE_TRIES: usize = 3;

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
    pub fn open(
        &self,
        node: &Arc<Node>,
        id: &RoomId,
        room_type: RoomType,
        creating: bool,
    ) -> Result<Addr<RoomActor>, NoRoom> {
        if node.is_draining() {
            return Err(NoRoom::Draining);
        }
        let mut rooms = self.lock();
        if let Some(room) = rooms.get(id).filter(|room| room.connected()) {
            return Ok(room.clone());
        }
        if !creating && node.backplane().is_none() {
            return Err(NoRoom::NotFound);
        }
        if rooms.len() >= self.max_rooms {
            return Err(NoRoom::TooMany);
        }
        let room = RoomActor::new(Arc::clone(node), id.clone(), room_type).start();
        rooms.insert(id.clone(), room.clone());
        Ok(room)
    }

    /// Forgets a room that is over, unless another has taken its name.
    pub fn remove(&self, id: &RoomId, room: &Addr<RoomActor>) {
        let mut rooms = self.lock();
        if rooms.get(id) == Some(room) {
            rooms.remove(id);
        }
    }

    /// Tells a room what came from another node, if this node has it. A room that is too busy to be told reads its
    /// state anew.
    pub fn tell<M>(&self, id: &RoomId, message: M)
    where
        M: actix::Message<Result = ()> + Send + 'static,
        RoomActor: actix::Handler<M> + actix::Handler<ResetRoom>,
    {
        let rooms = self.lock();
        let Some(room) = rooms.get(id) else { return };
        if let Err(SendError::Full(_)) = room.try_send(message) {
            room.do_send::<ResetRoom>(ResetRoom);
        }
    }

    /// Has rooms compared with what all nodes share.
    pub fn reset(&self, which: impl Fn(&RoomId) -> bool) {
        for (_, room) in self.lock().iter().filter(|(id, _)| which(id)) {
            room.do_send(ResetRoom);
        }
    }

    /// The room of another node's broadcast, for somebody who reads or uploads here. Says whether there is one; no
    /// room is made of a name that somebody made up.
    pub async fn observe(&self, node: &Arc<Node>, id: &RoomId) -> bool {
        for _ in 0..OBSERVE_TRIES {
            // Whoever asks as the room ends is not answered by it: by now it is one that has ended.
            if let Some(found) = self.try_to_observe(node, id).await {
                return found;
            }
        }
        false
    }

    /// `None` when the room ended meanwhile.
    async fn try_to_observe(&self, node: &Arc<Node>, id: &RoomId) -> Option<bool> {
        let Some(backplane) = node.backplane() else { return Some(false) };
        let there = match self.find(id) {
            Some(_) => true,
            None => {
                let there = there(&Place::new(backplane, id)).await;
                // What has just ended is watched to its end.
                there.is_some_and(|there| match there.document {
                    Some((_, stage)) => stage.room_type() == RoomType::P2m,
                    None => there.ended,
                })
            }
        };
        if !there {
            return Some(false);
        }
        let Ok(room) = self.open(node, id, RoomType::P2m, false) else { return Some(false) };
        room.send(Observe).await.ok()
    }

    /// Whether a user could publish in a broadcast of this name, which may be created. The join decides in the end.
    ///
    /// # Errors
    /// The refusal that the join would get.
    pub async fn may_broadcast(&self, node: &Arc<Node>, id: &RoomId, user: &UserId) -> Result<(), Refusal> {
        if let Some(room) = self.find(id) {
            // A room that has just closed is created anew.
            return room.send(MayBroadcast { user: user.clone() }).await.unwrap_or(Ok(()));
        }
        if self.len() >= self.max_rooms {
            return Err(Refusal { code: NoRoom::TooMany.code(), reason: NoRoom::TooMany.to_string() });
        }
        let Some(backplane) = node.backplane() else { return Ok(()) };
        match there(&Place::new(backplane, id)).await.and_then(|there| there.document) {
            Some((_, stage)) => stage.may_broadcast(user),
            None => Ok(()),
        }
    }

    /// Whether a room that this node does not have exists on another; true while that cannot be found out.
    pub async fn exists_elsewhere(&self, node: &Arc<Node>, id: &RoomId) -> bool {
        let Some(backplane) = node.backplane() else { return false };
        there(&Place::new(backplane, id)).await.is_none_or(|there| there.document.is_some())
    }

    /// How many rooms there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Addr<RoomActor>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
