//! Tokens that are revoked, here and on the other nodes.

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::access::{Revocation, Revoke};

use super::AppState;
use crate::access::NotRevoked;
use crate::clock::unix_millis;

/// The interval at which the others' revocations are asked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// Keeps this node's revocations and the others' the same, for ever.
pub async fn follow_revocations(state: Arc<AppState>) {
    loop {
        // A Redis out of reach is complained of by the lease.
        let _ = state.exchange_revocations().await;
        tokio::time::sleep(INTERVAL).await;
    }
}

impl AppState {
    /// Refuses the tokens that are named, from now on, here and on all other nodes.
    ///
    /// # Errors
    /// Where there are too many revocations, or the other nodes could not be told.
    pub async fn revoke(&self, revoke: Revoke) -> Result<Revocation, NotRevoked> {
        let at = unix_millis() / 1000;
        let life = self.access.longest_life() + self.settings.access.auth_grace.as_secs();
        let revocation = Revocation { revoke, at, until: at.saturating_add(life) };
        self.access.revocations().take(at, [revocation.clone()])?;
        self.connections.judge_all();
        self.exchange_revocations().await?;
        Ok(revocation)
    }

    /// Brings the other nodes what they lack and takes what this one lacks, until all have the same. Connections
    /// are judged again by what is new.
    async fn exchange_revocations(&self) -> Result<(), NotRevoked> {
        let Some(transport) = self.transport() else { return Ok(()) };
        let most = self.settings.access.auth_max_revocations;
        self.access.exchange(transport.nodes(), most, || self.connections.judge_all()).await
    }
}
