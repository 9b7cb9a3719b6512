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

/// A message put together from its fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whole {
    /// Text.
    Text(String),
    /// Anything else.
    Binary(Vec<u8>),
}

#[derive(Debug, Default)]
struct Open {
    bytes: Vec<u8>,
    /// End of the text that is known to be UTF-8; absent for binary messages.
    checked: Option<usize>,
}

/// Puts the fragments of one message together again. Text is checked as it comes: a message that can no longer
/// become UTF-8 is refused with the fragment that spoils it.
#[derive(Debug)]
pub struct Reassembler {
    max_message: usize,
    open: Option<Open>,
}

impl Reassembler {
    /// A reassembler that holds at most `max_message` bytes.
    #[must_use]
    pub const fn new(max_message: usize) -> Self {
        Self { max_message, open: None }
    }

    /// Takes the first fragment of a text message.
    ///
    /// # Errors
    /// [`CloseCode::Protocol`] while another message is open, [`CloseCode::TooBig`] over the limit,
    /// [`CloseCode::InvalidUtf8`] when no UTF-8 begins so.
    pub fn first(&mut self, payload: &[u8]) -> Result<(), CloseCode> {
        self.open(Open { checked: Some(0), ..Open::default() }, payload)
    }

    /// Takes the first fragment of a binary message.
    ///
    /// # Errors
    /// [`CloseCode::Protocol`] while another message is open, [`CloseCode::TooBig`] over the limit.
    pub fn first_binary(&mut self, payload: &[u8]) -> Result<(), CloseCode> {
        self.open(Open::default(), payload)
    }

    fn open(&mut self, mut open: Open, payload: &[u8]) -> Result<(), CloseCode> {
        if self.open.is_some() {
            return Err(CloseCode::Protocol);
        }
        // At once, for growing would hold the message twice; memory that is not written to costs nothing.
        open.bytes = Vec::with_capacity(self.max_message);
        self.open = Some(open);
        self.append(payload)
    }

    /// Takes a further fragment.
    ///
    /// # Errors
    /// [`CloseCode::Protocol`] when no message is open, [`CloseCode::TooBig`] over the limit,
    /// [`CloseCode::InvalidUtf8`] when it cannot be the text's next part.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), CloseCode> {
        let open = self.open.as_mut().ok_or(CloseCode::Protocol)?;
        if open.bytes.len() + payload.len() > self.max_message {
            return Err(CloseCode::TooBig);
        }
        open.bytes.extend_from_slice(payload);
        open.check()
    }

    /// Takes the last fragment and gives the message, whatever its kind.
    ///
    /// # Errors
    /// As [`append`](Self::append), and [`CloseCode::InvalidUtf8`] when the text ends within a character.
    pub fn finish(&mut self, payload: &[u8]) -> Result<Whole, CloseCode> {
        self.append(payload)?;
        let Open { bytes, checked } = self.open.take().unwrap_or_default();
        match checked {
            Some(_) => String::from_utf8(bytes).map(Whole::Text).map_err(|_| CloseCode::InvalidUtf8),
            None => Ok(Whole::Binary(bytes)),
        }
    }

    /// Takes the last fragment of a text message and gives the message.
    ///
    /// # Errors
    /// As [`finish`](Self::finish), and [`CloseCode::Binary`] when the message is binary.
    pub fn last(&mut self, payload: &[u8]) -> Result<String, CloseCode> {
        match self.finish(payload)? {
            Whole::Text(text) => Ok(text),
            Whole::Binary(_) => Err(CloseCode::Binary),
        }
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

impl Open {
    /// Checks what is new. A character that is not complete yet is looked at again with the next fragment.
    fn check(&mut self) -> Result<(), CloseCode> {
        let Some(checked) = &mut self.checked else { return Ok(()) };
        match std::str::from_utf8(&self.bytes[*checked..]) {
            Ok(_) => *checked = self.bytes.len(),
            Err(error) if error.error_len().is_some() => return Err(CloseCode::InvalidUtf8),
            Err(error) => *checked += error.valid_up_to(),
        }
        Ok(())
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

    #[test]
    fn text_that_cannot_become_utf_8_is_refused_at_the_fragment_that_spoils_it() {
        let mut reassembler = Reassembler::new(9);
        reassembler.first(b"a\xf4").unwrap();
        assert_eq!(reassembler.append(b"\x90"), Err(CloseCode::InvalidUtf8));
        assert_eq!(Reassembler::new(9).first(b"\xc0"), Err(CloseCode::InvalidUtf8));
    }

    #[test]
    fn binary_messages_are_not_text() {
        let mut reassembler = Reassembler::new(9);
        reassembler.first_binary(b"\xff").unwrap();
        assert_eq!(reassembler.finish(b"\xfe"), Ok(Whole::Binary(vec![0xff, 0xfe])));
        reassembler.first_binary(b"a").unwrap();
        assert_eq!(reassembler.last(b"b"), Err(CloseCode::Binary));
    }

    proptest! {
        #[test]
        fn text_is_refused_exactly_when_it_is_no_utf_8(bytes in prop::collection::vec(any::<u8>(), 0..8), cut in 0_usize..8) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let refused = reassemble(&[head, tail], 100).is_err();
            prop_assert_eq!(refused, std::str::from_utf8(&bytes).is_err());
        }

        #[test]
        fn cuts_at_any_place_and_empty_frames_give_the_message_back(
            message in ".{0,200}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let bytes = message.as_bytes();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.extend([0, bytes.len()]);
            places.sort_unstable();
            let frames: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(reassemble(&frames, 4000).unwrap(), message);
        }

        #[test]
        fn any_fragmentation_gives_the_message_back(message in ".{0,400}", max in 1_usize..60) {
            let frames: Vec<&[u8]> = fragments(&message, max).collect();
            prop_assert!(frames.iter().all(|frame| frame.len() <= max));
            prop_assert_eq!(reassemble(&frames, 4000).unwrap(), message);
        }
    }
}
