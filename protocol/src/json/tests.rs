//! The reader beside `serde_json`: what one takes, the other takes, and both read the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Raw, from_str, is_valid};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    #[serde(default)]
    number: Option<i64>,
    #[serde(default)]
    float: f64,
    #[serde(default)]
    list: Vec<bool>,
    #[serde(default)]
    map: BTreeMap<String, u8>,
    #[serde(default)]
    word: Option<Word>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Yes,
    No,
}

#[test]
fn a_plain_text_is_borrowed() {
    let sample: Sample<'_> = from_str(r#" { "text" : "é\/" , "x": [1,{"y":[]}] } "#).unwrap();
    assert!(matches!(sample.text, Cow::Owned(_)));
    let sample: Sample<'_> = from_str(r#"{"text":"é"}"#).unwrap();
    assert!(matches!(sample.text, Cow::Borrowed("é")));
}

#[test]
fn raw_values_are_kept_as_written() {
    let values: Vec<Raw<'_>> = from_str(r#"[ {"a": [1 , 2]} , "x\n" ,7]"#).unwrap();
    let texts: Vec<&str> = values.iter().map(|raw| raw.0).collect();
    assert_eq!(texts, [r#"{"a": [1 , 2]}"#, r#""x\n""#, "7"]);
}

#[test]
fn an_error_names_the_member_and_is_short() {
    let error = |text: &str| from_str::<BTreeMap<String, Sample<'_>>>(text).unwrap_err().to_string();
    assert_eq!(error(r#"{"a":{"text":7}}"#), "`a.text`: invalid type: integer `7`, expected a string");
    assert_eq!(
        error(r#"{"a":{"text":"","list":[true,0]}}"#),
        "`a.list[1]`: invalid type: integer `0`, expected a boolean"
    );
    assert_eq!(error(r#"{"a":{}}"#), "`a`: missing field `text`");
    assert_eq!(error(r#"{"a":[]}"#), "`a`: expected an object, found an array");
    let long =
        "\u{1}é".repeat(50_000).escape_default().to_string().replace("\\u{1}", "\\u0001").replace("\\u{e9}", "é");
    assert!(error(&format!(r#"{{"a":{{"text":"","number":"{long}"}}}}"#)).len() < 1000);
    assert!(error(&format!(r#"{{"{long}":{{}}}}"#)).len() < 1000);
}

#[test]
fn what_is_no_json_is_refused() {
    let bad = [
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "{,}",
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        "01",
        "1.",
        "-",
        "1e",
        "+1",
        ".5",
        "nul",
        "tru",
        "\"",
        "\"\u{1}\"",
        r#""\x""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        "1e999",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "1 2",
        "]",
        "}",
        "[}",
        "{]",
        "'a'",
        "\u{feff}1",
        "NaN",
    ];
    for text in bad {
        assert!(!is_valid(text), "{text}");
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        assert!(from_str::<Value>(text).is_err(), "{text}");
    }
}

#[test]
fn nesting_has_the_limit_of_serde_json() {
    for depth in [126, 127, 128, 129, 100_000] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let taken = serde_json::from_str::<Value>(&text).is_ok();
        assert_eq!(is_valid(&text), taken, "{depth}");
        assert_eq!(from_str::<Value>(&text).is_ok(), taken, "{depth}");
        let raw = format!(r#"{{"a":{text}}}"#);
        assert_eq!(from_str::<BTreeMap<&str, Raw<'_>>>(&raw).is_ok(), serde_json::from_str::<Value>(&raw).is_ok());
    }
}

fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just(" "),
        Just("\""),
        Just("\\"),
        Just("1"),
        Just("-0.5e3"),
        Just("true"),
        Just("null"),
        Just("\"a\""),
        Just(r#""\u00e9""#),
        Just(r#""\ud83d\ude00""#),
        Just("é"),
        Just("\n"),
        Just("\u{1}"),
        Just("\"sdp\":\"v=0\\r\\n\""),
        Just("e"),
        Just("."),
        Just("0"),
        Just("1e400"),
    ];
    prop::collection::vec(token, 0..14).prop_map(|tokens| tokens.concat())
}

fn long_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\\r\\n"),
        Just("\\/"),
        Just("\\\\"),
        Just("\\\""),
        Just("\\u0041"),
        Just("é"),
        Just("a=rtpmap:96 H264/90000"),
        Just("\\"),
        Just("\u{1f}")
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| format!("{{\"text\":\"{}\"}}", pieces.concat()))
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn same(text: &str) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_str::<Value>(text).ok();
    prop_assert_eq!(is_valid(text), theirs.is_some(), "{}", text);
    prop_assert_eq!(from_str::<Value>(text).ok(), theirs, "{}", text);
    prop_assert_eq!(from_str::<Sample<'_>>(text).ok(), sample(text), "{}", text);
    Ok(())
}

/// By `serde_json`, which takes an array for a struct and checks no text that it ignores.
fn sample(text: &str) -> Option<Sample<'_>> {
    let object = serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
    serde_json::from_str(text).ok().filter(|_| object)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn both_read_any_json_alike(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        same(&text.unwrap())?;
    }

    #[test]
    fn both_refuse_what_is_only_nearly_json(text in nearly_json()) {
        same(&text)?;
    }

    #[test]
    fn both_read_long_texts_alike(text in long_text()) {
        same(&text)?;
    }

    #[test]
    fn both_read_texts_of_any_kind_alike(text in ".{0,200}") {
        same(&text)?;
        same(&format!("{{\"text\":{}}}", serde_json::to_string(&text).unwrap()))?;
    }
}
