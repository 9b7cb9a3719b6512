//! The end of a connection, and the end of a membership.
//!
//! The machine decides; this module reports the decision to the application. Signals that are still queued at the end
//! are reported as dropped.

use roomcast_protocol::client::machine::Input as Step;
use roomcast_protocol::client::{Outcome, State, close_outcome};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::signal::{RoomType, SignalKind};

use super::{Action, Driver};
use crate::member::event::MemberEvent;

impl Driver {
    pub(super) fn not_opened(&mut self, status: Option<u16>, reason: String) {
        let refused = [AckCode::Unauthenticated, AckCode::PermissionNotFound];
        let end = match refused.into_iter().find(|code| Some(code.http()) == status) {
            Some(code) => join_refused(code.number(), reason),
            None => MemberEvent::Unreachable { reason },
        };
        self.feed(Step::NotOpened { status }, Some(end));
    }

    pub(super) fn closed(&mut self, code: u16, reason: String) {
        let end = match close_outcome(code) {
            Outcome::Stop | Outcome::Fail => MemberEvent::Closed { code, reason },
            _ => MemberEvent::Unreachable { reason: format!("closed with code {code} {reason}") },
        };
        self.renewal.lost();
        // A further connection brings a fresh token; with the one that is over its handshake is refused.
        self.feed(Step::Closed { code, renewed: self.joining.renews }, Some(end));
    }

    /// Returns the reason if time alone is the end.
    pub(super) fn silence(&self) -> &'static str {
        let own = &self.joining.head.session.user_id;
        let is_alone = self.participants.iter().all(|one| one.user_id == *own);
        match self.machine.state() {
            State::Joined if self.joining.head.room_type == RoomType::P2p && is_alone => "nobody else came to the call",
            State::Joined => "joining again did not help",
            _ => "JOIN had no answer",
        }
    }

    /// Tells why the membership is over. A server that could not answer `JOIN` is named rather than its silence.
    pub(super) fn tell_end(&mut self, end: Option<MemberEvent>) {
        let put_off = self.put_off.take();
        let end = match end {
            Some(MemberEvent::Unreachable { .. }) => put_off.or(end),
            _ => end,
        };
        end.into_iter().for_each(|end| self.emit(end));
    }

    pub(super) fn hang_up(&mut self) {
        self.dial = None;
        self.renewal.lost();
        // At the end it is closed properly, behind all that was sent.
        if !self.machine.has_ended() {
            self.out.push(Action::Abandon);
        }
    }

    pub(super) fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        for signal in self.again.take() {
            self.emit(MemberEvent::Dropped { signal });
        }
        self.out.extend([Action::Close, Action::Finish]);
    }
}

/// Returns the event of a `JOIN`, or of a connection for it, that was refused.
pub(super) fn join_refused(code: u16, message: String) -> MemberEvent {
    MemberEvent::Refused { signal: SignalKind::Join.name().to_owned(), code, message }
}
