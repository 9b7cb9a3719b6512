//! One direction of one connection.

use std::pin::pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::{Flow, NetworkFaults};

/// Maximum number of pieces on their way.
const PIECES: usize = 64;
const PIECE: usize = 16 * 1024;

/// Carries bytes until an end is gone, or until a connection that has lost some would pass again.
pub async fn run(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    faults: watch::Receiver<NetworkFaults>,
    flow: impl Fn(&NetworkFaults) -> Flow,
    seen: impl Fn(&[u8]),
) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let mut writing = pin!(write(to, receiver));
    tokio::select! {
        () = &mut writing => return,
        () = read(from, sender, faults, flow, seen) => {}
    }
    // Bytes that were read before the end still go out.
    writing.await;
}

async fn read(
    mut from: ReadHalf<'_>,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
    mut faults: watch::Receiver<NetworkFaults>,
    flow: impl Fn(&NetworkFaults) -> Flow,
    seen: impl Fn(&[u8]),
) {
    let mut lost = false;
    let mut buffer = vec![0; PIECE];
    loop {
        if faults.wait_for(|now| flow(now) != Flow::Held).await.is_err() {
            return;
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            // A change to holding or losing takes effect before the next bytes are read.
            _ = faults.changed() => {
                if lost && flow(&faults.borrow()) == Flow::Passes {
                    return;
                }
                continue;
            }
        };
        let Ok(length @ 1..) = read else { return };
        seen(&buffer[..length]);
        let now = *faults.borrow();
        if flow(&now) == Flow::Lost {
            lost = true;
        } else if lost || pieces.send((Instant::now() + now.delay, buffer[..length].to_vec())).await.is_err() {
            return;
        }
    }
}

async fn write(mut to: WriteHalf<'_>, mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>) {
    while let Some((due, piece)) = pieces.recv().await {
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}
