//! Unguessable tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns a token of 144 random bits, as 24 URL-safe characters.
///
/// # Panics
/// When the operating system has no randomness.
pub fn random() -> String {
    let mut bytes = [0_u8; 18];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_differ() {
        assert_ne!(super::random(), super::random());
        assert_eq!(super::random().len(), 24);
    }
}
