//! Joins a broadcast as a viewer and says what happens: `cargo run --example watch -- http://127.0.0.1:8080 demo`.
//!
//! Ctrl-C leaves.

use roomcast_client::{Creating, Member, Options, Trust};
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::{Category, Host, RoomType, Session};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: watch SERVER ROOM");
    let (server_url, room) = (argument()?, RoomId::parse(&argument()?)?);
    let session = Session {
        user_id: UserId::parse("viewer")?,
        session_id: SessionId::parse(&uuid::Uuid::new_v4().to_string())?,
        category: Category::Stream,
        host: Host::Server,
        device_id: "watch".to_owned(),
    };
    let (member, mut events) = Member::join(Options {
        server_url,
        access_token: None,
        trust: Trust::default(),
        room,
        room_type: RoomType::P2m,
        session,
        video: false,
        audio: false,
        creating: Creating::Never,
    })?;
    let leaving = tokio::spawn(async move {
        tokio::signal::ctrl_c().await.unwrap_or_default();
        member.leave().await
    });
    while let Some(event) = events.next().await {
        println!("{event:?}");
    }
    leaving.abort();
    Ok(())
}
