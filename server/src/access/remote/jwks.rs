//! A set of public keys (JWKS, RFC 7517): which of its keys verify tokens here. Pure.
//!
//! A key is taken for algorithms of its own type alone, and only if it is public: a shared secret (`oct`) in a document
//! that anybody can read would let anybody sign.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use crate::access::Key;

/// The most keys that are taken of a set.
const MOST_KEYS: usize = 100;
/// The lengths of an RSA modulus in bytes that are neither weak nor slow: 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// The length of a coordinate of P-256, and of a public key of Ed25519.
const POINT_BYTES: usize = 32;

/// The keys of a set that are taken, and a sentence for each of the others.
#[derive(Debug, Default)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<Key>,
    /// Reason why others are left out.
    pub ignored: Vec<String>,
}

/// Reads a set.
///
/// # Errors
/// A sentence when the text is no set, or has no key that can be used.
pub fn read(text: &[u8]) -> Result<KeySet, String> {
    let document: Value = serde_json::from_slice(text).map_err(|_| "it is no JSON")?;
    let listed = document.get("keys").and_then(Value::as_array).ok_or("it is no JWKS: it has no list `keys`")?;
    let mut set = KeySet::default();
    for (index, jwk) in listed.iter().enumerate() {
        let taken = match set.keys.len() < MOST_KEYS {
            true => jwk.as_object().map_or_else(|| Err("it is no object".to_owned()), key),
            false => Err(format!("there are {MOST_KEYS} already")),
        };
        match taken {
            Ok(key) => set.keys.push(key),
            Err(reason) => set.ignored.push(format!("key {} of {} is left out: {reason}", index + 1, listed.len())),
        }
    }
    match (set.keys.is_empty(), set.ignored.first()) {
        (false, _) => Ok(set),
        (true, Some(ignored)) => Err(format!("it has no key that can be used ({ignored})")),
        (true, None) => Err("it has no key".to_owned()),
    }
}

fn key(jwk: &Map<String, Value>) -> Result<Key, String> {
    check_use(jwk)?;
    let (key, able) = match text(jwk, "kty")? {
        Some("RSA") => (rsa(jwk)?, &[Algorithm::RS256, Algorithm::PS256][..]),
        Some("EC") => (p256(jwk)?, &[Algorithm::ES256][..]),
        Some("OKP") => (ed25519(jwk)?, &[Algorithm::EdDSA][..]),
        Some("oct") => return Err("it is a shared secret (`oct`), which is never taken from a key set".to_owned()),
        _ => return Err("its type (`kty`) is none of RSA, EC and OKP".to_owned()),
    };
    let algorithms = match text(jwk, "alg")? {
        None => able.to_vec(),
        Some(name) => able.iter().copied().filter(|one| format!("{one:?}") == name).collect(),
    };
    if algorithms.is_empty() {
        return Err("its algorithm (`alg`) is none of those that are taken for its type".to_owned());
    }
    Ok(Key { id: text(jwk, "kid")?.map(str::to_owned), algorithms, key, max_ttl: None })
}

fn check_use(jwk: &Map<String, Value>) -> Result<(), String> {
    let verifies = jwk.get("key_ops").is_none_or(|list| {
        list.as_array().is_some_and(|list| list.iter().any(|operation| operation.as_str() == Some("verify")))
    });
    if !verifies || text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err("it is not for signatures (`use`, `key_ops`)".to_owned());
    }
    match jwk.contains_key("d") {
        true => Err("it is a private key; whoever publishes it has to replace it".to_owned()),
        false => Ok(()),
    }
}

fn rsa(jwk: &Map<String, Value>) -> Result<DecodingKey, String> {
    let (modulus, exponent) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    let significant = modulus.iter().position(|byte| *byte != 0).map_or(0, |at| modulus.len() - at);
    if !RSA_BYTES.contains(&significant) {
        return Err("its modulus has not 2048 to 8192 bits".to_owned());
    }
    match (1..=8).contains(&exponent.len()) {
        true => Ok(DecodingKey::from_rsa_raw_components(&modulus[modulus.len() - significant..], &exponent)),
        false => Err("its exponent is too long".to_owned()),
    }
}

fn p256(jwk: &Map<String, Value>) -> Result<DecodingKey, String> {
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if text(jwk, "crv")? != Some("P-256") || x.len() != POINT_BYTES || y.len() != POINT_BYTES {
        return Err("it is no key of the curve P-256".to_owned());
    }
    Ok(DecodingKey::from_ec_der(&[&[4][..], &x, &y].concat()))
}

fn ed25519(jwk: &Map<String, Value>) -> Result<DecodingKey, String> {
    let x = bytes(jwk, "x")?;
    if text(jwk, "crv")? != Some("Ed25519") || x.len() != POINT_BYTES {
        return Err("it is no key of the curve Ed25519".to_owned());
    }
    Ok(DecodingKey::from_ed_der(&x))
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("its `{name}` is no text")),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, String> {
    let decoded = text(jwk, name)?.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    decoded.ok_or_else(|| format!("its `{name}` is missing or no base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const B32: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn modulus(bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xff; bytes])
    }

    /// The algorithms for which a key is taken, or why it is not.
    fn taken(jwk: Value) -> Result<Vec<Algorithm>, String> {
        read(json!({ "keys": [jwk] }).to_string().as_bytes()).map(|set| set.keys[0].algorithms.clone())
    }

    #[test]
    fn a_key_is_taken_for_the_algorithms_of_its_type() {
        let (rs, ps) = (Algorithm::RS256, Algorithm::PS256);
        let rsa = |more: Value| {
            let mut jwk = json!({"kty": "RSA", "n": modulus(256), "e": "AQAB"});
            jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            jwk
        };
        assert_eq!(taken(rsa(json!({}))), Ok(vec![rs, ps]));
        assert_eq!(taken(rsa(json!({"alg": "RS256", "use": "sig"}))), Ok(vec![rs]));
        assert_eq!(taken(rsa(json!({"alg": "PS256", "key_ops": ["verify"]}))), Ok(vec![ps]));
        assert_eq!(taken(json!({"kty": "EC", "crv": "P-256", "x": B32, "y": B32})), Ok(vec![Algorithm::ES256]));
        assert_eq!(taken(json!({"kty": "OKP", "crv": "Ed25519", "x": B32})), Ok(vec![Algorithm::EdDSA]));
        for (more, says) in [
            (json!({"alg": "HS256"}), "`alg`"),
            (json!({"alg": "ES256"}), "`alg`"),
            (json!({"alg": "RS512"}), "`alg`"),
            (json!({"alg": 1}), "`alg` is no text"),
            (json!({"use": "enc"}), "not for signatures"),
            (json!({"key_ops": ["encrypt"]}), "not for signatures"),
            (json!({"d": "AQAB"}), "private key"),
            (json!({"n": modulus(128)}), "2048 to 8192 bits"),
            (json!({"n": modulus(1025)}), "2048 to 8192 bits"),
            (json!({"n": "!"}), "`n` is missing"),
            (json!({"e": null}), "`e` is no text"),
            (json!({"kid": 7}), "`kid` is no text"),
        ] {
            let refused = taken(rsa(more.clone())).unwrap_err();
            assert!(refused.contains(says), "{more}: {refused}");
        }
    }

    #[test]
    fn secrets_other_curves_and_what_is_no_key_are_left_out() {
        for (jwk, says) in [
            (json!({"kty": "oct", "k": B32, "alg": "HS256"}), "shared secret"),
            (json!({"kty": "EC", "crv": "P-384", "x": B32, "y": B32}), "P-256"),
            (json!({"kty": "EC", "crv": "P-256", "x": B32, "y": "AQ"}), "P-256"),
            (json!({"kty": "EC", "crv": "P-256", "x": B32}), "`y` is missing"),
            (json!({"kty": "OKP", "crv": "X25519", "x": B32}), "Ed25519"),
            (json!({"kty": "AKP"}), "`kty`"),
            (json!({}), "`kty`"),
            (json!("key"), "no object"),
        ] {
            let refused = taken(jwk.clone()).unwrap_err();
            assert!(refused.contains(says), "{jwk}: {refused}");
        }
    }

    #[test]
    fn good_keys_are_taken_beside_bad_ones_and_no_more_than_the_most() {
        let good = json!({"kty": "OKP", "crv": "Ed25519", "x": B32, "kid": "a"});
        let set = read(json!({"keys": [{"kty": "oct", "k": B32}, good]}).to_string().as_bytes()).unwrap();
        assert_eq!((set.keys.len(), set.keys[0].id.as_deref()), (1, Some("a")));
        assert!(set.ignored.len() == 1 && set.ignored[0].starts_with("key 1 of 2 is left out: it is a shared secret"));
        let many = json!({ "keys": vec![good; MOST_KEYS + 1] }).to_string();
        let set = read(many.as_bytes()).unwrap();
        assert_eq!((set.keys.len(), set.ignored.len()), (MOST_KEYS, 1));
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for (text, says) in [
            ("", "no JSON"),
            ("<html>", "no JSON"),
            ("[]", "no JWKS"),
            ("{}", "no JWKS"),
            (r#"{"keys":{}}"#, "no JWKS"),
            (r#"{"keys":[]}"#, "it has no key"),
        ] {
            assert!(read(text.as_bytes()).is_err_and(|refused| refused.contains(says)), "{text}");
        }
    }
}
