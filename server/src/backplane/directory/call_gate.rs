//! A limit for the number of calls in flight. Calls for which a client waits have priority.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Whether a client waits for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A client waits for the answer.
    Awaited,
    /// No client waits for the answer.
    Background,
}

/// The limit for the number of calls in flight.
#[derive(Debug)]
pub struct CallGate(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    awaited: VecDeque<oneshot::Sender<Permit>>,
    background: VecDeque<oneshot::Sender<Permit>>,
}

/// The permit of one call to be in flight.
#[derive(Debug)]
pub struct Permit(Option<Arc<Mutex<State>>>);

impl CallGate {
    /// Creates a gate for `free` concurrent calls.
    pub fn new(free: usize) -> Self {
        let (awaited, background) = (VecDeque::new(), VecDeque::new());
        Self(Arc::new(Mutex::new(State { free, awaited, background })))
    }

    /// Waits until a call may be made.
    pub async fn enter(&self, urgency: Urgency) -> Permit {
        let waiting = {
            let mut state = lock(&self.0);
            if state.free > 0 {
                state.free -= 1;
                return Permit(Some(Arc::clone(&self.0)));
            }
            let (sender, receiver) = oneshot::channel();
            match urgency {
                Urgency::Awaited => state.awaited.push_back(sender),
                Urgency::Background => state.background.push_back(sender),
            }
            receiver
        };
        // The gate outlives those who wait at it, so it drops no sender.
        waiting.await.unwrap_or(Permit(None))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(gate) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = lock(&gate);
                let next = state.awaited.pop_front().or_else(|| state.background.pop_front());
                state.free += usize::from(next.is_none());
                next
            };
            let Some(next) = next else { return };
            match next.send(Self(Some(Arc::clone(&gate)))) {
                Ok(()) => return,
                // It waits no more: the permit that comes back must not be dropped as one that was used.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn awaited_calls_go_first_and_those_given_up_cost_nothing() {
        let gate = CallGate::new(1);
        let first = gate.enter(Urgency::Background).now_or_never().expect("it is free");
        let mut background = Box::pin(gate.enter(Urgency::Background));
        let mut given_up = Box::pin(gate.enter(Urgency::Awaited));
        let mut awaited = Box::pin(gate.enter(Urgency::Awaited));
        for waiting in [&mut background, &mut given_up, &mut awaited] {
            assert!(waiting.now_or_never().is_none());
        }
        drop(given_up);
        drop(first);
        assert!((&mut background).now_or_never().is_none());
        let second = (&mut awaited).now_or_never().expect("it is first");
        drop(second);
        let third = (&mut background).now_or_never().expect("it is next");
        drop(third);
        assert!(gate.enter(Urgency::Background).now_or_never().is_some());
    }
}
