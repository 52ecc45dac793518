//! The OAuth endpoints.

use reqwest::{Method, RequestBuilder};
use rescind_testkit::process::Credentials;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn oauth_refuses_in_its_own_words() {
    let bench = Bench::new().await;
    let (refresh, id) = (&bench.acme.member.refresh, &bench.acme.client.id);
    let basic = |request: RequestBuilder, secret: &str| request.basic_auth(id, Some(secret));
    let secret = bench.acme.client.secret.as_str();
    let form = |path: &str, body: &str| bench.form(path, body);
    let good = format!("grant_type=refresh_token&refresh_token={refresh}");
    let json = bench.api().request(Method::POST, "/oauth2/token", Credentials::Nobody);
    let json = json.json(&json!({"grant_type": "refresh_token", "refresh_token": refresh}));
    let large = format!("{good}&x={}", "a".repeat(70_000));
    bench
        .refuses(vec![
            ("no body", form("/oauth2/token", ""), 400, "invalid_request"),
            ("JSON", json, 400, "invalid_request"),
            (
                "another grant",
                form("/oauth2/token", "grant_type=password&username=a&password=b"),
                400,
                "unsupported_grant_type",
            ),
            (
                "a doubled parameter",
                form("/oauth2/token", &format!("{good}&grant_type=refresh_token")),
                400,
                "invalid_request",
            ),
            (
                "a doubled, unknown parameter",
                form("/oauth2/token", &format!("{good}&x=1&%78=2")),
                400,
                "invalid_request",
            ),
            ("no token", form("/oauth2/token", "grant_type=refresh_token"), 400, "invalid_request"),
            (
                "garbage",
                form("/oauth2/token", "grant_type=refresh_token&refresh_token=garbage"),
                400,
                "invalid_grant",
            ),
            (
                "a dead one",
                form(
                    "/oauth2/token",
                    &format!("grant_type=refresh_token&refresh_token={}", bench.acme.dead_refresh),
                ),
                400,
                "invalid_grant",
            ),
            ("a scope", form("/oauth2/token", &format!("{good}&scope=everything")), 400, "invalid_scope"),
            ("too much", form("/oauth2/token", &large), 413, "invalid_request"),
            (
                "two ways to prove a client",
                basic(
                    form("/oauth2/token", &format!("{good}&client_id={id}&client_secret={secret}")),
                    secret,
                ),
                400,
                "invalid_request",
            ),
            (
                "two clients",
                basic(form("/oauth2/token", &format!("{good}&client_id=another")), secret),
                400,
                "invalid_request",
            ),
            ("a wrong secret", basic(form("/oauth2/token", &good), "wrong"), 401, "invalid_client"),
            (
                "a wrong secret in the body",
                form("/oauth2/token", &format!("{good}&client_id={id}&client_secret=wrong")),
                401,
                "invalid_client",
            ),
            (
                "a secret of nobody",
                form("/oauth2/token", &format!("{good}&client_secret=x")),
                401,
                "invalid_client",
            ),
            (
                "an unknown client",
                form("/oauth2/token", &format!("{good}&client_id=nobody")),
                401,
                "invalid_client",
            ),
            ("nothing to revoke", form("/oauth2/revoke", ""), 400, "invalid_request"),
            ("a wrong secret", basic(form("/oauth2/revoke", "token=x"), "wrong"), 401, "invalid_client"),
            ("nobody asks", form("/oauth2/introspect", "token=x"), 401, "invalid_client"),
            (
                "a name asks",
                form("/oauth2/introspect", &format!("token=x&client_id={id}")),
                401,
                "invalid_client",
            ),
            ("nothing to look at", basic(form("/oauth2/introspect", ""), secret), 400, "invalid_request"),
            (
                "1 MB to look at",
                basic(form("/oauth2/introspect", &format!("token={}", "a".repeat(1_000_000))), secret),
                413,
                "invalid_request",
            ),
            (
                "a secret in the query",
                form(&format!("/oauth2/introspect?client_id={id}&client_secret={secret}"), "token=x"),
                400,
                "invalid_request",
            ),
        ])
        .await;
    let unknown = bench.api().finish(bench.form("/oauth2/revoke", "token=garbage")).await;
    assert_eq!(
        (unknown.status, unknown.body.as_str()),
        (200, ""),
        "RFC 7009 §2.2: an unknown token is no error"
    );
    let refused =
        bench.api().finish(bench.form("/oauth2/token", "grant_type=refresh_token&refresh_token=x")).await;
    assert_eq!(refused.header("cache-control"), "no-store");
    assert!(refused.json["error_description"].is_string(), "{refused:?}");
    bench.api().refresh(refresh).await.expect(200);
}
