//! What a driver is told, and what it answers.

use std::time::Duration;

use roomcast_protocol::limits::{JOIN_ACK_TIMEOUT, JOIN_ATTEMPTS};
use roomcast_protocol::signal::Head;

use crate::member::creation::Creating;
use crate::member::event::MemberEvent;

/// Who joins what, and how.
#[derive(Debug, Clone)]
pub(in crate::member) struct Joining {
    pub head: Head,
    pub video: bool,
    pub audio: bool,
    pub creating: Creating,
    pub patience: Patience,
}

/// How long and how often a member waits for the ack of its `JOIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long for one ack.
    pub join_ack: Duration,
    /// How many `JOIN`s in a row may go unanswered.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { join_ack: JOIN_ACK_TIMEOUT, attempts: JOIN_ATTEMPTS }
    }
}

/// What happens to the driver.
#[derive(Debug, Clone)]
pub(in crate::member) enum Input {
    /// The connection asked for is there.
    Opened,
    /// The connection asked for did not come about.
    NotOpened { status: Option<u16>, reason: String },
    /// A message came.
    Text(String),
    /// The connection is gone.
    Closed { code: u16, reason: String },
    /// The application signals something.
    Signal(String),
    /// The application wants a new ack of `JOIN`, for its tokens.
    Rejoin,
    /// The application leaves.
    Leave,
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::member) enum Action {
    /// Open a connection.
    Connect,
    /// Send a message.
    Send(String),
    /// Let go of the connection: it is dead.
    Abandon,
    /// Close the connection properly.
    Close,
    /// Tell the application.
    Emit(MemberEvent),
    /// Stop.
    Finish,
}
