//! Signs access tokens. The server itself signs none for clients: this is for its command line.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};

/// Signs claims with a secret (HS256). `key_id` is the name of the key, the `kid` of the header.
///
/// # Panics
/// When the secret is empty, which no setting is.
pub fn sign(secret: &str, key_id: Option<&str>, claims: &Map<String, Value>) -> String {
    let mut header = json!({ "alg": "HS256", "typ": "JWT" });
    if let Some(id) = key_id {
        header["kid"] = id.into();
    }
    let encoded = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encoded(header.to_string()), encoded(Value::Object(claims.clone()).to_string()));
    let key = EncodingKey::from_secret(secret.as_bytes()).expect("the setting refuses empty secrets");
    let signature = crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("HMAC takes every key and text");
    format!("{signed}.{signature}")
}
