//! Access of pages of other origins to the responses (Fetch standard, section 3.2).
//!
//! The crate actix-cors names an allowed origin only where the request has one, so that a shared cache may keep an answer
//! without it for everybody; it also has one list of methods for all addresses of a scope, and boxes every body.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

const EXPOSED: HeaderValue = HeaderValue::from_static("Age, Content-Length, Content-Range, Date, ETag, Retry-After");

/// The origins whose pages may read playlists and media, and upload.
#[derive(Debug)]
pub struct Cors {
    /// None: all.
    origins: Option<Vec<String>>,
}

impl Cors {
    /// For these origins, or for all when `*` is among them.
    pub fn new(origins: &[String]) -> Self {
        Self { origins: (!origins.iter().any(|origin| origin == "*")).then(|| origins.to_vec()) }
    }

    /// Adds to an answer what a browser wants to see. Always present when all pages may read, so that what a cache
    /// keeps from one of them serves every other.
    pub fn stamp(&self, request: &HeaderMap, response: &mut HeaderMap) {
        let allowed = match &self.origins {
            None => HeaderValue::from_static("*"),
            Some(origins) => {
                response.append(VARY, HeaderValue::from_static("Origin"));
                let origin = request.get(ORIGIN);
                match origin.filter(|origin| origins.iter().any(|known| known.as_bytes() == origin.as_bytes())) {
                    Some(origin) => origin.clone(),
                    None => return,
                }
            }
        };
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Stamps every answer of a scope.
pub async fn for_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let (request, head) = (response.request().clone(), response.response_mut());
    if let Some(cors) = request.app_data::<web::Data<Cors>>() {
        cors.stamp(request.headers(), head.headers_mut());
    }
    Ok(response)
}

/// Returns the answer to a browser that asks which methods an address takes before it sends (CORS-preflight).
pub fn preflight(methods: &str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-None-Match, If-Range, Range"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(origins: &[&str], origin: Option<&'static str>) -> HeaderMap {
        let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
        if let Some(origin) = origin {
            request.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
        Cors::new(&origins).stamp(&request, &mut response);
        response
    }

    #[test]
    fn all_pages_may_read_unless_some_are_named() {
        let open = stamped(&["*"], None);
        assert_eq!(open.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
        assert!(open.get(VARY).is_none());
        let named = ["https://a.example", "https://b.example"];
        let known = stamped(&named, Some("https://b.example"));
        assert_eq!(known.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "https://b.example");
        assert_eq!(known.get(VARY).unwrap(), "Origin");
        for other in [None, Some("https://c.example"), Some("null")] {
            let refused = stamped(&named, other);
            assert!(refused.get(ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
            assert_eq!(refused.get(VARY).unwrap(), "Origin");
        }
    }
}
