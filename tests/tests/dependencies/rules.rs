//! The rules of `deny.toml`, as complaints about a graph.

use serde_json::Value;

use crate::graph::{Crate, Graph, read, texts};
use crate::licence::is_kept;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_default()
}

/// Licences that are not allowed, and allowed ones that nobody needs.
pub fn licences(graph: &Graph, policy: &Value) -> Vec<String> {
    let policy = &policy["licenses"];
    let allowed = texts(&policy["allow"]);
    let exceptions: Vec<_> = entries(&policy["exceptions"]).collect();
    let kept = |of: &Crate, without: &str| {
        let more = exceptions.iter().filter(|entry| text(entry, "crate") == of.name);
        let excepted: Vec<_> = more.flat_map(|entry| texts(&entry["allow"])).collect();
        is_kept(&of.licence, |licence| {
            licence != without && (allowed.contains(&licence) || excepted.contains(&licence))
        })
    };
    let refused = graph.crates.iter().filter(|each| !kept(each, ""));
    let refused = refused.map(|each| format!("{} {} has the licence \"{}\"", each.name, each.version, each.licence));
    let excepted = exceptions.iter().flat_map(|entry| texts(&entry["allow"]));
    let needless = allowed.iter().copied().chain(excepted);
    let needless = needless.filter(|licence| !graph.crates.iter().any(|each| kept(each, "") && !kept(each, licence)));
    refused.chain(needless.map(|licence| format!("nothing needs the licence {licence} any longer"))).collect()
}

/// Versions side by side that are not listed, and listed ones that are gone, or held by others than the reason says.
pub fn duplicates(graph: &Graph, policy: &Value) -> Vec<String> {
    let skipped: Vec<_> = entries(&policy["bans"]["skip"]).collect();
    let is_listed = |each: &Crate| skipped.iter().any(|entry| is_version(each, text(entry, "crate")));
    let is_second = |each: &&Crate| {
        let same = |other: &&Crate| other.name == each.name && other.version != each.version;
        !is_listed(each) && graph.crates.iter().filter(same).any(|other| !is_listed(other))
    };
    let unlisted = graph.crates.iter().filter(is_second);
    let unlisted = unlisted.map(|each| format!("{} {} is not alone: {:?}", each.name, each.version, each.holders));
    unlisted.chain(skipped.iter().filter_map(|entry| complaint_of_skip(graph, entry))).collect()
}

fn complaint_of_skip(graph: &Graph, entry: &Value) -> Option<String> {
    let (named, reason) = (text(entry, "crate"), text(entry, "reason"));
    let Some(each) = graph.crates.iter().find(|each| is_version(each, named)) else {
        return Some(format!("{named} is listed, and gone"));
    };
    if graph.crates.iter().filter(|other| other.name == each.name).count() < 2 {
        return Some(format!("{named} is listed, and its only version"));
    }
    let words = |text: &str, name: &str| text.split([' ', ',', ':', ';']).any(|word| word == name);
    let is_told = each.holders.iter().any(|holder| words(reason, holder));
    (!is_told).then(|| format!("{named} is held by {:?}, and the reason says \"{reason}\"", each.holders))
}

/// Whether `name@version` means this one: as for cargo-deny, `1.2` is every `1.2.x`.
fn is_version(each: &Crate, named: &str) -> bool {
    named.split_once('@').is_some_and(|(name, version)| {
        let rest = each.version.strip_prefix(version);
        name == each.name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Banned crates that others than their wrappers hold, and sources other than the registry.
pub fn bans(graph: &Graph, policy: &Value) -> Vec<String> {
    let elsewhere = graph.crates.iter().filter(|each| each.source.as_deref().is_some_and(|source| source != REGISTRY));
    let elsewhere = elsewhere.map(|each| format!("{} comes from {:?}", each.name, each.source));
    let banned = entries(&policy["bans"]["deny"]).flat_map(|entry| complaints_of_ban(graph, entry));
    elsewhere.chain(banned).collect()
}

fn complaints_of_ban(graph: &Graph, entry: &Value) -> Vec<String> {
    let (name, wrappers) = (text(entry, "crate"), texts(&entry["wrappers"]));
    let found: Vec<_> = graph.crates.iter().filter(|each| each.name == name).collect();
    let holders = || found.iter().flat_map(|each| &each.holders);
    let mut complaints = Vec::new();
    if text(entry, "reason").is_empty() {
        complaints.push(format!("{name} is banned without a reason"));
    }
    if wrappers.is_empty() && !found.is_empty() {
        complaints.push(format!("{name} is banned, and there"));
    }
    let others = holders().filter(|holder| !wrappers.contains(&holder.as_str()));
    complaints.extend(others.map(|holder| format!("{name} is banned, and held by {holder}")));
    let idle = wrappers.iter().filter(|wrapper| !holders().any(|holder| holder == *wrapper));
    complaints.extend(idle.map(|wrapper| format!("{wrapper} does not hold {name} any longer")));
    complaints
}

/// The version of Rust that the workspace states.
pub fn stated_rust() -> String {
    let manifest: Value = toml::from_str(&read("Cargo.toml")).expect("Cargo.toml is TOML");
    text(&manifest["workspace"]["package"], "rust-version").to_owned()
}

/// Crates that want a newer Rust than is stated.
pub fn rust_versions(graph: &Graph, stated: &str) -> Vec<String> {
    let newer =
        graph.crates.iter().filter(|each| each.rust.as_deref().is_some_and(|rust| numbers(rust) > numbers(stated)));
    newer.map(|each| format!("{} {} wants Rust {:?}", each.name, each.version, each.rust)).collect()
}

fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
    [0; 3].map(|absent| parts.next().unwrap_or(absent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn graph(crates: &[(&str, &str, &str, &[&str])]) -> Graph {
        let each = |(name, version, licence, holders): &(&str, &str, &str, &[&str])| Crate {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            licence: (*licence).to_owned(),
            holders: holders.iter().map(|&holder| holder.to_owned()).collect(),
            ..Crate::default()
        };
        Graph { crates: crates.iter().map(each).collect() }
    }

    #[test]
    fn licences_that_are_not_allowed_or_not_needed_are_told() {
        let graph = graph(&[("a", "1.0.0", "MIT", &[]), ("b", "1.0.0", "MPL-2.0", &["a"])]);
        let told = |allow: Value, exceptions: Value| {
            licences(&graph, &json!({ "licenses": { "allow": allow, "exceptions": exceptions } })).len()
        };
        assert_eq!(told(json!(["MIT"]), json!([{ "crate": "b", "allow": ["MPL-2.0"] }])), 0);
        assert_eq!(told(json!(["MIT"]), json!([])), 1);
        assert_eq!(told(json!(["MIT", "ISC"]), json!([{ "crate": "b", "allow": ["MPL-2.0"] }])), 1);
        assert_eq!(told(json!(["MIT"]), json!([{ "crate": "a", "allow": ["MPL-2.0"] }])), 2);
    }

    #[test]
    fn duplicates_are_listed_with_one_who_holds_them() {
        let graph = graph(&[("a", "1.2.0", "", &["c"]), ("a", "10.0.0", "", &["d"]), ("b", "1.0.0", "", &["c"])]);
        let told = |skip: Value| duplicates(&graph, &json!({ "bans": { "skip": skip } })).len();
        assert_eq!(told(json!([{ "crate": "a@1", "reason": "c, of d" }])), 0);
        assert_eq!(told(json!([])), 2);
        assert_eq!(told(json!([{ "crate": "a@1", "reason": "somebody" }])), 1);
        assert_eq!(told(json!([{ "crate": "a@1", "reason": "c" }, { "crate": "a@2", "reason": "c" }])), 1);
        assert_eq!(told(json!([{ "crate": "a@1", "reason": "c" }, { "crate": "b@1", "reason": "c" }])), 1);
    }

    #[test]
    fn bans_are_told_by_their_holders() {
        let graph = graph(&[("a", "1.0.0", "", &["c", "d"])]);
        let told = |wrappers: Value| {
            bans(&graph, &json!({ "bans": { "deny": [{ "crate": "a", "reason": "old", "wrappers": wrappers }] } }))
                .len()
        };
        assert_eq!(told(json!(["c", "d"])), 0);
        assert_eq!(told(json!(["c"])), 1);
        assert_eq!(told(json!(["c", "d", "e"])), 1);
        assert_eq!(told(json!([])), 3);
        let mut foreign = graph.clone();
        foreign.crates[0].source = Some("git+https://example.com/a".to_owned());
        assert_eq!(bans(&foreign, &json!({})).len(), 1);
    }

    #[test]
    fn versions_of_rust_are_compared_as_numbers() {
        let mut graph = graph(&[("a", "1.0.0", "", &[])]);
        graph.crates[0].rust = Some("1.100.1".to_owned());
        assert_eq!(rust_versions(&graph, "1.89").len(), 1);
        assert_eq!(rust_versions(&graph, "1.100").len(), 1);
        assert_eq!(rust_versions(&graph, "1.100.1").len(), 0);
    }
}
