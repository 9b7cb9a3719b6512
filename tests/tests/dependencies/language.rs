//! The language of comments: sentences that begin with a noun or a verb, not with a word that hides the subject.
//!
//! "Who is kicked stays out" takes a reader longer than "A kicked user cannot join", and hides that it is about users.

use std::path::{Path, PathBuf};

use crate::graph::ROOT;

/// Words with which neither a doc comment nor a sentence of the folders below begins.
const BANNED: [&str; 11] = ["Who", "Whoever", "Whose", "What", "Whatever", "Which", "That", "Of", "How", "So", "Since"];
/// The ones of them with which no doc comment of any crate begins.
const OF_DOCS: [&str; 8] = ["Who", "What", "Which", "That", "Of", "How", "So", "Since"];
/// Words with which no doc comment of the crates and folders below begins either.
const OF_FURTHER_DOCS: [&str; 5] = ["Whoever", "Whatever", "Where", "When", "Why"];
/// The crates and folders that are free of them; a further one is added when it is.
const FURTHER: [&str; 10] =
    ["bench", "checker", "client", "core", "fuzz", "media", "protocol", "schema", "tests", "server"];
/// Folders in which every sentence counts, and not only the first one of doc comments.
const EVERY_SENTENCE: [&str; 8] = [
    "bench",
    "checker",
    "media",
    "server/src/backplane/directory",
    "tests/browser",
    "tests/documents",
    "tests/src",
    "web/src",
];
/// Folders of code that is not written by hand, or not part of the project.
const SKIPPED: [&str; 6] = ["node_modules", "target", "dist", "generated", ".venv", ".git"];

/// The comments of the project that begin as none should.
pub fn complaints() -> Vec<String> {
    let mut found = Vec::new();
    for file in files(Path::new(ROOT)) {
        let kind = file.extension().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a source is UTF-8");
        let inner = file.strip_prefix(ROOT).expect("it is below").to_string_lossy().into_owned();
        let is_in = |folders: &[&str]| folders.iter().any(|folder| inner.starts_with(&format!("{folder}/")));
        for (line, sentence) in sentences(&text, &kind, (is_in(&FURTHER), is_in(&EVERY_SENTENCE))) {
            found.push(format!("{inner}:{line}: a comment begins \"{sentence}\""));
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            true if SKIPPED.contains(&name.as_str()) => {}
            true => found.extend(files(&path)),
            false if ["rs", "ts", "mjs", "lua"].iter().any(|kind| name.ends_with(&format!(".{kind}"))) => {
                found.push(path)
            }
            false => {}
        }
    }
    found
}

/// The sentences that begin with a banned word, with the lines of their comments: of every sentence, or of the first ones
/// of doc comments alone; for those, the further words count, or do not.
fn sentences(text: &str, kind: &str, (further, every): (bool, bool)) -> Vec<(usize, String)> {
    let is_banned = |words: &[&str], sentence: &str| {
        words.contains(&sentence.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default())
    };
    let of_comment = |Comment { line, text, is_doc }: Comment| {
        let all = text.split(". ").flat_map(|part| part.split("? ")).enumerate();
        let mut banned = all.filter(|(place, sentence)| {
            let of_docs = is_banned(&OF_DOCS, sentence) || (further && is_banned(&OF_FURTHER_DOCS, sentence));
            (is_doc && *place == 0 && of_docs) || (every && is_banned(&BANNED, sentence))
        });
        banned.next().map(|(_, sentence)| (line, sentence.chars().take(60).collect()))
    };
    comments(text, kind).into_iter().filter_map(of_comment).collect()
}

struct Comment {
    line: usize,
    text: String,
    is_doc: bool,
}

/// Comments that stand on lines of their own; lines that follow each other are one.
fn comments(text: &str, kind: &str) -> Vec<Comment> {
    let mut found: Vec<Comment> = Vec::new();
    // The mark of the comment that the next line may go on.
    let (mut in_block, mut open) = (false, None);
    for (index, line) in text.lines().map(str::trim).enumerate() {
        let marks: &[&str] = match (kind, in_block) {
            ("lua", _) => &["--"],
            ("rs", _) => &["//!", "///", "//"],
            (_, true) => &["*/", "* ", "*", ""],
            (_, false) => &["//", "/**", "/*"],
        };
        let Some(mark) = marks.iter().find(|mark| line.starts_with(**mark)) else {
            open = None;
            continue;
        };
        let begins_block = mark.starts_with("/*");
        let family = if in_block || begins_block { "/*" } else { mark };
        let goes_on = open == Some(family) && !begins_block;
        in_block = family == "/*" && !line.ends_with("*/");
        let words = line[mark.len()..].trim_end_matches("*/").trim();
        match found.last_mut().filter(|_| goes_on) {
            _ if words.is_empty() => {}
            Some(comment) => comment.text += &format!(" {words}"),
            None => found.push(Comment {
                line: index + 1,
                text: words.to_owned(),
                is_doc: !matches!(*mark, "//" | "--" | "/*"),
            }),
        }
        open = (!words.is_empty() && (family != "/*" || in_block)).then_some(family);
    }
    found
}

#[test]
fn comments_are_found_and_judged() {
    let text = "/** What is here. */\n// What is here. Who is there.\nlet text = 'What';\n/**\n * A line\n * of two. So be it.\n */\n";
    let told = |every| sentences(text, "ts", (false, every)).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    assert_eq!(told(false), [1]);
    assert_eq!(told(true), [1, 2, 5]);
    assert_eq!(sentences("-- Which it is.\n", "lua", (false, true)).len(), 1);
    assert_eq!(
        sentences("/// A name.So it is, 1.What too.\nfn f() {}\n/// How many.\n", "rs", (false, false)),
        [(3, "How many.".to_owned())]
    );
    let told = |further| sentences("/// When it is. Why it is.\nfn f() {}\n", "rs", (further, false)).len();
    assert_eq!((told(false), told(true)), (0, 1));
}
