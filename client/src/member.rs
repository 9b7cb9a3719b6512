//! A member of one room over WebSocket.
//!
//! [`Member::join`] starts a task that joins, sends heartbeats, and joins again after a lost connection without loss
//! of signals. The handle signals and leaves; [`Events`] tells what happens. Both channels are bounded.
//!
//! The driver decides; it knows no socket and runs on the machine of the protocol.

mod creation;
mod driver;
mod event;
mod renewal;
mod socket;
mod task;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use roomcast_protocol::client::{Observation, Outgoing, TooManyUnconfirmed};
use roomcast_protocol::id::RoomId;
use roomcast_protocol::limits::{JOIN_ACK_TIMEOUT, MAX_MESSAGE, NUMBERS_BELOW};
use roomcast_protocol::signal::{Head, Recipient, RoomType, Session, SignalKind, encode};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

pub use creation::Creating;
pub use event::MemberEvent;

use crate::{AccessToken, Error, ServerAddress, Trust, clock};
use driver::{Driver, Input, Joining};
use socket::Dial;
use task::Task;

/// Commands, and signals, that wait for the task.
const COMMANDS: usize = 16;
/// Bytes that its number adds to a signal, at most.
const LONGEST_NUMBER: usize = r#""n":9007199254740991,"#.len();
/// Events that wait for the application.
const EVENTS: usize = 256;

/// A signal, and where to tell whether it is taken.
type Said = (Outgoing, oneshot::Sender<bool>);

/// Options of a member: the server, the room, the session and its media.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server: `http://`, `https://`, `ws://` or `wss://`; the path `/ws` is added.
    pub server_url: String,
    /// The JWT, where the server asks for one, or the function that fetches it.
    pub access_token: Option<AccessToken>,
    /// Trusted issuers of the server's certificate.
    pub trust: Trust,
    /// The room.
    pub room: RoomId,
    /// The room's type.
    pub room_type: RoomType,
    /// The session that becomes the member.
    pub session: Session,
    /// Video enabled.
    pub video: bool,
    /// Audio enabled.
    pub audio: bool,
    /// Whether to create the room.
    pub creating: Creating,
}

/// The handle of a member. When the last clone of it is gone, the member leaves.
#[derive(Debug, Clone)]
pub struct Member {
    commands: mpsc::Sender<Input>,
    signals: mpsc::Sender<Said>,
    head: Head,
}

/// Stream of the events of a member. It ends when the member has left or failed.
///
/// While many events wait to be taken, nothing more is read from the server: after a few seconds without an answer to a
/// heartbeat the connection then counts as lost.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<MemberEvent>);

impl Member {
    /// Joins a room. The outcome is reported by the events.
    ///
    /// # Errors
    /// [`Error::Address`] if the server's address is invalid.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn join(options: Options) -> Result<(Self, Events), Error> {
        let Options { room, room_type, session, video, audio, creating, .. } = options;
        let server = ServerAddress::parse(&options.server_url)?;
        let renews = options.access_token.as_ref().is_some_and(AccessToken::changes);
        let (tls, timeout) = (Arc::new(options.trust.config()), JOIN_ACK_TIMEOUT);
        let dial = Dial { server, access_token: options.access_token, timeout, tls, trust: options.trust };
        let head = Head { room_type, room_id: room, session, recipient: None };
        let (commands, from_handle) = mpsc::channel(COMMANDS);
        let (signals, to_send) = mpsc::channel(COMMANDS);
        let (events, to_application) = mpsc::channel(EVENTS);
        // Rises faster than a connection may speak, so that a session id used again goes on above what it said.
        let said = clock::unix_millis().min(NUMBERS_BELOW / 2);
        let token = Uuid::new_v4().to_string();
        let joining = Joining { head: head.clone(), video, audio, creating, said, token, renews };
        let (driver, first) = Driver::new(joining, clock::read());
        tokio::spawn(Task { driver, dial, fetching: None, commands: from_handle, signals: to_send, events }.run(first));
        Ok((Self { commands, signals, head }, Events(to_application)))
    }

    /// Sends a signal; `body` serialises as an object with the signal's own members. Out of the room it is queued; a
    /// signal that the queue cannot take is reported as [`MemberEvent::Dropped`]. A signal sent in the room is kept
    /// until the server confirms it, and sent again after a lost connection.
    ///
    /// # Errors
    /// [`Error::TooLong`] for a message that no server takes, [`Error::Gone`] when the member has left or failed,
    /// [`Error::Unconfirmed`] while so many signals are unconfirmed that no more are kept. Confirmations come only while the events are taken.
    pub async fn signal<B: Serialize>(
        &self,
        kind: SignalKind,
        recipient: Option<Recipient>,
        body: &B,
    ) -> Result<(), Error> {
        let head = Head { recipient, ..self.head.clone() };
        let signal = Outgoing { kind, text: encode(kind, &head, body) };
        let length = signal.text.len() + LONGEST_NUMBER;
        if length > MAX_MESSAGE {
            return Err(Error::TooLong { length });
        }
        let (answer, answered) = oneshot::channel();
        self.signals.send((signal, answer)).await.map_err(|_| Error::Gone)?;
        match answered.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Unconfirmed(TooManyUnconfirmed)),
            Err(_) => Err(Error::Gone),
        }
    }

    /// Tells the watchdog what was seen, beside what goes over the connection: heartbeats, offers and their answers, and
    /// lists it sees by itself. One observation more or less decides nothing: none is waited for.
    pub fn observe(&self, observation: Observation) {
        let _ = self.commands.try_send(Input::Seen(observation));
    }

    /// Joins again over the same connection, for fresh tokens. The event is another [`MemberEvent::Joined`].
    ///
    /// # Errors
    /// [`Error::Gone`] when the member has left or failed.
    pub async fn rejoin(&self) -> Result<(), Error> {
        self.command(Input::Rejoin).await
    }

    /// Leaves for good, whichever clone says it. The events end when that is done.
    ///
    /// # Errors
    /// [`Error::Gone`] when the member has left or failed.
    pub async fn leave(&self) -> Result<(), Error> {
        self.command(Input::Leave).await
    }

    async fn command(&self, input: Input) -> Result<(), Error> {
        self.commands.send(input).await.map_err(|_| Error::Gone)
    }
}

impl Events {
    /// Returns the next event; `None` after the member has left or failed. This method is cancel safe.
    pub async fn next(&mut self) -> Option<MemberEvent> {
        self.0.recv().await
    }
}

impl Stream for Events {
    type Item = MemberEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<MemberEvent>> {
        self.0.poll_recv(context)
    }
}
