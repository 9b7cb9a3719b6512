//! Log lines about pushes that were refused: encoders do not print the answer they get.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use roomcast_core::time::Instant;

/// The minimum time between two log lines about one address.
const INTERVAL: Duration = Duration::from_secs(1);
/// The maximum number of addresses that are kept.
const MAX_ADDRESSES: usize = 1024;
/// Characters of a name in a line.
const MAX_NAME: usize = 128;

/// The newest line about each client address.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<IpAddr, Latest>>);

#[derive(Debug)]
struct Latest {
    logged: Instant,
    suppressed: u64,
}

/// A refused push.
#[derive(Debug, Clone, Copy)]
pub struct RefusedPush<'a> {
    pub room: &'a str,
    pub track: &'a str,
    pub status: u16,
    pub reason: &'a str,
}

impl Refusals {
    /// Logs a refused push, at most once a second for a client address.
    pub fn log(&self, now: Instant, client: Option<IpAddr>, refused: RefusedPush<'_>) {
        let Some(suppressed) = self.admit(now, client) else { return };
        // Recorded as strings, which quotes and escapes them: a name cannot pass for another field or line.
        let [room, track] = [refused.room, refused.track].map(shortened);
        let RefusedPush { status, reason, .. } = refused;
        let client = client.map_or_else(|| "unknown".to_owned(), |client| client.to_string());
        if suppressed > 0 {
            tracing::warn!(room, track, status, %client, reason, suppressed, "push refused");
        } else {
            tracing::warn!(room, track, status, %client, reason, "push refused");
        }
    }

    /// Returns the number of lines that were left out since the last one, if another may be written now.
    fn admit(&self, now: Instant, client: Option<IpAddr>) -> Option<u64> {
        let Some(client) = client else { return Some(0) };
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(latest) = newest.get_mut(&client) {
            if now < latest.logged + INTERVAL {
                latest.suppressed += 1;
                return None;
            }
            let suppressed = latest.suppressed;
            *latest = Latest { logged: now, suppressed: 0 };
            return Some(suppressed);
        }
        if newest.len() >= MAX_ADDRESSES {
            newest.retain(|_, latest| now < latest.logged + INTERVAL);
        }
        if newest.len() >= MAX_ADDRESSES {
            return None;
        }
        newest.insert(client, Latest { logged: now, suppressed: 0 });
        Some(0)
    }
}

/// Returns the beginning of a name from an address.
fn shortened(name: &str) -> &str {
    name.char_indices().nth(MAX_NAME).map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u16) -> Option<IpAddr> {
        Some(IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last]))
    }

    fn at(millis: u64) -> Instant {
        Instant(millis)
    }

    #[test]
    fn an_address_gets_a_line_a_second_that_counts_those_left_out() {
        let refusals = Refusals::default();
        assert_eq!(refusals.admit(at(0), client(1)), Some(0));
        assert_eq!(refusals.admit(at(10), client(1)), None);
        assert_eq!(refusals.admit(at(999), client(1)), None);
        assert_eq!(refusals.admit(at(999), client(2)), Some(0), "another address is not affected");
        assert_eq!(refusals.admit(at(1000), client(1)), Some(2));
        assert_eq!(refusals.admit(at(3000), client(1)), Some(0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let refusals = Refusals::default();
        for last in 0..2000 {
            refusals.admit(at(0), client(last));
        }
        assert_eq!(refusals.0.lock().unwrap().len(), MAX_ADDRESSES);
        assert_eq!(refusals.admit(at(500), client(1999)), None);
        assert_eq!(refusals.admit(at(1000), client(1999)), Some(0));
        assert_eq!(refusals.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shortened("demo"), "demo");
        assert_eq!(shortened(&"é".repeat(200)), "é".repeat(MAX_NAME));
    }
}
