//! The Rust client as the member `ann-1` of the room `demo`.

use roomcast_client::{AccessToken, Creating, Events, MemberEvent, Options, Trust};
use roomcast_protocol::ack::JoinAck;
use roomcast_protocol::id::{RoomId, SessionId, UserId};
use roomcast_protocol::signal::{Category, Host, RoomType, Session};

/// Options of a member that joins at this address. The room exists, unless `creating` says otherwise.
///
/// # Panics
/// Never: the names are legal.
#[must_use]
pub fn options(server_url: String, access_token: Option<AccessToken>, room_type: RoomType) -> Options {
    let session = Session {
        user_id: UserId::parse("ann").expect("a legal name"),
        session_id: SessionId::parse("ann-1").expect("printable"),
        category: Category::Stream,
        host: Host::Server,
        device_id: "test".to_owned(),
    };
    Options {
        server_url,
        access_token,
        trust: Trust::default(),
        room: RoomId::parse("demo").expect("a legal name"),
        room_type,
        session,
        video: true,
        audio: true,
        creating: Creating::Never,
    }
}

/// Waits for the next ack of `JOIN`.
///
/// # Panics
/// When the membership ends before.
pub async fn joined(events: &mut Events) -> Box<JoinAck> {
    loop {
        if let MemberEvent::Joined(ack) = events.next().await.expect("the member goes on") {
            return ack;
        }
    }
}
