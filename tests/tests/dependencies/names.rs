//! Functions and types that documents name, held against the sources: those that are said to be in a file are defined
//! there, all others somewhere.

use std::path::{Path, PathBuf};

use crate::graph::{ROOT, read};

/// The crates whose sources are searched.
const CRATES: [&str; 8] = ["protocol", "core", "media", "client", "server", "checker", "bench", "tests"];
/// The words that introduce a definition.
const DEFINES: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "mod"];

/// A piece of code in a document, and the text between it and the next one.
type Span<'a> = (&'a str, &'a str);

/// The names of a document that are not where it says, or nowhere.
pub fn missing(document: &str) -> Vec<String> {
    let text = read(document);
    let spans = spans(&text);
    let sources: Vec<(PathBuf, String)> = CRATES.iter().flat_map(|name| texts(&Path::new(ROOT).join(name))).collect();
    let is_anywhere = |name: &str| sources.iter().any(|(file, text)| is_file(file, name) || defines(text, name));
    let mut missing = Vec::new();
    for (at, (name, _)) in spans.iter().enumerate().filter(|(at, _)| is_checked(&spans[*at..])) {
        let is_there = match place(&spans[at..]) {
            Some(path) => std::fs::read_to_string(Path::new(ROOT).join(path)).is_ok_and(|text| defines(&text, name)),
            None => is_anywhere(name),
        };
        if !is_there {
            missing
                .push(format!("{document}: `{name}` is not defined in {}", place(&spans[at..]).unwrap_or("any crate")));
        }
    }
    missing
}

/// The code in backquotes, line by line.
fn spans(text: &str) -> Vec<Span<'_>> {
    let pieces: Vec<&str> = text.split('`').collect();
    pieces.get(1..).unwrap_or_default().chunks(2).map(|pair| (pair[0], *pair.get(1).unwrap_or(&""))).collect()
}

/// Whether the first span is a name that must be somewhere: by its form, or because a file is said to have it.
fn is_checked(spans: &[Span<'_>]) -> bool {
    let name = spans[0].0;
    is_identifier(name) || (is_word(name) && place(spans).is_some())
}

/// The file in which the first span is said to be: "`a` in `file.rs`", "`a` and `b` in `file.rs`", "`a` (`file.rs`)".
fn place<'a>(spans: &[Span<'a>]) -> Option<&'a str> {
    let mut at = 0;
    while let Some((_, behind)) = spans.get(at) {
        let (next, _) = spans.get(at + 1)?;
        match behind.split_whitespace().collect::<Vec<_>>()[..] {
            ["in"] | ["("] if next.ends_with(".rs") => return Some(next),
            ["and"] | [","] | [",", "and"] if is_word(next) => at += 1,
            _ => return None,
        }
    }
    None
}

/// Whether a piece of code is one name or a path of names.
fn is_word(code: &str) -> bool {
    code.split("::").all(|part| {
        part.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

/// Whether a piece of code is the name of a function or type of the sources: `snake_case`, `CamelCase` or a path of them.
fn is_identifier(code: &str) -> bool {
    let is_small = |part: &str| part.chars().any(|letter| letter.is_ascii_lowercase());
    let is_camel = code.starts_with(|letter: char| letter.is_ascii_uppercase());
    let is_special = code.contains("::") || code.contains('_') || is_camel;
    is_word(code) && code.split("::").all(is_small) && is_special
}

/// Whether a text defines the last part of a name and knows the others.
fn defines(text: &str, name: &str) -> bool {
    let (of, last) = name.rsplit_once("::").unwrap_or(("", name));
    let defined = DEFINES.iter().any(|word| contains_word(text, &format!("{word} {last}")));
    // A variant of an enumeration stands alone on its line.
    let is_variant = || text.lines().any(|line| line.trim_end_matches([',', '(', '{', ' ']).trim_start() == last);
    (defined || is_variant()) && of.split("::").all(|part| text.contains(part))
}

fn contains_word(text: &str, words: &str) -> bool {
    let goes_on = |behind: &str| behind.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
    text.match_indices(words).any(|(at, _)| !goes_on(&text[at + words.len()..]))
}

/// Whether a file has this name, as one of tests that cargo runs, or its folder has.
fn is_file(file: &Path, name: &str) -> bool {
    file.file_stem().is_some_and(|stem| stem == name) || file.parent().is_some_and(|folder| folder.ends_with(name))
}

fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let text = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("a source");
        (file, text)
    };
    crate::directions::sources(folder).into_iter().map(text).collect()
}

#[test]
fn a_name_is_looked_for_where_it_is_said_to_be() {
    let text = "`one_two` and `Three::four` in `a/b.rs`, `Five` (`c.rs`), `six_seven` too, `plain`, `word`, and `LOUD` in `d.rs`, `bare`, `in_a_row` |";
    let spans = spans(text);
    let checked = (0..spans.len()).filter(|at| is_checked(&spans[*at..]));
    let found: Vec<_> = checked.map(|at| (spans[at].0, place(&spans[at..]).unwrap_or_default())).collect();
    let (there, plain) =
        ([("one_two", "a/b.rs"), ("Three::four", "a/b.rs"), ("Five", "c.rs"), ("six_seven", "")], "d.rs");
    assert_eq!(found[..4], there);
    assert_eq!(found[4..], [("plain", plain), ("word", plain), ("LOUD", plain), ("in_a_row", "")]);
}

#[test]
fn a_definition_is_told_from_a_use() {
    let text = "pub fn one_two(a: B) {}\nstruct Four;\n    Variant,\nlet x = three();";
    assert!(["one_two", "Four", "Four::one_two", "Variant"].iter().all(|name| defines(text, name)));
    assert!(!["one", "three", "Five::one_two", "x"].iter().any(|name| defines(text, name)));
}
