//! The revocations that a node holds.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use roomcast_protocol::access::{Permit, Revocation, Revocations, TooMany};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::RoomId;

/// The revocations of a node.
#[derive(Debug, Default)]
pub struct NodeRevocations {
    most: usize,
    table: RwLock<Revocations>,
    /// Their number, so that a server without any looks at nothing.
    count: AtomicUsize,
    /// Rises with all that is new.
    version: AtomicU64,
}

impl NodeRevocations {
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Returns a number that rises with each new revocation.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Returns the number of revocations.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Adds revocations; returns whether any of them is new.
    ///
    /// # Errors
    /// When there are too many; those before it in order are taken.
    pub fn take(&self, now: u64, fresh: impl IntoIterator<Item = Revocation>) -> Result<bool, TooMany> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = Ok(false);
        for one in fresh {
            match table.insert(now, self.most, one) {
                Ok(is_news) => news = Ok(news == Ok(true) || is_news),
                Err(TooMany) => {
                    news = Err(TooMany);
                    break;
                }
            }
        }
        self.count.store(table.len(), Ordering::Relaxed);
        if news != Ok(false) {
            self.version.fetch_add(1, Ordering::Relaxed);
        }
        news
    }

    /// Returns all of them, without those that have ended.
    pub fn all(&self, now: u64) -> Vec<Revocation> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.iter().filter(|one| now < one.until).collect()
    }

    /// Returns whether a token is refused: in a room, or everywhere where none is given.
    pub fn refuse(&self, now: u64, permit: &Permit, room: Option<&RoomId>) -> bool {
        self.count() > 0 && self.table.read().unwrap_or_else(PoisonError::into_inner).refuse(now, permit, room)
    }
}

/// Reasons why a revocation does not hold on all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRevoked {
    /// There is no place for it.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// It holds here, and others will hear of it when Redis is back.
    #[error("the revocation holds on this node, and on the others once Redis is back; try again to be sure")]
    NotTold,
}

impl NotRevoked {
    /// Returns the code of the answer.
    pub const fn code(self) -> AckCode {
        match self {
            Self::TooMany(_) => AckCode::RateLimited,
            Self::NotTold => AckCode::Unavailable,
        }
    }
}
