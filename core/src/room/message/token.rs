//! Tokens in messages between nodes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The hash of a token. Edges and owner share only the hash, so that their messages and journals do not reveal the
/// token.
pub type Token = String;

/// Returns the SHA-256 of a token. An empty token stays empty, since it only states that a client supports resume
/// tokens.
#[must_use]
pub fn token_hash(token: &str) -> Token {
    if token.is_empty() { String::new() } else { URL_SAFE_NO_PAD.encode(Sha256::digest(token)) }
}
