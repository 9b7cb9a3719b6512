//! The Roomcast server. Its one way in is [`run`]; the [`socket`] layer can carry other applications, too.

mod app;
pub mod backplane;
mod clock;
mod config;
mod healthcheck;
mod http;
mod ice;
mod listen;
mod live;
mod metrics_server;
mod node;
mod open_files;
mod publish;
mod room;
mod session;
mod signals;
pub mod socket;
mod telemetry;
mod terminal;
mod token;

pub use app::run;
