//! One piece of media of a replicated stream: named by its digest, fetched once per node, kept while it is served.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OnceCell;

use roomcast_core::hls::Reference;

use super::counters::Counters;
use super::ledger::Ledger;
use crate::live::stored::OutOfReach;

/// How long a viewer waits for media from another node.
const PATIENCE: Duration = Duration::from_secs(3);
/// What was not there is asked for again after this time: after a restart of Redis it is put back.
const AGAIN: Duration = Duration::from_millis(100);

/// A piece of media.
pub struct Piece {
    reference: Reference,
    key: String,
    ledger: Ledger,
    counters: Counters,
    bytes: OnceCell<Bytes>,
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Piece").field("key", &self.key).field("here", &self.at_hand().is_some()).finish()
    }
}

impl Piece {
    pub(super) fn new(
        reference: Reference,
        key: String,
        ledger: Ledger,
        counters: Counters,
        bytes: Option<Bytes>,
    ) -> Self {
        Self { reference, key, ledger, counters, bytes: OnceCell::new_with(bytes) }
    }

    /// Under which name other nodes find it.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The bytes, where they are here.
    pub fn at_hand(&self) -> Option<&Bytes> {
        self.bytes.get()
    }

    /// Takes the bytes, unless they are here already.
    pub(super) fn put(&self, bytes: Bytes) {
        let _ = self.bytes.set(bytes);
    }

    /// The bytes, fetched if need be. All who ask at once wait for one fetch; when the one who fetches goes away,
    /// the next goes on.
    ///
    /// # Errors
    /// When they do not come in time.
    pub async fn bytes(&self) -> Result<Bytes, OutOfReach> {
        if let Some(bytes) = self.at_hand() {
            return Ok(bytes.clone());
        }
        let fetched = self.bytes.get_or_init(|| self.fetch());
        match tokio::time::timeout(PATIENCE, fetched).await {
            Ok(bytes) => Ok(bytes.clone()),
            Err(_) => {
                self.counters.missed.increment(1);
                Err(OutOfReach)
            }
        }
    }

    async fn fetch(&self) -> Bytes {
        loop {
            match self.ledger.backplane.fetch(self.ledger.partition, self.key.clone()).await {
                Ok(Some(bytes)) if self.reference.fits(&bytes) => {
                    self.counters.fetched.increment(1);
                    return bytes;
                }
                Ok(Some(_)) => tracing::error!(key = self.key, "media does not fit its digest"),
                Ok(None) | Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
