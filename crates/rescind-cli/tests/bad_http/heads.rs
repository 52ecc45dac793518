//! Paths, queries and headers that are not what they should be, and what a refusal says of credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use rescind_testkit::process::Credentials;

use crate::bench::Bench;

#[tokio::test]
async fn paths_queries_and_headers_that_are_not_what_they_should_be() {
    let bench = Bench::new().await;
    let get = |path: &str| bench.admin(Method::GET, path, "", "");
    let with = |name: &str, value: String| {
        bench.api().request(Method::GET, "/api/v1/auth/me", Credentials::Nobody).header(name, value)
    };
    let access = &bench.acme.member.access;
    let token_in_query = format!("/api/v1/auth/me?access_token={access}");
    let twice =
        with("authorization", format!("Bearer {access}")).header("authorization", format!("Bearer {access}"));
    let both = with("authorization", format!("Bearer {access}"))
        .header("authorization", format!("Basic {}", STANDARD.encode("a:b")));
    let long = format!("/api/v1/admin/revocations/{}", "j".repeat(2_000));
    let jti = |path: &str| bench.admin(Method::POST, path, "", "");
    bench
        .refuses(vec![
            ("a limit of 0", get("/api/v1/admin/users?limit=0"), 422, "invalid_parameter"),
            ("a limit of 501", get("/api/v1/admin/users?limit=501"), 422, "invalid_parameter"),
            ("a limit of -1", get("/api/v1/admin/users?limit=-1"), 422, "invalid_parameter"),
            (
                "a limit of 2^64",
                get("/api/v1/admin/users?limit=18446744073709551616"),
                422,
                "invalid_parameter",
            ),
            ("a limit in words", get("/api/v1/admin/users?limit=all"), 422, "invalid_parameter"),
            ("no cursor of ours", get("/api/v1/admin/users?cursor=garbage"), 422, "invalid_parameter"),
            (
                "no cursor of ours",
                get("/api/v1/admin/audit?cursor=%27%20OR%201=1--"),
                422,
                "invalid_parameter",
            ),
            (
                "no cursor of ours",
                get("/api/v1/admin/revocations?cursor=99999999999999999999999"),
                422,
                "invalid_parameter",
            ),
            ("no cursor of ours", get("/api/v1/admin/tenants?cursor=-1"), 422, "invalid_parameter"),
            ("no cursor of ours", get("/api/v1/admin/clients?cursor=%00"), 422, "invalid_parameter"),
            ("a doubled parameter", get("/api/v1/admin/users?limit=1&limit=2"), 422, "invalid_parameter"),
            ("an unknown parameter", get("/api/v1/admin/users?colour=red"), 422, "invalid_parameter"),
            ("a kind that is none", get("/api/v1/admin/revocations?kind=all"), 422, "invalid_parameter"),
            (
                "a time that is none",
                get("/api/v1/admin/revocations?since=yesterday"),
                422,
                "invalid_parameter",
            ),
            ("an id that is none", get("/api/v1/admin/users/1/sessions"), 404, "not_found"),
            ("an id with a path", get("/api/v1/admin/users/..%2F..%2Fetc/sessions"), 404, "not_found"),
            ("a path that is none", get("/api/v1/admin/nothing"), 404, "not_found"),
            ("a jti that is too long", get(&long), 404, "not_found"),
            ("a jti with a line break", jti("/api/v1/auth/sessions/revoke/a%0Ab"), 422, "invalid_member"),
            (
                "another method",
                bench.admin(Method::PUT, "/api/v1/admin/users", "", ""),
                405,
                "method_not_allowed",
            ),
            ("a token in the query", get(&token_in_query), 400, "invalid_request"),
            ("a password in the query", get("/api/v1/auth/me?password=x"), 400, "invalid_request"),
            ("two Authorization headers", twice, 400, "invalid_request"),
            ("two Authorization headers", both, 400, "invalid_request"),
            (
                "no credentials",
                bench.api().request(Method::GET, "/api/v1/auth/me", Credentials::Nobody),
                401,
                "authentication_required",
            ),
            (
                "an unknown scheme",
                with("authorization", "Digest x".to_owned()),
                401,
                "authentication_required",
            ),
            ("no token", with("authorization", "Bearer".to_owned()), 401, "invalid_token"),
            ("Basic that is no base64", with("authorization", "Basic !!!".to_owned()), 401, "invalid_client"),
            (
                "Basic without a colon",
                with("authorization", format!("Basic {}", STANDARD.encode("nobody"))),
                401,
                "invalid_client",
            ),
            (
                "Basic with a NUL",
                with("authorization", format!("Basic {}", STANDARD.encode("a\0:b"))),
                401,
                "invalid_client",
            ),
            (
                "a token in a cookie",
                with("cookie", format!("access_token={access}; session={access}")),
                401,
                "authentication_required",
            ),
        ])
        .await;
}

/// Whoever is refused is told how to ask, as RFC 6750 §3 and RFC 6749 §5.2 have it.
#[tokio::test]
async fn a_401_challenges_as_its_credentials_were() {
    let bench = Bench::new().await;
    let api = bench.api();
    let none = api.get("/api/v1/auth/me", Credentials::Nobody).await.expect(401);
    assert!(none.header("www-authenticate").starts_with("Bearer"), "{}", none.header("www-authenticate"));
    assert!(!none.header("www-authenticate").contains("error"), "{}", none.header("www-authenticate"));
    let bad = api.me("garbage").await.expect(401);
    assert!(
        bad.header("www-authenticate").contains(r#"error="invalid_token""#),
        "{}",
        bad.header("www-authenticate")
    );
    let mut wrong = bench.acme.client.clone();
    wrong.secret.push('x');
    for path in ["/api/v1/admin/users", "/metrics"] {
        let basic = api.get(path, Credentials::Basic(&wrong)).await.refuses(401, "invalid_client");
        assert!(
            basic.header("www-authenticate").starts_with("Basic"),
            "{}",
            basic.header("www-authenticate")
        );
    }
    let basic = api.form("/oauth2/introspect", Credentials::Basic(&wrong), &[("token", "x")]).await;
    let basic = basic.refuses(401, "invalid_client");
    assert!(basic.header("www-authenticate").starts_with("Basic"), "{}", basic.header("www-authenticate"));
}
