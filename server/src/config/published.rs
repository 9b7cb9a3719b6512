//! The published limits are the defaults of the settings, and no setting that clients meet is missing.

use std::collections::{BTreeMap, BTreeSet};

use bytesize::ByteSize;
use clap::Arg;
use roomcast_protocol::schema;
use serde_json::Value;

use super::groups::command_line;

/// Numbers that are the operator's affair alone: no client can tell what they are.
const UNSEEN: [&str; 15] = [
    "workers",
    "shutdown_timeout",
    "max_linger",
    "max_unsent",
    "send_buffer",
    "redis_timeout",
    "redis_media_timeout",
    "redis_connect_timeout",
    "redis_max_calls",
    "redis_max_call_bytes",
    "redis_max_pushed",
    "max_unseen",
    "max_unseen_of_all",
    "node_lease",
    "beat_timeout",
];

/// Returns the published numbers of each setting.
fn published() -> BTreeMap<String, Vec<u64>> {
    let file = schema::files().into_iter().find(|file| file.path == "limits.json").expect("it is published");
    let document: Value = serde_json::from_str(&file.text).expect("it is JSON");
    let mut settings: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for limit in document["limits"].as_array().expect("it is a list") {
        if let Some(flag) = limit["setting"].as_str() {
            settings.entry(flag.to_owned()).or_default().push(limit["value"].as_u64().expect("it is a number"));
        }
    }
    settings
}

/// Returns the numbers of a default value: milliseconds, bytes or a count.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let number = |text: &str| -> Option<u64> {
        let time = || humantime::parse_duration(text).ok()?.as_millis().try_into().ok();
        text.parse().ok().or_else(time).or_else(|| text.parse::<ByteSize>().ok().map(|size| size.as_u64()))
    };
    text.split(',').map(number).collect()
}

fn default_of(arg: &Arg) -> Option<Vec<u64>> {
    numbers(arg.get_default_values().first()?.to_str()?)
}

#[test]
fn the_published_limits_are_the_defaults_of_the_settings() {
    let (command, published) = (command_line(), published());
    let serve = command.find_subcommand("serve").expect("it is there");
    let flag = |arg: &Arg| format!("--{}", arg.get_long().expect("a flag"));
    let with_numbers: Vec<&Arg> = serve.get_arguments().filter(|arg| default_of(arg).is_some()).collect();
    for arg in &with_numbers {
        match published.get(&flag(arg)) {
            Some(numbers) => assert_eq!(Some(numbers), default_of(arg).as_ref(), "{}", flag(arg)),
            None => assert!(UNSEEN.contains(&arg.get_id().as_str()), "{} is missing in limits.json", flag(arg)),
        }
    }
    let settings: BTreeSet<String> = with_numbers.into_iter().map(flag).collect();
    let unknown: Vec<_> = published.keys().filter(|flag| !settings.contains(*flag)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are no settings");
    assert!(published.len() > 40);
}
