//! The Roomcast server. Its one way in is [`run`]; the [`socket`] layer can carry other applications, too.

mod access;
mod app;
pub mod backplane;
mod clock;
pub mod cluster;
mod config;
mod fetch;
mod healthcheck;
mod host;
mod http;
mod ice;
mod ingest;
mod lifecycle;
mod listen;
mod live;
mod metrics_server;
mod open_files;
mod page;
mod publish;
mod response;
mod room;
mod secret;
mod session;
mod signals;
pub mod socket;
mod state;
mod telemetry;
mod terminal;
mod token;
mod token_commands;
mod turn;
mod units;

pub use app::run;
