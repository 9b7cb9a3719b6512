//! The Roomcast server. Its one way in is [`run`]; the [`socket`] layer can carry other applications, too.

mod access;
mod app;
pub mod backplane;
mod clock;
pub mod cluster;
mod config;
mod fetch;
mod healthcheck;
mod http;
mod ice;
pub mod listen;
mod live;
mod metrics_server;
mod node;
mod open_files;
mod page;
mod publish;
mod response;
mod room;
mod session;
mod signals;
pub mod socket;
mod telemetry;
mod terminal;
mod token;
mod token_commands;
mod turn;

pub use app::run;
