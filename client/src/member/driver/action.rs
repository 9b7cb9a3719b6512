//! What a driver is told, and what it answers.

use std::time::Duration;

use roomcast_protocol::client::watchdog::INTERVAL;
use roomcast_protocol::client::{Observation, Outgoing};
use roomcast_protocol::limits::JOIN_ACK_TIMEOUT;
use roomcast_protocol::signal::Head;

use crate::access::Token;
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
    /// The number below that of the first signal, above all that this session id ever had.
    pub said: u64,
    /// Whether there may be another access token later.
    pub renews: bool,
}

/// How long a member waits for the ack of its `JOIN`. All times of the watchdog are scaled alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long for one ack.
    pub join_ack: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { join_ack: JOIN_ACK_TIMEOUT }
    }
}

impl Patience {
    /// A time in the milliseconds of the watchdog, whose ack of `JOIN` takes [`JOIN_ACK_TIMEOUT`].
    pub(super) fn millis(self, passed: Duration) -> u64 {
        let scaled = passed.as_millis() * JOIN_ACK_TIMEOUT.as_millis() / self.join_ack.as_millis().max(1);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    /// The time between two looks of the watchdog.
    pub(super) fn interval(self) -> Duration {
        let scaled = Duration::from_millis(INTERVAL).mul_f64(self.join_ack.div_duration_f64(JOIN_ACK_TIMEOUT));
        scaled.max(Duration::from_millis(1))
    }
}

/// What happens to the driver.
#[derive(Debug, Clone)]
pub(in crate::member) enum Input {
    /// The connection asked for is there, with this token.
    Opened { token: Option<Token> },
    /// The connection asked for did not come about.
    NotOpened { status: Option<u16>, reason: String },
    /// A message came.
    Text(String),
    /// The connection is gone.
    Closed { code: u16, reason: String },
    /// The other token that was asked for, or why there is none.
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

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::member) enum Action {
    /// Open a connection.
    Connect,
    /// Fetch another token, in the place of one that is being fetched.
    Fetch,
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
