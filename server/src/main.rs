//! The binary `roomcast`.

mod app;
mod clock;
mod config;
mod http;
mod ice;
mod live;
mod node;
mod publish;
mod room;
mod session;
mod telemetry;
mod token;

use std::process::ExitCode;

fn main() -> ExitCode {
    app::run()
}
