//! Crates that only compute: neither their code nor what they are linked with waits, reads a clock, opens anything or
//! draws at random.

use std::path::Path;

use crate::directions::sources;
use crate::graph::{ROOT, cargo};

/// The folders of these crates.
pub const CRATES: [&str; 4] = ["protocol", "core", "media", "checker"];
/// Crates with a runtime, sockets or a clock of their own.
const RUNTIMES: [&str; 10] =
    ["actix", "actix-rt", "actix-web", "async-std", "hyper", "mio", "redis", "rustix", "socket2", "tokio"];
/// Parts of the standard library, and what is drawn at random.
const EFFECTS: [&str; 8] = [
    "SystemTime::now",
    "Instant::now",
    "Uuid::new_v4",
    "std::env::var",
    "std::fs::",
    "std::net::",
    "std::process::",
    "std::thread::",
];

/// A sentence for each runtime with which a crate is linked.
pub fn runtimes(folder: &str) -> Vec<String> {
    let package = format!("roomcast-{folder}");
    let tree = cargo(&["tree", "--locked", "-p", &package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    runtimes_of(&tree).map(|name| format!("{folder}/ only computes, and is linked with `{name}`")).collect()
}

fn runtimes_of(tree: &str) -> impl Iterator<Item = &'static str> {
    let linked: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    RUNTIMES.into_iter().filter(move |name| linked.contains(name))
}

/// A sentence for each effect in the code of a crate, its tests apart.
pub fn effects(folder: &str) -> Vec<String> {
    let source = Path::new(ROOT).join(folder).join("src");
    let is_test = |file: &Path| {
        file.strip_prefix(&source).is_ok_and(|inner| inner.iter().any(|part| part == "tests" || part == "tests.rs"))
    };
    let files = sources(&source).into_iter().filter(|file| !is_test(file));
    let found = files.flat_map(|file| {
        let text = std::fs::read_to_string(&file).expect("a source");
        let found: Vec<_> = effects_of(&text).map(|effect| format!("{} has {effect}", file.display())).collect();
        found
    });
    found.collect()
}

fn effects_of(text: &str) -> impl Iterator<Item = &'static str> {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    EFFECTS
        .into_iter()
        .filter(move |effect| code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(effect)))
}

#[test]
fn runtimes_and_effects_are_told() {
    assert_eq!(runtimes_of("roomcast-core v0.1.0\ntokio v1.0.0\ntokio-util v0.7.0\n").collect::<Vec<_>>(), ["tokio"]);
    let text = "#[cfg(test)]\nmod tests;\n/// Not Instant::now.\nlet now = SystemTime::now();\n#[cfg(test)]\nmod tests { std::fs::read(); }";
    assert_eq!(effects_of(text).collect::<Vec<_>>(), ["SystemTime::now"]);
}
