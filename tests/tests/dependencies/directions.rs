//! The arrows between crates, and between the modules of the server and of the core, held against the tables of
//! ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::graph::{ROOT, cargo, read};

/// Names that each crate or module uses.
pub type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The table of ARCHITECTURE.md with these heads in its first columns: names, and behind each the names it may use.
pub fn allowed(name: &str, uses: &str) -> Arrows {
    let text = read("ARCHITECTURE.md");
    let head = format!("| {name} | {uses} |");
    let table = text.split_once(&head).unwrap_or_else(|| panic!("ARCHITECTURE.md has no table {head}")).1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|');
        let mut cell = || names(cells.next().unwrap_or_default());
        let of = cell();
        (of.into_iter().next().expect("a row begins with a name"), cell())
    })
    .collect()
}

/// The names in backquotes, without the slash of a folder.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches('/').to_owned()).collect()
}

/// Dependencies between the crates of the workspace, except those for tests.
pub fn between_crates() -> Arrows {
    let metadata = cargo(&["metadata", "--format-version", "1", "--locked", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let folder = |path: &Value| {
        let path = Path::new(path.as_str().expect("a path"));
        path.file_name().expect("a folder").to_string_lossy().into_owned()
    };
    let of = |package: &Value| {
        let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
        folder(&Value::from(manifest.parent().expect("a folder").to_string_lossy().into_owned()))
    };
    let uses = |package: &Value| {
        // The crate of tests is nothing else.
        let counts = |need: &Value| need["kind"].is_null() || of(package) == "tests";
        let needs = package["dependencies"].as_array().into_iter().flatten();
        needs.filter(|need| need["path"].is_string() && counts(need)).map(|need| folder(&need["path"])).collect()
    };
    packages.iter().map(|package| (of(package), uses(package))).collect()
}

/// Uses between the modules at the top of a crate, by `crate::` and by `super::` as far as it leads there, tests apart.
pub fn between_modules(source: &str) -> Arrows {
    let root = Path::new(ROOT).join(source);
    let mut arrows = Arrows::new();
    for file in sources(&root) {
        let place = file.strip_prefix(&root).expect("it is below").with_extension("");
        let place: Vec<_> = place.iter().map(|name| name.to_string_lossy()).collect();
        if place[0] == "lib" || place[0] == "main" || place.iter().any(|name| name == "tests") {
            continue;
        }
        let used = named(&code(&std::fs::read_to_string(&file).expect("a source")), place.len());
        arrows.entry(place[0].to_string()).or_default().extend(used.into_iter().filter(|name| *name != place[0]));
    }
    arrows
}

/// A source without its comments and the tests at its end.
pub fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.split(" // ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Whether a letter belongs to a name.
pub fn goes_on(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The files of Rust beneath a folder.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|kind| kind == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

/// The names at the top of the crate that a module uses, by the steps of `super::` that lead there from it.
fn named(code: &str, depth: usize) -> BTreeSet<String> {
    behind(code, "crate::", 0).into_iter().chain(behind(code, "super::", depth - 1)).collect()
}

/// The names at the top, as far as this many further steps of `super::` lead there behind a beginning of paths.
pub fn behind(code: &str, start: &str, depth: usize) -> Vec<String> {
    let begins = |at: usize| !code[..at].ends_with("::") && !code[..at].ends_with(goes_on);
    let places = code.match_indices(start).filter(|(at, _)| begins(*at));
    places.flat_map(|(at, _)| at_the_top(&code[at + start.len()..], depth)).collect()
}

/// The names at the top of the crate in a path or a group of paths that begins at this depth.
fn at_the_top(path: &str, depth: usize) -> Vec<String> {
    let path = path.trim_start();
    if let Some(group) = path.strip_prefix('{') {
        return members(group).flat_map(|member| at_the_top(member, depth)).collect();
    }
    match path.strip_prefix("super::") {
        Some(path) => depth.checked_sub(1).map(|depth| at_the_top(path, depth)).unwrap_or_default(),
        None if depth == 0 => first_name(path).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The members of a group, each with what stands behind it.
fn members(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let mut places = vec![0];
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => places.push(at + 1),
            _ => {}
        }
    }
    places.into_iter().map(|at| &group[at..])
}

/// The module that a path begins with, or `*` for all of them.
fn first_name(path: &str) -> Option<String> {
    if path.starts_with('*') {
        return Some("*".to_owned());
    }
    let name = path.split(|letter: char| !goes_on(letter)).next().unwrap_or_default();
    // Types and macros of the crate's root are no modules.
    let is_module = name.starts_with(|letter: char| letter.is_ascii_lowercase()) && !["self", "super"].contains(&name);
    is_module.then(|| name.to_owned())
}

/// The arrows that are there and not allowed, and those that are allowed and not there.
pub fn differences(allowed: &Arrows, found: &Arrows) -> Vec<String> {
    let empty = BTreeSet::new();
    let pairs = |arrows: &Arrows| -> BTreeSet<(String, String)> {
        arrows.iter().flat_map(|(of, uses)| uses.iter().map(|used| (of.clone(), used.clone()))).collect()
    };
    let (may, do_) = (pairs(allowed), pairs(found));
    let new =
        do_.difference(&may).map(|(of, used)| format!("`{of}` uses `{used}`, which ARCHITECTURE.md does not allow"));
    let old = may
        .difference(&do_)
        .map(|(of, used)| format!("ARCHITECTURE.md allows `{of}` to use `{used}`, which it does not"));
    let missing = found.iter().filter(|(of, uses)| *uses != &empty && !allowed.contains_key(*of));
    new.chain(old).chain(missing.map(|(of, _)| format!("ARCHITECTURE.md has no row for `{of}`"))).collect()
}

/// A sentence for each name from which arrows lead back to it.
pub fn circles(arrows: &Arrows) -> Vec<String> {
    arrows.keys().filter_map(|name| circle(arrows, name)).collect()
}

/// The shortest way along the arrows from a name back to it.
fn circle(arrows: &Arrows, name: &str) -> Option<String> {
    let mut ways = VecDeque::from([vec![name]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in arrows.get(*way.last()?).into_iter().flatten() {
            let longer = [&way[..], &[next]].concat();
            if next == name {
                let names: Vec<_> = longer.iter().map(|name| format!("`{name}`")).collect();
                return Some(format!("{} is a circle", names.join(" → ")));
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

#[test]
fn a_circle_is_found_by_each_of_its_members() {
    let arrows = |pairs: &[(&str, &str)]| {
        let mut arrows = Arrows::new();
        for (of, used) in pairs {
            arrows.entry((*of).to_owned()).or_default().insert((*used).to_owned());
        }
        arrows
    };
    assert!(circles(&arrows(&[("a", "b"), ("a", "c"), ("b", "c"), ("c", "d")])).is_empty());
    let found = circles(&arrows(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
    assert_eq!(found, ["`b` → `c` → `b` is a circle", "`c` → `b` → `c` is a circle"]);
}

#[test]
fn arrows_are_found_and_compared() {
    let text = "use crate::{alpha::One, beta, Type};\nuse crate::gamma::{self, two};\ncrate::named! {}\n";
    let names = |text: &str, depth| named(text, depth).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(names(text, 1), "alpha beta gamma named");
    assert_eq!(names("use super::{one, six::{Seven, self}};", 1), "one six");
    let text = "use super::{one, super::{two::Three, Five}};\nsuper::super::seven::f();\n";
    assert_eq!((names(text, 2), names(text, 3)), ("seven two".to_owned(), String::new()));
    assert_eq!(names("use super::*;\npub(in super::super) fn f() {}", 1), "*");
    let arrows =
        |used: &[&str]| Arrows::from([("one".to_owned(), used.iter().map(|name| (*name).to_owned()).collect())]);
    assert!(differences(&arrows(&["a", "b"]), &arrows(&["a", "b"])).is_empty());
    assert_eq!(
        differences(&arrows(&["a"]), &arrows(&["a", "b"])),
        ["`one` uses `b`, which ARCHITECTURE.md does not allow"]
    );
    assert_eq!(differences(&arrows(&["a", "b"]), &arrows(&["a"])).len(), 1);
}
