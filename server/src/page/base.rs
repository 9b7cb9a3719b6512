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

/// Segments of a path, counted so that proxies on the way change nothing: they may decode `%2F`, merge slashes and
/// resolve dots, and the browser knows the address from before.
pub fn segments(raw_path: &str) -> usize {
    let separated = raw_path.replace("%2F", "/").replace("%2f", "/").replace("%2E", ".").replace("%2e", ".");
    separated.split('/').fold(0, |count, segment| match segment {
        "" | "." => count,
        ".." => count.saturating_sub(1),
        _ => count + 1,
    })
}

/// A document with `<base>` as the first element of its head, so that it holds for every address that follows, and
/// the script (`web/public/base.js`) that corrects it where a proxy has changed the address. A document without a head
/// is returned unchanged.
pub fn with_base(document: &str, depth: usize, segments: usize, script: &str) -> String {
    let Some((before, after)) = document.split_once("<head>") else { return document.to_owned() };
    let root = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    let mut text = String::with_capacity(document.len() + root.len() + script.len() + 96);
    write!(text, "{before}<head>\n    <base href=\"{root}\">").expect("a String takes all that is written");
    if !script.is_empty() {
        write!(text, "<script data-segments=\"{segments}\">{script}</script>").expect("a String takes it all");
    }
    text.push_str(after);
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
            let text = with_base(document, depth, 2, "run()");
            assert_eq!(text.matches("<base ").count(), 1);
            let script = "<script data-segments=\"2\">run()</script>";
            assert!(text.starts_with(&format!("<html><head>\n    <base href=\"{root}\">{script}<meta")), "{text}");
        }
        assert_eq!(with_base("<title>no head</title>", 1, 1, "run()"), "<title>no head</title>");
    }

    #[test]
    fn segments_are_counted_alike_before_and_after_a_proxy() {
        for (sent, seen, expected) in [
            ("/", "/", 0),
            ("/call/x", "/call/x", 2),
            ("/call/x/", "/call/x/", 2),
            ("/call//x", "/call/x", 2),
            ("/call/a%2Fb", "/call/a/b", 3),
            ("/call/a%2fb", "/call/a/b", 3),
            ("/call/..%2Fx", "/x", 1),
            ("/call/%2E%2e/x", "/x", 1),
            ("/..%2F..%2Fx", "/x", 1),
            ("/call/a%252Fb", "/call/a%252Fb", 2),
        ] {
            assert_eq!((segments(sent), segments(seen)), (expected, expected), "{sent}");
        }
    }
}
