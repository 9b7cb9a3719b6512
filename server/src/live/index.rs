//! Where playlists and media are found: room, playlist, track.
//!
//! A room's broadcasts outlive it by the playlist window, so that viewers see them to their end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::hls::Change;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::elsewhere::{Elsewhere, Look};
use super::stored::Stored;
use super::track::LiveTrack;
use crate::http::text::Text;

type Shared<K, V> = RwLock<HashMap<K, Arc<V>>>;

/// The broadcasts of all rooms.
#[derive(Debug, Default)]
pub struct LiveIndex {
    rooms: Shared<RoomId, LiveRoom>,
    elsewhere: Elsewhere,
}

impl LiveIndex {
    /// The broadcasts of a new room; those of an earlier one of its name stay until they are replaced.
    pub fn open(&self, room: &RoomId) -> Arc<LiveRoom> {
        let live = LiveRoom::default();
        if let Some(earlier) = find(&self.rooms, room) {
            let kept = earlier.playlists.read().unwrap_or_else(PoisonError::into_inner).clone();
            *live.playlists.write().unwrap_or_else(PoisonError::into_inner) = kept;
        }
        let live = Arc::new(live);
        put(&self.rooms, room.clone(), Arc::clone(&live));
        live
    }

    /// Forgets a room's broadcasts after a while, unless a new room has taken over.
    pub fn retire(self: &Arc<Self>, room: &RoomId, live: &Arc<LiveRoom>, after: Duration) {
        live.retired.store(true, Ordering::Relaxed);
        let (index, room, live) = (Arc::clone(self), room.clone(), Arc::downgrade(live));
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(after).await;
            let mut rooms = index.rooms.write().unwrap_or_else(PoisonError::into_inner);
            if rooms.get(&room).is_some_and(|there| std::ptr::eq(Arc::as_ptr(there), live.as_ptr())) {
                rooms.remove(&room);
            }
        });
    }

    /// Has a room that this node does not know looked for with this, from now on.
    pub fn look_with(&self, look: Look) {
        self.elsewhere.set(look);
    }

    /// Has a room looked for on other nodes, if it is not one of this node.
    pub async fn look_up(&self, room: &RoomId) {
        if find(&self.rooms, room).is_none_or(|live| live.retired.load(Ordering::Relaxed)) {
            self.elsewhere.look(room).await;
        }
    }

    pub fn playlist(&self, room: &RoomId, playlist: &ObjectId) -> Option<Arc<LivePlaylist>> {
        find(&find(&self.rooms, room)?.playlists, playlist)
    }

    /// Wakes everyone who waits for any track, with nothing new: the server stops.
    pub fn wake_all(&self) {
        for room in all(&self.rooms) {
            for playlist in all(&room.playlists) {
                all(&playlist.tracks).iter().for_each(|track| track.wake());
            }
        }
    }

    pub fn track(&self, room: &RoomId, playlist: &ObjectId, track: &ObjectId) -> Option<Arc<LiveTrack>> {
        find(&self.playlist(room, playlist)?.tracks, track)
    }
}

/// The broadcasts of one room.
#[derive(Debug, Default)]
pub struct LiveRoom {
    playlists: Shared<ObjectId, LivePlaylist>,
    /// Playlists that this room made itself.
    own: RwLock<Vec<ObjectId>>,
    /// The room is over here: its playlists are still served for a while.
    retired: AtomicBool,
}

impl LiveRoom {
    /// Makes a change visible. Bytes come before the playlist that names them.
    pub fn apply(&self, playlist: &ObjectId, change: Change) {
        let playlist = self.playlist(playlist);
        match change {
            Change::Store { track, object, media } => {
                let bytes = media.bytes().cloned().expect("a node alone has all bytes at hand");
                playlist.track(&track).store(object, Stored::here(bytes, media.content_type));
            }
            Change::Remove { track, object } => playlist.track(&track).remove(&object),
            Change::Media { track, snapshot } => playlist.track(&track).publish(snapshot),
            Change::Multivariant(text) => {
                let text = Text::new(Bytes::copy_from_slice(text.as_bytes()));
                *playlist.multivariant.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(text));
            }
        }
    }

    /// The track of a playlist of the room's own, made if need be.
    pub fn track(&self, playlist: &ObjectId, track: &ObjectId) -> Arc<LiveTrack> {
        self.playlist(playlist).track(track)
    }

    /// The room's own playlist, in place of one that an earlier room of this name left behind.
    fn playlist(&self, id: &ObjectId) -> Arc<LivePlaylist> {
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(there)) = (own.contains(id), find(&self.playlists, id)) {
            return there;
        }
        let fresh = Arc::new(LivePlaylist::default());
        put(&self.playlists, id.clone(), Arc::clone(&fresh));
        own.push(id.clone());
        fresh
    }
}

/// One multivariant playlist and its tracks.
#[derive(Debug, Default)]
pub struct LivePlaylist {
    multivariant: RwLock<Option<Arc<Text>>>,
    tracks: Shared<ObjectId, LiveTrack>,
}

impl LivePlaylist {
    pub fn multivariant(&self) -> Option<Arc<Text>> {
        self.multivariant.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn track(&self, id: &ObjectId) -> Arc<LiveTrack> {
        find(&self.tracks, id).unwrap_or_else(|| {
            let fresh = Arc::new(LiveTrack::default());
            put(&self.tracks, id.clone(), Arc::clone(&fresh));
            fresh
        })
    }
}

fn find<K: std::hash::Hash + Eq, V>(shared: &Shared<K, V>, key: &K) -> Option<Arc<V>> {
    shared.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

fn all<K, V>(shared: &Shared<K, V>) -> Vec<Arc<V>> {
    shared.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}

fn put<K: std::hash::Hash + Eq, V>(shared: &Shared<K, V>, key: K, value: Arc<V>) {
    shared.write().unwrap_or_else(PoisonError::into_inner).insert(key, value);
}
