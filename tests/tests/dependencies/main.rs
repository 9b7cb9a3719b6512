//! Everything that is linked, held against `deny.toml` and the stated version of Rust. `cargo deny check` judges by the
//! same file where it is installed, also by advisories; this needs cargo alone, and no network once the workspace was
//! built. And the directions between the project's own crates and modules, held against ARCHITECTURE.md, the files that may
//! know a whole owner or edge, the crates that only compute, the names that documents give, and the language of comments.

mod directions;
mod graph;
mod language;
mod licence;
mod names;
mod parts;
mod purity;
mod rules;

use std::path::Path;

use graph::{Graph, ROOT, read};
use serde_json::Value;

fn policy() -> Value {
    toml::from_str(&read("deny.toml")).expect("deny.toml is TOML")
}

fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn licences_are_allowed_and_all_of_the_list_are_needed() {
    let policy = policy();
    let graph = Graph::of_workspace(&policy);
    assert!(graph.crates.len() > 300, "{} crates in {ROOT}", graph.crates.len());
    none(&rules::licences(&graph, &policy));
}

#[test]
fn each_crate_has_one_version_and_a_further_one_a_reason() {
    let policy = policy();
    none(&rules::duplicates(&Graph::of_workspace(&policy), &policy));
}

#[test]
fn what_is_banned_is_held_by_nobody_but_its_wrappers() {
    let policy = policy();
    none(&rules::bans(&Graph::of_workspace(&policy), &policy));
}

#[test]
fn no_dependency_wants_a_newer_rust_than_is_stated() {
    let stated = rules::stated_rust();
    none(&rules::rust_versions(&Graph::of_workspace(&policy()), &stated));
    let sentence = format!("Needs Rust ({stated} or newer)");
    assert!(read("README.md").contains(&sentence), "README.md does not say \"{sentence}\"");
    let image = format!("rust:{stated}-");
    assert!(read(".github/workflows/ci.yml").contains(&image), "ci.yml does not try {image}");
}

#[test]
fn crates_and_modules_use_each_other_in_the_directions_of_the_architecture() {
    none(&directions::differences(&directions::allowed("crate", "uses"), &directions::between_crates()));
    for (name, source) in [("module of the server", "server/src"), ("module of the core", "core/src")] {
        let (allowed, found) = (directions::allowed(name, "uses"), directions::between_modules(source));
        none(&directions::differences(&allowed, &found));
        none(&directions::circles(&allowed));
        none(&directions::circles(&found));
    }
}

#[test]
fn no_file_of_a_rule_knows_a_whole_owner_or_edge() {
    for (name, folder) in [("Owner", "room/owner"), ("Edge", "room/edge")] {
        none(&parts::knowing_the_whole("core/src", name, folder));
    }
}

/// The rules of an owner: each works on parts of it, and only `core/src/room/owner.rs` puts them together. The other files
/// of the folder are these parts.
const RULES_OF_OWNER: [&str; 7] = ["attaching", "changes", "joining", "kicking", "publishing", "signals", "uploads"];

#[test]
fn no_file_of_an_owner_uses_the_file_of_a_rule() {
    let folder = "core/src/room/owner";
    for rule in RULES_OF_OWNER {
        assert!(Path::new(ROOT).join(format!("{folder}/{rule}.rs")).is_file(), "{folder} has the rule `{rule}`");
    }
    none(&parts::uses_of_rules(folder, &RULES_OF_OWNER));
}

#[test]
fn sentences_of_comments_begin_with_their_subject() {
    none(&language::complaints());
}

#[test]
fn functions_and_types_that_documents_name_are_there() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        none(&names::missing(document));
    }
}

#[test]
fn crates_that_only_compute_have_no_runtime_and_no_effect() {
    for folder in purity::CRATES {
        none(&purity::runtimes(folder));
        none(&purity::effects(folder));
    }
}
