//! Tokens as nodes share them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A token as edges and owner know it: a hash, so that nobody who reads what they share can use it.
pub type Token = String;

/// Returns the SHA-256 of a token; an empty token stays empty, since it only says that a client keeps tokens.
#[must_use]
pub fn token_hash(token: &str) -> Token {
    if token.is_empty() { String::new() } else { URL_SAFE_NO_PAD.encode(Sha256::digest(token)) }
}
