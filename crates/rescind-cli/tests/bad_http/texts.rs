//! Texts that are shown to people, and addresses that anybody may claim.

use reqwest::Method;
use rescind_testkit::process::Credentials;
use serde_json::json;

use crate::bench::Bench;
use crate::common_calls::world::{self, PASSWORD};

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
        "user_id": crate::common_calls::facts::unknown_id(), "tenant_id": acme.id, "email": "h@acme.example",
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
    let path = format!("/api/v1/admin/users/{}/sessions", crate::common_calls::facts::unknown_id());
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
            "user_id": crate::common_calls::facts::unknown_id(), "tenant_id": acme.id, "email": "h@acme.example", "role": "member",
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

    let trusting = world::options().await.env("RESCIND_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8");
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
