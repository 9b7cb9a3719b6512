//! Tokens that a worker has verified: the same viewer brings the same token with every request.
//!
//! Two tables, each bounded: when the young one is full it becomes the old one, and what is found there comes back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use roomcast_protocol::access::Permit;

/// The most tokens of one table, and their bytes.
const MOST: usize = 16 * 1024;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The hash is a quick one: a stranger puts nothing into the table, because only signed tokens get there.
type Table = HashMap<Box<str>, (Arc<Permit>, u64), RandomState>;

/// The tokens of one thread.
#[derive(Debug, Default)]
pub struct VerifiedTokens {
    generation: u64,
    young: Table,
    young_bytes: usize,
    old: Table,
}

thread_local! {
    static KNOWN: RefCell<VerifiedTokens> = RefCell::default();
}

impl VerifiedTokens {
    /// Returns the permit of a token that these keys have verified and that is still good.
    pub fn find(generation: u64, now: u64, token: &str) -> Option<Arc<Permit>> {
        KNOWN.with_borrow_mut(|known| known.get(generation, now, token))
    }

    /// Remembers a token until its end, in seconds since 1970.
    pub fn note(generation: u64, token: &str, permit: &Arc<Permit>, end: u64) {
        KNOWN.with_borrow_mut(|known| known.insert(generation, token.into(), (Arc::clone(permit), end)));
    }

    fn get(&mut self, generation: u64, now: u64, token: &str) -> Option<Arc<Permit>> {
        if self.generation != generation {
            return None;
        }
        if let Some((permit, end)) = self.young.get(token) {
            return (now < *end).then(|| Arc::clone(permit));
        }
        let (token, found) = self.old.remove_entry(token).filter(|(_, (_, end))| now < *end)?;
        let permit = Arc::clone(&found.0);
        self.insert(generation, token, found);
        Some(permit)
    }

    fn insert(&mut self, generation: u64, token: Box<str>, permit: (Arc<Permit>, u64)) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
        if self.young.len() >= MOST || self.young_bytes >= MOST_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += token.len();
        self.young.insert(token, permit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roomcast_protocol::id::UserId;

    fn permit() -> Arc<Permit> {
        let subject = UserId::parse("ann").unwrap();
        Arc::new(Permit { subject, name: None, expires: 10, issued: 1, id: None, grant: None })
    }

    #[test]
    fn a_token_is_known_until_it_ends_or_the_keys_change() {
        let mut known = VerifiedTokens::default();
        known.insert(1, "a".into(), (permit(), 10));
        assert!(known.get(1, 9, "a").is_some() && known.get(1, 10, "a").is_none() && known.get(1, 9, "b").is_none());
        assert!(known.get(2, 9, "a").is_none());
        known.insert(2, "b".into(), (permit(), 10));
        assert!(known.get(1, 9, "a").is_none() && known.get(2, 9, "a").is_none());
    }

    #[test]
    fn a_flood_of_tokens_is_bounded_and_does_not_drive_out_those_in_use() {
        let mut known = VerifiedTokens::default();
        known.insert(1, "viewer".into(), (permit(), 10));
        for flood in 0..5 * MOST {
            known.insert(1, flood.to_string().into(), (permit(), 10));
            if flood % 1000 == 0 {
                assert!(known.get(1, 9, "viewer").is_some(), "after {flood}");
            }
        }
        assert!(known.young.len() <= MOST && known.old.len() <= MOST);
    }
}
