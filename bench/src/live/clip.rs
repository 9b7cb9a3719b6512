//! The bytes of a part, and their base64: made once, uploaded often.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Made-up media.
#[derive(Debug)]
pub struct Clip {
    pub bytes: Vec<u8>,
    pub base64: String,
}

impl Clip {
    /// Creates `size` bytes that hardly compress.
    pub fn new(size: usize) -> Self {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let bytes: Vec<u8> = std::iter::repeat_with(|| next(&mut state)).take(size).collect();
        let base64 = STANDARD.encode(&bytes);
        Self { bytes, base64 }
    }

    /// Other bytes of the same size for each number: nodes keep equal media but once.
    pub fn varied(&self, number: u64) -> Self {
        let mut bytes = self.bytes.clone();
        bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, other)| *byte ^= other);
        let base64 = STANDARD.encode(&bytes);
        Self { bytes, base64 }
    }
}

/// Marsaglia's xorshift.
fn next(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_as_long_as_asked_for_and_the_same_every_time() {
        let clip = Clip::new(1000);
        assert_eq!((clip.bytes.len(), clip.base64.len()), (1000, 1336));
        assert_eq!(clip.bytes, Clip::new(1000).bytes);
        assert_eq!(clip.varied(0).bytes, clip.bytes);
        assert_ne!(clip.varied(1).bytes, clip.varied(2).bytes);
        let distinct: std::collections::HashSet<_> = clip.bytes.iter().collect();
        assert!(distinct.len() > 200, "{}", distinct.len());
    }
}
