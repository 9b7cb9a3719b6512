//! Access: every request of a server with a key brings a token that others have signed.
//!
//! A token is verified once per worker and remembered until it ends. What it grants is judged by
//! [`Permit`](roomcast_protocol::access::Permit), which is pure.

mod answers;
pub mod arrival;
mod budget;
mod cdn;
mod jws;
mod keys;
pub mod remote;
mod revocation_sync;
mod revocations;
mod sign;
mod verified_tokens;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use metrics::counter;
use roomcast_protocol::access::{Action, Permit, Policy, Reason};
use roomcast_protocol::id::RoomId;

pub use answers::{Challenge, named, refusal};
pub use cdn::Caches;
pub use keys::{Key, Keyring};
pub use revocations::{NodeRevocations, NotRevoked};
pub use roomcast_protocol::access::Refused;
pub use sign::sign;

use crate::clock::unix_millis;
use remote::Remote;
use revocation_sync::RevocationSync;
use verified_tokens::VerifiedTokens;

/// Counts refused requests by their reason.
pub const REFUSED: &str = "roomcast_access_refused_total";

/// The access of one server: open, or by the tokens of its keys.
#[derive(Debug, Default)]
pub struct Access {
    keyring: RwLock<Option<Arc<Keyring>>>,
    sources: Mutex<Sources>,
    /// The keys that are fetched, where there are any.
    remote: Option<Remote>,
    revocations: NodeRevocations,
    revocation_sync: RevocationSync,
}

/// Source of the keys, and what is demanded of tokens.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// The keys of the settings.
    pub keys: Vec<Key>,
    /// The demands on claims.
    pub policy: Policy,
    /// The checks of signatures by public keys in a second of a thread.
    pub max_checks: u32,
    /// The most revocations.
    pub max_revocations: usize,
    /// Whether there are keys that are fetched.
    pub is_remote: bool,
}

#[derive(Debug, Default)]
struct Sources {
    demands: Option<TokenPolicy>,
    fetched: Vec<Key>,
}

impl Access {
    /// Open without keys.
    pub fn new(demands: TokenPolicy) -> Self {
        let revocations = NodeRevocations::new(demands.max_revocations);
        let access = Self { remote: demands.is_remote.then(Remote::new), revocations, ..Self::default() };
        if demands.is_remote || !demands.keys.is_empty() {
            access.replace(demands);
        }
        access
    }

    /// Replaces the keys of the settings. Tokens verified by the former keys are verified again. Never opens a server
    /// that had a key.
    pub fn replace(&self, demands: TokenPolicy) {
        self.change(|sources| {
            sources.demands = Some(demands);
            true
        });
    }

    /// Stores the fetched keys; returns whether they differ from the former ones.
    pub fn take_fetched(&self, keys: Vec<Key>) -> bool {
        self.change(|sources| {
            let former = &sources.fetched;
            let is_same = former.len() == keys.len() && former.iter().zip(&keys).all(|(one, other)| one.is_same(other));
            sources.fetched = keys;
            !is_same
        })
    }

    /// Puts the keys of all sources together, where a change says that it is one. Else all that is known stays known.
    fn change(&self, change: impl FnOnce(&mut Sources) -> bool) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let is_changed = change(&mut sources);
        let Sources { demands: Some(TokenPolicy { keys, policy, max_checks, .. }), fetched } = &*sources else {
            return false;
        };
        if !is_changed {
            return false;
        }
        let keyring = Keyring::new([&keys[..], fetched].concat(), policy.clone()).with_max_checks(*max_checks);
        let keyring = keyring.awaiting(self.remote.is_some() && fetched.is_empty());
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keyring));
        true
    }

    /// Returns the keys that are fetched, where there are any.
    pub const fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// Returns whether the keys that are to be fetched never were.
    pub fn awaits_keys(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| !remote.was_fetched())
    }

    /// Returns the age of the keys that were fetched.
    pub fn age_of_keys(&self) -> Option<Duration> {
        self.remote.as_ref().and_then(Remote::age)
    }

    /// Fetches the key that a token names and that is not here, as often as that may be, and waits for it. Returns at
    /// once for any other token: what a token is worth, [`admit`](Self::admit) says behind this.
    pub async fn prepare(&self, token: Option<&str>) {
        let (Some(remote), Some(token)) = (&self.remote, token) else { return };
        let Some(keyring) = self.keyring() else { return };
        let is_known = || VerifiedTokens::find(keyring.generation(), unix_millis() / 1000, token).is_some();
        if !is_known() && keyring.lacks_key_of(token) {
            remote.ask().await;
        }
    }

    /// Returns whether no token is wanted.
    pub fn is_open(&self) -> bool {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn keyring(&self) -> Option<Arc<Keyring>> {
        self.keyring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges the token of a request; nothing where none is wanted.
    ///
    /// # Errors
    /// The reason, and a sentence for the bearer. It is counted.
    pub fn admit(&self, token: Option<&str>) -> Result<Option<Arc<Permit>>, Refused> {
        let Some(keyring) = self.keyring() else { return Ok(None) };
        let verified = match token {
            Some(token) => verified(&keyring, token).and_then(|permit| {
                self.check_in(&permit, None)?;
                Ok(permit)
            }),
            None => Err(Refused::new(Reason::Missing, "this server wants an access token, and there is none")),
        };
        verified.map(Some).map_err(counted)
    }

    /// Judges the token of a request for an action in a room.
    ///
    /// # Errors
    /// As [`admit`](Self::admit), and where the token does not grant the action.
    pub fn admit_to(&self, token: Option<&str>, action: Action, room: &RoomId) -> Result<Option<Arc<Permit>>, Refused> {
        let permit = self.admit(token)?;
        let check = |permit: &Permit| {
            permit.check(action, room)?;
            self.check_in(permit, Some(room))
        };
        permit.as_deref().map_or(Ok(()), check).map(|()| permit).map_err(counted)
    }
}

impl Access {
    /// Checks that a token was not revoked, in a room where one is given.
    ///
    /// # Errors
    /// When it was.
    pub fn check_in(&self, permit: &Permit, room: Option<&RoomId>) -> Result<(), Refused> {
        match self.revocations.refuse(unix_millis() / 1000, permit, room) {
            true => Err(Refused::new(Reason::Revoked, "the token was revoked")),
            false => Ok(()),
        }
    }

    /// Returns the revocations.
    pub const fn revocations(&self) -> &NodeRevocations {
        &self.revocations
    }

    /// Returns whether all that other nodes had revoked was here once.
    pub fn knows_revocations(&self) -> bool {
        self.is_open() || self.revocation_sync.has_caught_up()
    }

    /// Returns the time in seconds for which a token, issued now, can keep a connection open at most.
    pub fn longest_life(&self) -> u64 {
        self.keyring().map_or(0, |keyring| keyring.longest_life())
    }
}

/// Counts a refusal.
pub fn counted(refused: Refused) -> Refused {
    counter!(REFUSED, "reason" => refused.reason.name()).increment(1);
    refused
}

fn verified(keyring: &Keyring, token: &str) -> Result<Arc<Permit>, Refused> {
    let now = unix_millis() / 1000;
    if let Some(permit) = VerifiedTokens::find(keyring.generation(), now, token) {
        return Ok(permit);
    }
    let permit = Arc::new(keyring.verify(now, token)?);
    VerifiedTokens::note(keyring.generation(), token, &permit, permit.expires.saturating_add(keyring.leeway()));
    Ok(permit)
}
