//! A client's half: from typed members to the text of a message.

use serde::Serialize;

use super::{Head, SignalKind};

#[derive(Serialize)]
struct Message<'a, B> {
    action: &'static str,
    data: Data<'a, B>,
}

#[derive(Serialize)]
struct Data<'a, B> {
    s: &'static str,
    #[serde(flatten)]
    head: &'a Head,
    #[serde(flatten)]
    body: &'a B,
}

/// The members of a signal that has none of its own.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Nothing {}

/// Writes a signal. `body` serialises as an object with the signal's own members.
///
/// # Panics
/// When `body` does not serialise as a JSON object.
pub fn encode<B: Serialize>(kind: SignalKind, head: &Head, body: &B) -> String {
    let message = Message { action: kind.action(), data: Data { s: kind.name(), head, body } };
    serde_json::to_string(&message).expect("members of a signal serialise")
}

/// Gives a message of [`encode`] the sender's number.
///
/// # Panics
/// When it is no such message.
#[must_use]
pub fn with_number(message: &str, number: u64) -> String {
    const DATA: &str = r#""data":{"#;
    let at = message.find(DATA).expect("a message has `data`") + DATA.len();
    format!(r#"{}"n":{number},{}"#, &message[..at], &message[at..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{RoomId, SessionId, UserId};
    use crate::signal::{Body, Category, Engine, Host, Join, JoinOptions, RoomType, Session, decode};

    #[test]
    fn what_is_encoded_is_decoded() {
        let head = Head {
            room_type: RoomType::P2m,
            room_id: RoomId::parse("demo").unwrap(),
            session: Session {
                user_id: UserId::parse("u").unwrap(),
                session_id: SessionId::parse("s").unwrap(),
                category: Category::Stream,
                host: Host::Server,
                device_id: "cli".into(),
            },
            recipient: None,
        };
        let options = JoinOptions { room_creating: true, resume_from: Some(3), ..JoinOptions::default() };
        let join = Join { video: true, audio: false, engine: Engine::Native, options };
        let signal = decode(encode(SignalKind::Join, &head, &join)).unwrap();
        assert_eq!(signal.head, head);
        assert_eq!(signal.body, Body::Join(join));
        let leave = decode(encode(SignalKind::Leave, &head, &Nothing {})).unwrap();
        assert_eq!(leave.body, Body::Leave);
    }
}
