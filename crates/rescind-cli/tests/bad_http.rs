//! Bad input over HTTP gets a clear, typed refusal, changes nothing, logs no secret, and is never the server's fault.

mod common_calls;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common_calls::world::{self, PASSWORD, SignedIn, Tenant, sign_in};
use reqwest::{Method, RequestBuilder};
use rescind_testkit::process::{Api, Credentials, Server};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server with one tenant, and what requests are made of.
struct Bench {
    server: Server,
    operator: String,
    acme: Tenant,
}

impl Bench {
    async fn new() -> Self {
        Self::with(world::server().await).await
    }

    async fn with(server: Server) -> Self {
        let operator = server.admin_token().await;
        let acme = Tenant::make(server.api(), &operator, "acme").await;
        Self { server, operator, acme }
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    /// A call with the operator's token, and a body of any kind.
    fn admin(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let request = self.api().request(method, path, Credentials::Bearer(&self.operator));
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        request.body(body)
    }

    fn login(&self, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.api().request(Method::POST, "/api/v1/auth/login", Credentials::Nobody);
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        request.body(body)
    }

    fn form(&self, path: &str, body: &str) -> RequestBuilder {
        let request = self.api().request(Method::POST, path, Credentials::Nobody);
        request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    fn me(&self, authorization: &str) -> RequestBuilder {
        let request = self.api().request(Method::GET, "/api/v1/auth/me", Credentials::Nobody);
        request.header("authorization", authorization)
    }

    /// Sends each, and compares status and code; then that nothing changed and nothing secret was logged.
    async fn refuses(&self, cases: Vec<(&str, RequestBuilder, u16, &str)>) {
        let before = self.seen().await;
        let logged = self.server.output().len();
        let mut wrong = Vec::new();
        for (what, request, status, code) in cases {
            let reply = self.api().finish(request).await;
            if (reply.status, reply.code()) != (status, code) {
                wrong.push(format!("{what}: expected {status} {code}, {reply:?}"));
            }
            if reply.header("x-request-id").is_empty() {
                wrong.push(format!("{what}: no X-Request-Id"));
            }
            let problem = reply.header("content-type") == "application/problem+json"
                && reply.json["status"] == status
                && reply.json["type"].is_string()
                && reply.json["title"].is_string()
                && reply.json["request_id"] == reply.header("x-request-id");
            let oauth = reply.call.contains("/oauth2/") && reply.header("content-type") == "application/json";
            if !problem && !oauth {
                wrong.push(format!("{what}: no problem document: {reply:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(self.seen().await, before);
        self.logged_no_secret(logged);
    }

    /// All that is of the tenant, but when its clients called last: a right secret is noted, whatever it was sent with.
    async fn seen(&self) -> Value {
        let mut seen = self.acme.seen_by(self.api(), &self.operator).await;
        for client in seen["clients"].as_array_mut().into_iter().flatten() {
            client["last_used_at"].take();
        }
        seen
    }

    fn logged_no_secret(&self, since: usize) {
        let lines = self.server.output().lines();
        let secrets =
            [PASSWORD, &self.acme.member.access, &self.acme.member.refresh, &self.acme.client.secret];
        for line in lines.iter().skip(since) {
            assert!(!secrets.iter().any(|secret| line.contains(secret)), "a secret is logged: {line}");
            assert!(!line.contains("panicked"), "{line}");
        }
    }
}

const JSON: &str = "application/json";

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let bench = Bench::new().await;
    let login = |body: &str| bench.login(JSON, body.to_owned());
    let users = |body: &str| bench.admin(Method::POST, "/api/v1/admin/users", JSON, body.to_owned());
    let good = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, bench.acme.member_email);
    let unknown = good.replace('{', r#"{"colour":"red","#);
    let deep = format!(r#"{{"email":{}"x"{},"password":"x"}}"#, "[".repeat(5000), "]".repeat(5000));
    let escaped = r#"{"email":"a@example.com","password":"x","p\u0061ssword":"y"}"#;
    let tenant = &bench.acme.id;
    let purge =
        |body: &str| bench.admin(Method::POST, "/api/v1/admin/revocations/purge", JSON, body.to_owned());
    let rotate = format!("/api/v1/admin/clients/{}/rotate-secret", bench.acme.client.id);
    let rotate = |body: &str| bench.admin(Method::POST, &rotate, JSON, body.to_owned());
    let revoke = |body: &str| bench.admin(Method::POST, "/api/v1/admin/revocations", JSON, body.to_owned());
    let keys = |body: &str| bench.admin(Method::POST, "/api/v1/admin/keys/rotate", JSON, body.to_owned());
    let own = |path: &str, body: &str| {
        let caller = Credentials::Bearer(&bench.acme.member.access);
        let request = bench.api().request(Method::POST, path, caller);
        request.header("content-type", JSON).body(body.to_owned())
    };
    let others = |body: &str| own("/api/v1/auth/sessions/revoke-others", body);
    let all = |body: &str| own("/api/v1/auth/sessions/revoke-all", body);
    bench
        .refuses(vec![
            ("no body and no type", bench.login("", ""), 415, "unsupported_media_type"),
            ("no body", login(""), 400, "invalid_json"),
            ("another type", bench.login("text/plain", good.clone()), 415, "unsupported_media_type"),
            (
                "a form",
                bench.login("application/x-www-form-urlencoded", "email=a&password=b"),
                415,
                "unsupported_media_type",
            ),
            (
                "another charset",
                bench.login("application/json; charset=utf-16", good.clone()),
                415,
                "unsupported_media_type",
            ),
            ("half a body", login(&good[..20]), 400, "invalid_json"),
            ("trailing bytes", login(&format!("{good} x")), 400, "invalid_json"),
            ("two values", login(&format!("{good}{good}")), 400, "invalid_json"),
            (
                "invalid UTF-8",
                bench.login(JSON, b"{\"email\":\"\xff\",\"password\":\"x\"}".to_vec()),
                400,
                "invalid_json",
            ),
            ("a byte order mark", login(&format!("\u{feff}{good}")), 400, "invalid_json"),
            ("5,000 levels", login(&deep), 400, "invalid_json"),
            ("NaN", login(r#"{"email":NaN,"password":"x"}"#), 400, "invalid_json"),
            ("a doubled member", login(r#"{"email":"a","email":"b","password":"x"}"#), 400, "invalid_json"),
            ("a doubled member, escaped", login(escaped), 400, "invalid_json"),
            ("an array", login("[]"), 422, "invalid_member"),
            (
                "members without names",
                login(&format!(r#"["{}","{PASSWORD}",null,null,null]"#, bench.acme.member_email)),
                422,
                "invalid_member",
            ),
            ("a member where there is none", others(r#"{"colour":"red"}"#), 422, "invalid_member"),
            ("a member where there is none", all(r#"{"colour":"red"}"#), 422, "invalid_member"),
            ("a member where there is none", keys(r#"{"colour":"red"}"#), 422, "invalid_member"),
            ("null", login("null"), 422, "invalid_member"),
            ("a text", login(r#""text""#), 422, "invalid_member"),
            ("a missing member", login(r#"{"email":"a@example.com"}"#), 422, "invalid_member"),
            ("an unknown member", login(&unknown), 422, "invalid_member"),
            ("a number for a text", login(r#"{"email":1,"password":"x"}"#), 422, "invalid_member"),
            ("an object for a text", login(r#"{"email":{"$ne":""},"password":"x"}"#), 422, "invalid_member"),
            (
                "an email of 300 characters",
                login(&format!(r#"{{"email":"{}","password":"x"}}"#, "a".repeat(300))),
                422,
                "invalid_member",
            ),
            (
                "a password of 10,000 bytes",
                login(&format!(r#"{{"email":"a@b.c","password":"{}"}}"#, "a".repeat(10_000))),
                422,
                "invalid_member",
            ),
            (
                "a device name of 10,000",
                login(&good.replace('{', &format!(r#"{{"device_name":"{}","#, "d".repeat(10_000)))),
                422,
                "invalid_member",
            ),
            ("70 KB", login(&format!(r#"{{"email":"{}"}}"#, "a".repeat(70_000))), 413, "payload_too_large"),
            (
                "a user without an at sign",
                users(&format!(r#"{{"email":"nobody","role":"x","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a user with a line break",
                users(&format!(r#"{{"email":"a@b.c\n","role":"x","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a user with a NUL",
                users(&format!(r#"{{"email":"a\u0000@b.c","role":"x","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a role with a blank",
                users(&format!(r#"{{"email":"a@b.c","role":"ad min","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a role with a line break",
                users(&format!(
                    r#"{{"email":"a@b.c","role":"x\r\nX-Auth-Role: admin","tenant_id":"{tenant}"}}"#
                )),
                422,
                "invalid_member",
            ),
            (
                "a weak password",
                users(&format!(
                    r#"{{"email":"a@b.c","role":"x","tenant_id":"{tenant}","password":"short"}}"#
                )),
                422,
                "password_too_weak",
            ),
            (
                "an id that is none",
                users(r#"{"email":"a@b.c","role":"x","tenant_id":"1 OR 1=1"}"#),
                422,
                "invalid_member",
            ),
            (
                "a slug that is none",
                bench.admin(Method::POST, "/api/v1/admin/tenants", JSON, r#"{"slug":"../etc"}"#),
                422,
                "invalid_member",
            ),
            (
                "an unknown scope",
                bench.admin(Method::POST, "/api/v1/admin/clients", JSON, r#"{"name":"x","scopes":["root"]}"#),
                422,
                "invalid_member",
            ),
            (
                "no scopes",
                bench.admin(Method::POST, "/api/v1/admin/clients", JSON, r#"{"name":"x","scopes":[]}"#),
                422,
                "invalid_member",
            ),
            ("-1", purge(r#"{"safety_margin_seconds":-1}"#), 422, "invalid_member"),
            ("1.5", purge(r#"{"safety_margin_seconds":1.5}"#), 422, "invalid_member"),
            ("2^64", purge(r#"{"safety_margin_seconds":18446744073709551616}"#), 422, "invalid_member"),
            ("2^64 - 1", rotate(r#"{"overlap_seconds":18446744073709551615}"#), 422, "invalid_member"),
            ("1e400", rotate(r#"{"overlap_seconds":1e400}"#), 400, "invalid_json"),
            (
                "a year that no one writes",
                revoke(r#"{"jti":"x","expires_at":"99999-01-01T00:00:00Z"}"#),
                422,
                "invalid_member",
            ),
            ("a number for a time", revoke(r#"{"jti":"x","expires_at":1e18}"#), 422, "invalid_member"),
            ("nothing to revoke", revoke("{}"), 422, "invalid_member"),
            ("two things to revoke", revoke(r#"{"jti":"x","token":"y"}"#), 422, "invalid_member"),
            (
                "a jti of 64 KB less",
                revoke(&format!(r#"{{"jti":"{}"}}"#, "j".repeat(60_000))),
                422,
                "invalid_member",
            ),
            ("a jti with a line break", revoke(r#"{"jti":"a\nb"}"#), 422, "invalid_member"),
            ("an empty jti", revoke(r#"{"jti":""}"#), 422, "invalid_member"),
            ("a digest that is none", revoke(r#"{"digest":"abc"}"#), 422, "invalid_member"),
            ("a token that is none", revoke(r#"{"token":"abc"}"#), 422, "invalid_member"),
            ("a reason with a NUL", revoke(r#"{"jti":"x","reason":"a\u0000b"}"#), 422, "invalid_member"),
            (
                "a reason of 10,000",
                revoke(&format!(r#"{{"jti":"x","reason":"{}"}}"#, "r".repeat(10_000))),
                422,
                "invalid_member",
            ),
        ])
        .await;
    let named = bench.api().finish(login(&unknown)).await.refuses(422, "invalid_member");
    assert_eq!(named.text("member"), "colour");
}

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

/// A few of each kind; the whole table is a test of the domain.
#[tokio::test]
async fn tokens_that_are_none() {
    let bench = Bench::new().await;
    let SignedIn { access, refresh, .. } = &bench.acme.member;
    let parts: Vec<&str> = access.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let decoded = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    };
    let with_header = |name: &str, value: Value| {
        let mut header = decoded(header);
        header[name] = value;
        format!("{}.{payload}.{signature}", encoded(&header))
    };
    let with_claim = |name: &str, value: Value| {
        let mut claims = decoded(payload);
        claims[name] = value;
        format!("{header}.{}.{signature}", encoded(&claims))
    };
    let flipped = {
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        bytes[0] ^= 1;
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let none = format!("{}.{payload}.", encoded(&json!({"alg": "none", "typ": "at+jwt"})));
    let tokens = [
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{access}.{signature}")),
        ("five parts", format!("{access}.a.b")),
        ("a trailing dot", format!("{access}.")),
        ("an empty signature", format!("{header}.{payload}.")),
        ("padding", format!("{access}=")),
        ("dots", ".".repeat(5_000)),
        ("a flipped bit", flipped),
        ("a short signature", access[..access.len() - 4].to_owned()),
        ("alg none", none),
        ("alg none, signed", with_header("alg", json!("none"))),
        ("alg HS256", with_header("alg", json!("HS256"))),
        ("another kid", with_header("kid", json!("../../etc/passwd"))),
        ("a kid for SQL", with_header("kid", json!("' OR '1'='1"))),
        ("an embedded key", with_header("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}))),
        ("jku", with_header("jku", json!("http://127.0.0.1:9/jwks.json"))),
        ("crit", with_header("crit", json!(["exp"]))),
        ("typ JWT", with_header("typ", json!("JWT"))),
        ("a longer life", with_claim("exp", json!(4_000_000_000_u64))),
        ("another role", with_claim("role", json!("admin"))),
        ("another tenant", with_claim("tenant_id", json!(bench.acme.admin_id))),
        ("a refresh token", refresh.clone()),
        ("a token for administration", bench.operator.clone()),
    ];
    let cases = tokens
        .iter()
        .map(|(what, token)| (*what, bench.me(&format!("Bearer {token}")), 401, "invalid_token"));
    bench.refuses(cases.collect()).await;

    // As large as the server reads heads at all, or larger: refused, one way or the other, and nothing is the worse for it.
    for size in [30_000, 300_000, 1_000_000] {
        let request = bench.me(&format!("Bearer {}", "a".repeat(size)));
        let status = match bench.api().try_finish(request).await {
            Ok(reply) => reply.status,
            Err(_) => continue,
        };
        assert!([400, 401, 431].contains(&status), "{size} bytes: {status}");
    }
    bench.api().me(access).await.expect(200);
}

#[tokio::test]
async fn refresh_tokens_that_are_not_to_be_traded() {
    let bench = Bench::new().await;
    let SignedIn { access, refresh, .. } = &bench.acme.member;
    let flipped = {
        let (rest, signature) = refresh.rsplit_once('.').expect("parts");
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        bytes[0] ^= 1;
        format!("{rest}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let trade = |token: &str| {
        let request = bench.api().request(Method::POST, "/api/v1/auth/refresh", Credentials::Nobody);
        request.json(&json!({"refresh_token": token}))
    };
    let by_another = bench
        .api()
        .request(Method::POST, "/api/v1/auth/refresh", Credentials::Basic(&bench.acme.client))
        .json(&json!({"refresh_token": refresh}));
    bench
        .refuses(vec![
            ("empty", trade(""), 401, "invalid_refresh_token"),
            ("garbage", trade("garbage"), 401, "invalid_refresh_token"),
            ("an access token", trade(access), 401, "invalid_refresh_token"),
            ("white space", trade(&format!(" {refresh}")), 401, "invalid_refresh_token"),
            ("a line break", trade(&format!("{refresh}\n")), 401, "invalid_refresh_token"),
            ("a NUL", trade(&format!("{refresh}\0")), 401, "invalid_refresh_token"),
            ("a flipped bit", trade(&flipped), 401, "invalid_refresh_token"),
            ("60 KB", trade(&"a".repeat(60_000)), 401, "invalid_refresh_token"),
            ("dots", trade(&".".repeat(60_000)), 401, "invalid_refresh_token"),
            ("1 MB", trade(&"a".repeat(1_000_000)), 413, "payload_too_large"),
            ("100,000 dots", trade(&".".repeat(100_000)), 413, "payload_too_large"),
            ("after logout", trade(&bench.acme.dead_refresh), 401, "session_revoked"),
            ("by a client that it is not of", by_another, 401, "invalid_client"),
        ])
        .await;
    bench.api().refresh(refresh).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_is_dead_after_a_user_cut_and_after_its_reuse() {
    let server = Server::start(world::options().env("RESCIND_REFRESH_GRACE", "0s")).await;
    let bench = Bench::with(server).await;
    let (api, acme) = (bench.api(), &bench.acme);
    let first = acme.member.refresh.clone();
    let second = api.refresh(&first).await.expect(200).text("refresh_token").to_owned();
    let third = api.refresh(&second).await.expect(200).text("refresh_token").to_owned();
    api.refresh(&first).await.refuses(401, "refresh_reuse_detected");
    // The thief ended the session, for itself too.
    api.refresh(&third).await.refuses(401, "session_revoked");

    let again = sign_in(api, &acme.member_email, Some(&acme.id), false).await;
    let cut = format!("/api/v1/admin/users/{}/revoke-all", acme.member_id);
    api.post(&cut, Credentials::Bearer(&acme.console), json!({})).await.expect(200);
    api.refresh(&again.refresh).await.refuses(401, "session_revoked");
    api.me(&again.access).await.refuses(401, "token_revoked");
    let after = sign_in(api, &acme.member_email, Some(&acme.id), false).await;
    api.me(&after.access).await.expect(200);
    api.refresh(&after.refresh).await.expect(200);
}

#[tokio::test]
async fn fifty_at_once_hold_the_same_successor() {
    let bench = Bench::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (api, token) = (bench.api().clone(), bench.acme.member.refresh.clone());
        calls.spawn(async move { api.refresh(&token).await.expect(200).text("refresh_token").to_owned() });
    }
    let successors: std::collections::BTreeSet<String> = calls.join_all().await.into_iter().collect();
    assert_eq!(successors.len(), 1, "one rotation, one successor");
    bench.api().refresh(successors.first().expect("one")).await.expect(200);
}

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

/// The size that a body announces is looked at before the body is sent; one that announces none is read no further than to
/// the limit.
#[tokio::test]
async fn a_body_of_100_mb_is_refused_before_it_is_sent() {
    let bench = Bench::new().await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let announced = converse(&bench, &format!("{head}Content-Length: 104857600\r\n\r\n")).await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    assert!(announced.to_lowercase().contains("\r\nconnection: close\r\n"), "{announced}");
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "a".repeat(100_000));
    let unannounced = converse(&bench, &format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}")).await;
    assert!(unannounced.starts_with("HTTP/1.1 413 "), "{unannounced}");
    let both =
        converse(&bench, &format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
            .await;
    assert!(!both.starts_with("HTTP/1.1 200"), "{both}");
    let good = converse(&bench, &format!("{head}Content-Length: 2\r\n\r\n{{}}")).await;
    assert!(!good.to_lowercase().contains("connection: close"), "a body that was read ends nothing: {good}");
    bench.api().me(&bench.acme.member.access).await.expect(200);
}

/// Heads that are none, and one that never ends: closed by the server, which answers others meanwhile.
#[tokio::test]
async fn heads_that_are_none_and_one_that_never_ends() {
    let bench = Bench::new().await;
    let mut slow = connect(&bench).await;
    slow.write_all(b"GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.expect("sent");
    for head in [
        "garbage\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\0b\r\n\r\n",
        "GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ] {
        let answer = converse(&bench, head).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head:?}: {answer}");
    }
    bench.api().me(&bench.acme.member.access).await.expect(200);
    let mut rest = Vec::new();
    // Ends when the server has waited long enough; were it to wait for ever, so would this.
    slow.read_to_end(&mut rest).await.expect("closed in order");
    let answer = String::from_utf8_lossy(&rest);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// Connections that say nothing hold nobody up.
#[tokio::test]
async fn ten_thousand_idle_connections_hold_nobody_up() {
    let bench = Bench::new().await;
    let mut idle = Vec::new();
    for _ in 0..descriptors(10_000) {
        idle.push(connect(&bench).await);
    }
    let again = sign_in(bench.api(), &bench.acme.member_email, Some(&bench.acme.id), false).await;
    bench.api().me(&again.access).await.expect(200);
    let cut = format!("/api/v1/auth/sessions/{}", again.session);
    bench.api().delete(&cut, Credentials::Bearer(&again.access)).await.expect(204);
    bench.api().me(&again.access).await.refuses(401, "token_revoked");
    drop(idle);
}

/// As many as are wanted, or as this process may have where that is less.
fn descriptors(wanted: u64) -> u64 {
    const OTHERS: u64 = 100;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("a process may have what it may have");
    limit.current.map_or(wanted, |most| wanted.min(most.saturating_sub(OTHERS)))
}

async fn connect(bench: &Bench) -> TcpStream {
    TcpStream::connect(bench.server.base().trim_start_matches("http://")).await.expect("connected")
}

/// Sends these bytes, and reads what comes until the answer's head is there or the connection ends.
async fn converse(bench: &Bench, bytes: &str) -> String {
    let mut stream = connect(bench).await;
    // The server may close before it has read all.
    let _ = stream.write_all(bytes.as_bytes()).await;
    let (mut answer, mut block) = (Vec::new(), [0; 4096]);
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&block[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Text is text: it comes back as it was given, in JSON that no browser takes for a page.
#[tokio::test]
async fn html_stays_text() {
    let bench = Bench::new().await;
    let (api, acme) = (bench.api(), &bench.acme);
    let html = r#"<script>alert("1")</script><img src=x onerror='alert(1)'>&amp;"#;
    let body =
        json!({"email": acme.member_email, "password": PASSWORD, "tenant": acme.id, "device_name": html});
    let request = api.request(Method::POST, "/api/v1/auth/login", Credentials::Nobody);
    let pair = api.finish(request.header("user-agent", html).json(&body)).await.expect(200);
    let handed = json!({
        "user_id": common_calls::facts::unknown_id(), "tenant_id": acme.id, "email": "h@acme.example",
        "role": "member", "device_name": html, "user_agent": html,
    });
    api.post("/api/v1/sessions", Credentials::Basic(&acme.client), handed).await.expect(201);
    let reason = json!({"jti": "html", "reason": html});
    api.post("/api/v1/admin/revocations", Credentials::Bearer(&acme.console), reason).await.expect(201);

    let own = api.sessions(pair.text("access_token")).await.expect(200);
    assert_eq!(
        (&own.json["items"][0]["device_name"], &own.json["items"][0]["user_agent"]),
        (&json!(html), &json!(html))
    );
    let path = format!("/api/v1/admin/users/{}/sessions", common_calls::facts::unknown_id());
    let sessions = api.get(&path, Credentials::Bearer(&acme.console)).await.expect(200);
    assert_eq!(sessions.json["items"][0]["device_name"], html);
    assert_eq!(sessions.json["items"][0]["user_agent"], html);
    let revocation =
        api.get("/api/v1/admin/revocations/html", Credentials::Bearer(&acme.console)).await.expect(200);
    assert_eq!(revocation.text("reason"), html);
    for reply in [own, sessions, revocation] {
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

/// A device's name is shown to people, wherever it came from: no control characters, by no way in.
#[tokio::test]
async fn control_characters_are_no_name() {
    let bench = Bench::new().await;
    let (api, acme) = (bench.api(), &bench.acme);
    let name = "a\u{1b}[31mb\u{0}";
    let body =
        json!({"email": acme.member_email, "password": PASSWORD, "tenant": acme.id, "device_name": name});
    api.post("/api/v1/auth/login", Credentials::Nobody, body).await.refuses(422, "invalid_member");
    let handed = |member: &str| {
        let mut body = json!({
            "user_id": common_calls::facts::unknown_id(), "tenant_id": acme.id, "email": "h@acme.example", "role": "member",
        });
        body[member] = name.into();
        body
    };
    for member in ["device_name", "user_agent"] {
        let refused = api.post("/api/v1/sessions", Credentials::Basic(&acme.client), handed(member)).await;
        assert_eq!(refused.refuses(422, "invalid_member").text("member"), member);
    }
    let path = format!("/api/v1/auth/sessions/{}", acme.member.session);
    let renamed =
        api.patch(&path, Credentials::Bearer(&acme.member.access), json!({"device_name": name})).await;
    renamed.refuses(422, "invalid_member");
}

/// The address is the connection's own, unless a trusted proxy says otherwise; and no more of what it passes on is believed
/// than what trusted ones wrote.
#[tokio::test]
async fn x_forwarded_for_is_believed_from_trusted_proxies_only() {
    let ip_of = async |bench: &Bench, forwarded: &str| -> String {
        let acme = &bench.acme;
        let body = json!({"email": acme.member_email, "password": PASSWORD, "tenant": acme.id});
        let request = bench.api().request(Method::POST, "/api/v1/auth/login", Credentials::Nobody);
        let pair =
            bench.api().finish(request.header("x-forwarded-for", forwarded).json(&body)).await.expect(200);
        let sessions = bench.api().sessions(pair.text("access_token")).await.expect(200);
        sessions.json["items"][0]["ip"].as_str().expect("an address").to_owned()
    };
    let bench = Bench::new().await;
    assert_eq!(ip_of(&bench, "203.0.113.7").await, "127.0.0.1");
    assert_eq!(ip_of(&bench, "<script>").await, "127.0.0.1");

    let trusting = world::options().env("RESCIND_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8");
    let bench = Bench::with(trusting.start().await).await;
    for (forwarded, ip) in [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1, 203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("<script>alert(1)</script>", "127.0.0.1"),
    ] {
        assert_eq!(ip_of(&bench, forwarded).await, ip, "{forwarded}");
    }
}

/// Guessing is slowed for one account from one address; everybody else goes on.
#[tokio::test]
async fn twenty_failures_are_enough() {
    let options = world::options().env("RESCIND_TRUSTED_PROXIES", "127.0.0.0/8");
    let bench = Bench::with(options.start().await).await;
    let acme = &bench.acme;
    let attempt = async |email: &str, password: &str, from: &str| {
        let body = json!({"email": email, "password": password, "tenant": acme.id});
        let request = bench.api().request(Method::POST, "/api/v1/auth/login", Credentials::Nobody);
        bench.api().finish(request.header("x-forwarded-for", from).json(&body)).await
    };
    let (home, away) = ("203.0.113.7", "198.51.100.9");
    for _ in 0..20 {
        attempt(&acme.member_email, "a wrong guess", home).await.refuses(401, "invalid_credentials");
    }
    for password in ["a wrong guess", PASSWORD] {
        let stopped = attempt(&acme.member_email, password, home).await.refuses(429, "too_many_attempts");
        let wait: u64 = stopped.header("retry-after").parse().expect("seconds");
        assert!((1..=900).contains(&wait), "{wait}");
    }
    attempt(&acme.admin_email, PASSWORD, home).await.expect(200);
    attempt(&acme.member_email, PASSWORD, away).await.expect(200);
    attempt(&acme.member_email, "a wrong guess", away).await.refuses(401, "invalid_credentials");
}

/// Neither by who is told to wait: an account and none are counted alike, however their tenant is spelled.
#[tokio::test]
async fn who_is_told_to_wait_does_not_tell_who_is_known() {
    let bench = Bench::new().await;
    let acme = &bench.acme;
    let attempt = async |email: &str, tenant: Option<&str>| {
        let mut body = json!({"email": email, "password": "a wrong guess"});
        if let Some(tenant) = tenant {
            body["tenant"] = tenant.into();
        }
        bench.api().post("/api/v1/auth/login", Credentials::Nobody, body).await.status
    };
    for email in [acme.member_email.as_str(), "nobody@acme.example"] {
        for _ in 0..20 {
            assert_eq!(attempt(email, Some("acme")).await, 401);
        }
        assert_eq!(attempt(email, Some(&acme.id)).await, 429, "{email}");
        for another in [Some("no-such-tenant"), Some("default"), None] {
            assert_eq!(attempt(email, another).await, 401, "{email} {another:?}");
        }
    }
}

/// Right ones at the same moment are told to come again in a second, not in a quarter of an hour.
#[tokio::test]
async fn many_right_sign_ins_at_once_are_no_failures() {
    let bench = Bench::new().await;
    let acme = &bench.acme;
    let body = json!({"email": acme.member_email, "password": PASSWORD, "tenant": acme.id});
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (api, body) = (bench.api().clone(), body.clone());
        attempts.spawn(async move { api.post("/api/v1/auth/login", Credentials::Nobody, body).await });
    }
    let mut signed_in = 0;
    for reply in attempts.join_all().await {
        if reply.status == 200 {
            signed_in += 1;
        } else {
            assert_eq!(reply.refuses(503, "overloaded").header("retry-after"), "1");
        }
    }
    assert!(signed_in > 0);
    bench.api().post("/api/v1/auth/login", Credentials::Nobody, body).await.expect(200);
}

/// A refresh token whose key is not trusted any more does not stand in the way of the access token beside it.
#[tokio::test]
async fn a_logout_with_a_good_access_token_ends_its_session() {
    let bench = Bench::new().await;
    let (api, member) = (bench.api(), &bench.acme.member);
    let operator = Credentials::Bearer(&bench.operator);
    let keys = api.get("/api/v1/admin/keys", operator).await.expect(200);
    let mac = keys.json["items"].as_array().into_iter().flatten();
    let mac = mac.filter(|key| key["use"] == "refresh" && key["state"] == "active");
    for kid in mac.filter_map(|key| key["kid"].as_str()) {
        api.post(&format!("/api/v1/admin/keys/{kid}/revoke"), operator, json!({})).await.expect(200);
    }
    api.logout(&member.refresh).await.refuses(401, "invalid_refresh_token");
    api.me(&member.access).await.expect(200);
    let body = json!({"refresh_token": member.refresh});
    api.post("/api/v1/auth/logout", Credentials::Bearer(&member.access), body).await.expect(204);
    api.me(&member.access).await.refuses(401, "token_revoked");
}

/// Whether an account exists, and whether it is disabled, is not told.
#[tokio::test]
async fn unknown_disabled_and_wrong_are_answered_alike() {
    let bench = Bench::new().await;
    let (api, acme) = (bench.api(), &bench.acme);
    let disabled = world::user(api, &bench.operator, "off@acme.example", "member", &acme.id).await;
    let path = format!("/api/v1/admin/users/{disabled}");
    api.patch(&path, Credentials::Bearer(&acme.console), json!({"disabled": true})).await.expect(200);
    let mut answers = Vec::new();
    for (email, password, tenant) in [
        (acme.member_email.as_str(), "a wrong guess", acme.id.as_str()),
        ("nobody@acme.example", PASSWORD, &acme.id),
        ("off@acme.example", PASSWORD, &acme.id),
        ("off@acme.example", "a wrong guess", &acme.id),
        (&acme.member_email, PASSWORD, "no-such-tenant"),
        (&acme.member_email, PASSWORD, "default"),
    ] {
        let body = json!({"email": email, "password": password, "tenant": tenant});
        let reply = api.post("/api/v1/auth/login", Credentials::Nobody, body).await;
        let mut reply = reply.refuses(401, "invalid_credentials");
        reply.json["request_id"] = Value::Null;
        let names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        let challenge = reply.header("www-authenticate").to_owned();
        answers.push((reply.json, names, challenge));
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
}
