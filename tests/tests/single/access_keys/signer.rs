//! Keys of others than the server: each with its JWK and the tokens that it signs.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The audience of every token.
pub const AUDIENCE: &str = "here";

/// A key that signs tokens.
pub struct Signer {
    /// Its name.
    pub id: String,
    key: Kind,
}

enum Kind {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static str),
    Hs256(Vec<u8>),
}

impl Signer {
    pub fn es256(id: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { id: id.to_owned(), key: Kind::Es256(key) }
    }

    pub fn ed_dsa(id: &str) -> Self {
        Self { id: id.to_owned(), key: Kind::EdDsa(Ed25519KeyPair::generate().expect("a key")) }
    }

    /// A key of RS256 or PS256.
    pub fn rsa(id: &str, algorithm: &'static str) -> Self {
        Self { id: id.to_owned(), key: Kind::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"), algorithm) }
    }

    pub fn secret(id: &str, secret: &[u8]) -> Self {
        Self { id: id.to_owned(), key: Kind::Hs256(secret.to_vec()) }
    }

    fn algorithm(&self) -> &'static str {
        match &self.key {
            Kind::Es256(_) => "ES256",
            Kind::EdDsa(_) => "EdDSA",
            Kind::Rsa(_, algorithm) => algorithm,
            Kind::Hs256(_) => "HS256",
        }
    }

    /// The key as it is published.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.key {
            Kind::Es256(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Kind::EdDsa(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref())}),
            Kind::Rsa(key, _) => {
                // A sequence of two integers in DER: nine bytes before the 256 of the modulus, and behind it 65537.
                let der = key.public_key().as_ref();
                assert!(der.len() == 270 && der.ends_with(&[2, 3, 1, 0, 1]), "2048 bits and the usual exponent");
                json!({"kty": "RSA", "n": text(&der[9..265]), "e": "AQAB"})
            }
            Kind::Hs256(secret) => json!({"kty": "oct", "k": text(secret)}),
        };
        jwk["kid"] = self.id.clone().into();
        jwk
    }

    /// A token for everything, which differs from any other by its `jti`.
    pub fn token(&self, id: &str) -> String {
        self.token_as(self.algorithm(), &self.id, id)
    }

    /// A token whose header names an algorithm and a key, whatever signs it.
    pub fn token_as(&self, algorithm: &str, key_id: &str, id: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
        let claims = json!({
            "sub": "ann", "aud": AUDIENCE, "iat": now, "exp": now + 3600, "jti": id,
            "room": {"join": true, "admin": true},
        });
        let header = json!({"alg": algorithm, "kid": key_id});
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes())))
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match &self.key {
            Kind::Es256(key) => key.sign(&SystemRandom::new(), text).expect("a signature").as_ref().to_vec(),
            Kind::EdDsa(key) => key.sign(text).as_ref().to_vec(),
            Kind::Rsa(key, algorithm) => {
                let encoding: &'static dyn RsaEncoding =
                    if *algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &SystemRandom::new(), text, &mut signature).expect("a signature");
                signature
            }
            Kind::Hs256(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text).as_ref().to_vec(),
        }
    }
}
