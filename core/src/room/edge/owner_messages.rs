//! Messages of the owner, and what they mean for sockets here.

use std::collections::HashMap;
use std::time::Duration;

use roomcast_protocol::ack::RoomClosedReason;
use roomcast_protocol::code::CloseCode;

use super::local_member::LocalMember;
use super::viewers::Viewer;
use super::{Edge, EdgeEffect, JoinAnswer, OwnerLink, ToClient, WaitingJoin};
use crate::cluster::{BootId, Mutation};
use crate::room::message::{Attached, AttachmentId, Delivery, JoinId, Joined, List, StayEnd, StayRef, ToEdge, ToOwner};
use crate::time::Instant;

impl Edge {
    /// Takes a message of an owner.
    pub fn on_message(
        &mut self,
        now: Instant,
        (from, id): (BootId, AttachmentId),
        message: ToEdge,
        out: &mut Vec<EdgeEffect>,
    ) {
        if self.attachment() != Some((from, id)) {
            // The owner has an attachment that this edge has given up; a newer one with it speaks for itself.
            let elsewhere = self.attachment().is_none_or(|(owner, _)| owner != from);
            if elsewhere && !matches!(message, ToEdge::NotOwner | ToEdge::Closed(_)) {
                out.push(EdgeEffect::Send(from, id, ToOwner::Detach));
            }
            return;
        }
        match (self.link, message) {
            (_, ToEdge::NotOwner) => self.seek(out),
            (_, ToEdge::Again) => out.push(EdgeEffect::Reattach(from)),
            (_, ToEdge::Closed(reason)) => self.on_closed(reason, out),
            (OwnerLink::Attaching(..), ToEdge::Attached(attached)) => self.on_attached(now, *attached, out),
            // The answer to `Attach` is the first that counts in an attachment.
            (OwnerLink::Attaching(..) | OwnerLink::Seeking, _) => {}
            (OwnerLink::Attached(..), message) => self.on_attached_message(now, message, out),
        }
    }

    fn on_attached_message(&mut self, now: Instant, message: ToEdge, out: &mut Vec<EdgeEffect>) {
        match message {
            ToEdge::Joined(joined) => self.on_joined(now, *joined, out),
            ToEdge::JoinRefused(id, refusal) => self.refuse_join(id, refusal, out),
            ToEdge::JoinSuperseded(id) => self.on_superseded(id, out),
            ToEdge::Deliver(stay, delivery) => self.deliver(now, &stay, delivery, out),
            ToEdge::Gap(stay, first, last) => {
                if let Some(member) = self.members.get_mut(&stay) {
                    member.note_gap(last);
                    out.extend(member.connection.map(|to| EdgeEffect::Tell(to, ToClient::Gap(first, last))));
                }
            }
            ToEdge::List(list, stays) => {
                self.deadlines.report_due.get_or_insert(now + self.settings.confirm_interval);
                self.show_list(list, stays, out);
            }
            ToEdge::Confirmed(stay, n) => {
                if let Some(member) = self.members.get_mut(&stay) {
                    member.heartbeat.confirm(n);
                }
            }
            ToEdge::Refused(stay, refused) => {
                let to = self.members.get_mut(&stay).and_then(|member| member.connection);
                out.extend(to.map(|to| EdgeEffect::Tell(to, ToClient::Refused(refused))));
            }
            ToEdge::Kicked(to, left, text) => self.on_kicked(now, (&to, left), &text, out),
            ToEdge::EndStay(stay, stay_end) => self.end_stay(&stay, stay_end, out),
            ToEdge::Stream(update) => self.on_stream(*update, out),
            ToEdge::Uploaded(id, answer) => self.on_uploaded(id, answer, out),
            ToEdge::Attached(_) | ToEdge::NotOwner | ToEdge::Closed(_) | ToEdge::Again => {}
        }
    }

    /// The attachment stands: both sides say again what the other may lack.
    fn on_attached(&mut self, now: Instant, attached: Attached, out: &mut Vec<EdgeEffect>) {
        let OwnerLink::Attaching(owner, id) = self.link else { return };
        self.link = OwnerLink::Attached(owner, id);
        let is_same_life = self.life.replace(attached.life).is_none_or(|before| before == attached.life);
        if !is_same_life {
            // Lists of another life have versions of their own; its members are let go without them.
            self.list = attached.list.clone();
            self.forget_streams();
        }
        self.room_type = Some(attached.room_type);
        self.members.known_mut().for_each(|(_, member)| member.note_attached());
        self.members.drop_done();
        self.note_kicks(now, attached.kicks, is_same_life, out);
        self.show_list(attached.list, Vec::new(), out);
        let stays: Vec<StayRef> = self.members.known_mut().map(|(stay, _)| stay.clone()).collect();
        for stay in stays {
            self.send_unseen(&stay, true, out);
            self.tell_absence(now, &stay, out);
            let Some(member) = self.members.get_mut(&stay) else { continue };
            let was_heard = member.was_heard();
            if member.numbers && !self.settings.breaks(Mutation::Resend) {
                let resend = ToClient::Resend(member.heartbeat.confirmed());
                out.extend(member.connection.map(|to| EdgeEffect::Tell(to, resend)));
            }
            if was_heard {
                self.tell_alive(stay, out);
            }
        }
        self.on_streams(owner, attached.streams, out);
        let unsent = self.joins.iter().filter(|(_, join)| !join.sent);
        for id in unsent.map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Some(join) = self.take_join(id) {
                self.decide_join((now, true), join, out);
            }
        }
        self.send_uploads(out);
    }

    fn on_closed(&mut self, reason: RoomClosedReason, out: &mut Vec<EdgeEffect>) {
        self.link = OwnerLink::Seeking;
        self.close(reason, out);
        if self.is_needed() {
            out.push(EdgeEffect::Seek);
        }
    }

    fn on_joined(&mut self, now: Instant, joined: Joined, out: &mut Vec<EdgeEffect>) {
        if let Some(member) = self.members.get_mut(&joined.stay) {
            // A repeated answer tells what was confirmed since the first.
            member.heartbeat.confirm(joined.confirmed);
            return;
        }
        let Some(join) = self.take_join(joined.id) else {
            self.send(ToOwner::Absent(joined.stay, Duration::ZERO), out);
            return;
        };
        self.begin_stay(now, join, joined, None, out);
    }

    /// Begins the stay of a member that was admitted, and answers its JOIN.
    pub(super) fn begin_stay(
        &mut self,
        now: Instant,
        join: Box<WaitingJoin>,
        joined: Joined,
        viewer: Option<Box<Viewer>>,
        out: &mut Vec<EdgeEffect>,
    ) {
        let (key, connection) = (&joined.stay.member, join.connection);
        // A JOIN on the same connection ends the stay before, not the connection. A viewer has one stay.
        let before = self.members.stay_of(connection, key).unwrap_or_else(|| StayRef::of_viewer(key.clone()));
        let before = self.members.remove(&before);
        let other = before.as_ref().and_then(|before| before.connection).filter(|before| *before != connection);
        out.extend(other.map(|other| EdgeEffect::Close(other, CloseCode::SessionReplaced)));
        let goes_on = join.request.resume_from.is_none() && joined.resumed;
        let mut member = match before.filter(|before| goes_on && before.connection == Some(connection)) {
            Some(before) => before.go_on(now),
            None => LocalMember::new(join.connection, now, joined.sequence),
        };
        member.viewer = viewer;
        let confirmed = member.begin(now, &join.request, joined.confirmed);
        self.room_type = Some(join.request.room_type);
        self.note_list(joined.list, out);
        let (id, resumed, sequence) = (joined.id, joined.resumed, joined.last);
        let (role, list) = (self.list.role(&joined.stay.member), self.list.clone());
        let answer = JoinAnswer { id, resumed, sequence, confirmed, role, list };
        let stay = joined.stay;
        self.members.insert(stay.clone(), member);
        self.deadlines.schedule_silence_check(now + self.settings.heartbeat_timeout);
        out.push(EdgeEffect::Tell(connection, ToClient::Joined(Box::new(answer))));
        if self.viewers.told {
            self.tell_of_viewers(out);
        }
        if let Some(credentials) = join.request.credentials.filter(|_| join.renewed) {
            self.renew_stay(&stay, &credentials, out);
        }
        for (signal, _) in join.behind {
            self.take_signal(now, (join.connection, &stay.member), None, signal, out);
        }
    }

    fn on_superseded(&mut self, id: JoinId, out: &mut Vec<EdgeEffect>) {
        if let Some(join) = self.take_join(id) {
            out.push(EdgeEffect::Close(join.connection, CloseCode::SessionReplaced));
        }
    }

    fn deliver(&mut self, now: Instant, stay: &StayRef, delivery: Delivery, out: &mut Vec<EdgeEffect>) {
        self.deadlines.report_due.get_or_insert(now + self.settings.confirm_interval);
        let drop_repetitions = !self.settings.breaks(Mutation::DropRepetitions);
        let Some(member) = self.members.get_mut(stay) else { return };
        if let Some(connection) = member.connection
            && let Some(watermark) = member.take(&delivery, drop_repetitions)
        {
            out.push(EdgeEffect::Tell(connection, ToClient::Deliver(delivery, watermark)));
        }
    }

    /// Takes a list, and shows it to the members that it has numbers for.
    fn show_list(&mut self, list: List, stays: Vec<(u64, u64)>, out: &mut Vec<EdgeEffect>) {
        let is_newest = list.version >= self.list.version;
        self.note_list(list, out);
        let numbers: HashMap<u64, u64> = stays.into_iter().collect();
        if numbers.is_empty() {
            return;
        }
        for (stay, member) in self.members.iter_mut() {
            let Some(sq) = numbers.get(&stay.stay) else { continue };
            out.extend(member.show_list(&self.list, *sq, is_newest));
        }
    }

    /// Takes a list unless it is older, and shows a newer one to viewers, for which the owner has no numbers.
    fn note_list(&mut self, list: List, out: &mut Vec<EdgeEffect>) {
        let (known, version) = (self.list.version, list.version);
        if version >= known {
            self.list = list;
        }
        if version > known {
            self.show_viewers(out);
        }
    }

    fn end_stay(&mut self, stay: &StayRef, stay_end: StayEnd, out: &mut Vec<EdgeEffect>) {
        let Some(connection) = self.members.remove(stay).and_then(|member| member.connection) else { return };
        match stay_end {
            StayEnd::TakenOver => out.push(EdgeEffect::Close(connection, CloseCode::SessionReplaced)),
            StayEnd::Unknown => out.push(EdgeEffect::Close(connection, CloseCode::ServiceRestart)),
            StayEnd::Kicked(sq, text) => {
                out.push(EdgeEffect::Tell(connection, ToClient::Kicked(sq, text)));
                self.forget(connection, out);
            }
        }
    }
}
