//! Viewers of a broadcast that an edge admits by itself while the owner is on another node. They are members whose
//! stays the owner does not know: it learns only whether there are any.

use std::collections::VecDeque;
use std::time::Duration;

use bytestring::ByteString;

use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType};

use super::sessions::unnumbered;
use super::{Edge, EdgeEffect, OwnerLink, ToClient, WaitingJoin};
use crate::cluster::Mutation;
use crate::room::credentials::{Credentials, check_subject, moderates};
use crate::room::message::{Action, JoinRequest, Joined, Signal, SignalRefusal, StayRef, ToOwner};
use crate::room::owner::ResumeTokens;
use crate::room::state::KickedUsers;
use crate::time::Instant;

/// Knowledge of an edge about viewers beside their memberships.
#[derive(Debug, Default)]
pub(super) struct Viewers {
    /// The users that the owner has kicked.
    kicked: KickedUsers,
    /// Whether the owner was told of any viewer.
    pub told: bool,
}

/// The part of a viewer that is kept from one connection to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Viewer {
    tokens: ResumeTokens,
    /// Whether the client has the answer to a JOIN.
    heard: bool,
    /// The number below the first sequence number of the membership.
    first: u64,
    credentials: Option<Box<Credentials>>,
}

impl Viewer {
    /// Takes the credentials of another token.
    pub fn renew(&mut self, credentials: &Credentials) {
        self.credentials = Some(Box::new(credentials.clone()));
    }

    pub fn hear(&mut self) {
        self.heard = true;
        self.tokens.former = None;
    }

    /// Takes the tokens of another JOIN; gives whether its client knows of the membership.
    fn resume(&mut self, request: &JoinRequest) -> bool {
        let brought = request.brought.as_ref();
        self.heard |= brought.is_some_and(|token| self.tokens.know(token));
        self.tokens.renew(&request.given, brought);
        request.resume_from.map_or(self.heard, |sq| sq >= self.first) || request.creating
    }
}

impl Edge {
    /// Whether a JOIN is a viewer's, which needs no owner. It does where the session may become a publisher, is known to
    /// the owner, or is to be refused. Sessions that a kick did not name stay, and may resume.
    pub(super) fn may_admit(&self, now: Instant, request: &JoinRequest) -> bool {
        let OwnerLink::Attached(owner, id) = self.link else { return false };
        if self.room_type != Some(RoomType::P2m) || request.room_type != RoomType::P2m {
            return false;
        }
        let (key, publishers) = (request.session.key(), &self.list.publishers);
        if let Some(known) = self.members.newest_of(&key) {
            return known.is_of_viewer();
        }
        let publishes = publishers.iter().any(|listed| listed.session.user_id == key.user_id);
        let waits = self.joins.values().any(|join| join.request.session.key() == key);
        let kicked = self.viewers.kicked.contains(now, &key.user_id);
        let refused = request.creating || kicked && !self.settings.breaks(Mutation::ViewersKicked);
        let decides = moderates(request.credentials.as_deref());
        owner != id.edge && !decides && !publishers.is_empty() && !publishes && !waits && !refused
    }

    /// Admits a viewer, or resumes its session, as an owner would.
    pub(super) fn admit(&mut self, now: Instant, join: Box<WaitingJoin>, out: &mut Vec<EdgeEffect>) {
        let (request, stay) = (&join.request, StayRef::of_viewer(join.request.session.key()));
        let (mut viewer, mut last) = (Viewer::default(), request.resume_from.map_or(0, |had| had + 1));
        viewer.first = last;
        let (mut had, mut own, mut confirmed, mut is_known) = (last, false, 0, false);
        if let Some(known) = self.members.get_mut(&stay) {
            is_known = true;
            known.note_delivered();
            viewer = known.viewer.as_deref().cloned().unwrap_or_default();
            (had, last, confirmed) = (known.had, known.written, known.heartbeat.confirmed());
            own = known.connection == Some(join.connection);
        }
        let (known, fresh) = (viewer.credentials.as_deref(), request.credentials.as_deref());
        let same = if is_known { check_subject(known, fresh) } else { Ok(()) };
        if let Err(refusal) = same.and_then(|()| viewer.tokens.check(own, request.brought.as_ref())) {
            return self.refuse(&join, refusal, out);
        }
        viewer.credentials.clone_from(&request.credentials);
        let resumed = viewer.resume(request);
        let named = request.resume_from.map(|sq| if resumed { sq } else { viewer.first });
        let sequence = named.unwrap_or(if own { last } else { had });
        let newest = last.max(sequence);
        let last = if resumed { newest } else { sequence };
        let (id, list) = (request.id, self.list.clone());
        let joined = Joined { id, stay: stay.clone(), resumed, sequence, last, confirmed, list };
        self.begin_stay(now, join, joined, Some(Box::new(viewer)), out);
        if let Some(member) = self.members.get_mut(&stay).filter(|_| newest > sequence) {
            out.extend(member.show_list(&self.list, newest, true));
        }
        self.tell_of_viewers(out);
    }

    /// Shows all viewers the list, which has changed. One without a socket gets it with the answer to its next JOIN.
    pub(super) fn show_viewers(&mut self, out: &mut Vec<EdgeEffect>) {
        for (_, member) in self.members.iter_mut().filter(|(stay, _)| stay.is_of_viewer()) {
            let sq = member.written + 1;
            match member.show_list(&self.list, sq, true) {
                Some(shown) => out.push(shown),
                None => member.note_gap(sq),
            }
        }
    }

    /// Takes a signal of a viewer: none but LEAVE is for viewers.
    pub(super) fn take_signal_of_viewer(
        &mut self,
        stay: &StayRef,
        n: Option<u64>,
        signal: Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        if signal.action == Action::Leave {
            self.remove_viewer(stay, out);
            return self.tell_of_viewers(out);
        }
        let Some(member) = self.members.get_mut(stay) else { return };
        let refused = match n.filter(|_| member.numbers) {
            None if member.numbers => Some(unnumbered(signal)),
            // Another one is a repetition, or comes again behind what is missing.
            Some(n) if n != member.heartbeat.confirmed() + 1 => None,
            n => {
                n.into_iter().for_each(|n| member.heartbeat.confirm(n));
                refusal(n.unwrap_or(0), signal)
            }
        };
        let told = member.connection.zip(refused);
        out.extend(told.map(|(to, refused)| EdgeEffect::Tell(to, ToClient::Refused(Box::new(refused)))));
    }

    fn remove_viewer(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        let connection = self.members.remove(stay).and_then(|viewer| viewer.connection);
        connection.into_iter().for_each(|connection| self.forget(connection, out));
    }

    /// Notes a kick, and tells the viewers that it names.
    pub(super) fn on_kicked(
        &mut self,
        now: Instant,
        (to, left): (&Recipient, Duration),
        text: &ByteString,
        out: &mut Vec<EdgeEffect>,
    ) {
        self.viewers.kicked.clean(now);
        self.viewers.kicked.insert(to.user_id().clone(), now + left);
        let names = |key: &MemberKey| match to {
            Recipient::User(user) => key.user_id == *user,
            Recipient::Session(session) => key == session,
        };
        let kicked: Vec<_> = self.members.viewers().filter(|stay| names(&stay.member)).cloned().collect();
        for stay in kicked {
            let told = self.members.get_mut(&stay).and_then(|viewer| Some((viewer.connection?, viewer.written + 1)));
            out.extend(told.map(|(to, sq)| EdgeEffect::Tell(to, ToClient::Kicked(sq, text.clone()))));
            self.remove_viewer(&stay, out);
        }
        self.tell_of_viewers(out);
    }

    /// Takes the kicks that an owner tells with an attachment. Viewers let go by one that the edge was not told of, or by
    /// another life of the room, are to join anew: the owner knows which session a kick named.
    pub(super) fn note_kicks(
        &mut self,
        now: Instant,
        kicks: Vec<(UserId, Duration)>,
        is_same_life: bool,
        out: &mut Vec<EdgeEffect>,
    ) {
        let kicks: VecDeque<_> = kicks.into_iter().map(|(user, left)| (now + left, user)).collect();
        let before = std::mem::replace(&mut self.viewers.kicked, KickedUsers::from(kicks));
        let user_is_kicked = |user: &UserId| self.viewers.kicked.contains(now, user) && !before.contains(now, user);
        let gone = |stay: &&StayRef| !is_same_life || user_is_kicked(&stay.member.user_id);
        let gone = self.members.viewers().filter(|_| !self.settings.breaks(Mutation::ViewersLetGo)).filter(gone);
        let gone: Vec<StayRef> = gone.cloned().collect();
        for stay in gone {
            let connection = self.members.remove(&stay).and_then(|viewer| viewer.connection);
            out.extend(connection.map(|connection| EdgeEffect::Close(connection, CloseCode::ServiceRestart)));
        }
        self.tell_of_viewers(out);
    }

    /// Notes that the owner is told whether there are viewers.
    pub(super) fn note_viewers_told(&mut self) -> bool {
        self.viewers.told = self.members.viewers().next().is_some() && !self.settings.breaks(Mutation::ViewersTold);
        self.viewers.told
    }

    /// Tells the owner whether there are viewers, if it was told otherwise.
    pub(super) fn tell_of_viewers(&mut self, out: &mut Vec<EdgeEffect>) {
        let told = self.viewers.told;
        if matches!(self.link, OwnerLink::Attached(..)) && self.note_viewers_told() != told {
            self.send(ToOwner::Viewers(!told), out);
        }
    }
}

/// The refusal of a viewer's signal, unless the edge has told it.
fn refusal(n: u64, signal: Signal) -> Option<SignalRefusal> {
    let reason = match signal.action {
        Action::Refused(_) => return None,
        Action::Kick | Action::KickAndRevoke => "only publishers may kick",
        _ => "only publishers have video or audio to switch",
    };
    let (kind, message, code) = (signal.action.kind(), signal.text.message, AckCode::PermissionNotFound);
    Some(SignalRefusal { n, kind, code, reason: reason.to_owned(), message })
}

#[cfg(test)]
mod tests;
