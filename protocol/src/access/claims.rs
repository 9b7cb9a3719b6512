//! The claims of a token, judged by the policy of a server at a time.

use std::time::Duration;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::grant::Grant;
use super::permit::Permit;
use super::refused::{Reason, Refused};
use super::{MAX_META, MAX_NAME};
use crate::id::UserId;

/// Times up to here stay exact in JSON readers that hold numbers as doubles.
const LATEST: f64 = 9_007_199_254_740_991.0;

/// The demands of a server on claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The claim that holds the grant object.
    pub grant_claim: String,
    /// The audience, where one is demanded.
    pub audience: Option<String>,
    /// The issuer, where one is demanded.
    pub issuer: Option<String>,
    /// The difference allowed between clocks.
    pub leeway: Duration,
    /// The longest time from `iat` to `exp`.
    pub max_ttl: Duration,
}

/// Judges the claims of a token whose signature is right; `now` is in seconds since 1970.
///
/// # Errors
/// The reason, and a sentence for the bearer.
pub fn judge(policy: &Policy, now: u64, claims: &Map<String, Value>) -> Result<Permit, Refused> {
    let (issued, expires) = times(policy, now, claims)?;
    check_issuer(policy, claims)?;
    check_audience(policy, claims)?;
    Ok(Permit {
        subject: subject(claims)?,
        name: text(claims, "name", MAX_NAME)?.map(str::to_owned),
        expires,
        issued,
        id: text(claims, "jti", MAX_META)?.map(str::to_owned),
        grant: grant(policy, claims)?,
    })
}

/// `iat` and `exp`, in which now lies.
fn times(policy: &Policy, now: u64, claims: &Map<String, Value>) -> Result<(u64, u64), Refused> {
    let expires = time(claims, "exp")?;
    let expires = expires.ok_or_else(|| Refused::new(Reason::NoExp, "the token has no `exp`, the time of its end"))?;
    let issued = time(claims, "iat")?;
    let issued = issued.ok_or_else(|| Refused::new(Reason::NoIat, "the token has no `iat`, the time of its issue"))?;
    let leeway = policy.leeway.as_secs();
    if now >= expires.saturating_add(leeway) {
        let ago = now - expires;
        return Err(Refused::new(Reason::Expired, format!("the token ended {ago} s ago")));
    }
    for (time, done) in [(Some(issued), "signed"), (time(claims, "nbf")?, "good only")] {
        let ahead = time.unwrap_or(0).saturating_sub(now);
        if ahead > leeway {
            let sentence = format!("the token is {done} in the future, by {ahead} s: check the clock");
            return Err(Refused::new(Reason::NotYet, sentence));
        }
    }
    let (life, longest) = (expires.saturating_sub(issued), policy.max_ttl.as_secs());
    if life > longest {
        let sentence = format!("the token is good for {life} s from `iat` to `exp`; the server allows {longest} s");
        return Err(Refused::new(Reason::Lifetime, sentence));
    }
    Ok((issued, expires))
}

/// A time in seconds since 1970, without what is behind its point.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().filter(|seconds| (0.0..=LATEST).contains(seconds));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was checked just now")]
    let seconds = seconds.map(|seconds| seconds as u64);
    seconds.map(Some).ok_or_else(|| bad(&format!("`{name}` is no number of seconds since 1970")))
}

fn check_issuer(policy: &Policy, claims: &Map<String, Value>) -> Result<(), Refused> {
    match &policy.issuer {
        Some(issuer) if claims.get("iss").and_then(Value::as_str) != Some(issuer) => {
            Err(Refused::new(Reason::Issuer, "`iss` of the token is not the issuer that the server trusts"))
        }
        _ => Ok(()),
    }
}

fn check_audience(policy: &Policy, claims: &Map<String, Value>) -> Result<(), Refused> {
    let Some(wanted) = &policy.audience else { return Ok(()) };
    let named = match claims.get("aud") {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(wanted)),
        _ => false,
    };
    match named {
        true => Ok(()),
        false => Err(Refused::new(Reason::Audience, "`aud` of the token does not name this server")),
    }
}

fn subject(claims: &Map<String, Value>) -> Result<UserId, Refused> {
    let subject = claims.get("sub").and_then(Value::as_str).and_then(|subject| UserId::parse(subject).ok());
    let sentence = "the token has no `sub` that could be a user id: 1 to 128 printable ASCII characters";
    subject.ok_or_else(|| Refused::new(Reason::Subject, sentence))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str, most: usize) -> Result<Option<&'a str>, Refused> {
    let Some(value) = claims.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let text = value.as_str().filter(|text| text.len() <= most && !text.contains(char::is_control));
    text.map(Some).ok_or_else(|| bad(&format!("`{name}` is no text of at most {most} bytes")))
}

fn grant(policy: &Policy, claims: &Map<String, Value>) -> Result<Option<Grant>, Refused> {
    if claims.get("meta").is_some_and(|meta| !meta.is_object() || meta.to_string().len() > MAX_META) {
        return Err(bad(&format!("`meta` is no object of at most {MAX_META} bytes")));
    }
    let name = &policy.grant_claim;
    let Some(value) = claims.get(name) else { return Ok(None) };
    if !value.is_object() {
        return Err(bad(&format!("`{name}` is no grant object")));
    }
    let grant = Grant::deserialize_in_words(value);
    grant.map(Some).map_err(|what| bad(&format!("`{name}` is no grant object: {what}")))
}

fn bad(sentence: &str) -> Refused {
    Refused::new(Reason::Claims, sentence)
}

impl Grant {
    /// Reads a grant object; where it is none, member by member, so that the sentence names the one that is wrong.
    fn deserialize_in_words(value: &Value) -> Result<Self, String> {
        if let Ok(grant) = Self::deserialize(value) {
            return Ok(grant);
        }
        let members = value.as_object().into_iter().flatten();
        for (name, member) in members {
            let alone = Value::Object(Map::from_iter([(name.clone(), member.clone())]));
            if serde_json::from_value::<Self>(alone).is_err() {
                return Err(match name.as_str() {
                    "id" => "`id` is no room name, nor the beginning of one with a single `*` at its end, nor a list \
                             of these"
                        .to_owned(),
                    "create" => "`create` is neither a boolean nor a list of room types".to_owned(),
                    name => format!("`{name}` is no boolean"),
                });
            }
        }
        Err("its members do not fit".to_owned())
    }
}

#[cfg(test)]
mod tests;
