//! A member at its edge: its socket, the sequence numbers written to it, and the signals that no owner has seen yet.

use std::collections::{BTreeMap, VecDeque};

use roomcast_protocol::signal::MemberKey;

use super::viewers::Viewer;
use super::{EdgeEffect, ToClient};
use crate::room::Credentials;
use crate::room::message::{
    Action, AttachedMember, AttachmentId, Delivery, JoinRequest, List, NumberedSignal, StayRef, ToOwner,
};
use crate::room::tallies::{HeldBytes, Tallies};
use crate::room::{ConnectionId, DeliveryWatermark, HeartbeatState};
use crate::time::Instant;

/// A signal that is kept until the owner has seen it, and the packet that last carried it.
#[derive(Debug, Clone)]
pub(super) struct UnseenSignal {
    pub signal: NumberedSignal,
    sent: SendState,
    held: HeldBytes,
}

/// The progress of sending an item to the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SendState {
    No,
    /// Sent in this turn, in a packet that has no number yet.
    Now,
    In(AttachmentId, u64),
    /// Sent in an `Attach` that has not been answered yet.
    Named,
    /// Received by the owner.
    Seen,
}

impl SendState {
    fn pack(&mut self, id: AttachmentId, counter: u64) {
        if *self == Self::Now {
            *self = Self::In(id, counter);
        }
    }

    /// Returns whether an acknowledgement in this attachment covers the item. `None` stands for any attachment.
    fn is_seen(self, attachment: Option<AttachmentId>, acked: u64) -> bool {
        match self {
            Self::In(id, counter) => attachment.is_none_or(|current| current == id) && counter <= acked,
            Self::Seen => true,
            Self::No | Self::Now | Self::Named => false,
        }
    }
}

#[derive(Debug)]
pub(super) struct LocalMember {
    pub connection: Option<ConnectionId>,
    /// The credentials of its newest token, if it differs from the token of its JOIN.
    pub renewed: Option<Box<Credentials>>,
    pub numbers: bool,
    pub confirms: bool,
    /// The last sequence number passed to the socket.
    pub written: u64,
    /// The last sequence number written to the socket.
    watermark: DeliveryWatermark,
    /// The last sequence number that the member is known to have received.
    pub had: u64,
    /// The value of `had` that was last reported to the owner.
    told_had: u64,
    /// Sequence numbers that were passed to the socket and not confirmed, and whether each was dropped here as a
    /// repetition.
    unconfirmed: VecDeque<(u64, bool)>,
    /// The time of the last activity, and the confirmation of the member's own signals.
    pub heartbeat: HeartbeatState,
    /// Whether its connection can answer heartbeats without the room.
    has_responder: bool,
    pub unseen: VecDeque<UnseenSignal>,
    /// The number of bytes in `unseen`.
    unseen_bytes: usize,
    last_n: u64,
    /// The progress of reporting the absence to the owner; `None` while the member has a socket.
    absent: Option<SendState>,
    /// The highest stay and number received from each sender.
    highest: BTreeMap<MemberKey, (u64, u64)>,
    /// The state of a viewer that this edge admitted and that the owner does not know.
    pub viewer: Option<Box<Viewer>>,
}

impl LocalMember {
    pub fn new(connection: ConnectionId, now: Instant, sequence: u64) -> Self {
        Self {
            connection: Some(connection),
            renewed: None,
            numbers: false,
            confirms: false,
            written: sequence,
            watermark: DeliveryWatermark::at(sequence),
            had: sequence,
            told_had: sequence,
            unconfirmed: VecDeque::new(),
            heartbeat: HeartbeatState::new(now, false, 0),
            has_responder: false,
            unseen: VecDeque::new(),
            unseen_bytes: 0,
            last_n: 0,
            absent: None,
            highest: BTreeMap::new(),
            viewer: None,
        }
    }

    /// Continues the member in a new stay on the same connection. Messages passed to the socket are still in transit.
    pub fn go_on(self, now: Instant) -> Self {
        let mut member = Self::new(self.connection.unwrap_or(ConnectionId(0)), now, self.had);
        (member.connection, member.written, member.watermark) = (self.connection, self.written, self.watermark);
        (member.unconfirmed, member.highest) = (self.unconfirmed, self.highest);
        member
    }

    /// Begins the stay that a JOIN requested; returns the confirmed number if the client numbers its signals.
    pub fn begin(&mut self, now: Instant, request: &JoinRequest, confirmed: u64) -> Option<u64> {
        self.renewed = None;
        self.numbers = request.numbers_above.is_some();
        self.confirms = self.numbers || request.resume_from.is_some();
        let confirmed = confirmed.max(request.numbers_above.unwrap_or(0));
        self.heartbeat = HeartbeatState::new(now, self.numbers, confirmed);
        self.heartbeat.told()
    }

    /// Returns the entry of the member in an `Attach`.
    pub fn attached(&mut self, now: Instant, stay: &StayRef) -> AttachedMember {
        self.note_delivered();
        let first = self.unseen.front();
        let unseen = first.map_or(self.last_n, |unseen| unseen.signal.n.saturating_sub(1));
        AttachedMember {
            stay: stay.clone(),
            written: self.written,
            had: self.had,
            confirms: self.confirms,
            numbers: self.numbers,
            n: if self.numbers { self.heartbeat.confirmed() } else { unseen },
            // Signals before LEAVE are repeated first.
            leaving: first.is_some_and(|unseen| unseen.signal.signal.action == Action::Leave),
            absent: self.connection.is_none().then(|| now.since(self.heartbeat.heard())),
            renewed: self.renewed.clone(),
        }
    }

    /// Records activity on the present connection, which shows that the client received the answer to its JOIN.
    pub fn hear(&mut self, now: Instant) {
        self.heartbeat.hear(now);
        self.viewer.iter_mut().for_each(|viewer| viewer.hear());
    }

    /// Returns the next number for a signal of a client that does not number its signals.
    pub fn number(&mut self) -> u64 {
        self.last_n += 1;
        self.last_n
    }

    pub fn keep_unseen(&mut self, signal: NumberedSignal, tallies: &Tallies) {
        let held = tallies.hold(signal.signal.text.message.len());
        self.unseen_bytes += held.bytes();
        self.unseen.push_back(UnseenSignal { signal, sent: SendState::No, held });
    }

    /// Returns the kept signals to be sent in this turn: those not sent yet, or all of them if `again`.
    pub fn take_unsent(&mut self, again: bool) -> Vec<NumberedSignal> {
        let unsent = self.unseen.iter_mut().filter(|unseen| again || unseen.sent == SendState::No);
        unsent
            .map(|unseen| {
                unseen.sent = SendState::Now;
                unseen.signal.clone()
            })
            .collect()
    }

    pub fn note_absent(&mut self) {
        self.connection = None;
        // Its connection has to ask from now on.
        self.heartbeat = HeartbeatState::new(self.heartbeat.heard(), self.numbers, self.heartbeat.confirmed());
        self.absent = Some(SendState::No);
    }

    /// Returns the heartbeat state for the connection on the first call, and `None` afterwards.
    pub fn give_heartbeat_state(&mut self) -> Option<HeartbeatState> {
        (!std::mem::replace(&mut self.has_responder, true)).then(|| self.heartbeat.clone())
    }

    /// Returns whether the client has sent a heartbeat on this connection.
    pub const fn was_heard(&self) -> bool {
        self.has_responder
    }

    /// Records that an `Attach` reports the present state of the member.
    pub fn note_named(&mut self) {
        let leaving = self.unseen.front_mut().filter(|unseen| unseen.signal.signal.action == Action::Leave);
        leaving.into_iter().for_each(|unseen| unseen.sent = SendState::Named);
        self.absent = self.absent.map(|_| SendState::Named);
        self.told_had = self.had;
    }

    /// Records that the `Attach` was answered: the owner knows the state that it reported, but no later changes.
    pub fn note_attached(&mut self) {
        self.unseen.retain(|unseen| unseen.sent != SendState::Named);
        self.unseen_bytes = self.unseen.iter().map(|unseen| unseen.held.bytes()).sum();
        self.absent = self.absent.map(|absent| if absent == SendState::Named { SendState::Seen } else { absent });
    }

    /// Returns whether the absence still has to be reported to the owner, and marks it as sent in this turn.
    pub fn take_untold_absence(&mut self) -> bool {
        let untold = self.absent == Some(SendState::No);
        if untold {
            self.absent = Some(SendState::Now);
        }
        untold
    }

    pub fn note_packed(&mut self, id: AttachmentId, counter: u64) {
        self.unseen.iter_mut().for_each(|unseen| unseen.sent.pack(id, counter));
        self.absent.iter_mut().for_each(|absent| absent.pack(id, counter));
    }

    pub fn note_seen(&mut self, attachment: Option<AttachmentId>, acked: u64) {
        while self.unseen.front().is_some_and(|unseen| unseen.sent.is_seen(attachment, acked)) {
            let seen = self.unseen.pop_front();
            self.unseen_bytes -= seen.map_or(0, |seen| seen.held.bytes());
        }
        if self.absent.is_some_and(|absent| absent.is_seen(attachment, acked)) {
            self.absent = Some(SendState::Seen);
        }
    }

    /// Returns whether messages were sent that the owner may not have received.
    pub fn has_unseen(&self) -> bool {
        let is_sent = |sent| matches!(sent, SendState::Now | SendState::In(..));
        self.unseen.iter().any(|unseen| is_sent(unseen.sent)) || self.absent.is_some_and(is_sent)
    }

    /// Returns whether the member has no socket and nothing remains to be reported to the owner.
    pub fn is_done(&self) -> bool {
        self.connection.is_none() && self.unseen.is_empty() && self.absent == Some(SendState::Seen)
    }

    /// Counts messages written to the socket as received, if the client does not confirm sequence numbers.
    pub fn note_delivered(&mut self) {
        if !self.confirms {
            self.confirm(self.watermark.sequence());
        }
    }

    /// Returns the last sequence number that the member received, if it has risen since the last report to the owner.
    pub fn take_untold_had(&mut self) -> Option<u64> {
        self.note_delivered();
        let untold = self.had > self.told_had;
        self.told_had = self.had;
        untold.then_some(self.had)
    }

    /// Returns the report of the last sequence number that the member received, if it has risen since the last report.
    pub fn report_had(&mut self, stay: &StayRef) -> Option<ToOwner> {
        let had = self.take_untold_had()?;
        let message = if self.confirms { ToOwner::Had } else { ToOwner::Written };
        Some(message(stay.clone(), had))
    }

    /// Records that the client confirms sequence numbers from now on; returns the last number written until then, if it
    /// has risen since the last report to the owner.
    pub fn begin_confirming(&mut self) -> Option<u64> {
        if self.confirms {
            return None;
        }
        let written = self.take_untold_had();
        (self.confirms, self.had, self.told_had) = (true, 0, 0);
        written
    }

    /// Returns whether messages are in transit to the socket of a client that does not confirm sequence numbers.
    pub fn has_unwritten(&self) -> bool {
        !self.confirms && self.connection.is_some() && !self.unconfirmed.is_empty()
    }

    /// Returns the number of bytes of signals kept until the owner has seen them.
    pub const fn unseen_bytes(&self) -> usize {
        self.unseen_bytes
    }

    /// Records a signal for the member; returns the watermark with which it is written, or `None` if it is a
    /// repetition.
    pub fn take(&mut self, delivery: &Delivery, drop_repetitions: bool) -> Option<DeliveryWatermark> {
        if !self.takes(delivery.sq) {
            return None;
        }
        let new = !(drop_repetitions && self.note_repetition(delivery));
        self.note_given(delivery.sq, new)
    }

    /// Records the number of a list for the member, as [`take`](Self::take) does for a signal, and returns the message
    /// with the list.
    pub fn show_list(&mut self, list: &List, sq: u64, is_newest: bool) -> Option<EdgeEffect> {
        let connection = self.connection.filter(|_| self.takes(sq))?;
        let watermark = self.note_given(sq, is_newest)?;
        Some(EdgeEffect::Tell(connection, ToClient::List(list.clone(), sq, watermark)))
    }

    const fn takes(&self, sq: u64) -> bool {
        sq > self.written && self.connection.is_some()
    }

    fn note_given(&mut self, sq: u64, new: bool) -> Option<DeliveryWatermark> {
        self.written = sq;
        self.unconfirmed.push_back((sq, !new));
        self.skip_dropped();
        new.then(|| self.watermark.clone())
    }

    /// Records the sender's number of a signal; returns whether the signal was received before.
    fn note_repetition(&mut self, delivery: &Delivery) -> bool {
        if delivery.numbered && self.numbers {
            // The client sees the number itself.
            return false;
        }
        let stay = if delivery.numbered { 0 } else { delivery.from.stay };
        let highest = self.highest.entry(delivery.from.member.clone()).or_default();
        let new = (stay, delivery.n) > *highest;
        *highest = (*highest).max((stay, delivery.n));
        !new
    }

    /// Records the number that the client confirms. A number that was never assigned is ignored, since it may still be
    /// assigned.
    pub fn note_confirmation(&mut self, sq: u64) {
        self.confirm(sq);
        if sq <= self.written {
            self.heartbeat.note_received(sq);
        }
    }

    /// Records that the member received everything up to a number.
    fn confirm(&mut self, sq: u64) {
        if sq > self.written {
            // A number that was never given says nothing.
            return;
        }
        while self.unconfirmed.front().is_some_and(|(number, _)| *number <= sq) {
            self.unconfirmed.pop_front();
        }
        self.had = self.had.max(sq);
        self.skip_dropped();
    }

    /// Counts dropped repetitions as confirmed if everything below them is confirmed.
    fn skip_dropped(&mut self) {
        while let Some((number, true)) = self.unconfirmed.front().copied() {
            self.had = self.had.max(number);
            self.unconfirmed.pop_front();
        }
    }

    /// Records that numbers up to `last` will not be delivered.
    pub fn note_gap(&mut self, last: u64) {
        self.written = self.written.max(last);
    }
}
