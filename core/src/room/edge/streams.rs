//! Broadcasts at an edge: uploads on their way to the owner, and copies of its streams for players here.

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::ObjectId;

use super::{Edge, EdgeEffect, OwnerLink};
use crate::cluster::BootId;
use crate::room::Refusal;
use crate::room::message::ToOwner;
use crate::room::streams::{FollowOutcome, KnownStream, StreamCopy, StreamUpdate, Upload};
use crate::time::Instant;

/// The time for which an upload waits for an owner.
pub const UPLOAD_WAIT: Duration = Duration::from_secs(10);

/// The uploads and streams of an edge.
#[derive(Debug, Default)]
pub(super) struct EdgeStreams {
    /// Uploads that were not answered yet.
    uploads: BTreeMap<u64, (Upload, Instant)>,
    copies: BTreeMap<ObjectId, StreamCopy>,
    /// The owner of which the copies are.
    source: Option<BootId>,
    /// The time until which players wait for an owner.
    pub players_until: Instant,
}

impl EdgeStreams {
    pub fn has_uploads(&self) -> bool {
        !self.uploads.is_empty()
    }

    /// The time at which the first upload has waited for too long.
    pub fn due(&self) -> Option<Instant> {
        self.uploads.values().map(|(_, since)| *since + UPLOAD_WAIT).min()
    }
}

impl Edge {
    /// Takes an upload, whose media is stored already.
    pub fn upload(&mut self, now: Instant, upload: Upload, out: &mut Vec<EdgeEffect>) {
        let id = upload.id;
        self.streams.uploads.insert(id, (upload.clone(), now));
        self.send(ToOwner::Upload(Box::new(upload)), out);
        if self.is_seeking() {
            out.push(EdgeEffect::Seek);
        }
    }

    /// Notes that somebody plays a broadcast here.
    pub fn play(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        self.streams.players_until = now + self.settings.edge_idle;
        self.idle_since = Some(now).filter(|_| !self.is_needed());
        if self.is_seeking() {
            out.push(EdgeEffect::Seek);
        }
    }

    /// Whether players wait for an owner to be found.
    #[must_use]
    pub fn is_sought_by_players(&self, now: Instant) -> bool {
        !matches!(self.link, OwnerLink::Attached(..)) && now < self.streams.players_until
    }

    /// Whether players can keep the edge: it has an owner, or they wait for one. A room that is known to be over is not
    /// looked for again on their account.
    #[must_use]
    pub fn can_be_played(&self, now: Instant) -> bool {
        self.attachment().is_some() || now < self.streams.players_until
    }

    pub(super) fn send_uploads(&self, out: &mut Vec<EdgeEffect>) {
        for (upload, _) in self.streams.uploads.values() {
            self.send(ToOwner::Upload(Box::new(upload.clone())), out);
        }
    }

    pub(super) fn on_uploaded(&mut self, id: u64, answer: Result<(), Refusal>, out: &mut Vec<EdgeEffect>) {
        if self.streams.uploads.remove(&id).is_some() {
            out.push(EdgeEffect::Uploaded(id, answer));
        }
    }

    /// Refuses the uploads that came before a time.
    pub fn refuse_uploads(&mut self, before: Instant, (code, reason): (AckCode, &str), out: &mut Vec<EdgeEffect>) {
        let uploads = std::mem::take(&mut self.streams.uploads);
        let (late, kept) = uploads.into_iter().partition(|(_, (_, since))| *since <= before);
        self.streams.uploads = kept;
        for id in BTreeMap::into_keys(late) {
            out.push(EdgeEffect::Uploaded(id, Err(Refusal { code, reason: reason.to_owned() })));
        }
    }

    pub(super) fn refuse_late_uploads(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        if self.streams.due().is_some_and(|due| due <= now) {
            let before = Instant(now.0.saturating_sub(crate::cluster::settings::millis(UPLOAD_WAIT)));
            self.refuse_uploads(before, (AckCode::Unavailable, "the room has no owner at the moment; try again"), out);
        }
    }

    /// The streams that are shown here, written down for an owner that did not send them.
    pub(super) fn streams_shown(&self, owner: BootId) -> Vec<KnownStream> {
        let is_other = self.streams.source != Some(owner);
        let shown = self.streams.copies.iter().map(|(playlist, copy)| KnownStream {
            playlist: playlist.clone(),
            position: copy.position,
            checkpoint: is_other.then(|| copy.stream.checkpoint()),
        });
        shown.collect()
    }

    /// Takes the streams that an owner has told in an attachment, from which on the copies are its own.
    pub(super) fn on_streams(&mut self, owner: BootId, streams: Vec<StreamUpdate>, out: &mut Vec<EdgeEffect>) {
        self.streams.source = Some(owner);
        streams.into_iter().for_each(|update| self.on_stream(update, out));
    }

    /// Takes news of a stream.
    pub(super) fn on_stream(&mut self, update: StreamUpdate, out: &mut Vec<EdgeEffect>) {
        let StreamUpdate { playlist, position, state } = update;
        let mut copy = self.streams.copies.remove(&playlist);
        let followed = StreamCopy::follow(&mut copy, position, state);
        if followed == FollowOutcome::Behind {
            copy = None;
            out.extend(self.attachment().map(|(owner, _)| EdgeEffect::Reattach(owner)));
        }
        self.streams.copies.extend(copy.map(|copy| (playlist.clone(), copy)));
        match followed {
            FollowOutcome::Known | FollowOutcome::Behind => {}
            FollowOutcome::Changes(changes) => {
                out.extend(changes.into_iter().map(|change| EdgeEffect::Live(playlist.clone(), change)));
            }
            FollowOutcome::Everything(everything) => out.push(EdgeEffect::Everything(playlist, everything)),
        }
    }

    /// Takes the streams of the owner that was beside this edge.
    pub fn adopt_streams(
        &mut self,
        from: Option<BootId>,
        copies: BTreeMap<ObjectId, StreamCopy>,
        out: &mut Vec<EdgeEffect>,
    ) {
        for (playlist, copy) in &copies {
            out.push(EdgeEffect::Everything(playlist.clone(), copy.stream.everything()));
        }
        (self.streams.source, self.streams.copies) = (from, copies);
    }

    /// Gives the copies to the owner beside this edge.
    pub fn give_streams(&mut self) -> Vec<KnownStream> {
        self.streams.source = None;
        let copies = std::mem::take(&mut self.streams.copies).into_iter();
        let shown = copies.map(|(playlist, copy)| KnownStream {
            playlist,
            position: copy.position,
            checkpoint: Some(copy.stream.checkpoint()),
        });
        shown.collect()
    }

    pub(super) fn forget_streams(&mut self) {
        self.streams.copies.clear();
    }
}
