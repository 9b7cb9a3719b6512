//! The life of a connection's token: another one in its place, and its revocation.

use std::sync::Arc;

use roomcast_core::room::OutboundMessage;
use roomcast_protocol::access::{Permit, Reason, Refused};
use roomcast_protocol::ack::{self, Renewed as RenewAck};
use roomcast_protocol::code::{AckCode, CloseCode};
use roomcast_protocol::signal::{Renew, SignalKind};

use super::application::Session;
use crate::access::counted;
use crate::clock::unix_millis;
use crate::room::Renewed;
use crate::socket::ConnectionHandle;

impl Session {
    /// Takes another token for the connection. A refused one changes nothing.
    pub(super) fn renew(&mut self, text: &str, handle: &mut ConnectionHandle<'_, Self>) {
        let token = match Renew::decode(text) {
            Ok(Renew { token }) => token,
            Err(refusal) => return self.refuse_renewal(refusal.code, &refusal.reason),
        };
        if self.permit.is_none() {
            return self.refuse_renewal(AckCode::PermissionNotFound, "this server wants no access tokens");
        }
        // Signals behind it are judged by the new token, except while its key is fetched.
        if self.state.access.remote().is_none() {
            return self.renewed(self.state.access.admit(Some(&token)), handle);
        }
        let state = Arc::clone(&self.state);
        let judged = async move {
            state.access.prepare(Some(&token)).await;
            state.access.admit(Some(&token))
        };
        handle.when_done(judged, Self::renewed);
    }

    fn renewed(&mut self, judged: Result<Option<Arc<Permit>>, Refused>, handle: &mut ConnectionHandle<'_, Self>) {
        let permit = match judged {
            Ok(Some(permit)) => permit,
            Ok(None) => return,
            Err(refused) => return self.refuse_renewal(refused.reason.code(), &refused.sentence),
        };
        if self.permit.as_ref().is_none_or(|former| former.subject != permit.subject) {
            return self.refuse_renewal(AckCode::PermissionNotFound, "the token is of another subject");
        }
        let (exp, now) = (permit.expires, unix_millis() / 1000);
        if exp <= now {
            let refused = Refused::new(Reason::Expired, format!("the token ended {} s ago", now - exp));
            return self.refuse_renewal(refused.reason.code(), &counted(refused).sentence);
        }
        (self.permit, self.taken) = (Some(Arc::clone(&permit)), unix_millis() / 1000);
        self.renewals += 1;
        self.end_with_token(handle);
        // In front of what follows from it in the rooms.
        self.outbox.send(OutboundMessage::plain(ack::encode(SignalKind::Renew.name(), &RenewAck { exp })));
        for room in self.rooms.values() {
            room.do_send(Renewed { connection: self.connection, permit: Arc::clone(&permit) });
        }
    }

    /// The request is never quoted: it holds a token.
    fn refuse_renewal(&self, code: AckCode, reason: &str) {
        self.say_error(code, Some(SignalKind::Renew), reason, None);
    }

    /// Closes the connection if its token was revoked, everywhere or in one of its rooms; its members leave these.
    pub(super) fn judge(&self, handle: &mut ConnectionHandle<'_, Self>) {
        let Some(permit) = &self.permit else { return };
        let permit = Permit { issued: permit.issued.min(self.taken), ..Permit::clone(permit) };
        let everywhere = self.state.access.check_in(&permit, None).is_err();
        let is_refused = |room| everywhere || self.state.access.check_in(&permit, Some(room)).is_err();
        let nothing = Arc::new(Permit { grant: None, ..permit.clone() });
        let mut is_over = everywhere;
        for (_, room) in self.rooms.iter().filter(|(id, _)| is_refused(id)) {
            room.do_send(Renewed { connection: self.connection, permit: Arc::clone(&nothing) });
            is_over = true;
        }
        if is_over {
            handle.close(CloseCode::TokenExpired);
        }
    }
}
