//! The member's access token, replaced on the connection that it came with.

use roomcast_protocol::ack::{Ack, Renewed};
use roomcast_protocol::client::machine::Input as Step;
use roomcast_protocol::signal::Renew;

use super::reply::{OK, body, sentence};
use super::{Action, Driver};
use crate::access::Token;
use crate::clock::Clocks;
use crate::member::event::MemberEvent;

impl Driver {
    pub(super) fn opened(&mut self, token: Option<Token>) {
        let clocks = self.clocks();
        self.renewal.opened(clocks, token);
        self.feed(Step::Opened, None);
    }

    /// Begins to fetch another token when it is time.
    pub(super) fn renew(&mut self) {
        if self.renewal.begin_fetch_if_due(self.now, self.random) {
            self.out.push(Action::Fetch);
        }
    }

    /// Sends the token that was fetched, unless the connection has it already.
    pub(super) fn on_token_fetched(&mut self, token: Result<Option<Token>, String>) {
        let token = token.unwrap_or_else(|reason| {
            tracing::warn!(reason, "no other access token; asking again");
            None
        });
        if let Some(token) = self.renewal.note_fetched(self.now, self.random, token) {
            let renew = Renew { token: token.expose().to_owned() };
            self.out.push(Action::Send(renew.encode()));
        }
    }

    /// Handles the answer to a renewal: notes when the new token expires, or emits the refusal. A refusal leaves the
    /// connection as it is.
    pub(super) fn on_renew_ack(&mut self, ack: &Ack<'_>) {
        let renewed = if ack.code == OK { body::<Renewed>(ack) } else { None };
        let clocks = self.clocks();
        self.renewal.note_answer(clocks, self.random, renewed.map(|renewed| renewed.exp));
        if ack.code != OK {
            let (signal, code, message) = (ack.name.to_string(), ack.code, sentence(ack));
            self.emit(MemberEvent::Refused { signal, code, message });
        }
    }

    fn clocks(&self) -> Clocks {
        Clocks { now: self.now, unix: self.unix }
    }
}
