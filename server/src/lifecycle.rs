//! The lifecycle of the server: it drains before it stops, and exits if it cannot work.

use tokio::sync::watch;

/// The stages of one running server, which all of its parts may watch.
#[derive(Debug)]
pub struct Lifecycle {
    draining: watch::Sender<bool>,
    failure: watch::Sender<Option<&'static str>>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { draining: watch::Sender::new(false), failure: watch::Sender::new(None) }
    }
}

impl Lifecycle {
    /// Begins to drain: the server accepts no more joins and claims no more rooms.
    pub fn begin_drain(&self) {
        self.draining.send_replace(true);
    }

    /// Returns whether the server takes no joins any more.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub fn watch_draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Makes the server exit, for this reason.
    pub fn fail(&self, reason: &'static str) {
        self.failure.send_replace(Some(reason));
    }

    /// Waits until the server has to exit.
    pub async fn failed(&self) {
        // The sender lives as long as this.
        let _ = self.failure.subscribe().wait_for(Option::is_some).await;
    }

    /// Returns the reason why the server has to exit, if it has.
    pub fn failure(&self) -> Option<&'static str> {
        *self.failure.borrow()
    }
}
