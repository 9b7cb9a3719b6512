//! Media as the rules see it: bytes in memory, or a reference to bytes stored elsewhere.
//!
//! Several nodes keep the same stream while only some of them hold the bytes. So media is equal when its length and
//! digest are, wherever the bytes are. A digest is made only where bytes meet a reference, or are written down: a
//! node without others never makes one. Never fetches anything.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The digest that identifies bytes: the first 128 bits of their SHA-256, as 22 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Computes the digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256::digest(bytes)[..16]);
        Self(digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("expected a digest of 128 bits in base64url"))
    }
}

/// A reference to bytes that are stored elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Digest of the bytes.
    #[serde(rename = "d")]
    pub digest: Digest,
    /// Number of bytes.
    #[serde(rename = "l")]
    pub length: u64,
}

impl Reference {
    /// Creates a reference to these bytes.
    #[must_use]
    pub fn to(bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes), length: bytes.len() as u64 }
    }

    /// Returns whether the reference denotes these bytes.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        self.length == bytes.len() as u64 && self.digest == Digest::of(bytes)
    }
}

/// A piece of media. It is serialized as a reference, and therefore deserialized as one.
#[derive(Clone)]
pub enum MediaRef {
    /// The bytes themselves.
    Local(Bytes),
    /// A reference to bytes that are stored elsewhere.
    Remote(Reference),
}

impl MediaRef {
    /// Number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Local(bytes) => bytes.len() as u64,
            Self::Remote(reference) => reference.length,
        }
    }

    /// Returns whether the media is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length() == 0
    }

    /// Returns the bytes, if they are in memory.
    #[must_use]
    pub const fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Local(bytes) => Some(bytes),
            Self::Remote(_) => None,
        }
    }

    /// Returns the reference to the bytes.
    #[must_use]
    pub fn reference(&self) -> Reference {
        match self {
            Self::Local(bytes) => Reference::to(bytes),
            Self::Remote(reference) => *reference,
        }
    }

    /// Several pieces one after the other: a single one where all bytes are at hand.
    pub(super) fn join<'a>(pieces: impl Iterator<Item = &'a Self> + Clone) -> Vec<Self> {
        let length = pieces.clone().filter_map(Self::bytes).map(Bytes::len).sum();
        let mut joined = BytesMut::with_capacity(length);
        for piece in pieces.clone() {
            match piece {
                Self::Local(bytes) => joined.extend_from_slice(bytes),
                Self::Remote(_) => return pieces.cloned().collect(),
            }
        }
        vec![Self::Local(joined.freeze())]
    }
}

impl Default for MediaRef {
    fn default() -> Self {
        Self::Local(Bytes::new())
    }
}

impl From<Bytes> for MediaRef {
    fn from(bytes: Bytes) -> Self {
        Self::Local(bytes)
    }
}

impl From<Reference> for MediaRef {
    fn from(reference: Reference) -> Self {
        if reference.length == 0 { Self::default() } else { Self::Remote(reference) }
    }
}

impl PartialEq for MediaRef {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local(one), Self::Local(other)) => one == other,
            (Self::Remote(one), Self::Remote(other)) => one == other,
            (Self::Local(bytes), Self::Remote(reference)) | (Self::Remote(reference), Self::Local(bytes)) => {
                reference.fits(bytes)
            }
        }
    }
}

impl Eq for MediaRef {}

impl fmt::Debug for MediaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(bytes) => bytes.fmt(f),
            Self::Remote(Reference { digest, length }) => write!(f, "{digest} of {length}"),
        }
    }
}

impl Serialize for MediaRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reference().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MediaRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reference::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(text: &'static [u8]) -> MediaRef {
        Bytes::from_static(text).into()
    }

    fn elsewhere(text: &[u8]) -> MediaRef {
        Reference::to(text).into()
    }

    #[test]
    fn media_is_equal_wherever_its_bytes_are() {
        for (one, other) in
            [(here(b"ab"), elsewhere(b"ab")), (elsewhere(b"ab"), here(b"ab")), (here(b""), elsewhere(b""))]
        {
            assert_eq!(one, other);
            assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
            assert_eq!(serde_json::from_str::<MediaRef>(&serde_json::to_string(&one).unwrap()).unwrap(), other);
        }
        assert_ne!(here(b"ab"), elsewhere(b"ac"));
        assert_ne!(elsewhere(b"ab"), elsewhere(b"abc"));
    }

    #[test]
    fn a_digest_is_the_beginning_of_a_sha_256() {
        assert_eq!(
            Digest::of(b"abc").to_string(),
            URL_SAFE_NO_PAD.encode(b"\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23")
        );
        for bad in [r#""""#, r#""AAAA""#, r#""*AAAAAAAAAAAAAAAAAAAAA""#, "1"] {
            assert!(serde_json::from_str::<Digest>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pieces_are_joined_where_all_are_at_hand() {
        let (one, other) = (here(b"ab"), here(b"c"));
        assert_eq!(MediaRef::join([&one, &other].into_iter())[0].bytes().unwrap(), "abc");
        let pieces = MediaRef::join([&one, &elsewhere(b"c")].into_iter());
        assert_eq!(pieces, [one, other]);
    }
}
