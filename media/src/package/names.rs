//! The names of the objects of a broadcast: a prefix, a kind, a running number.
//!
//! Parts bear a running number, whatever segment they belong to: then the server can tell the name of the next part
//! before it comes, and notices one that is lost at the end of a segment. A later run reads the numbers of the names that
//! a playlist still lists, and goes on behind them.

use roomcast_protocol::id::ObjectId;

const MAP: (&str, &str) = ("init-", ".mp4");
const PART: (&str, &str) = ("p", ".m4s");
const SEGMENT: (&str, &str) = ("s", ".m4s");

pub(super) fn map(prefix: &str, number: u64) -> ObjectId {
    name(prefix, MAP, number)
}

pub(super) fn part(prefix: &str, number: u64) -> ObjectId {
    name(prefix, PART, number)
}

pub(super) fn segment(prefix: &str, number: u64) -> ObjectId {
    name(prefix, SEGMENT, number)
}

fn name(prefix: &str, (before, after): (&str, &str), number: u64) -> ObjectId {
    ObjectId::parse(&format!("{prefix}{before}{number}{after}")).expect("letters, digits, dashes and a dot")
}

/// Returns the number of an init section in its name, which has no prefix; none for other names.
#[must_use]
pub fn map_number(name: &str) -> Option<u64> {
    number(name, MAP)
}

/// Returns the number of a part in its name, which has no prefix; none for other names.
#[must_use]
pub fn part_number(name: &str) -> Option<u64> {
    number(name, PART)
}

/// Parses the number in a name; none from 2^53 on, which no run reaches.
fn number(name: &str, (before, after): (&str, &str)) -> Option<u64> {
    let number: u64 = name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()?;
    (number < 1 << 53).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_again_in_its_name() {
        assert_eq!(part_number(part("", 17).as_str()), Some(17));
        assert_eq!(map_number(map("", 0).as_str()), Some(0));
        assert_eq!(part_number(segment("", 17).as_str()), None);
        assert_eq!(part_number(part("abc-", 17).as_str()), None);
        assert_eq!(part_number("p18446744073709551615.m4s"), None);
    }
}
