//! The list of connections on this node, with which all are closed when the node stops.
//!
//! The list costs one entry per connection. A task that waits for the stop would cost several hundred bytes per
//! connection and a check for each message.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast_core::room::ConnectionId;
use roomcast_protocol::code::CloseCode;

use super::outbox::Outbox;

/// The open connections.
#[derive(Debug, Default)]
pub struct Connections(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    last: u64,
    open: HashMap<ConnectionId, Outbox>,
    /// The connections that were asked to close and have not closed yet.
    leaving: usize,
    /// The reason with which all connections are closed, once the node stops.
    closed: Option<CloseCode>,
}

impl Connections {
    /// Returns the number of connections.
    pub fn count(&self) -> usize {
        self.lock().open.len()
    }

    /// Adds a connection and returns its id. After [`close_all`](Self::close_all), it is closed at once.
    pub fn open(&self, outbox: &Outbox) -> ConnectionId {
        let mut list = self.lock();
        list.last += 1;
        let id = ConnectionId(list.last);
        match list.closed {
            Some(code) => outbox.close(code),
            None => drop(list.open.insert(id, outbox.clone())),
        }
        id
    }

    /// Removes a connection.
    pub fn close(&self, id: ConnectionId) {
        let mut list = self.lock();
        if list.open.remove(&id).is_none() {
            list.leaving = list.leaving.saturating_sub(1);
        }
        // A table does not shrink by itself after many have left.
        if list.open.capacity() > 1024 && list.open.len() < list.open.capacity() / 8 {
            list.open.shrink_to_fit();
        }
    }

    /// Makes every connection check whether its token was revoked.
    pub fn judge_all(&self) {
        self.lock().open.values().for_each(Outbox::judge);
    }

    /// Returns whether all connections that were asked to close have closed.
    pub fn is_empty(&self) -> bool {
        let list = self.lock();
        list.open.is_empty() && list.leaving == 0
    }

    /// Closes all connections, each after its queued messages.
    pub fn close_all(&self, code: CloseCode) {
        let open = {
            let mut list = self.lock();
            list.closed = Some(code);
            list.leaving = list.open.len();
            std::mem::take(&mut list.open)
        };
        open.values().for_each(|outbox| outbox.close(code));
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::OutboxItem;
    use crate::socket::{SendBudget, SendQueueId};
    use futures_util::{FutureExt, StreamExt};

    #[test]
    fn all_are_closed_also_those_that_come_too_late() {
        let connections = Connections::default();
        let [one, gone, late] = [(); 3].map(|()| Outbox::new(SendBudget::new(100), SendQueueId::fresh()));
        connections.open(&one.0);
        connections.close(connections.open(&gone.0));
        connections.close_all(CloseCode::ServiceRestart);
        connections.open(&late.0);
        let told = [one, gone, late].map(|(_outbox, mut inbox)| inbox.next().now_or_never().flatten());
        let restart = || Some(OutboxItem::Close(CloseCode::ServiceRestart));
        assert_eq!(told, [restart(), None, restart()]);
    }
}
