//! Boxes: the header, the walk over a box's children, big-endian fields.
//!
//! Every read that would go beyond the bytes is an error, never a panic. Never knows what a box
//! means.
//!
//! ISO/IEC 14496-12, 4.2 (object structure).

use std::fmt;

use bytes::{BufMut, BytesMut};

use crate::Error;

/// The type of a box, a handler or a sample entry: four characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FourCc(pub [u8; 4]);

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FourCc({self})")
    }
}

/// The header of a box: its type, the header's length, the whole box's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: FourCc,
    pub(crate) length: usize,
    pub(crate) size: u64,
}

impl Header {
    /// `None` while the header is incomplete.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some((&[s0, s1, s2, s3, k0, k1, k2, k3], rest)) = bytes.split_first_chunk() else {
            return Ok(None);
        };
        let kind = FourCc([k0, k1, k2, k3]);
        let (length, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            1 => match rest.first_chunk() {
                Some(large) => (16, u64::from_be_bytes(*large)),
                None => return Ok(None),
            },
            short => (8, u64::from(short)),
        };
        if size < length as u64 {
            return Err(Error::BoxSize { kind, size });
        }
        Ok(Some(Self { kind, length, size }))
    }
}

/// The unread rest of one box.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) kind: FourCc,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of a box of which `payload` is all behind the header.
    pub(crate) fn new(kind: &[u8; 4], payload: &'a [u8]) -> Self {
        Self { kind: FourCc(*kind), rest: payload }
    }

    /// Returns the bytes not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let truncated = Error::Truncated(self.kind);
        let (head, rest) = self.rest.split_first_chunk().ok_or(truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let truncated = Error::Truncated(self.kind);
        let (head, rest) = self.rest.split_at_checked(count).ok_or(truncated)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Error> {
        self.take(count).map(|_| ())
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// Version and flags of a full box.
    pub(crate) fn version_and_flags(&mut self) -> Result<(u8, u32), Error> {
        let [version, a, b, c] = self.array()?;
        Ok((version, u32::from_be_bytes([0, a, b, c])))
    }

    /// Returns the next child box, `None` at the end.
    pub(crate) fn child(&mut self) -> Result<Option<Fields<'a>>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let header = Header::read(self.rest)?.ok_or(Error::Truncated(self.kind))?;
        let Header { kind, length, size } = header;
        let beyond = Error::BoxSize { kind, size };
        let size = usize::try_from(size).map_err(|_| beyond.clone())?;
        let (whole, rest) = self.rest.split_at_checked(size).ok_or(beyond)?;
        self.rest = rest;
        let rest = &whole[length..];
        Ok(Some(Fields { kind, rest }))
    }

    /// The first child of the given type, if there is one.
    pub(crate) fn find(mut self, kind: &[u8; 4]) -> Result<Option<Fields<'a>>, Error> {
        while let Some(child) = self.child()? {
            if child.kind.0 == *kind {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }

    /// The first child of the given type, which has to be there.
    pub(crate) fn require(self, kind: &[u8; 4]) -> Result<Fields<'a>, Error> {
        self.find(kind)?.ok_or(Error::Missing(FourCc(*kind)))
    }
}

/// Writes a box of 32-bit size around what `body` writes.
pub(crate) fn put_box(out: &mut BytesMut, kind: &[u8; 4], body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    body(out);
    let size = u32::try_from(out.len() - start).expect("a box that is written is below 4 GiB");
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_none_until_its_last_byte() {
        let short = b"\0\0\0\x08free";
        let long = b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x10";
        for (bytes, length) in [(short.as_slice(), 8), (long.as_slice(), 16)] {
            let whole = Header::read(bytes).unwrap().unwrap();
            assert_eq!((whole.length, whole.size), (length, length as u64));
            assert_eq!(Header::read(&bytes[..length - 1]), Ok(None));
        }
    }

    #[test]
    fn a_size_below_the_header_is_an_error() {
        for bytes in
            [b"\0\0\0\0mdat\0\0\0\0\0\0\0\0", b"\0\0\0\x07free\0\0\0\0\0\0\0\0", b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f"]
        {
            let found = Header::read(bytes);
            assert!(matches!(found, Err(Error::BoxSize { .. })), "{found:?}");
        }
    }

    #[test]
    fn a_child_larger_than_its_parent_is_an_error() {
        let mut parent = Fields::new(b"moov", b"\0\0\0\x09trak");
        assert!(matches!(parent.child(), Err(Error::BoxSize { .. })));
    }

    #[test]
    fn a_read_beyond_the_end_names_the_box() {
        let mut fields = Fields::new(b"tfdt", b"\0\0\0");
        assert_eq!(fields.u32(), Err(Error::Truncated(FourCc(*b"tfdt"))));
    }

    #[test]
    fn a_written_box_is_found_again() {
        let mut out = BytesMut::new();
        put_box(&mut out, b"free", |_| {});
        put_box(&mut out, b"mfhd", |out| out.put_u64(7));
        let mut found = Fields::new(b"moof", &out).require(b"mfhd").unwrap();
        assert_eq!(found.u64(), Ok(7));
    }
}
