//! How a connection ends, and how a membership does.
//!
//! A lost connection is tried again after a delay; what a close code means is said by the protocol. Whatever waits to be
//! said at the end is told as dropped.

use roomcast_protocol::client::machine::MAX_JOINS;
use roomcast_protocol::client::{Event, Outcome, State, close_outcome, reconnect_delay};
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::signal::SignalKind;
use roomcast_protocol::signal::encode::Nothing;

use super::{Action, Driver, Link};
use crate::member::event::MemberEvent;

/// What the end of a connection without a close code is to the watchdog.
const ABNORMAL: u16 = 1006;

impl Driver {
    pub(super) fn not_opened(&mut self, status: Option<u16>, reason: String) {
        let refused = match status {
            Some(401) => Some(AckCode::Unauthenticated),
            Some(403) => Some(AckCode::PermissionNotFound),
            _ => None,
        };
        if let Some(code) = refused {
            return self.refused(code.number(), reason);
        }
        self.unanswered += u32::from(self.watched.state() == State::Initializing);
        self.lost(reason);
    }

    pub(super) fn closed(&mut self, code: u16, reason: String) {
        // A further connection brings a fresh token. A member that was not even admitted with that one has come to its end.
        let is_token_over = code == CloseCode::TokenExpired.number() && self.joining.renews;
        let is_admitted = matches!(self.link, Link::Admitted(_));
        if close_outcome(code) == Outcome::Reconnect || (is_token_over && is_admitted) {
            return self.lost(format!("closed with code {code} {reason}"));
        }
        self.emit(MemberEvent::Closed { code, reason });
        self.fail();
    }

    pub(super) fn lost(&mut self, reason: String) {
        self.watched.close(self.at(), ABNORMAL);
        self.tell_state();
        if self.unanswered >= MAX_JOINS {
            return self.give_up(reason);
        }
        self.renewal.lost();
        self.link = Link::Down { retry: self.now + reconnect_delay(self.failures, self.random) };
        self.failures = self.failures.saturating_add(1);
    }

    /// Nothing helped, as often as is worth trying.
    pub(super) fn give_up(&mut self, reason: String) {
        match self.put_off.take() {
            Some((code, message)) => self.refused(code, message),
            None => {
                self.emit(MemberEvent::Unreachable { reason });
                self.fail();
            }
        }
    }

    pub(super) fn refused(&mut self, code: u16, message: String) {
        let signal = SignalKind::Join.name().to_owned();
        self.emit(MemberEvent::Refused { signal, code, message });
        self.fail();
    }

    /// The end, from whatever state. From `waitingNetwork` the table leads there only through another attempt to join.
    pub(super) fn fail(&mut self) {
        if self.watched.state() == State::WaitingNetwork {
            self.go(Event::JoinResent);
        }
        if let Some(event) = Outcome::Fail.event_in(self.watched.state()) {
            self.go(event);
        }
        self.tell_state();
        self.finish();
    }

    fn finish(&mut self) {
        let unsaid = self.waiting.drain();
        self.tell_dropped(unsaid);
        self.out.extend([Action::Close, Action::Finish]);
    }

    pub(super) fn leave(&mut self) {
        // Before the ack the server may know the member already, so it is told in any case.
        if matches!(self.link, Link::Asked | Link::Admitted(_)) {
            self.send(SignalKind::Leave, &Nothing {});
            self.go(Event::LeaveSent);
        }
        self.finish();
    }
}
