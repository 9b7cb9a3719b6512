//! Encoding of messages to the peer, fragmented if they exceed the maximum frame length.

use actix_codec::Encoder;
use actix_http::ws::{CloseReason, Codec, Item, Message};
use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;

/// Writes a text message.
pub fn text(text: ByteString, max_frame: usize, write: impl FnMut(Message)) {
    fragmented(text, max_frame, Message::Text, |text| text.into_bytes(), Item::FirstText, write);
}

/// Writes a text message, given in two pieces, without making one text of them first.
pub fn write_text(pieces: [&str; 2], max_frame: usize, out: &mut BytesMut) {
    let length = pieces[0].len() + pieces[1].len();
    if length <= max_frame {
        // RFC 6455, section 5.2: the last and only frame, of text, not masked.
        out.put_u8(0x81);
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length @ 0..126), _) => out.put_u8(length),
            (_, Ok(length)) => {
                out.put_u8(126);
                out.put_u16(length);
            }
            _ => {
                out.put_u8(127);
                out.put_u64(length as u64);
            }
        }
        return pieces.into_iter().for_each(|piece| out.put_slice(piece.as_bytes()));
    }
    let mut codec = Codec::new();
    text(pieces.concat().into(), max_frame, |frame| {
        codec.encode(frame, out).expect("frames of this layer are legal");
    });
}

/// Writes a binary message.
pub fn binary(bytes: Bytes, max_frame: usize, write: impl FnMut(Message)) {
    fragmented(bytes, max_frame, Message::Binary, |bytes| bytes, Item::FirstBinary, write);
}

fn fragmented<M: AsRef<[u8]>>(
    message: M,
    max_frame: usize,
    whole: impl FnOnce(M) -> Message,
    bytes: impl FnOnce(M) -> Bytes,
    first: impl FnOnce(Bytes) -> Item,
    mut write: impl FnMut(Message),
) {
    if message.as_ref().len() <= max_frame {
        return write(whole(message));
    }
    let mut rest = bytes(message);
    write(Message::Continuation(first(rest.split_to(max_frame))));
    while rest.len() > max_frame {
        write(Message::Continuation(Item::Continue(rest.split_to(max_frame))));
    }
    write(Message::Continuation(Item::Last(rest)));
}

/// Returns the number of bytes that a message of this length takes on the wire.
pub const fn size(length: usize, max_frame: usize) -> usize {
    if length <= max_frame {
        return header(length) + length;
    }
    let (full, rest) = ((length - 1) / max_frame, (length - 1) % max_frame + 1);
    full * header(max_frame) + header(rest) + length
}

/// Returns the number of bytes that a close frame takes on the wire.
pub fn close_size(reason: Option<&CloseReason>) -> usize {
    let text = |reason: &CloseReason| reason.description.as_ref().map_or(0, String::len);
    reason.map_or(2, |reason| 4 + text(reason))
}

const fn header(length: usize) -> usize {
    match length {
        0..126 => 2,
        126..65536 => 4,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: &str, max_frame: usize) -> (usize, BytesMut) {
        let (mut codec, mut out, mut frames) = (Codec::new(), BytesMut::new(), 0);
        text(message.into(), max_frame, |frame| {
            frames += 1;
            codec.encode(frame, &mut out).unwrap();
        });
        (frames, out)
    }

    #[test]
    fn the_size_is_what_is_written_whatever_the_length() {
        for max_frame in [1, 100, 125, 126, 32_768, 65_536, 1 << 20] {
            for length in [0, 1, 99, 100, 101, 125, 126, 127, 250, 32_768, 32_769, 65_535, 65_536, 65_537, 131_072] {
                let (frames, out) = written(&"x".repeat(length), max_frame);
                assert_eq!(out.len(), size(length, max_frame), "{length} in frames of {max_frame}");
                assert_eq!(frames, length.div_ceil(max_frame).max(1));
                for cut in [0, 1, length / 2, length] {
                    let (whole, mut pieces) = ("x".repeat(length), BytesMut::new());
                    let (first, rest) = whole.split_at(cut.min(length));
                    write_text([first, rest], max_frame, &mut pieces);
                    assert_eq!(pieces, out, "{length} in frames of {max_frame}");
                }
            }
        }
    }

    #[test]
    fn the_size_of_a_close_frame_is_what_is_written() {
        for reason in [None, Some((1000, None)), Some((1013, Some("slow consumer".to_owned())))] {
            let reason = reason.map(|(code, description)| CloseReason { code: code.into(), description });
            let mut out = BytesMut::new();
            Codec::new().encode(Message::Close(reason.clone()), &mut out).unwrap();
            assert_eq!(out.len(), close_size(reason.as_ref()));
        }
    }
}
