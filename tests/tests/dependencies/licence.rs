//! Licence expressions of SPDX.

/// Whether one can keep to an expression with what is allowed. A slash is an old way to write OR.
pub fn is_kept(expression: &str, is_allowed: impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut reader = Reader { words: spaced.split_whitespace().collect(), is_allowed };
    reader.words.reverse();
    let kept = reader.either();
    kept && reader.words.is_empty()
}

/// The words that are left, the next one last.
struct Reader<'a, F> {
    words: Vec<&'a str>,
    is_allowed: F,
}

impl<F: Fn(&str) -> bool> Reader<'_, F> {
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.last() == Some(&word);
        if is_next {
            self.words.pop();
        }
        is_next
    }

    fn either(&mut self) -> bool {
        let mut kept = self.both();
        while self.takes("OR") {
            kept |= self.both();
        }
        kept
    }

    fn both(&mut self) -> bool {
        let mut kept = self.one();
        while self.takes("AND") {
            kept &= self.one();
        }
        kept
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let kept = self.either();
            return self.takes(")") && kept;
        }
        let Some(licence) = self.words.pop() else { return false };
        if !self.takes("WITH") {
            return (self.is_allowed)(licence);
        }
        let exception = self.words.pop().unwrap_or_default();
        (self.is_allowed)(&format!("{licence} WITH {exception}"))
    }
}

#[test]
fn expressions_are_read_as_spdx_says() {
    let kept = |expression| is_kept(expression, |licence| ["MIT", "ISC"].contains(&licence));
    for yes in ["MIT", "GPL-2.0 OR MIT", "MIT/GPL-2.0", "MIT AND ISC", "GPL-2.0 AND X OR MIT", "(X OR ISC) AND MIT"] {
        assert!(kept(yes), "{yes}");
    }
    for no in ["", "GPL-2.0", "MIT AND GPL-2.0", "MIT AND (X OR Y)", "MIT WITH X", "MIT ISC", "(MIT", "X/Y"] {
        assert!(!kept(no), "{no}");
    }
}
