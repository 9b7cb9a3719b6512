//! Fragmentation of messages into frames and their reassembly (RFC 6455, section 5.4). Pure.
//!
//! Never touches a socket: the WebSocket layer hands in the payloads of frames and gets messages, or the close
//! code that a violation deserves. UTF-8 is checked over the whole message, because a fragment may end inside
//! a sequence.

use crate::code::CloseCode;

/// Cuts a text message into frame payloads of at most `max_frame` bytes.
///
/// # Panics
/// When `max_frame` is 0.
pub fn fragments(message: &str, max_frame: usize) -> impl Iterator<Item = &[u8]> {
    let bytes = message.as_bytes();
    let empty = bytes.is_empty().then_some(bytes);
    empty.into_iter().chain(bytes.chunks(max_frame))
}

/// Puts the fragments of one text message together again.
#[derive(Debug)]
pub struct Reassembler {
    max_message: usize,
    open: Option<Vec<u8>>,
}

impl Reassembler {
    /// A reassembler that holds at most `max_message` bytes.
    #[must_use]
    pub const fn new(max_message: usize) -> Self {
        Self { max_message, open: None }
    }

    /// Takes the first fragment of a message.
    ///
    /// # Errors
    /// [`CloseCode::Protocol`] while another message is open, [`CloseCode::TooBig`] over the limit.
    pub fn first(&mut self, payload: &[u8]) -> Result<(), CloseCode> {
        if self.open.is_some() {
            return Err(CloseCode::Protocol);
        }
        // At once, for growing would hold the message twice; memory that is not written to costs nothing.
        self.open = Some(Vec::with_capacity(self.max_message));
        self.append(payload)
    }

    /// Takes a further fragment.
    ///
    /// # Errors
    /// [`CloseCode::Protocol`] when no message is open, [`CloseCode::TooBig`] over the limit.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), CloseCode> {
        let open = self.open.as_mut().ok_or(CloseCode::Protocol)?;
        if open.len() + payload.len() > self.max_message {
            return Err(CloseCode::TooBig);
        }
        open.extend_from_slice(payload);
        Ok(())
    }

    /// Takes the last fragment and gives the message.
    ///
    /// # Errors
    /// As [`append`](Self::append), and [`CloseCode::InvalidUtf8`] when the whole is not UTF-8.
    pub fn last(&mut self, payload: &[u8]) -> Result<String, CloseCode> {
        self.append(payload)?;
        let message = self.open.take().unwrap_or_default();
        String::from_utf8(message).map_err(|_| CloseCode::InvalidUtf8)
    }

    /// Checks a message that came in one frame.
    ///
    /// # Errors
    /// [`CloseCode::Protocol`] while a fragmented message is open, [`CloseCode::TooBig`] over the limit.
    pub fn whole(&self, length: usize) -> Result<(), CloseCode> {
        match self.open {
            Some(_) => Err(CloseCode::Protocol),
            None if length > self.max_message => Err(CloseCode::TooBig),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reassemble(frames: &[&[u8]], max: usize) -> Result<String, CloseCode> {
        let mut reassembler = Reassembler::new(max);
        let (last, rest) = frames.split_last().expect("at least one frame");
        for (index, frame) in rest.iter().enumerate() {
            if index == 0 { reassembler.first(frame)? } else { reassembler.append(frame)? }
        }
        if rest.is_empty() {
            reassembler.first(&[])?;
        }
        reassembler.last(last)
    }

    #[test]
    fn a_message_over_the_limit_is_too_big() {
        assert_eq!(reassemble(&[b"abc", b"def"], 5), Err(CloseCode::TooBig));
        assert_eq!(reassemble(&[b"abc", b"de"], 5), Ok("abcde".into()));
    }

    #[test]
    fn a_stray_continuation_is_a_protocol_error() {
        assert_eq!(Reassembler::new(5).append(b"a"), Err(CloseCode::Protocol));
        let mut open = Reassembler::new(5);
        open.first(b"a").unwrap();
        assert_eq!(open.first(b"b"), Err(CloseCode::Protocol));
        assert_eq!(open.whole(1), Err(CloseCode::Protocol));
    }

    #[test]
    fn half_a_character_at_the_end_is_invalid() {
        assert_eq!(reassemble(&[b"a\xc3"], 5), Err(CloseCode::InvalidUtf8));
        assert_eq!(reassemble(&[b"a\xc3", b"\xa9"], 5), Ok("aé".into()));
    }

    proptest! {
        #[test]
        fn any_fragmentation_gives_the_message_back(message in ".{0,400}", max in 1_usize..60) {
            let frames: Vec<&[u8]> = fragments(&message, max).collect();
            prop_assert!(frames.iter().all(|frame| frame.len() <= max));
            prop_assert_eq!(reassemble(&frames, 4000).unwrap(), message);
        }
    }
}
