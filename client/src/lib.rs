//! A client of Roomcast: a member of one room, and the publisher of a live broadcast.
//!
//! [`Member`] joins a room over WebSocket and stays in it over lost connections. [`upload`] posts data signals over
//! HTTP. [`publish`] joins both: fragmented MP4 in, a live broadcast out. Decisions are pure and take time and randomness
//! as arguments (`member::driver`, `upload::attempt`, `publish::pace`, …); thin tasks carry them out.
//!
//! Everything here runs inside a Tokio runtime.
//!
//! # The run loop
//!
//! A member is a task that [`Member::join`] starts. The application takes its events until they end; the task waits for
//! that while many are there. It stays in the room over lost connections, so that the events end only when it has left or
//! will never get in, with the reason in the last ones.
//!
//! ```
//! use roomcast_client::{Creating, Error, Member, MemberEvent, Options, Trust};
//! use roomcast_protocol::client::State;
//! use roomcast_protocol::id::{RoomId, SessionId, UserId};
//! use roomcast_protocol::signal::{Category, Host, RoomType, Session};
//!
//! /// Watches a broadcast until `leave` is done or the broadcast ends, and gives the last state of the membership.
//! async fn watch(server_url: String, leave: impl Future<Output = ()> + Send + 'static) -> Result<State, Error> {
//!     let session = Session {
//!         user_id: UserId::parse("viewer").expect("a legal name"),
//!         session_id: SessionId::parse("3f2504e0").expect("printable"),
//!         category: Category::Stream,
//!         host: Host::Server,
//!         device_id: "example".to_owned(),
//!     };
//!     let (member, mut events) = Member::join(Options {
//!         server_url,
//!         access_token: None,
//!         trust: Trust::default(),
//!         room: RoomId::parse("demo").expect("a legal name"),
//!         room_type: RoomType::P2m,
//!         session,
//!         video: false,
//!         audio: false,
//!         creating: Creating::Never,
//!     })?;
//!     let leaving = tokio::spawn(async move {
//!         leave.await;
//!         member.leave().await
//!     });
//!     let mut state = State::Idle;
//!     while let Some(event) = events.next().await {
//!         match event {
//!             MemberEvent::Joined(ack) => println!("{} publish", ack.participants.0.len()),
//!             MemberEvent::StateChanged(next) => state = next,
//!             other => println!("{other:?}"),
//!         }
//!     }
//!     leaving.abort();
//!     Ok(state)
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # let refused = runtime.block_on(watch("ftp://example.com".to_owned(), async {}));
//! # assert!(matches!(refused, Err(Error::Address { .. })));
//! # // A server that takes connections and never answers them.
//! # let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let left = runtime.block_on(watch(format!("http://{}", silent.local_addr()?), async {}));
//! # assert_eq!(left.ok(), Some(State::Initializing), "it left before it was in");
//! # Ok::<(), std::io::Error>(())
//! ```

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
