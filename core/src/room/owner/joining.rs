//! Handling of JOIN at the owner: new members, resumed sessions and repeated requests.

use std::collections::BTreeMap;

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{MemberKey, RoomType};

use super::backlog::{Backlog, Held};
use super::journal::OnCommit;
use super::member::{OwnedMember, Presence};
use super::record::{Field, ResumeTokens};
use super::removal::Membership;
use crate::cluster::{BootId, Mutation};
use crate::room::Credentials;
use crate::room::credentials::{check_subject, may_publish};
use crate::room::message::{JoinRequest, StayEnd, StayRef};
use crate::room::state::{Publisher, RoomCommand};
use crate::room::{Refusal, refuse};

impl Membership<'_> {
    /// Handles a JOIN. Returns the answer if it can be sent at once, which is only the case for a repeated JOIN.
    pub fn join(&mut self, edge: BootId, request: &JoinRequest) -> Result<Option<OnCommit>, Refusal> {
        let key = request.session.key();
        match self.members.get_mut(&key) {
            Some(member) if member.join == request.id => {
                if member.edge != edge {
                    self.room.journal.change(Field::Member(key));
                }
                return Ok(member.repeat_join(edge, request));
            }
            _ if !self.turn.fresh => {
                refuse(AckCode::Unavailable, "the server has lost its connection to the other nodes")?
            }
            Some(_) => self.resume(edge, request)?,
            None => self.admit(edge, request)?,
        }
        Ok(None)
    }

    fn admit(&mut self, edge: BootId, request: &JoinRequest) -> Result<(), Refusal> {
        let newcomer = Box::new(Publisher {
            session: request.session.clone(),
            video: request.media.0 && request.room_type != RoomType::A2m,
            audio: request.media.1,
            ingest: request.ingest.clone().into_iter().collect(),
            name: request.credentials.as_deref().and_then(|credentials| credentials.name.clone()),
        });
        let may_publish = may_publish(request.credentials.as_deref());
        let (room_type, creating) = (request.room_type, request.creating);
        self.decide(&RoomCommand::Join { room_type, newcomer, creating, may_publish })?;
        // Above what the session had in an earlier membership, so that its next JOIN tells of which it speaks.
        let first = self.members.first.max(request.resume_from.map_or(0, |had| had + 1));
        let stay = self.members.next_stay();
        let member = OwnedMember::admitted(request, (edge, stay, first), self.room.state.video(request.media.0));
        let journal = &mut self.room.journal;
        journal.change(Field::Room);
        journal.change(Field::Member(member.key()));
        journal.defer(OnCommit::Joined { stay: member.stay_ref(), resumed: false, from: Some(first) });
        self.members.insert(member);
        Ok(())
    }

    /// Moves a session to another connection, at this edge or another one.
    fn resume(&mut self, edge: BootId, request: &JoinRequest) -> Result<(), Refusal> {
        let key = request.session.key();
        self.check_takeover(edge, request)?;
        self.renew_ingest(request);
        let stay = self.members.next_stay();
        if !may_publish(request.credentials.as_deref()) {
            self.demote(&key);
        }
        let member = self.members.get_mut(&key).expect("it is a member");
        member.credentials.clone_from(&request.credentials);
        // On its own connection it goes on: nothing is closed, and what is on its way there is not sent again.
        let own = member.edge == edge && request.holds == Some(member.stay);
        let before = member.end_of_stay(own);
        member.begin_stay(request, edge, stay);
        let (from, had) = member.resume_point(request, own);
        let (stay, resumed) = (member.stay_ref(), member.resumed);
        self.members.release(&had);
        let journal = &mut self.room.journal;
        journal.change(Field::Member(key));
        if !self.settings.breaks(Mutation::NewestStay) {
            before.into_iter().for_each(|before| journal.defer(before));
        }
        journal.defer(OnCommit::Joined { stay, resumed, from });
        Ok(())
    }

    /// Stores the credentials of a member's new token. A publisher that may no longer publish becomes a viewer.
    pub fn renew(&mut self, stay: &StayRef, credentials: Credentials) {
        let member = self.members.of_stay(stay);
        let Some(member) = member.filter(|member| member.credentials.as_deref() != Some(&credentials)) else { return };
        let publishes = credentials.publish;
        member.credentials = Some(Box::new(credentials));
        self.room.journal.change(Field::Member(stay.member.clone()));
        if !publishes && !self.settings.breaks(Mutation::DemoteByToken) {
            self.demote(&stay.member);
        }
    }

    /// Turns a publisher into a viewer, with the same effects on the room as if the publisher left. Does nothing in a
    /// call.
    fn demote(&mut self, key: &MemberKey) {
        let is_call = self.room.state.room_type() == RoomType::P2p;
        if !is_call && self.decide(&RoomCommand::Leave { key: key.clone() }) == Ok(true) {
            self.end_unpublished();
        }
    }

    /// Checks whether a JOIN may take over a session: the room type and the subject must match, and the resume token
    /// must be known if the session uses one. A JOIN on the session's own connection needs no resume token.
    fn check_takeover(&self, edge: BootId, request: &JoinRequest) -> Result<(), Refusal> {
        if request.room_type != self.room.state.room_type() {
            return refuse(AckCode::UnsupportedChannel, "`ch` is not the type of this room");
        }
        let Some(member) = self.members.get(&request.session.key()) else { return Ok(()) };
        let credentials = request.credentials.as_deref();
        check_subject(member.credentials.as_deref(), credentials)?;
        let own = member.edge == edge && request.holds == Some(member.stay);
        member.tokens.check(own, request.brought.as_ref())
    }

    /// Issues another ingest token to a streamer.
    fn renew_ingest(&mut self, request: &JoinRequest) {
        let key = request.session.key();
        let Some(token) = request.ingest.clone().filter(|_| self.room.state.publishes(&key)) else { return };
        // It cannot be refused.
        let _ = self.decide(&RoomCommand::Renew { key, token });
        self.room.journal.change(Field::Room);
    }
}

impl OwnedMember {
    /// Handles a repetition of the JOIN; returns the answer, unless it waits for the journal.
    fn repeat_join(&mut self, edge: BootId, request: &JoinRequest) -> Option<OnCommit> {
        (self.edge, self.presence) = (edge, Presence::Present);
        // A new owner has the member from the journal, which does not know the numbers.
        self.expected = self.expected.max(request.numbers_above.map_or(1, |n| n + 1));
        let resumed = self.resumed;
        let from = if resumed { request.resume_from } else { Some(self.first) };
        self.committed.then(|| OnCommit::Joined { stay: self.stay_ref(), resumed, from })
    }

    /// Creates a member for a new stay at an edge. Its sequence numbers begin above `first`.
    fn admitted(request: &JoinRequest, (edge, stay, first): (BootId, u64, u64), video: bool) -> Self {
        let mut tokens = ResumeTokens::default();
        tokens.renew(&request.given, request.brought.as_ref());
        Self {
            session: request.session.clone(),
            media: (video, request.media.1),
            tokens,
            credentials: request.credentials.clone(),
            numbers: request.numbers_above.is_some(),
            confirms: request.numbers_above.is_some() || request.resume_from.is_some(),
            edge,
            stay,
            join: request.id,
            resumed: false,
            first,
            heard: false,
            created: request.creating,
            committed: false,
            presence: Presence::Present,
            expected: request.numbers_above.map_or(1, |n| n + 1),
            held: BTreeMap::new(),
            told: 0,
            backlog: Backlog::above(first),
        }
    }

    /// Returns the message that ends the present stay; `None` if the member continues on its own connection.
    fn end_of_stay(&self, own: bool) -> Option<OnCommit> {
        match self.committed {
            true if own => None,
            true => Some(OnCommit::StayEnd(self.edge, self.stay_ref(), StayEnd::TakenOver)),
            false => Some(OnCommit::Superseded(self.edge, self.join)),
        }
    }

    /// Begins the stay that a JOIN of the session requests.
    fn begin_stay(&mut self, request: &JoinRequest, edge: BootId, stay: u64) {
        self.heard |= request.brought.as_ref().is_some_and(|token| self.tokens.know(token));
        self.tokens.renew(&request.given, request.brought.as_ref());
        (self.edge, self.stay, self.join) = (edge, stay, request.id);
        (self.committed, self.presence) = (false, Presence::Present);
        self.numbers = request.numbers_above.is_some();
        self.confirms = self.numbers || request.resume_from.is_some();
        match request.numbers_above {
            Some(n) => self.expected = self.expected.max(n + 1),
            None => {
                self.expected = 1;
                self.held.clear();
            }
        }
    }

    /// Returns the number after which everything is sent to the member, if the JOIN determines it, and the signals that
    /// no longer delay a confirmation.
    fn resume_point(&mut self, request: &JoinRequest, own: bool) -> (Option<u64>, Vec<Held>) {
        // A first JOIN whose ack was lost is no membership that the client knows of. But a client that asks for a new
        // room would take the answer for that of its creation.
        let misled = request.creating && !self.created;
        let known = request.resume_from.map_or(self.heard, |sq| sq >= self.first);
        self.resumed = known || misled;
        let from = if self.resumed || request.resume_from.is_none() { request.resume_from } else { Some(self.first) };
        let from = from.or_else(|| own.then_some(self.backlog.last()));
        // A client that begins anew on its own connection is told a number below which nothing concerns it.
        let begins_anew = own && !self.resumed;
        let had = from.filter(|_| request.resume_from.is_some() || begins_anew).map(|sq| {
            self.backlog.count_on_above(sq);
            self.backlog.confirm(sq)
        });
        (from, had.unwrap_or_default())
    }
}
