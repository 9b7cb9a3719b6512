//! The part of a room that its members see: its type, its publishers in order, kicks, and the wait for a publisher.
//!
//! It changes only by a [`RoomCommand`]. Its times are of one clock that all nodes share.

mod command;
mod grace_period;
mod kicked_users;
mod places;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use roomcast_protocol::ack::Role;
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, UserId};
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType, Session};

use super::{Refusal, refuse};
use crate::time::Instant;
pub use command::{RoomCommand, RoomDurations};
use grace_period::GracePeriod;
pub(crate) use kicked_users::KickedUsers;

/// A member that may publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// Its session.
    pub session: Session,
    /// Whether it sends video.
    pub video: bool,
    /// Whether it sends audio.
    pub audio: bool,
    /// The ingest tokens of a streamer, each with its expiry: the newest, and the previous one, which uploads in
    /// progress may still use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingest: Vec<(String, Instant)>,
    /// The name in its access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Publisher {
    fn is(&self, key: &MemberKey) -> bool {
        self.session.user_id == key.user_id && self.session.session_id == key.session_id
    }

    fn renew(&mut self, (token, until): (String, Instant)) {
        self.ingest.truncate(1);
        self.ingest.insert(0, (token, until));
    }
}

/// The state of a room that its members see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    room_type: RoomType,
    /// Whether any member ever joined.
    opened: bool,
    /// The publishers, oldest first. The first is the owner of the room.
    publishers: Vec<Publisher>,
    #[serde(default, skip_serializing_if = "KickedUsers::is_empty")]
    kicked: KickedUsers,
    #[serde(rename = "absence", default)]
    grace_period: GracePeriod,
    /// The broadcasts, and whether each plays live.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    playlists: BTreeMap<ObjectId, bool>,
}

impl RoomState {
    /// Creates the state of a room that no member has joined yet.
    #[must_use]
    pub fn new(room_type: RoomType) -> Self {
        Self {
            room_type,
            opened: false,
            publishers: Vec::new(),
            kicked: KickedUsers::default(),
            grace_period: GracePeriod::default(),
            playlists: BTreeMap::new(),
        }
    }

    /// Returns the type of the room.
    #[must_use]
    pub const fn room_type(&self) -> RoomType {
        self.room_type
    }

    /// Returns the reported video state of a member; always `false` in an audio room.
    #[must_use]
    pub fn video(&self, enabled: bool) -> bool {
        enabled && self.room_type != RoomType::A2m
    }

    /// Returns whether any member ever joined.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.opened
    }

    /// Returns the members that may publish, oldest first.
    #[must_use]
    pub fn publishers(&self) -> &[Publisher] {
        &self.publishers
    }

    /// Returns the oldest publisher.
    #[must_use]
    pub fn owner(&self) -> Option<&Session> {
        self.publishers.first().map(|publisher| &publisher.session)
    }

    /// Returns whether this member is the owner.
    #[must_use]
    pub fn is_owner(&self, key: &MemberKey) -> bool {
        self.publishers.first().is_some_and(|publisher| publisher.is(key))
    }

    /// Returns whether a member may publish.
    #[must_use]
    pub fn publishes(&self, key: &MemberKey) -> bool {
        self.publisher(key).is_some()
    }

    /// Returns the role of a member.
    #[must_use]
    pub fn role(&self, key: &MemberKey) -> Role {
        match self.publishers.iter().position(|publisher| publisher.is(key)) {
            Some(0) => Role::Admin,
            Some(_) => Role::Publisher,
            None => Role::Viewer,
        }
    }

    /// Returns the publisher with this key.
    #[must_use]
    pub fn publisher(&self, key: &MemberKey) -> Option<&Publisher> {
        self.publishers.iter().find(|publisher| publisher.is(key))
    }

    /// Returns the broadcasts that play live, in order.
    pub fn playing(&self) -> impl Iterator<Item = &ObjectId> {
        self.playlists.iter().filter(|(_, live)| **live).map(|(id, _)| id)
    }

    /// Returns the time at which the grace period without a publisher ends.
    #[must_use]
    pub fn over_at(&self, grace_period: Duration) -> Option<Instant> {
        self.grace_period.due(grace_period)
    }

    /// Returns the time at which the first kick ends.
    #[must_use]
    pub fn kick_ends(&self) -> Option<Instant> {
        self.kicked.due()
    }

    /// Returns the kicked users in the order in which their kicks end, each with the remaining time.
    #[must_use]
    pub fn kicks(&self, now: Instant) -> Vec<(UserId, Duration)> {
        self.kicked.left(now)
    }

    /// Removes kicks that have ended.
    pub fn clean(&mut self, now: Instant) {
        self.kicked.clean(now);
    }

    /// Returns whether an ingest token is valid.
    #[must_use]
    pub fn may_upload(&self, now: Instant, token: &str) -> bool {
        let mut tokens = self.publishers.iter().flat_map(|publisher| &publisher.ingest);
        tokens.any(|(own, until)| own == token && now < *until)
    }

    /// Checks a command and applies it; returns whether the list of publishers has changed.
    ///
    /// # Errors
    /// The code and reason of the answer; then nothing has changed.
    pub fn decide(&mut self, now: Instant, durations: RoomDurations, command: &RoomCommand) -> Result<bool, Refusal> {
        match command {
            RoomCommand::Join { room_type, newcomer, creating, may_publish } => {
                self.admit(now, *room_type, newcomer, (*creating, *may_publish))
            }
            RoomCommand::Renew { key, token } => {
                let publisher = self.publishers.iter_mut().find(|publisher| publisher.is(key));
                publisher.into_iter().for_each(|publisher| publisher.renew(token.clone()));
                Ok(false)
            }
            RoomCommand::Leave { key } => Ok(self.remove(now, durations, key)),
            RoomCommand::Update { key, video, audio } => self.update(key, *video, *audio),
            RoomCommand::Kick { by, to, there, moderates } => self.kick(now, durations, (by, *moderates), to, *there),
            RoomCommand::Accept { by, newcomers, moderates } => self.accept((by, *moderates), newcomers),
            RoomCommand::Playlist { id, live } => {
                let before = self.playlists.insert(id.clone(), *live).unwrap_or(false);
                Ok(before != *live)
            }
        }
    }

    fn admit(
        &mut self,
        now: Instant,
        room_type: RoomType,
        new: &Publisher,
        (creating, may_publish): (bool, bool),
    ) -> Result<bool, Refusal> {
        if creating && self.opened {
            return refuse(AckCode::AlreadyExistRoom, "the room exists already");
        }
        if !creating && !self.opened {
            return refuse(AckCode::RoomNotFound, "there is no such room");
        }
        if self.opened && self.room_type != room_type {
            return refuse(AckCode::UnsupportedChannel, "`ch` is not the type of this room");
        }
        if self.kicked.contains(now, &new.session.user_id) {
            return refuse(AckCode::PermissionNotFound, "the user was put out of this room");
        }
        if self.publishes(&new.session.key()) {
            // Nobody has a record of it, but it never left: it is the same one.
            return Ok(false);
        }
        let mut opened = if self.opened { None } else { Some(Self::new(room_type)) };
        let state = opened.as_mut().unwrap_or(self);
        let publisher = state.place_for(&new.session, may_publish)?;
        if let Some(fresh) = opened {
            *self = fresh;
        }
        self.opened = true;
        if publisher {
            self.promote(new.clone());
        }
        Ok(publisher)
    }

    fn remove(&mut self, now: Instant, durations: RoomDurations, key: &MemberKey) -> bool {
        let before = self.publishers.len();
        self.publishers.retain(|publisher| !publisher.is(key));
        if self.publishers.len() == before {
            return false;
        }
        self.grace_period.note_departure(now, &key.user_id, durations.grace_period);
        if self.publishers.is_empty() {
            self.grace_period.begin(now);
        }
        true
    }

    fn update(&mut self, key: &MemberKey, video: bool, audio: bool) -> Result<bool, Refusal> {
        let Some(publisher) = self.publishers.iter_mut().find(|publisher| publisher.is(key)) else {
            return refuse(AckCode::PermissionNotFound, "only publishers have video or audio to switch");
        };
        let listed = (publisher.video, publisher.audio) != (video, audio);
        (publisher.video, publisher.audio) = (video, audio);
        Ok(listed)
    }

    /// Applies a kick. Sessions of the owner's user cannot be kicked, since that would exclude the owner. Other
    /// publishers can be kicked, including the sender itself. Sessions of the user that `to` does not name stay, and
    /// may resume.
    fn kick(
        &mut self,
        now: Instant,
        durations: RoomDurations,
        (by, moderates): (&MemberKey, bool),
        to: &Recipient,
        there: bool,
    ) -> Result<bool, Refusal> {
        if !moderates && !self.publishes(by) {
            return refuse(AckCode::PermissionNotFound, "only publishers may kick");
        }
        if !there {
            return refuse(AckCode::NotRoomMember, "`to` is no member of the room");
        }
        if !moderates && self.owner().is_some_and(|owner| owner.user_id == *to.user_id()) {
            return refuse(AckCode::PermissionNotFound, "the owner cannot be kicked");
        }
        let before = self.publishers.len();
        self.publishers.retain(|publisher| !names(to, &publisher.session));
        self.kicked.insert(to.user_id().clone(), now + durations.kick_duration);
        if self.publishers.is_empty() && before > 0 {
            self.grace_period.begin(now);
        }
        Ok(self.publishers.len() != before)
    }

    fn accept(&mut self, (by, moderates): (&MemberKey, bool), newcomers: &[Publisher]) -> Result<bool, Refusal> {
        if !moderates && !self.is_owner(by) {
            return refuse(AckCode::PermissionNotFound, "only the owner decides who publishes");
        }
        let fresh: Vec<_> = newcomers.iter().filter(|new| !self.publishes(&new.session.key())).cloned().collect();
        if fresh.len() > self.free_places() {
            return refuse(AckCode::RoomFull, "the room has as many publishers as it may");
        }
        let listed = !fresh.is_empty();
        fresh.into_iter().for_each(|new| self.promote(new));
        Ok(listed)
    }

    /// Appends a publisher to the list.
    fn promote(&mut self, publisher: Publisher) {
        self.publishers.push(publisher);
        self.grace_period.end();
    }

    fn publishes_as(&self, user: &UserId) -> bool {
        self.publishers.iter().any(|publisher| publisher.session.user_id == *user)
    }
}

/// Returns whether `to` names this session.
#[must_use]
pub fn names(to: &Recipient, session: &Session) -> bool {
    match to {
        Recipient::User(user) => session.user_id == *user,
        Recipient::Session(key) => session.key() == *key,
    }
}
