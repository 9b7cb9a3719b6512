//! Access tokens as an application makes them: JWTs (RFC 7519), and the public keys that verify them (RFC 7517).

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::Error;

/// The secret of servers under load.
pub const SECRET: &str = "a-secret-of-at-least-32-bytes-for-measuring";
/// The audience in all tokens: key sets demand one.
pub const AUDIENCE: &str = "bench";
/// Seconds that a token is good for.
const LIFE: i64 = 3600;

/// A key that signs tokens.
#[derive(Debug)]
pub enum Signer {
    Hs256(Box<hmac::Key>),
    Rs256(Box<RsaKeyPair>),
    Es256(Box<EcdsaKeyPair>),
}

impl Signer {
    /// A key from [`SECRET`].
    pub fn hs256() -> Self {
        Self::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes())))
    }

    /// A new key of 2048 bits.
    ///
    /// # Errors
    /// When none can be made.
    pub fn rs256() -> Result<Self, Error> {
        RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Self::Rs256(Box::new(pair))).map_err(|_| Error::Signature)
    }

    /// A new key on P-256.
    ///
    /// # Errors
    /// When none can be made.
    pub fn es256() -> Result<Self, Error> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| Error::Signature)?;
        Ok(Self::Es256(Box::new(pair)))
    }

    /// The name of the algorithm.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
        }
    }

    /// The public key as a key set.
    pub fn key_set(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = match self {
            Self::Hs256(_) => json!({}),
            Self::Rs256(pair) => {
                // A sequence of two integers, modulus and exponent, with heads of as many bytes as 2048 bits need
                // (RFC 8017, appendix A.1.1).
                let key = pair.public_key().as_ref();
                json!({ "kty": "RSA", "kid": "bench", "alg": "RS256", "use": "sig",
                    "n": encode(&key[9..265]), "e": encode(&key[267..]) })
            }
            Self::Es256(pair) => {
                // An uncompressed point: a byte that says so, and two coordinates (SEC 1, section 2.3.3).
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "kid": "bench", "alg": "ES256", "use": "sig", "crv": "P-256",
                    "x": encode(x), "y": encode(y) })
            }
        };
        json!({ "keys": [key] })
    }

    /// A token of a user for one room, with a number that makes it another than all others.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, user: &str, room: &str, number: usize) -> Result<String, Error> {
        let now = Timestamp::now().as_second();
        let header = match self {
            Self::Hs256(_) => json!({ "alg": "HS256", "typ": "JWT" }),
            _ => json!({ "alg": self.name(), "typ": "JWT", "kid": "bench" }),
        };
        let claims = json!({ "sub": user, "aud": AUDIENCE, "iat": now, "exp": now + LIFE, "jti": format!("{number:08}"),
            "room": { "id": room, "join": true, "create": true, "publish": true } });
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        match self {
            Self::Hs256(key) => Ok(hmac::sign(key, text).as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature);
                signed.map(|()| signature).map_err(|_| Error::Signature)
            }
            Self::Es256(pair) => {
                pair.sign(&random, text).map(|made| made.as_ref().to_vec()).map_err(|_| Error::Signature)
            }
        }
    }
}

/// A token whose signature does not fit: its last character is another.
pub fn spoilt(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    format!("{rest}{}", if last == "A" { "Q" } else { "A" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_have_three_parts() {
        for signer in [Signer::hs256(), Signer::rs256().unwrap(), Signer::es256().unwrap()] {
            let tokens = [1, 2].map(|number| signer.token("a", "r", number).unwrap());
            assert_ne!(tokens[0], tokens[1]);
            assert_eq!(tokens[0].split('.').count(), 3, "{}", signer.name());
        }
    }

    #[test]
    fn what_is_spoilt_is_another() {
        for token in ["a.b.cA", "a.b.cQ", "a.b.cx"] {
            assert_ne!(spoilt(token), token);
            assert_eq!(spoilt(token).len(), token.len());
        }
    }
}
