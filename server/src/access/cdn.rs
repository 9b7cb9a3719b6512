//! Caches that check viewers by themselves: with a secret of their own they fetch playlists and media, and nothing else.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::secret::Secret;

/// The secrets of the caches in front of the server; none if every viewer is checked here.
#[derive(Debug, Default)]
pub struct Caches {
    secrets: RwLock<Arc<[Secret]>>,
}

impl Caches {
    /// Caches that have one of these secrets.
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets: RwLock::new(secrets.into()) }
    }

    /// Replaces the secrets.
    pub fn replace(&self, secrets: Vec<Secret>) {
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets.into();
    }

    /// Returns whether a bearer is one of the caches. The time that takes tells nothing of the secrets but their
    /// lengths.
    pub fn knows(&self, bearer: &str) -> bool {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone();
        let is_equal = |secret: &Secret| verify_slices_are_equal(secret.expose().as_bytes(), bearer.as_bytes()).is_ok();
        // Without leaving early.
        secrets.iter().fold(false, |known, secret| known | is_equal(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_known_by_any_of_the_secrets() {
        let caches = Caches::new(vec![Secret::new("north"), Secret::new("south")]);
        let known = |bearers: [&str; 5]| bearers.map(|bearer| caches.knows(bearer));
        assert_eq!(known(["north", "south", "nort", "northx", ""]), [true, true, false, false, false]);
        caches.replace(vec![Secret::new("south")]);
        assert!(!caches.knows("north") && caches.knows("south"));
        assert!(!Caches::default().knows(""));
    }
}
