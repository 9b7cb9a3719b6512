//! The thin executor of the driver: a socket, a clock, two bounded channels.
//!
//! Never decides anything. While the application does not take its events, nothing more is read from the server, so
//! that a slow application is a slow consumer to the server and nothing grows here.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;

use tokio::sync::mpsc;

use super::driver::{Action, Driver, Input};
use super::event::MemberEvent;
use super::socket::{Dial, NotOpened, Received, Socket};
use super::{EVENTS, Said};
use crate::access::Token;
use crate::clock::{self, sleep_until};
use crate::random;

type Opening = Pin<Box<dyn Future<Output = Result<(Socket, Option<Token>), NotOpened>> + Send>>;
pub(super) type Fetching = Pin<Box<dyn Future<Output = Result<Option<Token>, String>> + Send>>;

enum Wire {
    Down,
    Opening(Opening),
    Open(Box<Socket>),
}

impl Wire {
    /// Waits for the next input from the connection. This method is cancel safe.
    async fn next(&mut self) -> Input {
        match self {
            Self::Down => pending().await,
            Self::Opening(opening) => match opening.await {
                Ok((socket, token)) => {
                    *self = Self::Open(Box::new(socket));
                    Input::Opened { token }
                }
                Err(NotOpened { status, reason }) => {
                    *self = Self::Down;
                    Input::NotOpened { status, reason }
                }
            },
            Self::Open(socket) => match socket.receive().await {
                Received::Text(text) => Input::Text(text),
                Received::Closed { code, reason } => {
                    *self = Self::Down;
                    Input::Closed { code, reason }
                }
            },
        }
    }
}

pub(super) struct Task {
    pub driver: Driver,
    pub dial: Dial,
    /// The question for another token.
    pub fetching: Option<Fetching>,
    pub commands: mpsc::Receiver<Input>,
    pub signals: mpsc::Receiver<Said>,
    pub events: mpsc::Sender<MemberEvent>,
}

impl Task {
    /// Runs until the driver finishes. `first` is what the driver does first.
    pub async fn run(mut self, first: Vec<Action>) {
        let mut wire = Wire::Down;
        let mut untold = VecDeque::new();
        let mut running = self.perform(first, &mut wire, &mut untold).await;
        while running {
            let Some(input) = self.next_input(&mut wire, &mut untold).await else { continue };
            let mut actions = Vec::new();
            // Signals that the application sent before leaving go out first.
            while matches!(input, Input::Leave)
                && let Ok(said) = self.signals.try_recv()
            {
                let signal = take(&self.driver, said);
                actions.extend(
                    signal.into_iter().flat_map(|signal| self.driver.handle(clock::read(), random::unit(), signal)),
                );
            }
            actions.extend(self.driver.handle(clock::read(), random::unit(), input));
            running = self.perform(actions, &mut wire, &mut untold).await;
        }
        for event in untold {
            if self.events.send(event).await.is_err() {
                break;
            }
        }
    }

    /// `None` when only an event was told, or a signal not taken.
    async fn next_input(&mut self, wire: &mut Wire, untold: &mut VecDeque<MemberEvent>) -> Option<Input> {
        let Self { driver, commands, signals, events, fetching, .. } = self;
        let reading = untold.is_empty() || matches!(wire, Wire::Opening(_));
        tokio::select! {
            // A member whose handles are all gone leaves.
            command = commands.recv() => Some(command.unwrap_or(Input::Leave)),
            // A dropped signal is an event, and events are bounded.
            Some(said) = signals.recv(), if untold.len() < EVENTS => take(driver, said),
            input = wire.next(), if reading => Some(input),
            input = fetched(fetching) => Some(input),
            () = sleep_until(Some(driver.deadline())) => Some(Input::Tick),
            permit = events.reserve(), if !untold.is_empty() => {
                match (permit, untold.pop_front()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    // Nobody listens.
                    _ => untold.clear(),
                }
                None
            }
        }
    }

    /// Carries actions out; `false` when it was the last time.
    async fn perform(&mut self, actions: Vec<Action>, wire: &mut Wire, untold: &mut VecDeque<MemberEvent>) -> bool {
        let mut actions = VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Connect => *wire = Wire::Opening(Box::pin(self.dial.clone().open())),
                Action::Abandon => *wire = Wire::Down,
                Action::Fetch => self.fetching = Some(fetch(self.dial.clone())),
                Action::Emit(event) => untold.push_back(event),
                Action::Finish => return false,
                Action::Close => {
                    if let Wire::Open(socket) = std::mem::replace(wire, Wire::Down) {
                        socket.close().await;
                    }
                }
                Action::Send(text) => {
                    if let Err(reason) = send(wire, &text).await {
                        *wire = Wire::Down;
                        let closed = Input::Closed { code: 1006, reason };
                        actions.extend(self.driver.handle(clock::read(), random::unit(), closed));
                    }
                }
            }
        }
        true
    }
}

fn fetch(dial: Dial) -> Fetching {
    Box::pin(async move { dial.fetch().await })
}

/// Waits for the token from the pending call of the function; never ready if there is none. This method is cancel safe.
async fn fetched(fetching: &mut Option<Fetching>) -> Input {
    let Some(asked) = fetching else { return pending().await };
    let token = asked.await;
    *fetching = None;
    Input::Fetched(token)
}

/// Tells whether the driver takes a signal, which then is an input.
fn take(driver: &Driver, (signal, answer): Said) -> Option<Input> {
    let takes = driver.takes_signals();
    // Whoever does not wait for the answer does not want to know.
    let _ = answer.send(takes);
    takes.then_some(Input::Signal(signal))
}

async fn send(wire: &mut Wire, text: &str) -> Result<(), String> {
    match wire {
        Wire::Open(socket) => socket.send(text).await,
        _ => Ok(()),
    }
}
