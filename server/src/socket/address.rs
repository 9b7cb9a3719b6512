//! The number of connections of each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A counter of the open connections of each address.
#[derive(Debug)]
pub struct ConnectionCounts {
    counts: Mutex<HashMap<IpAddr, usize>>,
    max: usize,
}

/// A guard that counts one connection until it is dropped.
#[derive(Debug)]
pub struct Permit {
    counts: Arc<ConnectionCounts>,
    address: IpAddr,
}

impl ConnectionCounts {
    /// Creates a counter that permits at most `max` connections from one address.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default(), max })
    }

    /// Counts a connection, unless its address has reached the limit.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        // An IPv4 client of a socket for both families is the same client.
        let address = address.to_canonical();
        let mut counts = self.lock();
        let count = counts.entry(address).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Permit { counts: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn an_address_has_as_many_connections_as_it_may_and_gets_them_back() {
        let connections = ConnectionCounts::new(2);
        let (one, other) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let permits = (connections.enter(one), connections.enter(one));
        assert!(permits.0.is_some() && permits.1.is_some());
        assert!(connections.enter(one).is_none());
        assert!(connections.enter(IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped())).is_none());
        assert!(connections.enter(other).is_some());
        drop(permits);
        assert!(connections.lock().is_empty());
        assert!(connections.enter(one).is_some());
    }
}
