//! The numbers in the file names of what an earlier run has published.
//!
//! Parts bear a running number, whatever segment they belong to: then the server can tell the name of the next part
//! before it comes, and notices one that is lost at the end of a segment.

pub(super) fn map_number(name: &str) -> Option<u64> {
    number(name, "init-", ".mp4")
}

pub(super) fn part_number(name: &str) -> Option<u64> {
    number(name, "p", ".m4s")
}

/// Numbers that no run reaches are somebody else's names.
fn number(name: &str, before: &str, after: &str) -> Option<u64> {
    let number: u64 = name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()?;
    (number < 1 << 53).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_again_in_its_name() {
        assert_eq!(part_number("p17.m4s"), Some(17));
        assert_eq!(map_number("init-0.mp4"), Some(0));
        assert_eq!(part_number("s17.m4s"), None);
        assert_eq!(part_number("p18446744073709551615.m4s"), None);
    }
}
