//! Sessions and their JOINs, for tests of owner and edge.

use roomcast_protocol::id::{SessionId, UserId};
use roomcast_protocol::signal::{Category, Host, RoomType, Session};

use super::message::{JoinId, JoinRequest};
use crate::cluster::BootId;

/// The node of the edge.
pub const EDGE: BootId = BootId(1);

/// The session of this name, of the user that a slash ends.
pub fn session(name: &str) -> Session {
    Session {
        user_id: UserId::parse(name.split('/').next().unwrap_or_default()).expect("a user's name"),
        session_id: SessionId::parse(name).expect("a session's name"),
        category: Category::Stream,
        host: Host::Web,
        device_id: String::new(),
    }
}

/// A JOIN of a client that neither numbers nor keeps tokens.
pub fn request(name: &str, counter: u64, room_type: RoomType) -> JoinRequest {
    JoinRequest {
        id: JoinId { edge: EDGE, counter },
        session: session(name),
        room_type,
        creating: false,
        media: (true, true),
        numbers_above: None,
        resume_from: None,
        brought: None,
        given: String::new(),
        ingest: None,
        holds: None,
        credentials: None,
    }
}
