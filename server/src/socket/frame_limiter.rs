//! Walks frame headers (RFC 6455, section 5.2) ahead of the codec. Pure.
//!
//! The codec looks at a frame's length only when the whole frame is in memory. The limiter passes bytes on as they
//! come, but nothing of a frame that is too long: of it the codec sees the header and then the end of the input. All
//! other faults of a frame are left to the codec.

use roomcast_protocol::code::CloseCode;

/// Longest header: two bytes, eight of extended length, four of masking key.
const MAX_HEADER: usize = 14;
/// Longest payload of a control frame (RFC 6455, section 5.5).
const MAX_CONTROL: u64 = 125;

/// Decides when frames may be read, and is informed of each.
pub trait FrameMeter {
    /// Returns whether the next frame may begin at the present time.
    fn poll_begin(&mut self) -> bool;
    /// Records the beginning of a frame with this number of payload bytes. `message` is `false` for a continuation
    /// frame.
    fn begun(&mut self, length: u64, message: bool);
}

/// Reasons why the limiter stopped before the end of what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The meter delays the next frame.
    Wait,
    /// The frame whose header was just passed on is refused: nothing more may be read.
    Refuse(CloseCode),
}

#[derive(Debug)]
enum FramePosition {
    Between,
    Header { have: usize, bytes: [u8; MAX_HEADER] },
    Payload(u64),
}

/// Position of the connection in its stream of frames.
#[derive(Debug)]
pub struct FrameLimiter {
    max_frame: u64,
    position: FramePosition,
}

impl FrameLimiter {
    /// Creates a limiter that permits payloads of at most `max_frame` bytes.
    pub const fn new(max_frame: u64) -> Self {
        Self { max_frame, position: FramePosition::Between }
    }

    /// Returns the number of bytes of `input` that may be passed on, and the reason if not all.
    pub fn walk(&mut self, input: &[u8], meter: &mut impl FrameMeter) -> (usize, Option<Halt>) {
        let mut passed = 0;
        while passed < input.len() {
            match &mut self.position {
                FramePosition::Between if meter.poll_begin() => {
                    self.position = FramePosition::Header { have: 0, bytes: [0; MAX_HEADER] }
                }
                FramePosition::Between => return (passed, Some(Halt::Wait)),
                FramePosition::Payload(left) => passed += skip(left, input.len() - passed),
                FramePosition::Header { have, bytes } => {
                    bytes[*have] = input[passed];
                    *have += 1;
                    passed += 1;
                    if let Err(code) = self.step(meter) {
                        return (passed, Some(Halt::Refuse(code)));
                    }
                }
            }
            if matches!(self.position, FramePosition::Payload(0)) {
                self.position = FramePosition::Between;
            }
        }
        (passed, None)
    }

    /// Goes on to the payload when the header is complete.
    fn step(&mut self, meter: &mut impl FrameMeter) -> Result<(), CloseCode> {
        let FramePosition::Header { have, bytes } = &self.position else { return Ok(()) };
        let Some(length) = payload_length(&bytes[..*have]) else { return Ok(()) };
        let opcode = bytes[0] & 0x0f;
        if opcode >= 8 && length > MAX_CONTROL {
            return Err(CloseCode::Protocol);
        }
        if length > self.max_frame {
            return Err(CloseCode::TooBig);
        }
        meter.begun(length, opcode != 0);
        self.position = FramePosition::Payload(length);
        Ok(())
    }
}

fn skip(left: &mut u64, available: usize) -> usize {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(available);
    *left -= taken as u64;
    taken
}

/// Returns the length of the payload, once the header is complete.
fn payload_length(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let key = if second & 0x80 == 0 { 0 } else { 4 };
    if header.len() < 2 + extended + key {
        return None;
    }
    let number = header[2..2 + extended].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some(if extended == 0 { u64::from(second & 0x7f) } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Count(Vec<(u64, bool)>);

    impl FrameMeter for Count {
        fn poll_begin(&mut self) -> bool {
            true
        }
        fn begun(&mut self, length: u64, message: bool) {
            self.0.push((length, message));
        }
    }

    struct Never;

    impl FrameMeter for Never {
        fn poll_begin(&mut self) -> bool {
            false
        }
        fn begun(&mut self, _: u64, _: bool) {}
    }

    fn frame(opcode: u8, length: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut bytes = vec![0x80 | opcode];
        match length {
            0..126 => bytes.push(mask | u8::try_from(length).unwrap()),
            126..65536 => {
                bytes.push(mask | 126);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(if masked { &[1, 2, 3, 4][..] } else { &[] });
        bytes.extend(std::iter::repeat_n(0xaa, length));
        bytes
    }

    fn walk_in_pieces(bytes: &[u8], cuts: &[usize], max: u64) -> (Vec<u8>, Option<Halt>, Vec<(u64, bool)>) {
        let (mut limiter, mut count, mut out) = (FrameLimiter::new(max), Count::default(), Vec::new());
        let mut rest = bytes;
        let mut cuts = cuts.iter().copied().cycle();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(cuts.next().unwrap_or(rest.len()).clamp(1, rest.len()));
            let (passed, stop) = limiter.walk(piece, &mut count);
            out.extend(&piece[..passed]);
            if stop.is_some() {
                return (out, stop, count.0);
            }
            rest = behind;
        }
        (out, None, count.0)
    }

    #[test]
    fn a_frame_of_a_gibibyte_is_refused_at_its_header() {
        let header = [0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4];
        let sent = [&frame(1, 3, true)[..], &header, b"payload"].concat();
        let (out, stop, frames) = walk_in_pieces(&sent, &[], 32768);
        assert_eq!((out.len(), stop), (9 + 14, Some(Halt::Refuse(CloseCode::TooBig))));
        assert_eq!(frames, [(3, true)]);
    }

    #[test]
    fn a_long_control_frame_is_a_protocol_error() {
        let (_, stop, _) = walk_in_pieces(&frame(9, 126, true), &[], 32768);
        assert_eq!(stop, Some(Halt::Refuse(CloseCode::Protocol)));
        assert_eq!(walk_in_pieces(&frame(9, 125, true), &[], 32768).1, None);
    }

    #[test]
    fn nothing_of_a_frame_passes_before_it_poll_begin() {
        assert_eq!(FrameLimiter::new(9).walk(&frame(1, 1, true), &mut Never), (0, Some(Halt::Wait)));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_output(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x81), Just(0x83)], 0..600),
            cuts in prop::collection::vec(1_usize..40, 1..20),
            max in 0_u64..300,
        ) {
            let whole = walk_in_pieces(&bytes, &[], max);
            prop_assert!(bytes.starts_with(&whole.0));
            prop_assert_eq!(walk_in_pieces(&bytes, &cuts, max), whole);
        }

        #[test]
        fn legal_frames_pass_byte_for_byte(
            frames in prop::collection::vec((0_usize..70_000, 0_u8..3, any::<bool>()), 0..6),
            cuts in prop::collection::vec(1_usize..9000, 1..20),
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(length, opcode, masked)| frame(*opcode, *length, *masked)).collect();
            let seen: Vec<_> = frames.iter().map(|(length, opcode, _)| (*length as u64, *opcode != 0)).collect();
            prop_assert_eq!(walk_in_pieces(&bytes, &cuts, 70_000), (bytes, None, seen));
        }
    }
}
