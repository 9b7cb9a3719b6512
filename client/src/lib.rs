//! A client of Roomcast: a member of one room, and the publisher of a live broadcast.
//!
//! [`Member`] joins a room over WebSocket and stays in it over lost connections. [`upload`] posts data signals over
//! HTTP. [`publish`] joins both: fragmented MP4 in, a live broadcast out. What is decided is pure and takes time and
//! randomness as arguments (`member::driver`, `upload::attempt`, `publish::pace`, …); thin tasks carry it out.
//!
//! Everything here runs inside a Tokio runtime.

pub mod access;
mod address;
mod clock;
mod error;
pub mod member;
pub mod publish;
mod random;
mod tls;
pub mod upload;

pub use access::AccessToken;
pub use address::ServerAddress;
pub use error::Error;
pub use member::{Creating, Events, Member, MemberEvent, Options};
pub use publish::{Input, Progress, Publish, Summary};
pub use tls::Trust;
