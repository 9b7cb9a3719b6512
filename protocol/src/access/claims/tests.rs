use super::*;
use crate::access::Action;
use crate::id::RoomId;
use proptest::prelude::*;
use serde_json::json;

const NOW: u64 = 1_800_000_000;

fn policy() -> Policy {
    Policy {
        grant_claim: "room".to_owned(),
        audience: None,
        issuer: None,
        leeway: Duration::from_secs(30),
        max_ttl: Duration::from_secs(24 * 3600),
    }
}

fn judged(policy: &Policy, claims: &Value) -> Result<Permit, Reason> {
    judge(policy, NOW, claims.as_object().unwrap()).map_err(|refused| refused.reason)
}

/// Good claims, with these in their place; `null` removes one.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({ "sub": "ann", "iat": NOW - 10, "exp": NOW + 600, "room": { "id": "demo", "join": true } });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

#[test]
fn good_claims_give_a_permit() {
    let permit = judged(&policy(), &claims(&json!({ "name": "Ann", "jti": "7", "meta": {}, "exp": 1_800_000_600.5 })));
    let permit = permit.unwrap();
    assert_eq!(
        (permit.subject.as_str(), permit.name.as_deref(), permit.id.as_deref()),
        ("ann", Some("Ann"), Some("7"))
    );
    assert_eq!((permit.issued, permit.expires), (NOW - 10, NOW + 600));
    let room = RoomId::parse("demo").unwrap();
    assert!(permit.allows(Action::Play, &room) && !permit.allows(Action::Publish, &room));
}

#[test]
fn every_wrong_claim_has_its_reason() {
    let far = "x".repeat(129);
    for (changes, reason) in [
        (json!({ "exp": null }), Reason::NoExp),
        (json!({ "iat": null }), Reason::NoIat),
        (json!({ "exp": NOW - 30 }), Reason::Expired),
        (json!({ "iat": NOW + 94 }), Reason::NotYet),
        (json!({ "nbf": NOW + 31 }), Reason::NotYet),
        (json!({ "exp": NOW + 24 * 3600 }), Reason::Lifetime),
        (json!({ "exp": "soon" }), Reason::Claims),
        (json!({ "exp": -1 }), Reason::Claims),
        (json!({ "exp": 1e300 }), Reason::Claims),
        (json!({ "nbf": [] }), Reason::Claims),
        (json!({ "sub": null }), Reason::Subject),
        (json!({ "sub": 7 }), Reason::Subject),
        (json!({ "sub": "änn" }), Reason::Subject),
        (json!({ "name": far }), Reason::Claims),
        (json!({ "name": "a\nb" }), Reason::Claims),
        (json!({ "jti": 7 }), Reason::Claims),
        (json!({ "meta": "x" }), Reason::Claims),
        (json!({ "meta": { "x": "y".repeat(1024) } }), Reason::Claims),
        (json!({ "room": true }), Reason::Claims),
        (json!({ "room": { "join": "yes" } }), Reason::Claims),
        (json!({ "room": { "id": "demo%2d*" } }), Reason::Claims),
        (json!({ "room": { "id": [7] } }), Reason::Claims),
        (json!({ "room": { "create": ["p2x"] } }), Reason::Claims),
    ] {
        assert_eq!(judged(&policy(), &claims(&changes)), Err(reason), "{changes}");
    }
}

#[test]
fn leeway_is_granted_and_no_more() {
    for (changes, good) in [
        (json!({ "exp": NOW - 29 }), true),
        (json!({ "exp": NOW - 30 }), false),
        (json!({ "iat": NOW + 30 }), true),
        (json!({ "iat": NOW + 31 }), false),
        (json!({ "iat": NOW, "exp": NOW + 24 * 3600 }), true),
        (json!({ "iat": NOW, "exp": NOW + 24 * 3600 + 1 }), false),
    ] {
        assert_eq!(judged(&policy(), &claims(&changes)).is_ok(), good, "{changes}");
    }
}

#[test]
fn audience_and_issuer_are_checked_where_demanded() {
    let demanding = Policy { audience: Some("rooms".into()), issuer: Some("idp".into()), ..policy() };
    let with = |iss: Value, aud: Value| judged(&demanding, &claims(&json!({ "iss": iss, "aud": aud }))).err();
    assert_eq!(with(json!("idp"), json!("rooms")), None);
    assert_eq!(with(json!("idp"), json!(["else", "rooms"])), None);
    assert_eq!(with(json!("idp"), json!(["else"])), Some(Reason::Audience));
    assert_eq!(with(json!("idp"), json!(null)), Some(Reason::Audience));
    assert_eq!(with(json!("else"), json!("rooms")), Some(Reason::Issuer));
}

#[test]
fn the_grants_stand_where_the_server_looks_for_them() {
    let policy = Policy { grant_claim: "https://example.com/room".into(), ..policy() };
    let there = claims(&json!({ "https://example.com/room": { "publish": true } }));
    let room = RoomId::parse("any").unwrap();
    let permit = judged(&policy, &there).unwrap();
    assert!(permit.allows(Action::Publish, &room) && !permit.allows(Action::Play, &room));
}

#[test]
fn a_sentence_names_what_is_wrong_and_nothing_of_the_token() {
    let said = judge(&policy(), NOW, claims(&json!({ "iat": NOW + 94 })).as_object().unwrap()).unwrap_err();
    assert_eq!(said.sentence, "the token is signed in the future, by 94 s: check the clock");
    let secret = json!({ "room": { "id": "s3cret room" }, "sub": "s3cret\n" });
    let said = judge(&policy(), NOW, claims(&secret).as_object().unwrap()).unwrap_err();
    assert!(!said.sentence.contains("s3cret"), "{said}");
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_claims_break_the_judge(
        names in prop::collection::vec(
            prop::sample::select(vec!["sub", "exp", "iat", "nbf", "aud", "iss", "jti", "name", "meta", "room"]), 0..6),
        values in prop::collection::vec(anything(), 6),
        now in any::<u64>(),
    ) {
        let mut claims = claims(&json!({}));
        for (name, value) in names.iter().zip(&values) {
            claims[*name] = value.clone();
        }
        if let Ok(permit) = judge(&policy(), now, claims.as_object().unwrap()) {
            prop_assert!(now < permit.expires + 30 && permit.issued <= now.saturating_add(30));
            prop_assert!(permit.expires.saturating_sub(permit.issued) <= 24 * 3600);
        }
    }
}
