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

/// Uses between the modules at the top of a crate, by `crate::`, tests apart.
pub fn between_modules(source: &str) -> Arrows {
    let root = Path::new(ROOT).join(source);
    let mut arrows = Arrows::new();
    for file in sources(&root) {
        let inner = file.strip_prefix(&root).expect("it is below");
        let module = inner.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" || inner.iter().any(|name| name == "tests" || name == "tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source");
        let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let used = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let used = named(&used);
        arrows.entry(module.clone()).or_default().extend(used.into_iter().filter(|name| *name != module));
    }
    arrows
}

/// The files beneath a folder, tests apart, that add methods to this type, which only its own file may.
pub fn foreign_methods(source: &str, name: &str, own: &str) -> Vec<String> {
    let root = Path::new(ROOT).join(source);
    let is_test = |file: &Path| file.iter().any(|part| part == "tests" || part == "tests.rs");
    let inner = |file: &Path| file.strip_prefix(&root).expect("it is below").to_path_buf();
    let adds = |file: &Path| {
        let text = std::fs::read_to_string(file).expect("a source");
        text.lines().any(|line| line.trim_start().starts_with(&format!("impl {name} {{")))
    };
    let files = sources(&root).into_iter().filter(|file| !file.ends_with(own) && !is_test(&inner(file)) && adds(file));
    files.map(|file| format!("{} has methods of `{name}`, whose rules know its parts alone", file.display())).collect()
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

/// The first names behind `crate::`, those of a group in braces too.
fn named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for behind in text.split("crate::").skip(1) {
        match behind.strip_prefix('{') {
            Some(group) => found.extend(of_group(group)),
            None => found.extend(first_name(behind)),
        }
    }
    found
}

fn of_group(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut found: Vec<String> = first_name(group.trim_start()).into_iter().collect();
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.extend(first_name(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    found
}

fn first_name(text: &str) -> Option<String> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    // Types and macros of the crate's root are no modules.
    let name = &text[..end];
    name.starts_with(|letter: char| letter.is_ascii_lowercase()).then(|| name.to_owned())
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
    let found = named(text);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["alpha", "beta", "gamma", "named"]);
    let arrows =
        |used: &[&str]| Arrows::from([("one".to_owned(), used.iter().map(|name| (*name).to_owned()).collect())]);
    assert!(differences(&arrows(&["a", "b"]), &arrows(&["a", "b"])).is_empty());
    assert_eq!(
        differences(&arrows(&["a"]), &arrows(&["a", "b"])),
        ["`one` uses `b`, which ARCHITECTURE.md does not allow"]
    );
    assert_eq!(differences(&arrows(&["a", "b"]), &arrows(&["a"])).len(), 1);
}
