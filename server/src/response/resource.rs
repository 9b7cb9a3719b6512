//! Methods of an address: HEAD beside GET, OPTIONS, and 405 for all others (RFC 9110, sections 9.3 and 15.5.6).

use actix_web::guard::{self, Guard};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};

use roomcast_protocol::code::AckCode;

use super::{answer, cors};

/// The methods of an address that is only read.
pub const READ_ONLY: &str = "GET, HEAD, OPTIONS";

/// An address that takes these methods. HEAD is handled like GET, and the body of its answer left out.
pub fn resource(path: &str, routes: Vec<(Method, Route)>) -> Resource {
    let allow = allow(routes.iter().map(|(method, _)| method));
    let (preflight, refusal) = (allow.clone(), allow);
    let mut resource = web::resource(path);
    for (method, route) in routes {
        resource = resource.route(route.guard(takes(method)));
    }
    resource
        .route(web::method(Method::OPTIONS).to(move || std::future::ready(options(&preflight))))
        .default_service(web::to(move || std::future::ready(method_not_allowed(&refusal))))
}

/// Answers a request to an address that is only read, unless it reads.
pub fn refuse_to_write(request: &HttpRequest) -> Option<HttpResponse> {
    match *request.method() {
        Method::GET | Method::HEAD => None,
        Method::OPTIONS => Some(options(READ_ONLY)),
        _ => Some(method_not_allowed(READ_ONLY)),
    }
}

fn takes(method: Method) -> impl Guard {
    let head = (method == Method::GET).then_some(Method::HEAD);
    guard::fn_guard(move |context| {
        let asked = &context.head().method;
        *asked == method || head.as_ref() == Some(asked)
    })
}

fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    names.join(", ")
}

fn options(allow: &str) -> HttpResponse {
    let mut response = cors::preflight(allow);
    response.headers_mut().insert(ALLOW, value(allow));
    response
}

fn method_not_allowed(allow: &str) -> HttpResponse {
    let reason = format!("this address takes {allow}");
    let mut response = answer::with_status(StatusCode::METHOD_NOT_ALLOWED, AckCode::InvalidSignal, reason);
    response.headers_mut().insert(ALLOW, value(allow));
    response
}

fn value(allow: &str) -> HeaderValue {
    HeaderValue::from_str(allow).expect("names of methods are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service};

    #[actix_web::test]
    async fn other_methods_are_told_which_ones_there_are() {
        let taken = || web::route().to(|| async { "taken" });
        let routes = vec![(Method::GET, taken()), (Method::PUT, taken())];
        let service = init_service(App::new().service(resource("/there", routes))).await;
        for (method, status) in [
            (Method::GET, 200),
            (Method::HEAD, 200),
            (Method::PUT, 200),
            (Method::OPTIONS, 204),
            (Method::POST, 405),
            (Method::TRACE, 405),
            (Method::from_bytes(b"BREW").unwrap(), 405),
        ] {
            let request = TestRequest::with_uri("/there").method(method.clone()).to_request();
            let response = call_service(&service, request).await;
            assert_eq!(response.status(), status, "{method}");
            if status != 200 {
                assert_eq!(response.headers().get(ALLOW).unwrap(), "GET, HEAD, OPTIONS, PUT", "{method}");
            }
        }
    }
}
