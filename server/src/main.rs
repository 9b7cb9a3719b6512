//! The binary `roomcast`.

use std::process::ExitCode;

// Memory that connections leave behind goes back to the system within seconds, without being asked.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    roomcast_server::run()
}
