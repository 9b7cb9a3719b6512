//! Property tests of every message: it survives a round trip, and schema and decoder agree on it.

use std::sync::LazyLock;

use jsonschema::Validator;

use super::*;
use crate::ack;
use crate::data;
use crate::schema;
use crate::signal::decode;

static CLIENT: LazyLock<Validator> = LazyLock::new(|| validator("client-messages"));
static SERVER: LazyLock<Validator> = LazyLock::new(|| validator("server-messages"));
static DATA: LazyLock<Validator> = LazyLock::new(|| validator("data-signals"));

fn validator(name: &str) -> Validator {
    let file = schema::files().into_iter().find(|file| file.path == format!("{name}.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&file.text).unwrap()).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Any JSON.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from)
    ];
    let names = "(action|data|s|ch|rid|ss|to|op|sq|c|b|payload|segment|part|playlist|id|[a-z]{1,3})";
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn client_messages_survive_a_round_trip_and_satisfy_the_schema((kind, head, text) in client_message()) {
        let signal = decode(text.as_str()).unwrap();
        prop_assert_eq!((signal.kind(), &signal.head), (kind, &head));
        prop_assert_eq!(signal.number, json(&text)["data"]["n"].as_u64());
        prop_assert_eq!(json(signal.raw()), json(&text)["data"].clone());
        prop_assert!(CLIENT.is_valid(&json(&text)), "{}", text);
    }

    #[test]
    fn joins_survive_a_round_trip((head, join) in (head(SignalKind::Join), join())) {
        let signal = decode(encode(SignalKind::Join, &head, &join)).unwrap();
        prop_assert_eq!(signal.body, crate::signal::Body::Join(join));
    }

    #[test]
    fn a_broken_rule_is_refused_by_schema_and_decoder_alike((rule, message) in broken_client_message()) {
        prop_assert!(decode(message.to_string()).is_err(), "the decoder takes {}: {}", rule, message);
        prop_assert!(!CLIENT.is_valid(&message), "the schema takes {}: {}", rule, message);
    }

    #[test]
    fn server_messages_survive_a_round_trip_and_satisfy_the_schema(message in server_message()) {
        let text = message.encode();
        prop_assert_eq!(ack::decode(&text), Ok(message));
        prop_assert!(SERVER.is_valid(&json(&text)), "{}", text);
    }

    #[test]
    fn data_signals_survive_a_round_trip_and_satisfy_the_schema(signal in data_signal()) {
        let text = signal.to_json();
        prop_assert!(DATA.is_valid(&json(&text)), "{}", text);
        prop_assert_eq!(data::decode(text.as_bytes()).unwrap(), signal);
    }

    #[test]
    fn arbitrary_json_never_panics_and_what_is_taken_satisfies_the_schema(value in anything()) {
        let text = value.to_string();
        prop_assert!(decode(text.as_str()).is_err() || CLIENT.is_valid(&value));
        prop_assert!(ack::decode(&text).is_err() || SERVER.is_valid(&value));
        prop_assert!(data::decode(text.as_bytes()).is_err() || DATA.is_valid(&value));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = (decode(&*text), ack::decode(&text), data::decode(&bytes));
    }
}
