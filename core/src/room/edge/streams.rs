//! Broadcasts at an edge: uploads in transit to the owner, and copies of its streams for players here.

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::ObjectId;

use super::{EdgeEffect, Link, NO_OWNER, NO_ROOM};
use crate::cluster::BootId;
use crate::room::Refusal;
use crate::room::message::ToOwner;
use crate::room::streams::{FollowOutcome, KnownStream, StreamCopy, StreamUpdate, Upload};
use crate::time::Instant;

/// The time for which an upload waits for its answer.
pub const UPLOAD_WAIT: Duration = Duration::from_secs(10);

/// The uploads and streams of an edge.
#[derive(Debug, Default)]
pub(super) struct EdgeStreams {
    /// Uploads that have not been answered yet, and the time at which each arrived.
    uploads: BTreeMap<u64, (Upload, Instant)>,
    copies: BTreeMap<ObjectId, StreamCopy>,
    /// The owner from which the copies originate.
    source: Option<BootId>,
    /// The time until which players wait for an owner.
    pub players_until: Instant,
}

impl EdgeStreams {
    pub fn has_uploads(&self) -> bool {
        !self.uploads.is_empty()
    }

    /// Returns the time at which the first upload times out.
    pub fn due(&self) -> Option<Instant> {
        self.uploads.values().map(|(_, since)| *since + UPLOAD_WAIT).min()
    }

    /// Sends an upload, and keeps it until its answer.
    pub fn upload(&mut self, now: Instant, upload: Upload, link: &Link, out: &mut Vec<EdgeEffect>) {
        self.uploads.insert(upload.id, (upload.clone(), now));
        link.send(ToOwner::Upload(Box::new(upload)), out);
        link.seek(out);
    }

    /// Sends the waiting uploads, once the attachment is complete.
    pub fn send_uploads(&self, link: &Link, out: &mut Vec<EdgeEffect>) {
        for (upload, _) in self.uploads.values() {
            link.send(ToOwner::Upload(Box::new(upload.clone())), out);
        }
    }

    /// Handles the answer to an upload.
    pub fn on_uploaded(&mut self, id: u64, answer: Result<(), Refusal>, out: &mut Vec<EdgeEffect>) {
        if self.uploads.remove(&id).is_some() {
            out.push(EdgeEffect::Uploaded(id, answer));
        }
    }

    /// Refuses the uploads that arrived at or before this time.
    pub fn refuse_uploads(&mut self, before: Instant, (code, reason): (AckCode, &str), out: &mut Vec<EdgeEffect>) {
        let uploads = std::mem::take(&mut self.uploads);
        let (late, kept) = uploads.into_iter().partition(|(_, (_, since))| *since <= before);
        self.uploads = kept;
        for id in BTreeMap::into_keys(late) {
            out.push(EdgeEffect::Uploaded(id, Err(Refusal { code, reason: reason.to_owned() })));
        }
    }

    /// Refuses the uploads that have timed out.
    pub fn refuse_late_uploads(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        if self.due().is_some_and(|due| due <= now) {
            let before = Instant(now.0.saturating_sub(crate::cluster::settings::millis(UPLOAD_WAIT)));
            self.refuse_uploads(before, NO_OWNER, out);
        }
    }

    /// Returns the positions of the copies here, with checkpoints unless the owner itself sent them.
    pub fn shown(&self, owner: BootId) -> Vec<KnownStream> {
        let is_other = self.source != Some(owner);
        let shown = self.copies.iter().map(|(playlist, copy)| KnownStream {
            playlist: playlist.clone(),
            position: copy.position,
            checkpoint: is_other.then(|| copy.stream.checkpoint()),
        });
        shown.collect()
    }

    /// Applies the stream updates of an attachment, and records the owner as the source of the copies.
    pub fn on_streams(&mut self, owner: BootId, streams: Vec<StreamUpdate>, link: &Link, out: &mut Vec<EdgeEffect>) {
        self.source = Some(owner);
        streams.into_iter().for_each(|update| self.on_stream(update, link, out));
    }

    /// Applies an update of a stream.
    pub fn on_stream(&mut self, update: StreamUpdate, link: &Link, out: &mut Vec<EdgeEffect>) {
        let StreamUpdate { playlist, position, state } = update;
        let mut copy = self.copies.remove(&playlist);
        let followed = StreamCopy::follow(&mut copy, position, state);
        if followed == FollowOutcome::Behind {
            copy = None;
            link.reattach(out);
        }
        self.copies.extend(copy.map(|copy| (playlist.clone(), copy)));
        match followed {
            FollowOutcome::Known | FollowOutcome::Behind => {}
            FollowOutcome::Changes(changes) => {
                out.extend(changes.into_iter().map(|change| EdgeEffect::Live(playlist.clone(), change)));
            }
            FollowOutcome::Everything(everything) => out.push(EdgeEffect::Everything(playlist, everything)),
        }
    }

    /// Adopts the streams of the former owner on the same node.
    pub fn adopt(&mut self, from: Option<BootId>, copies: BTreeMap<ObjectId, StreamCopy>, out: &mut Vec<EdgeEffect>) {
        for (playlist, copy) in &copies {
            out.push(EdgeEffect::Everything(playlist.clone(), copy.stream.everything()));
        }
        (self.source, self.copies) = (from, copies);
    }

    /// Removes and returns the copies, for the owner on the same node.
    pub fn give(&mut self) -> Vec<KnownStream> {
        self.source = None;
        let copies = std::mem::take(&mut self.copies).into_iter();
        let shown = copies.map(|(playlist, copy)| KnownStream {
            playlist,
            position: copy.position,
            checkpoint: Some(copy.stream.checkpoint()),
        });
        shown.collect()
    }

    /// Drops the copies, because another life of the room has begun.
    pub fn forget(&mut self) {
        self.copies.clear();
    }

    /// Refuses all uploads, drops the copies and ends the wait of players, because the room has ended.
    pub fn close(&mut self, out: &mut Vec<EdgeEffect>) {
        self.refuse_uploads(Instant(u64::MAX), NO_ROOM, out);
        self.forget();
        self.players_until = Instant(0);
    }
}
