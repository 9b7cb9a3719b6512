//! The binary `roomcast`.

use std::process::ExitCode;

fn main() -> ExitCode {
    roomcast_server::run()
}
