//! The room's broadcasts: who may upload, which streams there are, and what of them is playable.

use std::collections::btree_map::Entry;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::data::Payload;
use roomcast_protocol::id::{ObjectId, UserId};
use roomcast_protocol::signal::RoomType;

use super::effect::Effect;
use super::shared::Errand;
use super::stage::Command;
use super::submit::Then;
use super::{Refusal, Room, refuse};
use crate::hls::{Change, Stream};
use crate::time::{Instant, UnixTime};

impl Room {
    /// Takes a data signal that came with an ingest token at a time by the clock on the wall.
    ///
    /// # Errors
    /// The code and reason of the answer; then nothing has changed.
    pub fn ingest(
        &mut self,
        now: Instant,
        received: UnixTime,
        token: &str,
        payload: Payload,
    ) -> Result<Vec<Effect>, Refusal> {
        self.check_token(now, token)?;
        let playlist = playlist_of(&payload).clone();
        let changes = self.apply(&playlist, payload, received)?;
        let mut out = effects(&playlist, changes);
        let plays = self.streams.get(&playlist).is_some_and(|stream| stream.playable() && !stream.has_ended());
        self.playlist_plays(now, playlist, plays, &mut out);
        self.on_time(now, &mut out);
        Ok(out)
    }

    /// Whether an ingest token lets its bearer upload at this moment.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn check_token(&self, now: Instant, token: &str) -> Result<(), Refusal> {
        if self.closed {
            return refuse(AckCode::RoomNotFound, "the room has just closed");
        }
        if !self.stage.is_open() {
            return refuse(AckCode::RoomNotFound, "there is no such room");
        }
        if self.stage.room_type() != RoomType::P2m {
            return refuse(AckCode::UnsupportedChannel, "only broadcasts take data signals");
        }
        if self.stage.may_upload(self.shared_time(now), token) {
            return Ok(());
        }
        refuse(AckCode::Unauthenticated, "the ingest token is wrong or has expired; join again for a new one")
    }

    /// Whether a join of this user to a broadcast of this name would make it a publisher. A room that has closed does
    /// not stand in the way of its successor.
    ///
    /// # Errors
    /// The code and reason of the answer.
    pub fn may_broadcast(&self, now: Instant, user: &UserId) -> Result<(), Refusal> {
        if self.closed {
            return Ok(());
        }
        if self.stage.has_kicked(self.shared_time(now), user) {
            return refuse(AckCode::PermissionNotFound, "the user was put out of this room");
        }
        self.stage.may_broadcast(user)
    }

    fn apply(&mut self, playlist: &ObjectId, payload: Payload, received: UnixTime) -> Result<Vec<Change>, Refusal> {
        let room_for_one_more = self.streams.len() < self.settings.max_playlists;
        let stream = match self.streams.entry(playlist.clone()) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(_) if !matches!(payload, Payload::Variant(_)) => {
                return refuse(AckCode::TrackNotFound, "there is no such playlist; updateVariant makes one");
            }
            Entry::Vacant(_) if !room_for_one_more => {
                return refuse(AckCode::RoomFull, "the room has as many playlists as it may");
            }
            Entry::Vacant(free) => {
                let mut stream = Stream::new(self.settings.hls);
                let changes = stream.apply(payload, received).map_err(Refusal::from)?;
                free.insert(stream);
                return Ok(changes);
            }
        };
        stream.apply(payload, received).map_err(Refusal::from)
    }

    /// Addresses of the multivariant playlists that play live.
    pub(super) fn playable(&self) -> impl Iterator<Item = String> + '_ {
        self.stage.playing().map(|id| format!("{}/live/{}/{id}/playlist.m3u8", self.settings.public_url, self.id))
    }

    /// Whether the publishers' media flows, and where their broadcast plays.
    pub(super) fn publishing(&self) -> (bool, Option<String>) {
        if self.stage.room_type() != RoomType::P2m {
            return (true, None);
        }
        let hls = self.playable().last();
        (hls.is_some(), hls)
    }

    /// Which broadcasts play live, by what all nodes have of them.
    pub fn broadcasts_play(&mut self, now: Instant, playing: Vec<(ObjectId, bool)>) -> Vec<Effect> {
        let mut out = Vec::new();
        for (id, live) in playing {
            self.playlist_plays(now, id, live, &mut out);
        }
        self.on_time(now, &mut out);
        out
    }

    /// A broadcast plays live, or does not any more.
    fn playlist_plays(&mut self, now: Instant, id: ObjectId, live: bool, out: &mut Vec<Effect>) {
        if self.stage.playing().any(|playing| *playing == id) != live {
            // The room that is over has nobody to tell.
            let _ = self.submit(now, Command::Playlist { id, live }, Then::Nothing, out);
        }
    }

    pub(super) fn end_streams(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.shared.is_some() {
            out.push(Effect::Elsewhere(Errand::EndStreams));
            return;
        }
        let ended: Vec<ObjectId> = self.streams.keys().cloned().collect();
        for (playlist, stream) in &mut self.streams {
            out.extend(effects(playlist, stream.end()));
        }
        for playlist in ended {
            self.playlist_plays(now, playlist, false, out);
        }
    }
}

impl From<crate::hls::Refusal> for Refusal {
    fn from(refusal: crate::hls::Refusal) -> Self {
        Self { code: refusal.code, reason: refusal.reason }
    }
}

fn effects(playlist: &ObjectId, changes: Vec<Change>) -> Vec<Effect> {
    changes.into_iter().map(|change| Effect::Live { playlist: playlist.clone(), change }).collect()
}

const fn playlist_of(payload: &Payload) -> &ObjectId {
    match payload {
        Payload::Variant(update) => &update.playlist.id,
        Payload::Rendition(update) => &update.playlist.id,
        Payload::Segment(update) => &update.playlist.id,
        Payload::Part(update) => &update.playlist.id,
        Payload::End(end) => &end.playlist.id,
    }
}
