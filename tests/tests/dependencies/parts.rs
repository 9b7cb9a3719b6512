//! The files of a rule: each knows parts of an owner or an edge and never the whole, and no other file rests on it.

use std::path::Path;

use crate::directions::{behind, code, goes_on, sources};
use crate::graph::ROOT;

/// A sentence for each file beneath the folder of a type, tests apart, whose code names the type, and for each file
/// elsewhere that adds methods to it: both may its own file alone, which stands beside the folder.
pub fn knowing_the_whole(source: &str, name: &str, folder: &str) -> Vec<String> {
    let root = Path::new(ROOT).join(source);
    let (own, folder) = (root.join(format!("{folder}.rs")), root.join(folder));
    assert!(own.is_file() && folder.is_dir(), "{} and its folder are there", own.display());
    let mut found = Vec::new();
    for file in sources(&root).into_iter().filter(|file| *file != own) {
        let inner = file.strip_prefix(&root).expect("it is below");
        if inner.iter().any(|part| part == "tests" || part == "tests.rs") {
            continue;
        }
        let code = code(&std::fs::read_to_string(&file).expect("a source"));
        let is_known = if file.starts_with(&folder) { has_word(&code, name) } else { adds_methods(&code, name) };
        if is_known {
            found.push(format!("{} knows a whole `{name}`, and rules know its parts alone", file.display()));
        }
    }
    found
}

/// A sentence for each use of a file of a rule by another file of its folder: rules are put together above it alone.
pub fn uses_of_rules(folder: &str, rules: &[&str]) -> Vec<String> {
    let root = Path::new(ROOT).join(folder);
    let path = folder.split_once("/src/").expect("it is a folder of sources").1.replace('/', "::");
    let mut found = Vec::new();
    for file in sources(&root) {
        let inner = file.strip_prefix(&root).expect("it is below").with_extension("");
        if inner.iter().any(|part| part == "tests") {
            continue;
        }
        let text = code(&std::fs::read_to_string(&file).expect("a source"));
        let steps = inner.components().count() - 1;
        let mut used = behind(&text, "super::", steps);
        used.extend(behind(&text, &format!("crate::{path}::"), 0));
        let used = used.into_iter().filter(|name| rules.contains(&name.as_str()) && !inner.starts_with(name));
        found.extend(used.map(|name| format!("{} uses the rule `{name}`", file.display())));
    }
    found
}

/// Whether a word stands alone somewhere, and not as a part of another one.
fn has_word(code: &str, word: &str) -> bool {
    let is_alone = |at: usize| !code[..at].ends_with(goes_on) && !code[at + word.len()..].starts_with(goes_on);
    code.match_indices(word).any(|(at, _)| is_alone(at))
}

fn adds_methods(code: &str, name: &str) -> bool {
    code.lines().any(|line| line.trim_start().starts_with(&format!("impl {name} {{")))
}

#[test]
fn a_word_is_found_in_code_alone() {
    let knows = |text: &str| has_word(&code(text), "Owner");
    assert!(
        ["impl X for Owner {", "fn f(owner: &mut super::Owner)", "use super::{Owner, OwnerEffect};"]
            .into_iter()
            .all(knows)
    );
    let others =
        ["/// [`Owner`]", "f(); // Owner", "OwnerEffect::Send", "fn owner()", "a\n#[cfg(test)]\nmod tests { Owner }"];
    assert!(!others.into_iter().any(knows));
}
