//! Tokens that are not to be taken.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use rescind_testkit::process::{Credentials, Server};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::common_calls::world::{self, SignedIn, sign_in};

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
    let server = Server::start(world::options().await.env("RESCIND_REFRESH_GRACE", "0s")).await;
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
