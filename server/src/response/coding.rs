//! Whether a client takes gzip (RFC 9110, section 12.5.3). Pure.

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap};

/// Returns whether an answer in gzip is acceptable, and no less welcome than one as it is.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut identity, mut other) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    for item in values.flat_map(|value| value.split(',')) {
        let mut parts = item.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let quality = parts.next().map_or(Some(1000), quality).unwrap_or(0);
        let slot = match coding {
            "*" => &mut other,
            _ if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") => &mut gzip,
            _ if coding.eq_ignore_ascii_case("identity") => &mut identity,
            _ => continue,
        };
        *slot = (*slot).max(Some(quality));
    }
    let gzip = gzip.or(other).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// Returns a weight in thousandths; `None` if it is malformed.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim();
    let well_formed = value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let weight: f32 = value.parse().ok().filter(|_| well_formed && name.trim().eq_ignore_ascii_case("q"))?;
    // At most 1, so it fits.
    (0.0..=1.0).contains(&weight).then_some((weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    fn takes(given: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT_ENCODING, HeaderValue::from_str(given).unwrap());
        takes_gzip(&headers)
    }

    #[test]
    fn gzip_is_for_those_who_accept_it() {
        for given in [
            "gzip",
            "GZip, deflate, br, zstd",
            "br;q=1, gzip;q=0.5",
            "*",
            "deflate, *;q=0.1",
            "x-gzip",
            "gzip ; q=0.001",
            "identity, gzip",
            "identity;q=0.5, gzip;q=0.5",
            "br, gzip;q=1.000",
        ] {
            assert!(takes(given), "{given}");
        }
        for given in [
            "",
            "br",
            "gzip;q=0",
            "gzip;q=0.000, *",
            "*;q=0",
            "identity",
            "identity;q=1, gzip;q=0.9",
            "gzip;q=much",
            "gzip;q=2",
            "gzipped",
            "gzip;q=0, x-br",
        ] {
            assert!(!takes(given), "{given}");
        }
        assert!(!takes_gzip(&HeaderMap::new()), "who says nothing gets it as it is");
    }

    #[test]
    fn several_fields_are_one_list() {
        let mut headers = HeaderMap::new();
        for value in ["br", "gzip;q=0.4"] {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        assert!(takes_gzip(&headers));
    }

    proptest! {
        #[test]
        fn any_header_is_read(given in "[a-z*;=, q0-9.]{0,40}") {
            takes(&given);
        }
    }
}
