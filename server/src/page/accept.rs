//! Whether a client shows HTML to a person (RFC 9110, section 12.5.1). Pure.

use actix_web::http::header::{ACCEPT, HeaderMap};

/// Returns whether a request names `text/html` among the types it accepts, as browsers do when they open a page. `*/*`
/// does not count: programs and scripts send it, and a line of text serves them better than a document.
pub fn takes_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(names_html)
}

fn names_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let is_html = ["text/html", "text/*", "application/xhtml+xml"].iter().any(|html| kind.eq_ignore_ascii_case(html));
    is_html && !parts.any(is_zero_weight)
}

/// A weight of zero means "not acceptable".
fn is_zero_weight(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse().is_ok_and(|weight: f32| weight == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn takes(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT, HeaderValue::from_static(value));
        }
        takes_html(&headers)
    }

    #[test]
    fn browsers_that_open_a_page_take_html() {
        for value in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "Text/HTML",
            "application/json, text/html;level=1;q=0.4",
            "text/*",
        ] {
            assert!(takes(&[value]), "{value}");
        }
        assert!(takes(&["application/json", "text/html"]), "several fields are one list");
    }

    #[test]
    fn programs_and_scripts_do_not() {
        for value in
            ["", "*/*", "application/json", "text/html;q=0", "text/html; q=0.000, */*", "text/plain", "image/*"]
        {
            assert!(!takes(&[value]), "{value}");
        }
        assert!(!takes(&[]));
    }
}
