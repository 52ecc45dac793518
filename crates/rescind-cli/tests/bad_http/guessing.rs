//! Guessing passwords, and guessing who is there.

use reqwest::Method;
use rescind_testkit::process::Credentials;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::common_calls::world::{self, PASSWORD};

/// Guessing is slowed for one account from one address; everybody else goes on.
#[tokio::test]
async fn twenty_failures_are_enough() {
    let options = world::options().await.env("RESCIND_TRUSTED_PROXIES", "127.0.0.0/8");
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

/// Nor does it help to have an account of one's own with an operator's email.
#[tokio::test]
async fn a_twin_s_password_forgives_no_guesses_at_the_operator_s() {
    let options = world::options().await.env("RESCIND_REGISTRATION", "open").env("RESCIND_MINIMUM_AGE", "0");
    let server = options.start().await;
    let (api, email) = (server.api(), server.admin_email());
    let registered = json!({"email": email, "password": PASSWORD});
    api.post("/api/v1/auth/register", Credentials::Nobody, registered).await.expect(201);
    let guess = json!({"email": email, "password": "a wrong guess", "tenant": "system"});
    for _ in 0..19 {
        api.post("/api/v1/auth/login", Credentials::Nobody, guess.clone())
            .await
            .refuses(401, "invalid_credentials");
    }
    api.login(email, PASSWORD).await.expect(200);
    api.post("/api/v1/auth/login", Credentials::Nobody, guess.clone())
        .await
        .refuses(401, "invalid_credentials");
    api.post("/api/v1/auth/login", Credentials::Nobody, guess).await.refuses(429, "too_many_attempts");
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
    assert!(signed_in > 1);
    bench.api().post("/api/v1/auth/login", Credentials::Nobody, body).await.expect(200);
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
