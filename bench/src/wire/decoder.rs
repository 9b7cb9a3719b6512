//! Frames from a server, put together to messages. Works on bytes as they arrive and copies only what is not
//! yet whole (RFC 6455, sections 5.2 and 5.4).

/// Violation of the protocol by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A reserved bit, or an opcode that a Roomcast server never uses.
    #[error("the server sent a frame that begins with {0:#04x}")]
    Unexpected(u8),
    /// Servers must not mask (section 5.1).
    #[error("the server masked a frame")]
    Masked,
    /// A continuation without a beginning, or a beginning within a message.
    #[error("the server sent fragments out of order")]
    OutOfOrder,
}

/// Something whole.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    Message(&'a [u8]),
    Ping(&'a [u8]),
    /// The status code, 1005 when there is none.
    Close(u16),
}

/// Bytes received of one connection that are not a whole message yet.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a frame.
    rest: Vec<u8>,
    /// The beginning of a fragmented message.
    message: Option<Vec<u8>>,
}

/// The first byte of a frame, and where its payload stands.
struct Header {
    first: u8,
    start: usize,
    end: usize,
}

impl Decoder {
    /// Takes bytes and shows what they complete.
    ///
    /// # Errors
    /// When the bytes are no frames of a server; nothing after that can be read.
    pub fn feed(&mut self, bytes: &[u8], mut show: impl FnMut(Event<'_>)) -> Result<(), FrameError> {
        if self.rest.is_empty() {
            let used = self.frames(bytes, &mut show)?;
            self.rest.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.rest);
        joined.extend_from_slice(bytes);
        let used = self.frames(&joined, &mut show)?;
        joined.drain(..used);
        self.rest = joined;
        Ok(())
    }

    fn frames(&mut self, bytes: &[u8], show: &mut impl FnMut(Event<'_>)) -> Result<usize, FrameError> {
        let mut used = 0;
        while let Some(header) = header(&bytes[used..])? {
            let payload = &bytes[used + header.start..used + header.end];
            self.frame(header.first, payload, show)?;
            used += header.end;
        }
        Ok(used)
    }

    fn frame(&mut self, first: u8, payload: &[u8], show: &mut impl FnMut(Event<'_>)) -> Result<(), FrameError> {
        match (first, &mut self.message) {
            (0x81, None) => show(Event::Message(payload)),
            (0x01, None) => self.message = Some(payload.to_vec()),
            (0x00, Some(message)) => message.extend_from_slice(payload),
            (0x80, Some(message)) => {
                message.extend_from_slice(payload);
                show(Event::Message(message));
                self.message = None;
            }
            (0x81 | 0x01 | 0x00 | 0x80, _) => return Err(FrameError::OutOfOrder),
            (0x88, _) => show(Event::Close(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)))),
            (0x89, _) => show(Event::Ping(payload)),
            (0x8a, _) => {}
            _ => return Err(FrameError::Unexpected(first)),
        }
        Ok(())
    }
}

/// The header of a frame that is there as a whole.
fn header(bytes: &[u8]) -> Result<Option<Header>, FrameError> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    if second & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    let (start, length) = match (second, rest.first_chunk::<2>(), rest.first_chunk::<8>()) {
        (126, Some(length), _) => (4, u64::from(u16::from_be_bytes(*length))),
        (127, _, Some(length)) => (10, u64::from_be_bytes(*length)),
        (126 | 127, _, _) => return Ok(None),
        (short, _, _) => (2, u64::from(short)),
    };
    let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(start);
    Ok((bytes.len() >= end).then_some(Header { first, start, end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..=125 => bytes.push(short as u8),
            middle @ 126..=0xffff => {
                bytes.push(126);
                bytes.extend((middle as u16).to_be_bytes());
            }
            long => {
                bytes.push(127);
                bytes.extend((long as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        bytes
    }

    /// Everything that the bytes tell when they come in pieces of this size.
    fn told(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut told = Vec::new();
        for bytes in bytes.chunks(piece) {
            decoder
                .feed(bytes, |event| {
                    told.push(match event {
                        Event::Message(text) => format!("message {}", text.len()),
                        Event::Ping(text) => format!("ping {}", text.len()),
                        Event::Close(code) => format!("close {code}"),
                    });
                })
                .unwrap();
        }
        assert!(decoder.rest.is_empty() && decoder.message.is_none());
        told
    }

    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut() {
        let long = vec![b'x'; 70_000];
        let bytes = [
            frame(0x81, b"one"),
            frame(0x01, &[b'a'; 32_768]),
            frame(0x89, b"!"),
            frame(0x00, &[b'b'; 300]),
            frame(0x80, b"c"),
            frame(0x81, &long),
            frame(0x8a, b""),
            frame(0x88, &1012_u16.to_be_bytes()),
            frame(0x88, b""),
        ]
        .concat();
        let expected = ["message 3", "ping 1", "message 33069", "message 70000", "close 1012", "close 1005"];
        for piece in [1, 2, 3, 7, 1024, 50_000, bytes.len()] {
            assert_eq!(told(&bytes, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn frames_that_no_server_may_send_are_refused() {
        let refusal = |bytes: &[u8]| Decoder::default().feed(bytes, |_| {});
        assert_eq!(refusal(&[0x81, 0x80]), Err(FrameError::Masked));
        assert_eq!(refusal(&frame(0xc1, b"")), Err(FrameError::Unexpected(0xc1)));
        assert_eq!(refusal(&frame(0x82, b"")), Err(FrameError::Unexpected(0x82)));
        assert_eq!(refusal(&frame(0x80, b"")), Err(FrameError::OutOfOrder));
        assert_eq!(refusal(&[frame(0x01, b""), frame(0x81, b"")].concat()), Err(FrameError::OutOfOrder));
    }
}
