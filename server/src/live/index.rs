//! The index of playlists and media: by room, playlist and track.
//!
//! A room's broadcasts outlive it by the playlist window, so that viewers see them to their end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;

use roomcast_core::cluster::Life;
use roomcast_core::hls::Change;
use roomcast_protocol::id::{ObjectId, RoomId};

use super::media::MediaCache;
use super::track::LiveTrack;
use crate::response::text::Text;

type Shared<K, V> = RwLock<HashMap<K, Arc<V>>>;

/// The broadcasts of all rooms.
#[derive(Debug, Default)]
pub struct LiveIndex {
    rooms: Shared<RoomId, LiveRoom>,
    /// The media, as far as other nodes have it too.
    pub media: Arc<MediaCache>,
}

impl LiveIndex {
    /// Returns the broadcasts of a room in this life; those of an earlier one of its name stay until they are replaced.
    pub fn open(&self, room: &RoomId, life: Life) -> Arc<LiveRoom> {
        let earlier = find(&self.rooms, room);
        if let Some(same) = earlier.as_ref().filter(|earlier| earlier.life == life) {
            same.retired.store(false, Ordering::Relaxed);
            put(&self.rooms, room.clone(), Arc::clone(same));
            return Arc::clone(same);
        }
        let (playlists, own, retired) = (Shared::default(), RwLock::default(), AtomicBool::new(false));
        let live = LiveRoom { room: room.clone(), life, media: Arc::clone(&self.media), playlists, own, retired };
        if let Some(earlier) = earlier {
            let kept = earlier.playlists.read().unwrap_or_else(PoisonError::into_inner).clone();
            *live.playlists.write().unwrap_or_else(PoisonError::into_inner) = kept;
        }
        let live = Arc::new(live);
        put(&self.rooms, room.clone(), Arc::clone(&live));
        live
    }

    /// Returns whether a playlist is unknown here or no longer updated.
    pub fn lacks(&self, room: &RoomId, playlist: &ObjectId) -> bool {
        let live = find(&self.rooms, room);
        live.is_none_or(|live| live.retired.load(Ordering::Relaxed) || find(&live.playlists, playlist).is_none())
    }

    /// Returns whether this node has no broadcasts of a room.
    pub fn is_unknown(&self, room: &RoomId) -> bool {
        find(&self.rooms, room).is_none_or(|live| all(&live.playlists).is_empty())
    }

    /// Removes a room's broadcasts after a delay, unless a new room of the name exists by then.
    pub fn retire(self: &Arc<Self>, room: &RoomId, live: &Arc<LiveRoom>, after: Duration) {
        live.retired.store(true, Ordering::Relaxed);
        let (index, room, live) = (Arc::clone(self), room.clone(), Arc::downgrade(live));
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(after).await;
            let mut rooms = index.rooms.write().unwrap_or_else(PoisonError::into_inner);
            let is_same = |there: &&Arc<LiveRoom>| std::ptr::eq(Arc::as_ptr(there), live.as_ptr());
            if rooms.get(&room).filter(is_same).is_some_and(|live| live.retired.load(Ordering::Relaxed)) {
                rooms.remove(&room);
            }
        });
    }

    pub fn playlist(&self, room: &RoomId, playlist: &ObjectId) -> Option<Arc<LivePlaylist>> {
        find(&find(&self.rooms, room)?.playlists, playlist)
    }

    /// Wakes all requests that wait for any track, because the server is stopping.
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
#[derive(Debug)]
pub struct LiveRoom {
    room: RoomId,
    pub life: Life,
    media: Arc<MediaCache>,
    playlists: Shared<ObjectId, LivePlaylist>,
    /// The playlists that belong to this life of the room.
    own: RwLock<Vec<ObjectId>>,
    /// Whether the room has ended here. Its playlists are still served for a time.
    retired: AtomicBool,
}

impl LiveRoom {
    /// Applies a change. Bytes must be added before the playlist that names them.
    pub fn apply(&self, playlist: &ObjectId, change: Change) {
        let playlist = self.playlist(playlist);
        match change {
            Change::Store { track, object, media } => {
                let track = playlist.track(&track);
                track.store(object, self.media.stored(&self.room, &media, track.wants(media.kind)));
            }
            Change::Remove { track, object } => playlist.track(&track).remove(&object),
            Change::MediaPlaylist { track, snapshot } => playlist.track(&track).publish(snapshot),
            Change::Multivariant(text) => {
                let text = Text::new(Bytes::copy_from_slice(text.as_bytes()));
                *playlist.multivariant.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(text));
            }
        }
    }

    /// Serves exactly this of a playlist: what was known before is no longer so, or nothing was.
    pub fn show(&self, id: &ObjectId, all: Vec<Change>) {
        let playlist = self.playlist(id);
        let (mut objects, mut playlists) = (HashMap::<ObjectId, HashMap<_, _>>::new(), Vec::new());
        for change in all {
            match change {
                Change::Store { track, object, media } => {
                    let stored = self.media.stored(&self.room, &media, false);
                    objects.entry(track).or_default().insert(object, Arc::new(stored));
                }
                other => playlists.push(other),
            }
        }
        objects.into_iter().for_each(|(track, objects)| playlist.track(&track).replace(objects));
        for change in playlists {
            let known = |track: &ObjectId| playlist.track(track).newest();
            let is_known = match &change {
                Change::MediaPlaylist { track, snapshot } => {
                    known(track).is_some_and(|newest| newest.snapshot == *snapshot)
                }
                _ => false,
            };
            if !is_known {
                self.apply(id, change);
            }
        }
    }

    /// Returns whether a viewer requested any track within this time.
    pub fn is_watched(&self, within: Duration) -> bool {
        let mut tracks = all(&self.playlists).into_iter().flat_map(|playlist| all(&playlist.tracks));
        tracks.any(|track| track.is_watched(within))
    }

    /// Returns the room's own playlist, in place of one that an earlier room of this name left behind.
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
