//! Relative addresses of the page's document. Pure.
//!
//! A proxy may serve the page below a path prefix and strip it, so neither the server nor the built files know the
//! prefix. The browser does: the document names the server's root relative to its own address, in a `base` element,
//! and everything in the page is relative to that.

use std::fmt::Write as _;

/// Directories between the server's root and an address, as a browser counts them: `/` has none, `/call/x` has one
/// and `/call/x/` two. Takes the path as it was sent, since `%2F` does not separate.
pub fn depth(raw_path: &str) -> usize {
    raw_path.bytes().filter(|byte| *byte == b'/').count().saturating_sub(1)
}

/// A document with `<base>` as the first element of its head, so that it holds for every address that follows. A
/// document without a head is returned unchanged.
pub fn with_base(document: &str, depth: usize) -> String {
    let Some((before, after)) = document.split_once("<head>") else { return document.to_owned() };
    let root = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    let mut text = String::with_capacity(document.len() + root.len() + 32);
    write!(text, "{before}<head>\n    <base href=\"{root}\">{after}").expect("a String takes all that is written");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_the_directories_of_an_address() {
        for (path, expected) in [
            ("", 0),
            ("/", 0),
            ("/call", 0),
            ("/call/", 1),
            ("/call/x", 1),
            ("/call/x/", 2),
            ("//call/x", 2),
            ("/call/a%2Fb", 1),
        ] {
            assert_eq!(depth(path), expected, "{path}");
        }
    }

    #[test]
    fn the_base_comes_first_and_leads_to_the_root() {
        let document = "<html><head><meta charset=\"utf-8\"></head><body>a <head> in the text</body></html>";
        for (depth, root) in [(0, "./"), (1, "../"), (3, "../../../")] {
            let text = with_base(document, depth);
            assert_eq!(text.matches("<base ").count(), 1);
            assert!(text.starts_with(&format!("<html><head>\n    <base href=\"{root}\"><meta")), "{text}");
        }
        assert_eq!(with_base("<title>no head</title>", 1), "<title>no head</title>");
    }
}
