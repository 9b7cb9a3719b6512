//! A signed token taken apart (RFC 7515, compact serialization), before anything in it is believed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use roomcast_protocol::access::{MAX_TOKEN, Reason, Refused};

/// The algorithms for which there may be keys.
const ALGORITHMS: [(&str, Algorithm); 5] = [
    ("HS256", Algorithm::HS256),
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];

/// A signed token in its parts.
#[derive(Debug)]
pub struct Jws<'a> {
    /// The algorithm that its header names.
    pub algorithm: Algorithm,
    /// The name of its key.
    pub key_id: Option<String>,
    /// The text that is signed.
    pub signed: &'a str,
    /// The signature in base64.
    pub signature: &'a str,
    payload: &'a str,
}

impl<'a> Jws<'a> {
    /// Splits a token into its parts and checks its header.
    pub fn parse(token: &'a str) -> Result<Self, Refused> {
        if token.len() > MAX_TOKEN {
            return malformed(format!("the token is longer than {MAX_TOKEN} bytes"));
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return malformed(match parts.len() {
                5 => "the token is encrypted; only signed ones are taken",
                _ => "the token is no JWT: that has three parts with points between them",
            });
        };
        let Some(fields) = object(header) else { return malformed("the header of the token is no JSON in base64url") };
        check_header(&fields)?;
        let algorithm = algorithm(&fields)?;
        let key_id = match fields.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return malformed("`kid` in the header of the token is no text"),
        };
        let signed = &token[..header.len() + 1 + payload.len()];
        Ok(Self { algorithm, key_id, signed, signature, payload })
    }

    /// Returns the claims; to be read once the signature is checked.
    pub fn claims(&self) -> Result<Map<String, Value>, Refused> {
        object(self.payload).map_or_else(|| malformed("the claims of the token are no JSON object in base64url"), Ok)
    }
}

fn check_header(fields: &Map<String, Value>) -> Result<(), Refused> {
    if fields.contains_key("crit") {
        return malformed("the token demands extensions (`crit`); none is known here");
    }
    let says = |name: &str, known: &[&str]| match fields.get(name) {
        None => true,
        Some(Value::String(text)) => known.iter().any(|one| text.eq_ignore_ascii_case(one)),
        Some(_) => false,
    };
    if fields.contains_key("enc") || fields.contains_key("zip") || !says("cty", &[]) {
        return malformed("the token is encrypted or holds another; only a signed one with claims is taken");
    }
    match says("typ", &["JWT", "at+jwt", "application/at+jwt"]) {
        true => Ok(()),
        false => malformed("`typ` of the token is neither JWT nor at+jwt"),
    }
}

fn algorithm(fields: &Map<String, Value>) -> Result<Algorithm, Refused> {
    let Some(Value::String(name)) = fields.get("alg") else {
        return malformed("the header of the token names no algorithm (`alg`)");
    };
    let known = ALGORITHMS.iter().find(|(known, _)| known == name);
    known.map(|(_, algorithm)| *algorithm).ok_or_else(|| {
        let names = ALGORITHMS.map(|(name, _)| name).join(", ");
        Refused::new(Reason::Algorithm, format!("the token is signed in none of the ways that are taken: {names}"))
    })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn malformed<T>(sentence: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::new(Reason::Malformed, sentence))
}
