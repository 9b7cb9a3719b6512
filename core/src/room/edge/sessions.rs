//! Inputs of the sessions at this node.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{self, MemberKey};

use super::{Edge, EdgeEffect, OwnerLink, ToClient, WaitingJoin};
use crate::cluster::Mutation;
use crate::room::message::{
    Action, JoinId, JoinRequest, NumberedSignal, Signal, SignalRefusal, SignalText, StayRef, ToOwner,
};
use crate::room::{ConnectionId, Refusal};
use crate::time::Instant;

/// A connection and the session for which it speaks.
pub type Speaker<'a> = (ConnectionId, &'a MemberKey);

impl Edge {
    /// Takes a JOIN; `fresh` where the lease of this node is.
    pub fn join(
        &mut self,
        (now, fresh): (Instant, bool),
        connection: ConnectionId,
        mut request: JoinRequest,
        out: &mut Vec<EdgeEffect>,
    ) {
        if let Some(stay) = self.members.newest_of(&request.session.key()) {
            self.report_had_of(&stay, out);
        }
        request.holds = self.members.stay_of(connection, &request.session.key()).map(|stay| stay.stay);
        let (sent, behind) = (false, Vec::new());
        let join = WaitingJoin { connection, request, since: now, sent, renewed: false, behind, behind_bytes: 0 };
        self.decide_join((now, fresh), Box::new(join), out);
        if self.is_seeking() {
            out.push(EdgeEffect::Seek);
        }
    }

    /// Admits a viewer, or lets the owner decide.
    pub(super) fn decide_join(
        &mut self,
        (now, fresh): (Instant, bool),
        mut join: Box<WaitingJoin>,
        out: &mut Vec<EdgeEffect>,
    ) {
        if self.may_admit(now, &join.request) {
            return match fresh {
                true => self.admit(now, join, out),
                false => self.refuse(&join, unavailable(), out),
            };
        }
        join.sent = matches!(self.link, OwnerLink::Attached(..));
        self.send(ToOwner::Join(Box::new(join.request.clone())), out);
        self.joins.insert(join.request.id, join);
    }

    /// Takes a signal other than JOIN; `n` where the client numbers.
    ///
    /// One that does not fit the type of the room is refused here; its number counts as seen by the owner.
    pub fn signal(
        &mut self,
        now: Instant,
        from: ConnectionId,
        n: Option<u64>,
        signal: &signal::Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        let key = signal.head.session.key();
        let Some(reason) = self.misfit(signal) else {
            return match (&signal.body, Signal::of(signal)) {
                (signal::Body::Heartbeat(beat), _) => self.heartbeat(now, (from, &key), beat.received, out),
                (_, Some(said)) => self.take_signal(now, (from, &key), n, said, out),
                (_, None) => {}
            };
        };
        let (kind, message) = (signal.kind(), signal.message.clone());
        let refused = SignalRefusal { n: n.unwrap_or(0), kind, code: AckCode::UnsupportedChannel, reason, message };
        out.push(EdgeEffect::Tell(from, ToClient::Refused(Box::new(refused))));
        let Some(stay) = self.members.stay_of(from, &key) else { return };
        self.members.get_mut(&stay).into_iter().for_each(|member| member.hear(now));
        self.tell_alive(stay, out);
        if n.is_some() {
            let said = Signal { action: Action::Refused(kind), to: None, text: SignalText::default() };
            self.take_signal(now, (from, &key), n, said, out);
        }
    }

    /// Why a signal does not fit the type of the room.
    fn misfit(&self, signal: &signal::Signal) -> Option<String> {
        let room_type = self.room_type?;
        if signal.head.room_type != room_type {
            return Some("`ch` is not the type of this room".to_owned());
        }
        let name = signal.kind().name();
        (!signal.kind().allowed_in(room_type)).then(|| format!("{name} does not exist in this type of room"))
    }

    /// Takes a signal that fits the type of the room.
    pub fn take_signal(
        &mut self,
        now: Instant,
        (connection, key): Speaker<'_>,
        n: Option<u64>,
        signal: Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        if let Some(id) = self.waiting(connection, key) {
            return self.queue_behind_join(id, (connection, key), signal, out);
        }
        let Some(stay) = self.members.stay_of(connection, key) else {
            return out.push(EdgeEffect::Tell(connection, ToClient::NotMember));
        };
        self.take_signal_of_stay(now, stay, n, signal, out);
    }

    fn take_signal_of_stay(
        &mut self,
        now: Instant,
        stay: StayRef,
        n: Option<u64>,
        signal: Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        let local = self.is_local();
        let Some(member) = self.members.get_mut(&stay) else { return };
        member.hear(now);
        if stay.is_of_viewer() {
            return self.take_signal_of_viewer(&stay, n, signal, out);
        }
        let leaving = signal.action == Action::Leave;
        match n {
            _ if leaving => self.keep_and_send(&stay, signal, out),
            Some(n) if member.numbers => self.send(ToOwner::Signal(stay, NumberedSignal { n, signal }), out),
            None if member.numbers => {
                let refused = unnumbered(signal);
                out.extend(member.connection.map(|to| EdgeEffect::Tell(to, ToClient::Refused(Box::new(refused)))));
            }
            _ if local => {
                let n = member.number();
                self.send(ToOwner::Signal(stay, NumberedSignal { n, signal }), out);
            }
            _ => self.keep_and_send(&stay, signal, out),
        }
    }

    /// The newest JOIN of a session on this connection that waits.
    fn waiting(&self, connection: ConnectionId, key: &MemberKey) -> Option<JoinId> {
        let own = |join: &WaitingJoin| join.connection == connection && join.request.session.key() == *key;
        self.joins.iter().rev().find(|(_, join)| own(join)).map(|(id, _)| *id)
    }

    /// Takes a signal behind a JOIN that waits: it waits too, unless the client says it again after the answer.
    /// LEAVE takes the JOIN back, and ends an earlier stay.
    fn queue_behind_join(
        &mut self,
        id: JoinId,
        (connection, key): Speaker<'_>,
        signal: Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        if signal.action == Action::Leave {
            self.joins.remove(&id);
            match self.members.stay_of(connection, key) {
                Some(stay) => self.keep_and_send(&stay, signal, out),
                None => self.forget(connection, out),
            }
            return;
        }
        let Some(join) = self.joins.get_mut(&id).filter(|join| join.request.numbers_above.is_none()) else { return };
        let held = self.tallies.hold(signal.text.message.len());
        join.behind_bytes += held.bytes();
        join.behind.push((signal, held));
        self.bound_kept(connection, out);
    }

    /// Keeps what a client will not repeat, and LEAVE, until an owner has seen it.
    pub(super) fn keep_and_send(&mut self, stay: &StayRef, signal: Signal, out: &mut Vec<EdgeEffect>) {
        let leaving = signal.action == Action::Leave;
        let keeps = !self.settings.breaks(if leaving { Mutation::KeepLeave } else { Mutation::KeepUnseen });
        let Some(member) = self.members.get_mut(stay) else { return };
        let connection = member.connection;
        let said = NumberedSignal { n: member.number(), signal };
        if keeps {
            member.keep_unseen(said, &self.tallies);
        } else {
            self.send(ToOwner::Signal(stay.clone(), said), out);
        }
        if leaving {
            self.members.detach(stay);
            connection.into_iter().for_each(|connection| self.forget(connection, out));
        }
        match keeps {
            true => self.send_unseen(stay, false, out),
            false if leaving => _ = self.members.remove(stay),
            false => {}
        }
        connection.filter(|_| !leaving).into_iter().for_each(|connection| self.bound_kept(connection, out));
    }

    /// Sends what is kept of a member, if the attachment stands.
    pub(super) fn send_unseen(&mut self, stay: &StayRef, again: bool, out: &mut Vec<EdgeEffect>) {
        if !matches!(self.link, OwnerLink::Attached(..)) {
            return;
        }
        let Some(member) = self.members.get_mut(stay) else { return };
        let unsent = member.take_unsent(again);
        self.has_unseen |= !unsent.is_empty();
        for said in unsent {
            self.send(ToOwner::Signal(stay.clone(), said), out);
        }
    }

    /// Takes a heartbeat, with the sequence number that the client has if it says so.
    pub fn heartbeat(
        &mut self,
        now: Instant,
        (connection, key): Speaker<'_>,
        sq: Option<u64>,
        out: &mut Vec<EdgeEffect>,
    ) {
        let stay = self.members.stay_of(connection, key);
        let Some((stay, member)) = stay.and_then(|stay| Some((stay.clone(), self.members.get_mut(&stay)?))) else {
            return out.push(EdgeEffect::Tell(connection, ToClient::NotMember));
        };
        member.hear(now);
        let written = sq.and_then(|_| member.begin_confirming());
        sq.into_iter().for_each(|sq| member.note_confirmation(sq));
        let (confirmed, heartbeat) = (member.heartbeat.told(), member.give_heartbeat_state());
        if heartbeat.is_some() {
            self.tell_alive(stay.clone(), out);
        }
        let answer = ToClient::Heartbeat(self.list.clone(), confirmed, heartbeat);
        out.push(EdgeEffect::Tell(connection, answer));
        if let Some(written) = written.filter(|_| !stay.is_of_viewer()) {
            self.send(ToOwner::Written(stay.clone(), written), out);
        }
        self.report_had_of(&stay, out);
    }

    /// Tells the owner what members have, where it is more than it was told.
    pub(super) fn report_had(&mut self, now: Instant, out: &mut Vec<EdgeEffect>) {
        self.deadlines.report_due = None;
        let OwnerLink::Attached(owner, id) = self.link else { return };
        let mut waits = false;
        for (stay, member) in self.members.known_mut() {
            out.extend(member.report_had(stay).map(|message| EdgeEffect::Send(owner, id, message)));
            waits |= member.has_unwritten();
        }
        if waits {
            self.deadlines.report_due = Some(now + self.settings.confirm_interval);
        }
    }

    /// Tells the owner what a session has, before another connection or nobody speaks for it.
    fn report_had_of(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        let OwnerLink::Attached(owner, id) = self.link else { return };
        if stay.is_of_viewer() {
            return;
        }
        let message = self.members.get_mut(stay).and_then(|member| member.report_had(stay));
        out.extend(message.map(|message| EdgeEffect::Send(owner, id, message)));
    }

    /// Tells the owner of a sign of life on the present connection.
    pub(super) fn tell_alive(&self, stay: StayRef, out: &mut Vec<EdgeEffect>) {
        if !stay.is_of_viewer() {
            self.send(ToOwner::Alive(stay), out);
        }
    }

    /// Notes that a connection is gone: its JOINs are forgotten, its members are absent.
    pub fn disconnected(&mut self, now: Instant, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        self.joins.retain(|_, join| join.connection != connection);
        self.held_back.remove(&connection);
        for stay in self.members.stays_on(connection) {
            self.report_had_of(&stay, out);
            self.members.detach(&stay);
            self.tell_absence(now, &stay, out);
        }
    }

    /// Tells the owner that a socket is gone, if the attachment stands and it was not told.
    pub(super) fn tell_absence(&mut self, now: Instant, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        if !matches!(self.link, OwnerLink::Attached(..)) || stay.is_of_viewer() {
            return;
        }
        let Some(member) = self.members.get_mut(stay) else { return };
        if !member.take_untold_absence() {
            return;
        }
        let age = now.since(member.heartbeat.heard());
        self.has_unseen = true;
        self.send(ToOwner::Absent(stay.clone(), age), out);
    }
}

fn unavailable() -> Refusal {
    let reason = "the server has lost its connection to the other nodes".to_owned();
    Refusal { code: AckCode::Unavailable, reason }
}

/// The refusal of a signal without a number, of a member that numbers.
pub(super) fn unnumbered(signal: Signal) -> SignalRefusal {
    let reason = "`n` must be a number from 1 to 2^53 - 1, as `op.n` of JOIN said that signals are numbered".to_owned();
    let (kind, message) = (signal.action.kind(), signal.text.message);
    SignalRefusal { n: 0, kind, code: AckCode::InvalidSignal, reason, message }
}
