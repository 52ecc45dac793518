//! What the authority is asked, and what is left for the backend. The authority is a stand-in that notes it.

use reqwest::Method;
use rescind_testkit::process::Credentials;

use super::front::Front;
use super::peer::Peer;

const WHO: [(&str, &str); 2] = [("x-auth-user", "u"), ("x-auth-role", "r")];

#[tokio::test]
async fn the_authority_is_told_the_token_and_nothing_else() {
    let authority = Peer::answering(200, &WHO).await;
    let front = Front::before(authority.address()).await;
    for (path, asked) in [
        ("/orders/7?role=x&fresh=false", "/api/v1/auth/forward"),
        ("/transfers/7?role=x&fresh=false", "/api/v1/auth/forward?fresh=true"),
        ("/admin/7?role=x", "/api/v1/auth/forward?role=admin&fresh=true"),
        ("/pages/7?audience=x", "/api/v1/auth/forward"),
    ] {
        let request = front.api.request(Method::POST, path, Credentials::Bearer("a.b.c"));
        let request = request.header("cookie", "a=b").header("x-forwarded-for", "6.6.6.6").body("private");
        front.passes(request.header("content-type", "text/plain").header("x-request-id", "forged")).await;
        let told = authority.take();
        assert_eq!(told.len(), 1, "{path}");
        assert_eq!((&told[0].method, told[0].uri.as_str()), (&Method::GET, asked));
        assert_eq!(told[0].names(), ["authorization", "host", "x-request-id"], "{path}");
        assert_eq!((told[0].header("authorization"), told[0].body.as_str()), ("Bearer a.b.c", ""), "{path}");
        assert_ne!(told[0].header("x-request-id"), "forged");
    }
}

#[tokio::test]
async fn the_backend_gets_the_request_as_it_was_made() {
    let authority = Peer::answering(200, &WHO).await;
    let front = Front::before(authority.address()).await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let request = front.api.request(method.clone(), "/orders/7?a=%20b&a=c", Credentials::Bearer("t"));
        let seen = front.passes(request.header("content-type", "text/plain").body("private")).await;
        assert_eq!((seen.method.clone(), seen.uri.as_str()), (method, "/orders/7?a=%20b&a=c"));
        assert_eq!((seen.body.as_str(), seen.header("content-type")), ("private", "text/plain"));
        assert_eq!((seen.header("x-auth-user"), seen.header("authorization")), ("u", "Bearer t"));
        authority.take();
    }
    // Larger than nginx keeps in memory.
    let large = "x".repeat(500_000);
    let request = front.api.request(Method::PUT, "/orders/7", Credentials::Bearer("t")).body(large.clone());
    assert!(front.passes(request).await.body == large, "the body arrives otherwise");
    assert_eq!(authority.take()[0].body, "");
    // Of a length that is not told in advance.
    let head = "POST /orders/7 HTTP/1.1\r\nAuthorization: Bearer t\r\nTransfer-Encoding: chunked";
    let answer = front.raw_with(head, "7\r\nprivate\r\n0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(front.backend.take()[0].body, "private");
    let told = &authority.take()[0];
    assert_eq!((told.body.as_str(), told.names()), ("", vec!["authorization", "host", "x-request-id"]));
}
