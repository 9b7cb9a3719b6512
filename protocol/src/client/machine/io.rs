//! Inputs and outputs of the machine.

use crate::client::queue::Outgoing;
use crate::client::state::{Event, State};
use crate::client::watchdog::Observation;
use crate::client::wire::Facts;

/// An input of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// The application joins, for the first time or after leaving.
    Join,
    /// The application leaves. A member may join again; in other states it is the end of the machine.
    Leave,
    /// The application wants a new ack of `JOIN` over the connection that it has, for fresh tokens.
    Rejoin,
    /// The application signals something.
    Signal(Outgoing),
    /// The number of signals that may be sent from now on; any number until this is told.
    Window(usize),
    /// The next heartbeat is wanted as soon as may be.
    Hurry,
    /// The connection asked for is there.
    Opened,
    /// The connection asked for did not come about.
    NotOpened {
        /// The HTTP status that refused it, if there was an answer that can be seen.
        status: Option<u16>,
    },
    /// The connection is gone or did not come about; 1006 when there was no close code.
    Closed {
        /// The WebSocket close code.
        code: u16,
        /// Whether the application gives another access token for the next connection.
        renewed: bool,
    },
    /// The device says that it has no network.
    Offline,
    /// The device says that it has a network.
    Online,
    /// A message of the server came.
    Message(Facts<'a>),
    /// The client saw something.
    Seen(Observation),
    /// A second has passed, or a heartbeat is due.
    Tick,
}

/// An action that the caller of the machine has to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Open a connection after a delay.
    Connect {
        /// The delay in milliseconds.
        delay: u64,
    },
    /// Let go of the connection, or of the attempt to open one. [`Input::Closed`] need not follow.
    Close,
    /// Send `JOIN`.
    SendJoin,
    /// Send `LEAVE`.
    SendLeave,
    /// Send `HEARTBEAT`.
    SendHeartbeat,
    /// Send a signal of the application.
    Send(Outgoing),
    /// The state is another one.
    StateChanged(State),
    /// A signal of the application is lost.
    Dropped {
        /// The signal.
        signal: Outgoing,
        /// The reason.
        because: Lost,
    },
    /// An event that does not move the state.
    Ignored(Event),
    /// The machine is over: from now on it takes nothing.
    Finished,
}

/// Reasons why a signal was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The queue was full.
    Overflow,
    /// The client has left or failed.
    Ended,
}
