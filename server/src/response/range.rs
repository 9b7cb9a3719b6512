//! Range requests and conditional requests for an object (RFC 9110, sections 13 and 14). Pure.

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE};

/// The part of an object that an answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All of it.
    Whole,
    /// The bytes from the first to the last, both included.
    Bytes(usize, usize),
    /// Nothing: there is none of it in the range.
    Unsatisfiable,
    /// Nothing: the client has it already.
    NotModified,
}

/// Selects the part of an object of `length` bytes that a request asks for. The tag is strong: the same tag means the
/// same bytes.
pub fn select(method: &Method, headers: &HeaderMap, length: usize, tag: impl Fn() -> HeaderValue) -> Selection {
    if is_known(headers, &tag) {
        return Selection::NotModified;
    }
    // For other methods than GET ranges are not defined.
    let Some(range) = headers.get(RANGE).filter(|_| method == Method::GET) else { return Selection::Whole };
    if headers.get(IF_RANGE).is_some_and(|given| given.as_bytes() != tag().as_bytes()) {
        return Selection::Whole;
    }
    range.to_str().ok().and_then(|range| bytes(range, length)).unwrap_or(Selection::Whole)
}

/// Returns whether the client has what this tag names.
pub fn is_known(headers: &HeaderMap, tag: impl Fn() -> HeaderValue) -> bool {
    let mut known = headers.get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok()).peekable();
    if known.peek().is_none() {
        return false;
    }
    let tag = tag();
    let same = |given: &str| given == "*" || given.trim_start_matches("W/").as_bytes() == tag.as_bytes();
    known.flat_map(|list| list.split(',')).any(|given| same(given.trim()))
}

/// None for what is no single range of bytes: then the whole is as good an answer.
fn bytes(range: &str, length: usize) -> Option<Selection> {
    let (unit, set) = range.split_once('=')?;
    let (first, last) = set.trim().split_once('-').filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))?;
    if first.is_empty() {
        let count = number(last)?.min(length);
        return Some(if count == 0 { Selection::Unsatisfiable } else { Selection::Bytes(length - count, length - 1) });
    }
    let first = number(first)?;
    let last = if last.is_empty() { usize::MAX } else { number(last)? };
    if last < first {
        return None;
    }
    Some(if first >= length { Selection::Unsatisfiable } else { Selection::Bytes(first, last.min(length - 1)) })
}

/// A number of any length: what is beyond every object is as good as the largest.
fn number(digits: &str) -> Option<usize> {
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Selection::{Bytes, NotModified, Unsatisfiable, Whole};
    use actix_web::http::header::HeaderName;
    use proptest::prelude::*;

    fn selected(method: &Method, given: &[(HeaderName, &str)], length: usize) -> Selection {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        select(method, &headers, length, || HeaderValue::from_static("\"tag\""))
    }

    fn ranged(range: &str) -> Selection {
        selected(&Method::GET, &[(RANGE, range)], 100)
    }

    #[test]
    fn single_ranges_are_cut_out() {
        assert_eq!(ranged("bytes=0-0"), Bytes(0, 0));
        assert_eq!(ranged("bytes=10-19"), Bytes(10, 19));
        assert_eq!(ranged("Bytes= 90-500 "), Bytes(90, 99));
        assert_eq!(ranged("bytes=40-"), Bytes(40, 99));
        assert_eq!(ranged("bytes=-7"), Bytes(93, 99));
        assert_eq!(ranged("bytes=-700"), Bytes(0, 99));
        assert_eq!(ranged("bytes=0-99999999999999999999999"), Bytes(0, 99));
    }

    #[test]
    fn ranges_beyond_the_end_cannot_be_satisfied() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(ranged(range), Unsatisfiable, "{range}");
        }
        assert_eq!(selected(&Method::GET, &[(RANGE, "bytes=0-")], 0), Unsatisfiable);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_answered_with_the_whole() {
        for range in ["bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=+1-2", "items=0-1", "bytes=0-1,5-6", "0-1"]
        {
            assert_eq!(ranged(range), Whole, "{range}");
        }
        assert_eq!(selected(&Method::HEAD, &[(RANGE, "bytes=0-1")], 100), Whole);
    }

    #[test]
    fn a_range_of_something_else_is_answered_with_the_whole() {
        let range = (RANGE, "bytes=0-1");
        assert_eq!(selected(&Method::GET, &[range.clone(), (IF_RANGE, "\"tag\"")], 100), Bytes(0, 1));
        for other in ["\"other\"", "W/\"tag\"", "Sun, 22 Nov 2026 21:00:00 GMT"] {
            assert_eq!(selected(&Method::GET, &[range.clone(), (IF_RANGE, other)], 100), Whole, "{other}");
        }
    }

    #[test]
    fn who_has_it_already_is_told_so_before_any_range() {
        let range = (RANGE, "bytes=0-1");
        for known in ["\"tag\"", "W/\"tag\"", "\"a\", \"tag\"", "*"] {
            assert_eq!(selected(&Method::GET, &[(IF_NONE_MATCH, known), range.clone()], 100), NotModified, "{known}");
        }
        assert_eq!(selected(&Method::HEAD, &[(IF_NONE_MATCH, "\"a\""), (IF_NONE_MATCH, "\"tag\"")], 9), NotModified);
        assert_eq!(selected(&Method::GET, &[(IF_NONE_MATCH, "\"a\""), range], 100), Bytes(0, 1));
    }

    proptest! {
        #[test]
        fn any_selection_lies_within(range in "(bytes=)?[0-9a,-]{0,12}", length in 0_usize..300) {
            if let Bytes(first, last) = selected(&Method::GET, &[(RANGE, &range)], length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
