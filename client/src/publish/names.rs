//! The file names of what is published.
//!
//! Parts bear a running number, whatever segment they belong to: then the server can tell the name of the next part
//! before it comes, and notices one that is lost at the end of a segment.

use roomcast_protocol::id::ObjectId;

pub(super) fn map(number: u64) -> ObjectId {
    id(&format!("init-{number}.mp4"))
}

pub(super) fn segment(sequence: u64) -> ObjectId {
    id(&format!("s{sequence}.m4s"))
}

pub(super) fn part(number: u64) -> ObjectId {
    id(&format!("p{number}.m4s"))
}

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

fn id(name: &str) -> ObjectId {
    ObjectId::parse(name).expect("letters, digits, a dash and a dot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_again_in_its_name() {
        assert_eq!(part_number(part(17).as_str()), Some(17));
        assert_eq!(map_number(map(0).as_str()), Some(0));
        assert_eq!(part_number(segment(17).as_str()), None);
        assert_eq!(part_number("p18446744073709551615.m4s"), None);
    }
}
