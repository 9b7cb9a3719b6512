//! The rooms on this node, and the state they share. Rooms are created under one lock, so that each exists once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use actix::{Actor, Addr, ArbiterHandle};
use futures_util::future::LocalBoxFuture;

use roomcast_core::cluster::{BootId, ClusterSettings};
use roomcast_core::room::{Refusal, RoomSettings, Tallies};
use roomcast_protocol::access::Revoke;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{RoomId, UserId};

use super::actor::RoomActor;
use super::message::MayBroadcast;
use super::owned::OwnedRooms;
use crate::clock::Clock;
use crate::cluster::Transport;
use crate::lifecycle::Lifecycle;
use crate::live::LiveIndex;

/// The size of the range from which one room numbers its attachments and JOINs.
const IDS: u64 = 1 << 24;

/// Reasons why there is no room to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// The room does not exist and creation was not requested.
    #[error("there is no such room")]
    NotFound,
    /// The node has reached its maximum number of rooms.
    #[error("the server has as many rooms as it may")]
    TooMany,
    /// The node is stopping.
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

/// A function that revokes the tokens of a user in a room, on this and the other nodes.
pub type Revoker = Box<dyn Fn(Revoke) -> LocalBoxFuture<'static, Result<(), Refusal>> + Send + Sync>;

/// Settings of the rooms of a node.
#[derive(Debug)]
pub struct HostSettings {
    /// The settings of each room.
    pub room: Arc<RoomSettings>,
    /// The settings that all nodes share.
    pub cluster: Arc<ClusterSettings>,
    /// The maximum number of rooms.
    pub max_rooms: usize,
    /// The maximum number of signals queued for a room.
    pub max_room_queue: usize,
    /// The time for which the broadcasts of an ended room are served.
    pub hls_window: Duration,
}

/// The rooms of this node, and the state they share.
pub struct RoomHost {
    pub settings: HostSettings,
    pub clock: Clock,
    /// The tracks that are served to players.
    pub live: Arc<LiveIndex>,
    pub lifecycle: Arc<Lifecycle>,
    /// The rooms that this node owns, in a cluster.
    pub owned: OwnedRooms,
    /// Counters of the signals kept and dropped by all rooms.
    pub tallies: Tallies,
    rooms: Mutex<HashMap<RoomId, Addr<RoomActor>>>,
    /// The transport to other nodes; unset on a standalone node.
    transport: OnceLock<Transport>,
    revoker: OnceLock<Revoker>,
    ids: AtomicU64,
}

impl std::fmt::Debug for RoomHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoomHost").field("rooms", &self.len()).finish_non_exhaustive()
    }
}

impl RoomHost {
    /// Creates the host of a standalone node without rooms.
    pub fn new(settings: HostSettings, clock: Clock, live: Arc<LiveIndex>, lifecycle: Arc<Lifecycle>) -> Self {
        Self {
            settings,
            clock,
            live,
            lifecycle,
            owned: OwnedRooms::default(),
            tallies: Tallies::default(),
            rooms: Mutex::default(),
            transport: OnceLock::new(),
            revoker: OnceLock::new(),
            ids: AtomicU64::new(0),
        }
    }

    /// Sets the function that revokes tokens. Later calls have no effect.
    pub fn set_revoker(&self, revoker: Revoker) {
        let _ = self.revoker.set(revoker);
    }

    /// Sets the transport to other nodes. Later calls have no effect.
    pub fn set_transport(&self, transport: Transport) {
        let _ = self.transport.set(transport);
    }

    /// Returns the transport to other nodes; `None` on a standalone node.
    pub fn transport(&self) -> Option<&Transport> {
        self.transport.get()
    }

    /// Returns the boot id of this node.
    pub fn boot(&self) -> BootId {
        self.transport().map_or(BootId(1), Transport::boot)
    }

    /// Returns the number above which a new room numbers its attachments and JOINs.
    pub fn next_ids(&self) -> u64 {
        self.ids.fetch_add(IDS, Ordering::Relaxed)
    }

    /// Revokes the tokens of a user, issued until now, in a room.
    pub(super) fn revoke(&self, revoke: Revoke) -> LocalBoxFuture<'static, Result<(), Refusal>> {
        match self.revoker.get() {
            Some(revoker) => revoker(revoke),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }

    /// Returns the room, if it exists.
    pub fn find(&self, id: &RoomId) -> Option<Addr<RoomActor>> {
        self.lock().get(id).filter(|room| room.connected()).cloned()
    }

    /// Returns the room. If it does not exist and `creating` is true, it is created on the calling thread.
    pub fn open(self: &Arc<Self>, id: &RoomId, creating: bool) -> Result<Addr<RoomActor>, NoRoom> {
        if self.lifecycle.is_draining() {
            return Err(NoRoom::Draining);
        }
        let mut rooms = self.lock();
        if let Some(room) = rooms.get(id).filter(|room| room.connected()) {
            return Ok(room.clone());
        }
        if !creating && self.transport().is_none() {
            return Err(NoRoom::NotFound);
        }
        if rooms.len() >= self.settings.max_rooms {
            return Err(NoRoom::TooMany);
        }
        let room = RoomActor::new(Arc::clone(self), id.clone()).start();
        rooms.insert(id.clone(), room.clone());
        Ok(room)
    }

    /// Returns the room for a message from another node. If it does not exist, it is created on the given arbiter's
    /// thread.
    pub fn open_for_node(self: &Arc<Self>, id: &RoomId, arbiter: &ArbiterHandle) -> Option<Addr<RoomActor>> {
        let mut rooms = self.lock();
        if let Some(room) = rooms.get(id).filter(|room| room.connected()) {
            return Some(room.clone());
        }
        if rooms.len() >= self.settings.max_rooms {
            return None;
        }
        let (host, name) = (Arc::clone(self), id.clone());
        let room = RoomActor::start_in_arbiter(arbiter, move |_| RoomActor::new(host, name));
        rooms.insert(id.clone(), room.clone());
        Some(room)
    }

    /// Removes an ended room, unless another one has the same name by now.
    pub fn remove(&self, id: &RoomId, room: &Addr<RoomActor>) {
        let mut rooms = self.lock();
        if rooms.get(id) == Some(room) {
            rooms.remove(id);
        }
    }

    /// Checks whether a user could publish in a broadcast of this name, which may be new. The later join makes the
    /// final decision.
    ///
    /// # Errors
    /// The refusal that the join would get.
    pub async fn may_broadcast(&self, id: &RoomId, user: &UserId) -> Result<(), Refusal> {
        if let Some(room) = self.find(id) {
            // A room that has just closed is created anew.
            return room.send(MayBroadcast { user: user.clone() }).await.unwrap_or(Ok(()));
        }
        if self.len() >= self.settings.max_rooms {
            return Err(Refusal { code: NoRoom::TooMany.code(), reason: NoRoom::TooMany.to_string() });
        }
        Ok(())
    }

    /// Returns all rooms.
    pub fn all(&self) -> Vec<(RoomId, Addr<RoomActor>)> {
        self.lock().iter().map(|(id, room)| (id.clone(), room.clone())).collect()
    }

    /// Returns the number of rooms.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Addr<RoomActor>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
