//! A playlist's text, and its compressed form once somebody wants that.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A text that all its readers share. It is compressed by the first who takes gzip, so that a stream nobody watches
/// costs no compression, and any number of viewers a single one.
#[derive(Debug)]
pub struct Text {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Text {
    /// A text as it is.
    pub fn new(plain: Bytes) -> Self {
        Self { plain, gzip: OnceLock::new() }
    }

    /// As it is.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// As gzip (RFC 1952).
    pub fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            let written = encoder.write_all(&self.plain).and_then(|()| encoder.finish());
            written.expect("memory takes all that is written").into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_text_is_compressed_once_for_all_its_readers() {
        let text = Text::new(Bytes::from("#EXTINF:1,\ns1.m4s\n".repeat(60)));
        let (one, other) = (text.gzip().clone(), text.gzip().clone());
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert!(one.len() * 4 < text.plain().len());
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&one[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, text.plain()[..]);
    }
}
