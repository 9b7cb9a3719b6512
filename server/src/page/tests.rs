//! The page's addresses through an application of their own.

use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH,
};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};

use super::*;

const BROWSER: (HeaderName, &str) = (ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");

async fn ask(method: Method, path: &str, headers: &[(HeaderName, &str)]) -> ServiceResponse {
    let app = init_service(App::new().configure(routes).default_service(web::to(not_found))).await;
    let mut request = TestRequest::with_uri(path).method(method);
    for header in headers {
        request = request.insert_header(header.clone());
    }
    call_service(&app, request.to_request()).await
}

fn header<'a>(response: &'a ServiceResponse, name: &HeaderName) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(response: ServiceResponse) -> String {
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

/// The document's bytes at a depth and number of segments, as the server sends them.
fn document_of(depth: usize, segments: usize) -> String {
    String::from_utf8(DOCUMENTS[depth][segments].text().plain().to_vec()).unwrap()
}

#[actix_web::test]
async fn rooms_have_the_document_of_their_depth() {
    for (path, segments) in
        [("/", 0), ("/call/x", 2), ("/group/a.b~c", 2), ("/watch/x?autojoin", 2), ("/broadcast/x", 2)]
    {
        let response = ask(Method::GET, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(text(response).await, document_of(segments / 2, segments), "{path}");
    }
    for path in ["/", "/call/x"] {
        assert_eq!(ask(Method::HEAD, path, &[]).await.status(), StatusCode::OK, "HEAD {path}");
    }
}

#[actix_web::test]
async fn unknown_addresses_have_the_document_for_browsers_and_a_line_for_programs() {
    for (path, depth, segments) in [
        ("/call", 0, 1),
        ("/call/", 1, 1),
        ("/call/x/", 2, 2),
        ("/call//x", 2, 2),
        ("/Call/x", 1, 2),
        ("/call/a%20b", 1, 2),
        ("/call/a%2Fb", 1, 3),
        ("/call/..x/y", 2, 3),
        ("/nothing", 0, 1),
        ("/assets/nothing.js", 1, 2),
        ("/index.html", 0, 1),
        ("/a/b/c/d/e/f/g/h", 7, 8),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let response = ask(method.clone(), path, &[BROWSER]).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {path}");
            assert!(header(&response, &CONTENT_TYPE).starts_with("text/html"), "{method} {path}");
            assert_eq!(header(&response, &VARY), "Accept, Accept-Encoding");
            assert_eq!(text(response).await, document_of(depth, segments), "{path}");
        }
        for headers in [&[][..], &[(ACCEPT, "*/*")], &[(ACCEPT, "application/json")]] {
            let response = ask(Method::GET, path, headers).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            assert_eq!(header(&response, &VARY), "Accept");
            assert_eq!(text(response).await, "Page not found.\n", "{path}");
        }
    }
    let posted = ask(Method::POST, "/nothing", &[BROWSER]).await;
    assert_eq!((posted.status(), header(&posted, &CONTENT_TYPE)), (StatusCode::NOT_FOUND, "text/plain; charset=utf-8"));
}

#[actix_web::test]
async fn addresses_that_exist_name_their_methods() {
    for path in ["/", "/call/x"] {
        let posted = ask(Method::POST, path, &[BROWSER]).await;
        assert_eq!((posted.status(), header(&posted, &ALLOW)), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, OPTIONS"));
    }
}

#[actix_web::test]
async fn depths_are_bounded() {
    assert_eq!(DOCUMENTS.len(), MAX_DEPTH + 1);
    let deep = "/x".repeat(2000);
    let encoded = format!("/a{}", "%2Fx".repeat(2000));
    for path in ["/a/b/c/d/e/f/g/h/i", deep.as_str(), encoded.as_str()] {
        let response = ask(Method::GET, path, &[BROWSER]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(text(response).await, "Page not found.\n");
    }
}

#[actix_web::test]
async fn each_depth_has_a_tag_of_its_own_and_is_compressed_once() {
    let root = header(&ask(Method::GET, "/", &[]).await, &ETAG).to_owned();
    let room = header(&ask(Method::GET, "/call/x", &[]).await, &ETAG).to_owned();
    assert_eq!(room, header(&ask(Method::GET, "/watch/other", &[]).await, &ETAG));
    // The page of a build without `make web` has no head and so no base.
    assert_eq!(root == room, document_of(0, 0) == document_of(1, 2));
    let known = ask(Method::GET, "/call/x", &[(IF_NONE_MATCH, &room)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let missing = ask(Method::GET, "/call", &[BROWSER, (IF_NONE_MATCH, "*")]).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND, "conditions are for what exists");
    assert_eq!(header(&missing, &ETAG), "");
    let gzip = ask(Method::GET, "/call/x", &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(header(&gzip, &CONTENT_ENCODING), "gzip");
    let body = to_bytes(gzip.into_body()).await.unwrap();
    assert_eq!(body, DOCUMENTS[1][2].text().gzip());
}

#[actix_web::test]
async fn the_script_in_the_document_is_the_one_that_the_policy_names() {
    let response = ask(Method::GET, "/call/x", &[]).await;
    let policy = header(&response, &CONTENT_SECURITY_POLICY).to_owned();
    let document = text(response).await;
    let inline = document.split_once("<script data-segments=\"2\">").map(|(_, after)| after.split_once("</script>"));
    // The page of a build without `make web` has no script.
    let Some(Some((script, _))) = inline else { return assert!(!policy.contains("script-src"), "{policy}") };
    let file = Page::get(BASE_SCRIPT).expect("it is in the document");
    assert_eq!(script.as_bytes(), &*file.data);
    let hash = STANDARD.encode(file.metadata.sha256_hash());
    assert!(policy.starts_with(&format!("script-src 'self' 'sha256-{hash}'; default-src 'self';")), "{policy}");
}

#[test]
fn names_of_rooms_are_those_of_the_page() {
    for name in ["demo", "a", "A.b_c~d-9", "...", &"a".repeat(128)] {
        assert!(is_room_name(name), "{name}");
    }
    for name in ["", ".", "..", "a b", "a/b", "é", &"a".repeat(129)] {
        assert!(!is_room_name(name), "{name}");
    }
}
