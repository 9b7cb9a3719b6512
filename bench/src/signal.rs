//! The signals that the generator says, and just enough reading to tell answers apart.
//!
//! Answers are recognised by their first bytes: parsing JSON would cost the generator more than the server.

use memchr::memmem;

use crate::error::Error;
use crate::wire;

/// The recipient's number of a message, where it has one: it stands in front.
pub fn number(message: &[u8]) -> Option<u64> {
    let behind = message.strip_prefix(b"{\"sq\":")?;
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// Offset at which the name of a message stands at the latest.
const HEAD: usize = 64;

/// One session of one user in one room.
#[derive(Debug, Clone)]
pub struct SessionIdentity {
    /// `p2p` or `p2m`.
    pub room_type: &'static str,
    /// The room.
    pub room: String,
    /// The user; its session has the same name.
    pub user: String,
}

impl SessionIdentity {
    /// A frame with a signal; `more` are its own members, each with a comma in front.
    fn frame(&self, action: &str, name: &str, more: &str) -> Vec<u8> {
        let Self { room_type, room, user } = self;
        wire::text(&format!(
            r#"{{"action":"{action}","data":{{"s":"{name}","ch":"{room_type}","rid":"{room}","ss":{{"userId":"{user}","sessionId":"{user}","category":"stream","host":"Web","deviceId":"bench"}}{more}}}}}"#
        ))
    }

    /// `JOIN`.
    pub fn join(&self, creating: bool) -> Vec<u8> {
        self.frame("join", "JOIN", &format!(r#","ve":true,"ae":true,"op":{{"roomCreating":{creating}}}"#))
    }

    /// `LEAVE`.
    pub fn leave(&self) -> Vec<u8> {
        self.frame("leave", "LEAVE", "")
    }

    /// `HEARTBEAT`, to be answered, with the highest number received.
    pub fn heartbeat(&self, received: u64) -> Vec<u8> {
        self.frame("heartbeat", "HEARTBEAT", &format!(r#","bid":"1","sq":{received}"#))
    }

    /// A re-`JOIN` with the highest number received.
    pub fn resume(&self, received: u64) -> Vec<u8> {
        self.frame(
            "join",
            "JOIN",
            &format!(r#","ve":true,"ae":true,"op":{{"roomCreating":false,"resumeFrom":{received}}}"#),
        )
    }

    /// `KICK`, of a user.
    pub fn kick(&self, user: &str) -> Vec<u8> {
        self.frame("kick", "KICK", &format!(r#","to":"{user}""#))
    }

    /// `PUBLISH_ACCEPT`, of a user.
    pub fn accept(&self, user: &str) -> Vec<u8> {
        self.frame("publishAccept", "PUBLISH_ACCEPT", &format!(r#","to":"{user}""#))
    }

    /// `ICE`, for a user.
    pub fn candidate(&self, user: &str) -> Vec<u8> {
        self.frame("iceCandidate", "ICE", &format!(r#","sdp":"","to":"{user}""#))
    }

    /// `UPDATE`.
    pub fn update(&self, audio: bool) -> Vec<u8> {
        self.frame("updateVideo", "UPDATE", &format!(r#","ve":true,"ae":{audio}"#))
    }

    /// `OFFER` with a session description of about this many bytes.
    pub fn offer(&self, size: usize) -> Vec<u8> {
        let line = r"a=candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host\r\n";
        let sdp: String = line.chars().cycle().take(size / line.len() * line.len()).collect();
        self.frame("offer", "OFFER", &format!(r#","sdp":"v=0\r\n{sdp}""#))
    }
}

/// The name of a message: what stands behind its first `"s":`.
pub fn name(message: &[u8]) -> &[u8] {
    const KEY: &[u8] = br#""s":""#;
    let head = &message[..message.len().min(HEAD)];
    let Some(start) = memmem::find(head, KEY) else { return b"" };
    let rest = &message[start + KEY.len()..];
    let end = memchr::memchr(b'"', rest).unwrap_or(0);
    &rest[..end]
}

/// Whether a message is an ack that refuses something.
pub fn refuses(message: &[u8]) -> bool {
    let head = &message[..message.len().min(HEAD)];
    memmem::find(head, br#""c":"#).is_some_and(|start| !head[start + 4..].starts_with(b"200,"))
}

/// Lets all but refusals pass.
///
/// # Errors
/// The refusal.
pub fn accepted(message: &[u8]) -> Result<(), Error> {
    if refuses(message) {
        return Err(Error::Refused(String::from_utf8_lossy(message).chars().take(200).collect()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_and_forwarded_signals_have_names() {
        assert_eq!(name(br#"{"c":200,"s":"JOIN","b":{"rid":"r"}}"#), b"JOIN");
        assert_eq!(name(br#"{"sq":7,"s":"OFFER","ch":"p2p"}"#), b"OFFER");
        assert_eq!(name(br#"{"sq":7,"c":200,"s":"PUBLISH_LIST_CHANGED","b":{}}"#), b"PUBLISH_LIST_CHANGED");
        assert_eq!(name(br#"{"s":"#), b"");
        assert_eq!(name(b""), b"");
    }

    #[test]
    fn refusals_are_told_from_answers() {
        assert!(!refuses(br#"{"c":200,"s":"JOIN","b":{}}"#));
        assert!(!refuses(br#"{"sq":7,"s":"OFFER","ch":"p2p"}"#));
        assert!(refuses(br#"{"c":4001,"s":"JOIN","b":{}}"#));
    }

    #[test]
    fn an_offer_is_as_long_as_asked_for() {
        let member = SessionIdentity { room_type: "p2p", room: "r".into(), user: "u".into() };
        let length = member.offer(2048).len();
        assert!((2048..2300).contains(&length), "{length}");
    }
}
