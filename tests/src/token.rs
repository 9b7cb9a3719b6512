//! Access tokens, made here by hand: what the server takes is not tested with what the server makes.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret of the servers of tests.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The present time in seconds since 1970.
///
/// # Panics
/// When the clock stands before 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// A token of `user` for ten minutes with these grants.
#[must_use]
pub fn token(user: &str, grant: Value) -> String {
    with_claims(json!({ "sub": user, "iat": now(), "exp": now() + 600, "room": grant }))
}

/// A token with these claims.
#[must_use]
pub fn with_claims(claims: Value) -> String {
    signed(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, SECRET)
}

/// A token with this header and these claims, signed with HMAC-SHA256 whatever the header says.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
pub fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
