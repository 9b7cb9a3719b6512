//! Viewers of a broadcast that an edge admits without asking the owner, if that is on another node. The owner does not
//! know the stays of these members; it is informed only whether there are any.

use std::collections::VecDeque;
use std::time::Duration;

use bytestring::ByteString;

use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::id::UserId;
use roomcast_protocol::signal::{MemberKey, Recipient, RoomType};

use super::joins::WaitingJoin;
use super::sessions::{Sessions, unnumbered};
use super::{EdgeEffect, OwnerLink, ToClient};
use crate::cluster::Mutation;
use crate::room::Refusal;
use crate::room::credentials::{Credentials, check_subject, moderates};
use crate::room::message::{Action, JoinRequest, Joined, Signal, SignalRefusal, StayRef, ToOwner};
use crate::room::owner::ResumeTokens;
use crate::room::state::KickedUsers;

/// State of an edge about viewers, apart from their memberships.
#[derive(Debug, Default)]
pub(super) struct Viewers {
    /// The users that the owner has kicked.
    kicked: KickedUsers,
    /// Whether the last report to the owner stated that there are viewers.
    pub told: bool,
}

/// The state of a viewer that is kept across connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Viewer {
    tokens: ResumeTokens,
    /// Whether the client has received the answer to a JOIN.
    heard: bool,
    /// The number below the first sequence number of the membership.
    first: u64,
    credentials: Option<Box<Credentials>>,
}

impl Viewer {
    /// Stores the credentials of a new token.
    pub fn renew(&mut self, credentials: &Credentials) {
        self.credentials = Some(Box::new(credentials.clone()));
    }

    pub fn hear(&mut self) {
        self.heard = true;
        self.tokens.former = None;
    }

    /// Stores the tokens of another JOIN; returns whether the JOIN resumes the membership.
    fn resume(&mut self, request: &JoinRequest) -> bool {
        let brought = request.brought.as_ref();
        self.heard |= brought.is_some_and(|token| self.tokens.know(token));
        self.tokens.renew(&request.given, brought);
        request.resume_from.map_or(self.heard, |sq| sq >= self.first) || request.creating
    }
}

impl Sessions<'_> {
    /// Returns whether this edge may admit a JOIN as a viewer without the owner. The owner decides if the session may
    /// become a publisher, is known to the owner, or is to be refused. Sessions that a kick did not name stay, and may
    /// resume.
    pub fn may_admit_viewer(&self, request: &JoinRequest) -> bool {
        let OwnerLink::Attached(owner, id) = self.link.owner else { return false };
        if self.room.room_type != Some(RoomType::P2m) || request.room_type != RoomType::P2m {
            return false;
        }
        let (key, publishers) = (request.session.key(), &self.room.list.publishers);
        if let Some(known) = self.connections.members.newest_of(&key) {
            return known.is_of_viewer();
        }
        let publishes = publishers.iter().any(|listed| listed.session.user_id == key.user_id);
        let waits = self.connections.joins.values().any(|join| join.request.session.key() == key);
        let kicked = self.connections.viewers.kicked.contains(self.now, &key.user_id);
        let refused = request.creating || kicked && !self.settings.breaks(Mutation::ViewersKicked);
        let decides = moderates(request.credentials.as_deref());
        owner != id.edge && !decides && !publishers.is_empty() && !publishes && !waits && !refused
    }

    /// Admits a viewer or resumes its session, by the same rules as an owner. The last element of the result is the
    /// highest sequence number of the session.
    pub fn admit_viewer(&mut self, join: &WaitingJoin) -> Result<(Joined, Box<Viewer>, u64), Refusal> {
        let (request, stay) = (&join.request, StayRef::of_viewer(join.request.session.key()));
        let (mut viewer, mut last) = (Box::<Viewer>::default(), request.resume_from.map_or(0, |had| had + 1));
        viewer.first = last;
        let (mut had, mut own, mut confirmed) = (last, false, 0);
        if let Some(known) = self.connections.members.get_mut(&stay) {
            known.note_delivered();
            viewer = known.viewer.clone().unwrap_or_default();
            (had, last, confirmed) = (known.had, known.written, known.heartbeat.confirmed());
            own = known.connection == Some(join.connection);
            check_subject(viewer.credentials.as_deref(), request.credentials.as_deref())?;
        }
        viewer.tokens.check(own, request.brought.as_ref())?;
        viewer.credentials.clone_from(&request.credentials);
        let resumed = viewer.resume(request);
        let named = request.resume_from.map(|sq| if resumed { sq } else { viewer.first });
        let sequence = named.unwrap_or(if own { last } else { had });
        let newest = last.max(sequence);
        let last = if resumed { newest } else { sequence };
        let (id, list) = (request.id, self.room.list.clone());
        Ok((Joined { id, stay, resumed, sequence, last, confirmed, list }, viewer, newest))
    }

    /// Handles a signal of a viewer. All signals except LEAVE are refused.
    pub fn take_signal_of_viewer(&mut self, stay: &StayRef, n: Option<u64>, signal: Signal, out: &mut Vec<EdgeEffect>) {
        if signal.action == Action::Leave {
            return self.let_viewer_go(stay, out);
        }
        let Some(member) = self.connections.members.get_mut(stay) else { return };
        member.hear(self.now);
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

    /// Removes a viewer.
    pub fn let_viewer_go(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        self.connections.remove_member(stay, out);
        self.tell_of_viewers(out);
    }

    /// Records a kick, and notifies and removes the viewers that it names.
    pub fn on_kicked(&mut self, (to, left): (&Recipient, Duration), text: &ByteString, out: &mut Vec<EdgeEffect>) {
        self.connections.viewers.kicked.clean(self.now);
        self.connections.viewers.kicked.insert(to.user_id().clone(), self.now + left);
        let names = |key: &MemberKey| match to {
            Recipient::User(user) => key.user_id == *user,
            Recipient::Session(session) => key == session,
        };
        let kicked: Vec<_> = self.connections.members.viewers().filter(|stay| names(&stay.member)).cloned().collect();
        for stay in kicked {
            let told = self
                .connections
                .members
                .get_mut(&stay)
                .and_then(|viewer| Some((viewer.connection?, viewer.written + 1)));
            out.extend(told.map(|(to, sq)| EdgeEffect::Tell(to, ToClient::Kicked(sq, text.clone()))));
            self.connections.remove_member(&stay, out);
        }
        self.tell_of_viewers(out);
    }

    /// Stores the kicks that an owner reports in an attachment. Viewers affected by a kick that the edge had not
    /// received, or by a new life of the room, are disconnected and have to join again, since only the owner knows
    /// which session a kick named.
    pub fn note_kicks(&mut self, kicks: Vec<(UserId, Duration)>, is_same_life: bool, out: &mut Vec<EdgeEffect>) {
        let kicks: VecDeque<_> = kicks.into_iter().map(|(user, left)| (self.now + left, user)).collect();
        let before = std::mem::replace(&mut self.connections.viewers.kicked, KickedUsers::from(kicks));
        let user_is_kicked = |user: &UserId| {
            self.connections.viewers.kicked.contains(self.now, user) && !before.contains(self.now, user)
        };
        let gone = |stay: &&StayRef| !is_same_life || user_is_kicked(&stay.member.user_id);
        let gone =
            self.connections.members.viewers().filter(|_| !self.settings.breaks(Mutation::ViewersLetGo)).filter(gone);
        let gone: Vec<StayRef> = gone.cloned().collect();
        for stay in gone {
            let connection = self.connections.members.remove(&stay).and_then(|viewer| viewer.connection);
            out.extend(connection.map(|connection| EdgeEffect::Close(connection, CloseCode::ServiceRestart)));
        }
        self.tell_of_viewers(out);
    }

    /// Records the current presence of viewers as reported to the owner, and returns it.
    pub fn note_viewers_told(&mut self) -> bool {
        self.connections.viewers.told =
            self.connections.members.viewers().next().is_some() && !self.settings.breaks(Mutation::ViewersTold);
        self.connections.viewers.told
    }

    /// Reports to the owner whether there are viewers, if this has changed since the last report.
    pub fn tell_of_viewers(&mut self, out: &mut Vec<EdgeEffect>) {
        let told = self.connections.viewers.told;
        if self.link.stands() && self.note_viewers_told() != told {
            self.link.send(ToOwner::Viewers(!told), out);
        }
    }
}

/// Returns the refusal of a viewer's signal; `None` if the edge has already sent one.
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
