//! Inputs and actions of a driver.

use roomcast_protocol::client::{Observation, Outgoing};
use roomcast_protocol::signal::Head;

use crate::access::Token;
use crate::member::creation::Creating;
use crate::member::event::MemberEvent;

/// Parameters of a membership that a driver starts with.
#[derive(Debug, Clone)]
pub(in crate::member) struct Joining {
    pub head: Head,
    pub video: bool,
    pub audio: bool,
    pub creating: Creating,
    /// The number below that of the first signal, above all that this session id ever had.
    pub said: u64,
    /// The resume token of the first `JOIN`. With one that nobody else knows, a `JOIN` whose ack was lost can be repeated:
    /// the server takes the one that was brought for as good as the one that it gave.
    pub token: String,
    /// Whether there may be another access token later.
    pub renews: bool,
}

/// An input of the driver.
#[derive(Debug, Clone)]
pub(in crate::member) enum Input {
    /// The connection asked for is there, with this token.
    Opened { token: Option<Token> },
    /// The requested connection could not be established.
    NotOpened { status: Option<u16>, reason: String },
    /// A message came.
    Text(String),
    /// The connection is gone.
    Closed { code: u16, reason: String },
    /// The requested new token, or the reason why there is none.
    Fetched(Result<Option<Token>, String>),
    /// The application signals something.
    Signal(Outgoing),
    /// The application saw something.
    Seen(Observation),
    /// The application wants a new ack of `JOIN`, for its tokens.
    Rejoin,
    /// The application leaves.
    Leave,
    /// Time has passed.
    Tick,
}

/// An action that the task of the driver has to carry out.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::member) enum Action {
    /// Open a connection.
    Connect,
    /// Fetch another token, in the place of one that is being fetched.
    Fetch,
    /// Send a message.
    Send(String),
    /// Drop the connection, or the attempt to open one.
    Abandon,
    /// Close the connection properly.
    Close,
    /// Tell the application.
    Emit(MemberEvent),
    /// Stop.
    Finish,
}
