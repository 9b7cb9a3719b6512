//! The parts of a `multipart/form-data` body, as slices of it.
//!
//! Takes the three parts of a data signal and no others. Never copies, never decodes.
//!
//! RFC 7578; RFC 2046, 5.1.1.

use bytes::Bytes;
use memchr::memmem;

/// Bytes that the headers of a part may have.
const MAX_HEADERS: usize = 4 * 1024;

/// The parts of a data signal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The JSON without its `data` members.
    pub signal: Option<Bytes>,
    /// The bytes of a part or segment.
    pub data: Option<Bytes>,
    /// The bytes of an init section.
    pub map: Option<Bytes>,
}

impl Parts {
    fn place(&mut self, name: &str) -> Option<&mut Option<Bytes>> {
        match name {
            "signal" => Some(&mut self.signal),
            "data" => Some(&mut self.data),
            "map" => Some(&mut self.map),
            _ => None,
        }
    }
}

/// Takes a body apart. `content_type` is the header's value.
///
/// # Errors
/// A sentence for the sender.
pub fn read(content_type: &str, body: &Bytes) -> Result<Parts, String> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()));
    let boundary = boundary.ok_or("multipart/form-data needs a `boundary` of 1 to 70 characters")?;
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let mut parts = Parts::default();
    let mut at = first_delimiter(body, &delimiter[2..], &finder).ok_or("the multipart body has no part")?;
    loop {
        let rest = &body[at..];
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let line = rest.iter().take_while(|byte| b" \t".contains(byte)).count();
        let rest = rest[line..].strip_prefix(b"\r\n").ok_or("a multipart delimiter is not followed by a line end")?;
        let begin = body.len() - rest.len();
        let (name, headers) = name_of(rest)?;
        let content = begin + headers;
        // The delimiter's line end may be the very one that ends the headers: then the part is empty.
        let length = finder.find(&body[content - 2..]).ok_or("the multipart body ends within a part")?;
        let end = (content - 2 + length).max(content);
        let place = parts.place(&name).ok_or_else(|| format!("there is no place for the part {name:?}"))?;
        if place.replace(body.slice(content..end)).is_some() {
            return Err(format!("the part {name:?} comes twice"));
        }
        at = content - 2 + length + delimiter.len();
    }
}

/// Behind the first delimiter, which may open the body.
fn first_delimiter(body: &[u8], delimiter: &str, finder: &memmem::Finder<'_>) -> Option<usize> {
    if body.starts_with(delimiter.as_bytes()) {
        return Some(delimiter.len());
    }
    finder.find(body).map(|at| at + 2 + delimiter.len())
}

/// Returns the name of the part whose headers begin here, and how long they are with the empty line behind them.
fn name_of(part: &[u8]) -> Result<(String, usize), String> {
    let head = &part[..part.len().min(MAX_HEADERS)];
    let end = memmem::find(head, b"\r\n\r\n").ok_or("the headers of a multipart part do not end")?;
    let headers = std::str::from_utf8(&head[..end]).map_err(|_| "the headers of a multipart part must be UTF-8")?;
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    });
    let name = disposition.and_then(|value| parameter(value, "name"));
    Ok((name.ok_or("a multipart part needs `Content-Disposition: form-data; name=…`")?, end + 4))
}

/// A parameter of a header's value, quoted or not.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (key, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let (found, left) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => behind.split_at(behind.find(';').unwrap_or(behind.len())),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(found.trim().to_owned());
        }
        rest = left.split_once(';')?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; boundary=x-1";

    fn body(parts: &[(&str, &[u8])]) -> Bytes {
        let mut body = Vec::new();
        for (name, bytes) in parts {
            let head = format!("--x-1\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n");
            body.extend(head.as_bytes());
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--x-1--\r\n");
        body.into()
    }

    #[test]
    fn parts_are_slices_of_the_body() {
        let body = body(&[("signal", b"{}"), ("data", b"\r\n--x-\0\r\n"), ("map", b"")]);
        let parts = read(TYPE, &body).unwrap();
        assert_eq!(parts.signal.as_deref(), Some(&b"{}"[..]));
        assert_eq!(parts.map.as_deref(), Some(&b""[..]));
        let data = parts.data.unwrap();
        assert_eq!(&data[..], b"\r\n--x-\0\r\n");
        assert!(body.as_ptr_range().contains(&data.as_ptr()));
    }

    #[test]
    fn boundaries_may_be_quoted_and_a_preamble_is_passed_over() {
        let text = "to be ignored\r\n--a b\r\ncontent-disposition:form-data;name=signal\r\nX: y\r\n\r\n{}\r\n--a b--";
        let parts = read("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", &Bytes::from(text)).unwrap();
        assert_eq!(parts.signal.as_deref(), Some(&b"{}"[..]));
    }

    #[test]
    fn what_is_no_multipart_body_is_refused_with_a_sentence() {
        let whole = body(&[("signal", b"{}")]);
        for (what, content_type, body) in [
            ("boundary", "multipart/form-data", whole.clone()),
            ("no part", TYPE, Bytes::from_static(b"{}")),
            ("ends within", TYPE, whole.slice(..whole.len() - 9)),
            ("no place", TYPE, body(&[("file", b"")])),
            ("twice", TYPE, body(&[("data", b"a"), ("data", b"a")])),
            ("Content-Disposition", TYPE, Bytes::from_static(b"--x-1\r\nX: y\r\n\r\n\r\n--x-1--")),
            ("do not end", TYPE, Bytes::from_static(b"--x-1\r\nX: y\r\n--x-1--")),
            ("line end", TYPE, Bytes::from_static(b"--x-1X")),
        ] {
            let refusal = read(content_type, &body).unwrap_err();
            assert!(refusal.contains(what), "{what}: {refusal}");
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_come_through(data: Vec<u8>, map: Vec<u8>) {
            prop_assume!(memmem::find(&data, b"\r\n--x-1").is_none() && memmem::find(&map, b"\r\n--x-1").is_none());
            let parts = read(TYPE, &body(&[("data", &data), ("signal", b"{}"), ("map", &map)])).unwrap();
            prop_assert_eq!(&parts.data.unwrap()[..], &data[..]);
            prop_assert_eq!(&parts.map.unwrap()[..], &map[..]);
        }

        #[test]
        fn broken_bodies_never_panic(cut in 0_usize..400, at in 0_usize..400, byte: u8, header in ".{0,60}") {
            let mut bytes = body(&[("signal", b"{}"), ("data", b"abc")]).to_vec();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(cut);
            let _ = read(TYPE, &bytes.clone().into());
            let _ = read(&header, &bytes.into());
        }
    }
}
