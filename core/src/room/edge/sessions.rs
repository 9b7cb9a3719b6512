//! Inputs of sessions on this node: their signals are sent to the owner, and kept until the owner has seen them.

use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{self, MemberKey};

use super::{Connections, EdgeEffect, KnownRoom, Link, ToClient};
use crate::cluster::{ClusterSettings, Mutation};
use crate::room::message::{Action, JoinId, NumberedSignal, Signal, SignalRefusal, SignalText, StayRef, ToOwner};
use crate::room::{ConnectionId, Tallies};
use crate::time::Instant;

/// A connection and the session that sends on it.
pub type Speaker<'a> = (ConnectionId, &'a MemberKey);

/// The parts that inputs of sessions operate on: the known state of the room, the link to the owner, and the members
/// and JOINs here.
pub(super) struct Sessions<'a> {
    pub now: Instant,
    pub settings: &'a ClusterSettings,
    pub tallies: &'a Tallies,
    pub room: &'a mut KnownRoom,
    pub link: &'a mut Link,
    pub connections: &'a mut Connections,
}

impl Sessions<'_> {
    /// Handles a signal other than JOIN. `n` is the signal's number, if the client numbers its signals.
    ///
    /// A signal that does not exist in this type of room is refused here; its number counts as seen by the owner.
    pub fn signal(&mut self, from: ConnectionId, n: Option<u64>, signal: &signal::Signal, out: &mut Vec<EdgeEffect>) {
        let key = signal.head.session.key();
        let Some(reason) = self.room.misfit(signal) else {
            return match (&signal.body, Signal::of(signal)) {
                (signal::Body::Heartbeat(beat), _) => self.heartbeat((from, &key), beat.received, out),
                (_, Some(said)) => self.take_signal((from, &key), n, said, out),
                (_, None) => {}
            };
        };
        out.push(EdgeEffect::Tell(from, ToClient::Refused(Box::new(misfit(n, signal, reason)))));
        let Some(stay) = self.connections.members.stay_of(from, &key) else { return };
        self.connections.members.get_mut(&stay).into_iter().for_each(|member| member.hear(self.now));
        self.link.tell_alive(stay, out);
        if n.is_some() {
            let said = Signal { action: Action::Refused(signal.kind()), to: None, text: SignalText::default() };
            self.take_signal((from, &key), n, said, out);
        }
    }

    /// Handles a signal that exists in this type of room.
    pub fn take_signal(&mut self, from: Speaker<'_>, n: Option<u64>, signal: Signal, out: &mut Vec<EdgeEffect>) {
        let (connection, key) = from;
        if let Some(id) = self.connections.joins.newest(connection, key) {
            return self.queue_behind_join(id, from, signal, out);
        }
        let Some(stay) = self.connections.members.stay_of(connection, key) else {
            return out.push(EdgeEffect::Tell(connection, ToClient::NotMember));
        };
        if stay.is_of_viewer() {
            return self.take_signal_of_viewer(&stay, n, signal, out);
        }
        let Some(member) = self.connections.members.get_mut(&stay) else { return };
        member.hear(self.now);
        match n {
            _ if signal.action == Action::Leave => self.keep_and_send(&stay, signal, out),
            Some(n) if member.numbers => self.link.send(ToOwner::Signal(stay, NumberedSignal { n, signal }), out),
            None if member.numbers => {
                let refused = unnumbered(signal);
                out.extend(member.connection.map(|to| EdgeEffect::Tell(to, ToClient::Refused(Box::new(refused)))));
            }
            _ if self.link.is_local() => {
                let n = member.number();
                self.link.send(ToOwner::Signal(stay, NumberedSignal { n, signal }), out);
            }
            _ => self.keep_and_send(&stay, signal, out),
        }
    }

    /// Queues a signal after a waiting JOIN, unless the client numbers its signals and so repeats it after the answer.
    /// LEAVE withdraws the JOIN and ends an earlier stay.
    pub fn queue_behind_join(
        &mut self,
        id: JoinId,
        (connection, key): Speaker<'_>,
        signal: Signal,
        out: &mut Vec<EdgeEffect>,
    ) {
        if signal.action == Action::Leave {
            self.connections.joins.take(id);
            match self.connections.members.stay_of(connection, key) {
                Some(stay) => self.keep_and_send(&stay, signal, out),
                None => self.connections.forget(connection, out),
            }
            return;
        }
        let join = self.connections.joins.get_mut(id).filter(|join| join.request.numbers_above.is_none());
        let Some(join) = join else { return };
        join.keep_behind(signal, self.tallies);
        self.connections.bound_kept(connection, (self.settings, self.tallies, self.link), out);
    }

    /// Sends a signal that the client will not repeat, or LEAVE, and keeps it until an owner has seen it.
    pub fn keep_and_send(&mut self, stay: &StayRef, signal: Signal, out: &mut Vec<EdgeEffect>) {
        let leaving = signal.action == Action::Leave;
        let keeps = !self.settings.breaks(if leaving { Mutation::KeepLeave } else { Mutation::KeepUnseen });
        let Some(member) = self.connections.members.get_mut(stay) else { return };
        let connection = member.connection;
        let said = NumberedSignal { n: member.number(), signal };
        if keeps {
            member.keep_unseen(said, self.tallies);
        } else {
            self.link.send(ToOwner::Signal(stay.clone(), said), out);
        }
        if leaving {
            self.connections.members.detach(stay);
            connection.into_iter().for_each(|connection| self.connections.forget(connection, out));
        }
        match keeps {
            true => self.send_unseen(stay, false, out),
            false if leaving => _ = self.connections.members.remove(stay),
            false => {}
        }
        if let Some(connection) = connection.filter(|_| !leaving) {
            self.connections.bound_kept(connection, (self.settings, self.tallies, self.link), out);
        }
    }

    /// Sends the kept signals of a member, if the attachment is complete.
    fn send_unseen(&mut self, stay: &StayRef, again: bool, out: &mut Vec<EdgeEffect>) {
        let member = self.connections.members.get_mut(stay).filter(|_| self.link.stands());
        let unsent = member.map(|member| member.take_unsent(again)).unwrap_or_default();
        self.link.has_unseen |= !unsent.is_empty();
        for said in unsent {
            self.link.send(ToOwner::Signal(stay.clone(), said), out);
        }
    }

    /// Repeats the messages that the owner may have missed, now that the attachment is complete, and asks clients that
    /// number their signals to resend.
    pub fn say_again(&mut self, out: &mut Vec<EdgeEffect>) {
        let stays: Vec<StayRef> = self.connections.members.known_mut().map(|(stay, _)| stay.clone()).collect();
        for stay in stays {
            self.send_unseen(&stay, true, out);
            self.tell_absence(&stay, out);
            let Some(member) = self.connections.members.get_mut(&stay) else { continue };
            if member.numbers && !self.settings.breaks(Mutation::Resend) {
                let resend = ToClient::Resend(member.heartbeat.confirmed());
                out.extend(member.connection.map(|to| EdgeEffect::Tell(to, resend)));
            }
            if member.was_heard() {
                self.link.tell_alive(stay, out);
            }
        }
    }

    /// Handles a heartbeat. `sq` is the last sequence number that the client received, if it states one.
    pub fn heartbeat(&mut self, (connection, key): Speaker<'_>, sq: Option<u64>, out: &mut Vec<EdgeEffect>) {
        let members = &mut self.connections.members;
        let stay = members.stay_of(connection, key);
        let Some((stay, member)) = stay.and_then(|stay| Some((stay.clone(), members.get_mut(&stay)?))) else {
            return out.push(EdgeEffect::Tell(connection, ToClient::NotMember));
        };
        member.hear(self.now);
        let written = sq.and_then(|_| member.begin_confirming());
        sq.into_iter().for_each(|sq| member.note_confirmation(sq));
        let (confirmed, heartbeat) = (member.heartbeat.told(), member.give_heartbeat_state());
        if heartbeat.is_some() {
            self.link.tell_alive(stay.clone(), out);
        }
        out.push(EdgeEffect::Tell(connection, ToClient::Heartbeat(self.room.list.clone(), confirmed, heartbeat)));
        if let Some(written) = written.filter(|_| !stay.is_of_viewer()) {
            self.link.send(ToOwner::Written(stay.clone(), written), out);
        }
        self.report_had_of(&stay, out);
    }

    /// Reports to the owner the last sequence number that a session received, before its connection changes or is lost.
    pub fn report_had_of(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        if self.link.stands() && !stay.is_of_viewer() {
            let message = self.connections.members.get_mut(stay).and_then(|member| member.report_had(stay));
            message.into_iter().for_each(|message| self.link.send(message, out));
        }
    }

    /// Handles the loss of a connection: drops its JOINs and marks its members absent.
    pub fn disconnected(&mut self, connection: ConnectionId, out: &mut Vec<EdgeEffect>) {
        for stay in self.connections.remove(connection) {
            self.report_had_of(&stay, out);
            self.connections.members.detach(&stay);
            self.tell_absence(&stay, out);
        }
    }

    /// Disconnects members that have been silent for too long. The owner removes them later.
    pub fn let_go(&mut self, silent: Vec<StayRef>, out: &mut Vec<EdgeEffect>) {
        for stay in silent {
            let connection = self.connections.members.detach(&stay);
            if stay.is_of_viewer() {
                self.connections.members.remove(&stay);
            } else {
                self.tell_absence(&stay, out);
            }
            connection.into_iter().for_each(|connection| self.connections.forget(connection, out));
        }
        self.tell_of_viewers(out);
    }

    /// Reports to the owner that a member's socket is gone, if the attachment is complete and this was not reported
    /// yet.
    fn tell_absence(&mut self, stay: &StayRef, out: &mut Vec<EdgeEffect>) {
        if !self.link.stands() || stay.is_of_viewer() {
            return;
        }
        let member = self.connections.members.get_mut(stay);
        if let Some(member) = member
            && member.take_untold_absence()
        {
            let age = self.now.since(member.heartbeat.heard());
            self.link.has_unseen = true;
            self.link.send(ToOwner::Absent(stay.clone(), age), out);
        }
    }
}

/// Returns the refusal of a signal that does not exist in this type of room.
pub(super) fn misfit(n: Option<u64>, signal: &signal::Signal, reason: String) -> SignalRefusal {
    let (kind, message) = (signal.kind(), signal.message.clone());
    SignalRefusal { n: n.unwrap_or(0), kind, code: AckCode::UnsupportedChannel, reason, message }
}

/// Returns the refusal of a signal without a number from a client that numbers its signals.
pub(super) fn unnumbered(signal: Signal) -> SignalRefusal {
    let reason = "`n` must be a number from 1 to 2^53 - 1, as `op.n` of JOIN said that signals are numbered".to_owned();
    let (kind, message) = (signal.action.kind(), signal.text.message);
    SignalRefusal { n: 0, kind, code: AckCode::InvalidSignal, reason, message }
}
