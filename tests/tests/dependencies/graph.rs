//! The crates that are linked into something, as cargo tells.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The workspace.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Debug, Clone, Default)]
pub struct Crate {
    pub name: String,
    pub version: String,
    pub licence: String,
    /// The least version of Rust that it wants, when it says one.
    pub rust: Option<String>,
    /// Its registry or repository; none for those of the workspace.
    pub source: Option<String>,
    /// The names of the crates that want it.
    pub holders: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub crates: Vec<Crate>,
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts of a list.
pub fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The output of a cargo command in the workspace.
pub fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(ROOT).output().expect("cargo starts");
    assert!(output.status.success(), "cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Graph {
    /// Everything that the workspace links for the targets of the policy, its tests included.
    pub fn of_workspace(policy: &Value) -> Self {
        let targets = texts(&policy["graph"]["targets"]);
        assert!(!targets.is_empty(), "deny.toml names targets");
        let with = |fixed: &[&'static str], flag: &'static str| {
            let named = targets.iter().flat_map(|target| [flag, *target]);
            cargo(&fixed.iter().copied().chain(named).collect::<Vec<_>>())
        };
        let metadata = with(&["metadata", "--format-version", "1", "--locked"], "--filter-platform");
        // Metadata also lists what is behind features that nobody asks for.
        let tree = ["tree", "--locked", "--workspace", "--edges", "all", "--prefix", "none", "--format", "{p}"];
        let tree = with(&tree, "--target");
        let linked: HashSet<_> = tree.lines().filter_map(name_and_version).collect();
        Self::read(&serde_json::from_str(&metadata).expect("cargo writes JSON"), &linked)
    }

    fn read(metadata: &Value, linked: &HashSet<(&str, &str)>) -> Self {
        let packages = || metadata["packages"].as_array().into_iter().flatten();
        let is_linked = |package: &Value| linked.contains(&(&*text(&package["name"]), &*text(&package["version"])));
        let names: HashMap<_, _> =
            packages().filter(|package| is_linked(package)).map(|package| (text(&package["id"]), package)).collect();
        let mut holders: HashMap<String, Vec<String>> = HashMap::new();
        for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
            let Some(holder) = names.get(&text(&node["id"])) else { continue };
            for held in node["deps"].as_array().into_iter().flatten() {
                holders.entry(text(&held["pkg"])).or_default().push(text(&holder["name"]));
            }
        }
        let crates = names.iter().map(|(id, package)| Crate {
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: text(&package["license"]),
            rust: package["rust_version"].as_str().map(str::to_owned),
            source: package["source"].as_str().map(str::to_owned),
            holders: holders.remove(id).unwrap_or_default(),
        });
        Self { crates: crates.collect() }
    }
}

/// Reads a line like `name v1.2.3 (*)`.
fn name_and_version(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split(' ');
    Some((words.next()?, words.next()?.strip_prefix('v')?))
}
