//! Tokens that must not pass, each with its exact answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomcast_tests::server::Server;
use roomcast_tests::token::{SECRET, now, signed, token, with_claims};
use serde_json::{Value, json};

use super::closed;

const OTHER: &str = "another secret that is long enough";

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT" })
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({ "sub": "ann", "iat": now(), "exp": now() + 600, "room": { "join": true } });
    for (name, value) in changes.as_object().expect("changes are an object") {
        match value.is_null() {
            true => _ = claims.as_object_mut().expect("claims are an object").remove(name),
            false => claims[name] = value.clone(),
        }
    }
    claims
}

fn headed(changes: &Value) -> String {
    let mut header = header();
    let changes = changes.as_object().expect("changes are an object").clone();
    header.as_object_mut().expect("a header is an object").extend(changes);
    signed(&header, &claims(&json!({})), SECRET)
}

fn claimed(changes: &Value) -> String {
    with_claims(claims(changes))
}

async fn answer(server: &Server, token: &str) -> (u16, Value, String) {
    let asked =
        reqwest::Client::new().get(server.url("/auth/check")).header("authorization", format!("Bearer {token}"));
    let answer = asked.send().await.expect("the server answers");
    let challenge =
        answer.headers().get("www-authenticate").map(|value| value.to_str().expect("it is ASCII").to_owned());
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("it is JSON"), challenge.unwrap_or_default())
}

#[tokio::test]
async fn every_hostile_token_has_its_answer() {
    let server = closed(&[]).await;
    let good = token("ann", json!({ "join": true }));
    let [head, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let unsigned = |alg: &str| format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string()));
    let mut flipped = signature.to_owned();
    flipped.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    for (what, token, reason) in [
        ("none", unsigned("none"), "algorithm"),
        ("None", unsigned("None"), "algorithm"),
        ("none, signed", signed(&json!({ "alg": "none" }), &claims(&json!({})), SECRET), "algorithm"),
        ("an algorithm without a key", headed(&json!({ "alg": "RS256" })), "algorithm"),
        ("HS512", headed(&json!({ "alg": "HS512" })), "algorithm"),
        ("no algorithm", headed(&json!({ "alg": null })), "malformed"),
        ("another secret", signed(&header(), &claims(&json!({})), OTHER), "signature"),
        ("no signature", format!("{head}.{payload}."), "signature"),
        ("another signature", format!("{head}.{payload}.{flipped}"), "signature"),
        ("other claims", format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode("{}")), "signature"),
        ("two parts", format!("{head}.{payload}"), "malformed"),
        ("five parts", format!("{head}.{payload}.{signature}.a.b"), "malformed"),
        ("no JSON", format!("abc.{payload}.{signature}"), "malformed"),
        ("padding", format!("{head}=.{payload}.{signature}"), "malformed"),
        ("crit", headed(&json!({ "crit": ["exp"], "exp": 1 })), "malformed"),
        ("nested", headed(&json!({ "cty": "JWT" })), "malformed"),
        ("encrypted", headed(&json!({ "enc": "A128GCM" })), "malformed"),
        ("another type", headed(&json!({ "typ": "dpop+jwt" })), "malformed"),
        ("a key id that is none", headed(&json!({ "kid": 7 })), "malformed"),
        ("9 KiB", claimed(&json!({ "x": "y".repeat(7 * 1024) })), "malformed"),
        ("no exp", claimed(&json!({ "exp": null })), "no_exp"),
        ("no iat", claimed(&json!({ "iat": null })), "no_iat"),
        ("ended", claimed(&json!({ "iat": now() - 600, "exp": now() - 60 })), "expired"),
        ("future iat", claimed(&json!({ "iat": now() + 94 })), "not_yet"),
        ("future nbf", claimed(&json!({ "nbf": now() + 94 })), "not_yet"),
        ("a year", claimed(&json!({ "exp": now() + 366 * 24 * 3600 })), "lifetime"),
        ("no subject", claimed(&json!({ "sub": null })), "subject"),
        ("a percent-coded pattern", claimed(&json!({ "room": { "id": "demo%2A" } })), "claims"),
        ("rooms that are null", claimed(&json!({ "room": { "id": null, "join": true } })), "claims"),
        ("play that is null", claimed(&json!({ "room": { "play": null, "join": true } })), "claims"),
        ("a grant that is none", claimed(&json!({ "room": { "join": "yes" } })), "claims"),
        ("nothing", String::new(), "missing"),
    ] {
        let (status, body, challenge) = answer(&server, &token).await;
        assert_eq!((status, &body["c"], &body["b"]["reason"]), (401, &json!(4041), &json!(reason)), "{what}: {body}");
        assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\""), "{what}: {challenge}");
        assert!(token.len() < 9 || !body.to_string().contains(&token), "{what}: {body}");
    }
    let (_, body, challenge) = answer(&server, &claimed(&json!({ "iat": now() + 94 }))).await;
    let said = body["b"]["msg"].as_str().unwrap();
    assert!(said.contains("signed in the future, by 9") && said.contains("check the clock"), "{said}");
    assert!(challenge.contains(said), "{challenge}");
    for (what, token) in [
        ("at+jwt", headed(&json!({ "typ": "at+jwt" }))),
        ("no type", signed(&json!({ "alg": "HS256" }), &claims(&json!({})), SECRET)),
        ("a key id", headed(&json!({ "kid": "2026" }))),
        ("more claims", claimed(&json!({ "scope": "x", "meta": { "a": 1 }, "exp": now() as f64 + 600.5 }))),
    ] {
        let (status, body, _) = answer(&server, &token).await;
        assert_eq!(status, 200, "{what}: {body}");
    }
}

#[tokio::test]
async fn named_keys_bind_to_their_names_and_have_bounds_of_their_own() {
    let obs = format!("obs={OTHER};max-ttl=366d");
    let server = Server::start(&["--auth-secret", &format!("2026={SECRET}"), "--auth-secret", &obs]).await;
    let year = json!({ "exp": now() + 365 * 24 * 3600 });
    let with = |kid: Value, secret: &str, changes: &Value| {
        signed(&json!({ "alg": "HS256", "kid": kid }), &claims(changes), secret)
    };
    for (token, status, reason) in [
        (with(json!("2026"), SECRET, &json!({})), 200, None),
        (with(json!("obs"), OTHER, &json!({})), 200, None),
        (with(json!("obs"), OTHER, &year), 200, None),
        (with(json!("2026"), SECRET, &year), 401, Some("lifetime")),
        (with(json!("2026"), OTHER, &json!({})), 401, Some("signature")),
        (with(json!("2025"), SECRET, &json!({})), 401, Some("unknown_key")),
        (signed(&header(), &claims(&json!({})), SECRET), 401, Some("unknown_key")),
    ] {
        let (answered, body, _) = answer(&server, &token).await;
        assert_eq!((answered, body["b"]["reason"].as_str()), (status, reason), "{body}");
    }
}

#[tokio::test]
async fn keys_are_read_again_and_what_they_verified_is_verified_again() {
    let path = std::env::temp_dir().join(format!("roomcast-key-{}", uuid::Uuid::new_v4()));
    std::fs::write(&path, SECRET).unwrap();
    let mut server = Server::alone(&["--auth-secret", &format!("file:{}", path.display())]).await;
    let (old, new) = (claimed(&json!({})), signed(&header(), &claims(&json!({})), OTHER));
    assert_eq!((answer(&server, &old).await.0, answer(&server, &new).await.0), (200, 401));
    std::fs::write(&path, OTHER).unwrap();
    server.signal("-HUP").await;
    server.logged("the keys of access tokens were read again").await;
    assert_eq!((answer(&server, &old).await.0, answer(&server, &new).await.0), (401, 200));
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let server = Server::alone(&["--auth-secret", SECRET]).await;
    for token in [claimed(&json!({ "iat": null })), claimed(&json!({ "iat": null })), "x".to_owned()] {
        answer(&server, &token).await;
    }
    let admin = token("ann", json!({ "admin": true }));
    let text = reqwest::Client::new().get(server.url("/metrics")).bearer_auth(admin).send().await.unwrap();
    let text = text.text().await.unwrap();
    for line in ["{reason=\"no_iat\"} 2", "{reason=\"malformed\"} 1"] {
        assert!(text.contains(&format!("roomcast_access_refused_total{line}")), "{text}");
    }
}
