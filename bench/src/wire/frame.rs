//! Frames that a client sends (RFC 6455, section 5.2).

/// The masking key of every frame. Not zero: the server must do the work of unmasking.
const KEY: [u8; 4] = [0x5a, 0xc3, 0x3c, 0xa5];

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Opcode of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    Text = 0x1,
    Pong = 0xa,
}

/// A text message in one masked frame.
pub fn text(message: &str) -> Vec<u8> {
    frame(Opcode::Text, message.as_bytes())
}

/// A whole message in one masked frame.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    bytes.push(FINAL | opcode as u8);
    match payload.len() {
        short @ 0..=125 => bytes.push(MASKED | short as u8),
        middle @ 126..=0xffff => {
            bytes.push(MASKED | 126);
            bytes.extend((middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(MASKED | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    bytes.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmasked(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
    }

    #[test]
    fn a_short_frame_has_its_length_in_the_second_byte() {
        let bytes = text("hello");
        assert_eq!(bytes[..2], [0x81, 0x85]);
        assert_eq!(bytes[2..6], KEY);
        assert_eq!(unmasked(&bytes[6..]), b"hello");
    }

    #[test]
    fn longer_frames_have_their_length_in_two_or_eight_bytes() {
        let bytes = text(&"x".repeat(2048));
        assert_eq!(bytes[..4], [0x81, 0xfe, 0x08, 0x00]);
        assert_eq!(bytes.len(), 4 + 4 + 2048);
        let bytes = text(&"x".repeat(65_536));
        assert_eq!(bytes[..10], [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(unmasked(&bytes[14..]), "x".repeat(65_536).as_bytes());
    }
}
