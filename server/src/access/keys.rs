//! The keys of a server, and the check of a signature by them.
//!
//! The algorithm comes from the key, never from the token (RFC 8725, section 3.1): a key verifies only what it is for.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, crypto};

use roomcast_protocol::access::{Permit, Policy, Reason, Refused, judge};

use super::budget;
use super::jws::Jws;

/// A key that verifies tokens.
#[derive(Clone)]
pub struct Key {
    /// Its name; only tokens whose `kid` says so are verified by it.
    pub id: Option<String>,
    /// The algorithms that it is for.
    pub algorithms: Vec<Algorithm>,
    /// The key itself.
    pub key: DecodingKey,
    /// The longest life of its tokens, where it has a bound of its own.
    pub max_ttl: Option<Duration>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

impl Key {
    /// A key of HS256.
    ///
    /// # Panics
    /// When the secret is empty, which no setting is.
    pub fn secret(id: Option<String>, secret: &str, max_ttl: Option<Duration>) -> Self {
        let key = DecodingKey::from_secret(secret.as_bytes()).expect("the setting refuses empty secrets");
        Self { id, algorithms: vec![Algorithm::HS256], key, max_ttl }
    }

    /// Returns whether another key verifies the same.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_equal = match (self.key.kind(), other.key.kind()) {
            (DecodingKeyKind::SecretOrDer(one), DecodingKeyKind::SecretOrDer(another)) => one == another,
            (
                DecodingKeyKind::RsaModulusExponent { n, e },
                DecodingKeyKind::RsaModulusExponent { n: modulus, e: exponent },
            ) => n == modulus && e == exponent,
            _ => false,
        };
        is_equal && (&self.id, &self.algorithms, self.max_ttl) == (&other.id, &other.algorithms, other.max_ttl)
    }
}

/// The keys of a server and its demands.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<Key>,
    policy: Policy,
    generation: u64,
    /// The checks of signatures by public keys in a second of a thread.
    max_checks: u32,
    /// Whether there are keys to come, and none of them is here.
    awaits_keys: bool,
}

impl Keyring {
    /// A new generation of keys.
    pub fn new(keys: Vec<Key>, policy: Policy) -> Self {
        static GENERATIONS: AtomicU64 = AtomicU64::new(1);
        let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        Self { keys, policy, generation, max_checks: u32::MAX, awaits_keys: false }
    }

    /// Returns the same with a bound for the checks of signatures by public keys in a second of a thread, of tokens
    /// that are not known.
    #[must_use]
    pub fn with_max_checks(self, max_checks: u32) -> Self {
        Self { max_checks, ..self }
    }

    /// Returns the same, which may wait for its public keys.
    #[must_use]
    pub fn awaiting(self, awaits_keys: bool) -> Self {
        Self { awaits_keys, ..self }
    }

    /// Returns whether a token names a public key that is not here.
    pub fn lacks_key_of(&self, token: &str) -> bool {
        let Ok(jws) = Jws::parse(token) else { return false };
        let is_here = |key: &Key| key.id == jws.key_id && key.algorithms.contains(&jws.algorithm);
        let is_named = jws.key_id.is_some() || self.awaits_keys;
        jws.algorithm != Algorithm::HS256 && is_named && !self.keys.iter().any(is_here)
    }

    /// Returns a number that no other keyring has.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the difference allowed between clocks, in seconds.
    pub const fn leeway(&self) -> u64 {
        self.policy.leeway.as_secs()
    }

    /// Returns the longest time for which any token of these keys can be good after its issue, in seconds.
    pub fn longest_life(&self) -> u64 {
        let lives = self.keys.iter().map(|key| key.max_ttl.unwrap_or(self.policy.max_ttl));
        lives.chain([self.policy.max_ttl]).max().unwrap_or_default().as_secs() + self.leeway()
    }

    /// Verifies a token; `now` is in seconds since 1970.
    pub fn verify(&self, now: u64, token: &str) -> Result<Permit, Refused> {
        let jws = Jws::parse(token)?;
        let key = self.signer(now, &jws)?;
        let claims = jws.claims()?;
        match key.max_ttl {
            Some(max_ttl) => judge(&Policy { max_ttl, ..self.policy.clone() }, now, &claims),
            None => judge(&self.policy, now, &claims),
        }
    }

    /// Returns the key by which a token is signed.
    fn signer(&self, now: u64, jws: &Jws<'_>) -> Result<&Key, Refused> {
        let candidates = self.candidates(jws)?;
        for key in candidates {
            if jws.algorithm != Algorithm::HS256 && !budget::take(now, self.max_checks) {
                let sentence = "the server checks as many new tokens as it may in a second; try again";
                return Err(Refused::new(Reason::Busy, sentence));
            }
            if crypto::verify(jws.signature, jws.signed.as_bytes(), &key.key, jws.algorithm).unwrap_or(false) {
                return Ok(key);
            }
        }
        Err(Refused::new(Reason::Signature, "the signature of the token does not fit the server's key"))
    }

    /// Returns the keys by which a token may be signed: those of its name, else those without any.
    fn candidates(&self, jws: &Jws<'_>) -> Result<Vec<&Key>, Refused> {
        let fitting: Vec<_> = self.keys.iter().filter(|key| key.algorithms.contains(&jws.algorithm)).collect();
        if self.awaits_keys && jws.algorithm != Algorithm::HS256 {
            return Err(Refused::new(Reason::Busy, "the server has not fetched its keys yet; try again"));
        }
        if fitting.is_empty() {
            let sentence = format!("the server has no key for tokens signed with {:?}", jws.algorithm);
            return Err(Refused::new(Reason::Algorithm, sentence));
        }
        let named = |id: Option<&String>| fitting.iter().copied().filter(|key| key.id.as_ref() == id).collect();
        let mut candidates: Vec<&Key> = named(jws.key_id.as_ref());
        if candidates.is_empty() {
            candidates = named(None);
        }
        if candidates.is_empty() {
            let sentence = match &jws.key_id {
                Some(_) => "the server has no key of the name in `kid`",
                None => "the header of the token names no key (`kid`), and the keys of the server have names",
            };
            return Err(Refused::new(Reason::UnknownKey, sentence));
        }
        Ok(candidates)
    }
}
