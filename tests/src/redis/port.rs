//! Ports that stay free while their server is down.
//!
//! The system takes the ports of outgoing connections from 32768 up. There a killed server's port could be taken by
//! any client, and a client that tries a closed port again and again ends up connected to itself. Therefore these come
//! from below.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 11_000;
const COUNT: u16 = 20_000;

/// A port on 127.0.0.1 on which nobody listens.
///
/// # Panics
/// When all are taken.
#[must_use]
pub fn free() -> u16 {
    // Each test process begins elsewhere, and none gives a port twice.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = (uuid::Uuid::new_v4().as_u128() % u128::from(COUNT)) as u16;
    let _ = NEXT.compare_exchange(0, begin.max(1), Ordering::Relaxed, Ordering::Relaxed);
    (0..COUNT)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port is free")
}
