//! The media of one replicated stream on this node, and what its viewers see of it.
//!
//! Carries changes out: playlists as they are, objects as pieces that hold their bytes or fetch them. What viewers of
//! this node will want next is fetched as soon as it is heard of. Never decides what is served.

use std::cell::RefCell;
use std::collections::hash_map::Entry as Place;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;

use roomcast_core::hls::{Change, Digest, Media, Object, ObjectKind, Reference};
use roomcast_protocol::id::ObjectId;

use super::counters::Counters;
use super::ledger::Ledger;
use super::piece::Piece;
use crate::live::LiveRoom;
use crate::live::stored::Stored;

/// Uploads whose bytes are kept here until they are listed; older ones are fetched like those of other nodes.
const MAX_HELD: usize = 256;
/// For so many target durations after its last request a viewer is taken to be there.
const ATTENTION: u32 = 4;

type Name = (ObjectId, Digest);

/// The media of a stream.
pub(super) struct Depot {
    ledger: Ledger,
    counters: Counters,
    live: Arc<LiveRoom>,
    playlist: ObjectId,
    pieces: RefCell<HashMap<Name, Weak<Piece>>>,
    /// Uploaded here and not listed yet, the oldest first.
    held: RefCell<VecDeque<(Name, Bytes)>>,
    /// When a viewer of a track was last seen.
    seen: RefCell<HashMap<ObjectId, Instant>>,
}

impl Depot {
    pub fn new(ledger: Ledger, counters: Counters, live: Arc<LiveRoom>, playlist: ObjectId) -> Self {
        let (pieces, held, seen) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { ledger, counters, live, playlist, pieces, held, seen }
    }

    /// Keeps the bytes of an upload until they are listed.
    pub fn hold(&self, track: &ObjectId, reference: Reference, bytes: Bytes) {
        let name = (track.clone(), reference.digest);
        if let Some(piece) = self.pieces.borrow().get(&name).and_then(Weak::upgrade) {
            return piece.put(bytes);
        }
        let mut held = self.held.borrow_mut();
        held.retain(|(known, _)| *known != name);
        held.push_back((name, bytes));
        let excess = held.len().saturating_sub(MAX_HELD);
        held.drain(..excess);
    }

    /// The bytes of media, where they are here.
    pub fn at_hand(&self, track: &ObjectId, reference: Reference) -> Option<Bytes> {
        let name = (track.clone(), reference.digest);
        let piece = self.pieces.borrow().get(&name).and_then(Weak::upgrade);
        let held = || self.held.borrow().iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.clone());
        piece.and_then(|piece| piece.at_hand().cloned()).or_else(held)
    }

    /// All pieces that are served.
    pub fn pieces(&self) -> Vec<Arc<Piece>> {
        self.pieces.borrow().values().filter_map(Weak::upgrade).collect()
    }

    /// Makes the changes of one upload visible.
    pub fn show(&self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Store { track, object, media } => {
                    let (live, wanted) = (self.live.track(&self.playlist, &track), self.wanted(&track, media.kind));
                    let pieces = self.pieces_of(&track, &media);
                    if wanted {
                        pieces.iter().for_each(fetch_ahead);
                    }
                    live.store(object, Stored::elsewhere(pieces, media.content_type));
                }
                other => self.live.apply(&self.playlist, other),
            }
        }
        self.forget_unlisted();
    }

    /// Serves exactly this and nothing else: what was known before is no longer so, or nothing was.
    pub fn show_all(&self, everything: Vec<Change>) {
        let (mut objects, mut playlists) = (HashMap::<ObjectId, HashMap<_, _>>::new(), Vec::new());
        for change in everything {
            match change {
                Change::Store { track, object, media } => {
                    let stored = Stored::elsewhere(self.pieces_of(&track, &media), media.content_type);
                    objects.entry(track).or_default().insert(object, Arc::new(stored));
                }
                other => playlists.push(other),
            }
        }
        for (track, objects) in objects {
            self.live.track(&self.playlist, &track).replace(objects);
        }
        for change in playlists {
            let known = match &change {
                Change::Media { track, snapshot } => {
                    let newest = self.live.track(&self.playlist, track).newest();
                    newest.is_some_and(|newest| newest.snapshot == *snapshot)
                }
                _ => false,
            };
            if !known {
                self.live.apply(&self.playlist, change);
            }
        }
        self.forget_unlisted();
    }

    fn pieces_of(&self, track: &ObjectId, media: &Object) -> Vec<Arc<Piece>> {
        media.pieces.iter().map(|media| self.piece(track, media)).collect()
    }

    fn piece(&self, track: &ObjectId, media: &Media) -> Arc<Piece> {
        let reference = media.reference();
        let name = (track.clone(), reference.digest);
        let mut pieces = self.pieces.borrow_mut();
        let place = match pieces.entry(name) {
            Place::Occupied(known) => match known.get().upgrade() {
                Some(piece) => return piece,
                None => Place::Occupied(known),
            },
            vacant @ Place::Vacant(_) => vacant,
        };
        let mut held = self.held.borrow_mut();
        let bytes = held.iter().position(|(name, _)| name == place.key()).and_then(|at| held.remove(at));
        let bytes = bytes.map(|(_, bytes)| bytes);
        let key = self.ledger.media_key(&self.playlist, track, &reference.digest);
        let piece = Piece::new(reference, key, self.ledger.clone(), self.counters.clone(), bytes);
        let piece = Arc::new(piece);
        place.insert_entry(Arc::downgrade(&piece));
        piece
    }

    fn forget_unlisted(&self) {
        let mut pieces = self.pieces.borrow_mut();
        if pieces.len() > 64 && pieces.len() == pieces.capacity() {
            pieces.retain(|_, piece| piece.strong_count() > 0);
        }
    }

    /// Whether a viewer of this node will ask for an object. Who plays by parts does not ask for segments.
    fn wanted(&self, track: &ObjectId, kind: ObjectKind) -> bool {
        let live = self.live.track(&self.playlist, track);
        let mut seen = self.seen.borrow_mut();
        if live.was_asked() {
            seen.insert(track.clone(), Instant::now());
        }
        let newest = live.newest();
        let target = newest.as_ref().map_or(Duration::from_secs(1), |newest| newest.snapshot.target_duration);
        let attention = seen.get(track).is_some_and(|seen| seen.elapsed() < target * ATTENTION);
        attention && (kind != ObjectKind::Segment || newest.is_none_or(|newest| !newest.snapshot.has_parts))
    }
}

fn fetch_ahead(piece: &Arc<Piece>) {
    if piece.at_hand().is_none() {
        let piece = Arc::clone(piece);
        actix_web::rt::spawn(async move { piece.bytes().await.is_ok() });
    }
}
