//! Revoking by what somebody has of a token.

use rescind_testkit::process::Credentials;
use serde_json::json;

use super::support::{House, jti, new_user};

const REVOCATIONS: &str = "/api/v1/admin/revocations";

/// An id that somebody typed in capitals, or took from a program that puts braces around it, is that token's all the same.
#[tokio::test]
async fn a_jti_in_another_spelling_is_revoked_too() {
    let house = House::open(&[]).await;
    let desk = &house.desk;
    for spell in
        [str::to_uppercase as fn(&str) -> String, |jti| format!("{{{jti}}}"), |jti| jti.replace('-', "")]
    {
        let pair = desk.open(&new_user()).await;
        let spelled = spell(&jti(&pair.access));
        let told = desk.api.post(REVOCATIONS, desk.caller(), json!({"jti": spelled})).await.expect(201);
        assert_eq!(told.text("jti"), jti(&pair.access));
        desk.api.me(&pair.access).await.refuses(401, "token_revoked");
        desk.api.get(&format!("{REVOCATIONS}/{spelled}"), desk.caller()).await.expect(200);
        let ended = json!({"jti": spell(&jti(&pair.refresh))});
        desk.api.post(REVOCATIONS, desk.caller(), ended).await.expect(201);
        desk.api.refresh(&pair.refresh).await.refuses(401, "session_revoked");
    }
}

/// A platform with sign-ins of its own: its users and sessions are known to nobody here.
#[tokio::test]
async fn what_another_issuer_knows_is_revoked_and_listed() {
    let house = House::open(&[]).await;
    let desk = &house.desk;
    let (user, session) = (new_user(), new_user());
    let elsewhere = "7e64f0a5-5c8e-4f2b-9d3a-0d1f6a2b3c4d";
    let made = json!({"slug": "elsewhere", "tenant_id": elsewhere});
    let tenant = desk.api.post("/api/v1/admin/tenants", desk.caller(), made).await.expect(201);
    assert_eq!(tenant.text("tenant_id"), elsewhere);
    let again = json!({"slug": "other", "tenant_id": elsewhere});
    desk.api.post("/api/v1/admin/tenants", desk.caller(), again).await.refuses(409, "conflict");

    let revoke = async |mut body: serde_json::Value| {
        body["foreign"] = true.into();
        desk.api.post(REVOCATIONS, desk.caller(), body).await
    };
    let until = "2100-01-01T00:00:00Z";
    for (body, member) in [
        (json!({"user_id": user, "tenant_id": elsewhere}), "expires_at"),
        (json!({"session_id": session}), "expires_at"),
        (json!({"user_id": user, "expires_at": "2030-01-01T00:00:00Z"}), "tenant_id"),
        (json!({"user_id": user, "tenant_id": elsewhere, "expires_at": until}), "expires_at"),
        (json!({"expires_at": until}), "foreign"),
        (json!({"jti": "x", "expires_at": until}), "foreign"),
        (json!({"jti": "x", "session_id": session, "expires_at": until}), "foreign"),
    ] {
        assert_eq!(revoke(body.clone()).await.expect(422).text("member"), member, "{body}");
    }
    let until = "2030-01-01T00:00:00Z";
    let unknown = json!({"user_id": user, "tenant_id": new_user(), "expires_at": until});
    revoke(unknown).await.refuses(404, "not_found");

    let body = json!({"user_id": user, "tenant_id": elsewhere, "expires_at": until, "reason": "stolen"});
    let first = revoke(body.clone()).await.expect(201);
    assert_eq!((first.text("kind"), first.text("key")), ("user", user.as_str()));
    let second = revoke(body).await.expect(201);
    assert!(second.json["min_version"].as_i64() > first.json["min_version"].as_i64());
    let body = json!({"session_id": session, "tenant_id": elsewhere, "user_id": user, "expires_at": until});
    let cut = revoke(body.clone()).await.expect(201);
    assert_eq!((cut.text("kind"), cut.text("user_id")), ("session", user.as_str()));
    assert_eq!(revoke(body).await.expect(200).json["seq"], cut.json["seq"]);
    let listed = desk.api.get(&format!("{REVOCATIONS}?user_id={user}"), desk.caller()).await.expect(200);
    let kinds: Vec<_> =
        listed.json["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["session", "user", "user"]);

    // A tenant's own client reaches its own tenant only, whatever it names.
    let bound = desk.api.create_client(desk.caller(), "bound", &["revocations:write"], Some(elsewhere)).await;
    let bound = Credentials::Basic(&bound);
    let body = json!({"user_id": user, "foreign": true, "expires_at": until});
    let own = desk.api.post(REVOCATIONS, bound, body).await.expect(201);
    assert_eq!(own.text("tenant_id"), elsewhere);
    let body = json!({"user_id": user, "tenant_id": desk.tenant, "foreign": true, "expires_at": until});
    desk.api.post(REVOCATIONS, bound, body).await.refuses(404, "not_found");
    let known = desk.open(&new_user()).await;
    let body = json!({"session_id": known.session, "foreign": true, "expires_at": until});
    desk.api.post(REVOCATIONS, bound, body).await.expect(201);
    desk.api.me(&known.access).await.expect(200);
}
