//! The session: one connection and the rooms it is in.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;

use roomcast_core::room::ConnectionId;
use roomcast_protocol::access::Permit;
use roomcast_protocol::ack::{self, KeepAlive};
use roomcast_protocol::code::CloseCode;

use crate::clock::unix_millis;
use crate::room::{Disconnected, Inbox, JoinedRooms, Outbox, OutboxItem, hand_over};
use crate::socket::{Application, ConnectionHandle, SendBudget, SendQueueId};
use crate::state::AppState;

/// The server's side of one connection.
pub struct Session {
    pub(super) state: Arc<AppState>,
    pub(super) connection: ConnectionId,
    pub(super) outbox: Outbox,
    pub(super) rooms: JoinedRooms,
    /// The permit of the connection's token; none at an open server.
    pub(super) permit: Option<Arc<Permit>>,
    /// The time at which the token was taken, in seconds since 1970: it was certainly issued by then, whatever its
    /// issuer's clock says.
    pub(super) taken: u64,
    /// Rises with each token, so that the end of a former one means nothing.
    pub(super) renewals: u32,
    inbox: Option<Inbox>,
}

impl Session {
    pub fn new(
        state: Arc<AppState>,
        permit: Option<Arc<Permit>>,
        budget: Arc<SendBudget>,
        send_queue: SendQueueId,
    ) -> Self {
        let (outbox, inbox) = Outbox::new(budget, send_queue);
        let connection = state.connections.open(&outbox);
        Self {
            state,
            connection,
            outbox,
            rooms: JoinedRooms::default(),
            permit,
            taken: unix_millis() / 1000,
            renewals: 0,
            inbox: Some(inbox),
        }
    }

    /// Closes the connection some time after the end of its token, unless it is too old before.
    pub(super) fn end_with_token(&self, handle: &mut ConnectionHandle<'_, Self>) {
        let Some(left) = self.time_left() else { return };
        let renewals = self.renewals;
        if left < self.state.settings.connection.max_connection_age {
            handle.when_done(actix_web::rt::time::sleep(left), move |session, (), handle| {
                if session.renewals == renewals {
                    handle.close(CloseCode::TokenExpired);
                }
            });
        }
    }

    /// Returns the time for which the connection may go on with its token.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let permit = self.permit.as_ref()?;
        let end = Duration::from_secs(permit.expires) + self.state.settings.access.auth_grace;
        Some(end.saturating_sub(Duration::from_millis(unix_millis())))
    }

    fn deliver(&mut self, item: OutboxItem, handle: &mut ConnectionHandle<'_, Self>) {
        match item {
            OutboxItem::Message(message) => hand_over(message, handle.send_queue()),
            OutboxItem::AnswerHeartbeats(room, responder) => self.rooms.add_responder(&room, *responder),
            OutboxItem::Close(code) => handle.close(code),
            OutboxItem::Judge => self.judge(handle),
            OutboxItem::Read(room, reads) => {
                self.rooms.note_reads(&room, reads);
                handle.set_reading(self.rooms.may_read());
            }
            OutboxItem::Forget(left) => {
                self.rooms.forget(&left);
                handle.set_reading(self.rooms.may_read());
            }
        }
    }
}

impl Application for Session {
    fn opened(&mut self, handle: &mut ConnectionHandle<'_, Self>) {
        if let Some(inbox) = self.inbox.take() {
            handle.listen(inbox, Self::deliver);
        }
        self.end_with_token(handle);
    }

    fn text(&mut self, text: ByteString, handle: &mut ConnectionHandle<'_, Self>) {
        self.on_message(text, handle);
    }

    fn keepalive(&mut self) -> Option<ByteString> {
        Some((&*ack::encode(ack::name::KEEPALIVE, &KeepAlive { ts: unix_millis() })).into())
    }

    fn closed(&mut self) {
        self.state.connections.close(self.connection);
        for room in self.rooms.values() {
            room.do_send(Disconnected { connection: self.connection });
        }
    }
}
