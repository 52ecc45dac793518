//! For users: who they are to a proxy, their password, their other sessions, their security events.

use reqwest::Method;
use rescind_testkit::process::{Api, Credentials, Reply};
use serde_json::{Value, json};

use super::asking::items;
use super::member::{Member, PASSWORD};
use super::support::{House, Pair};

const NEW_PASSWORD: &str = "the next password of a member 93bd";

#[tokio::test]
async fn forward_auth_tells_who_is_signed_in_and_asks_for_a_role() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let member = Member::new(desk).await;
    let pair = member.sign_in(desk).await;
    let caller = Credentials::Bearer(&pair.access);

    let passed = api.get("/api/v1/auth/forward", caller).await.expect(200);
    let names = ["X-Auth-User", "X-Auth-Tenant", "X-Auth-Role", "X-Auth-Session"];
    let told = names.map(|name| passed.header(name));
    assert_eq!(told, [member.id.as_str(), &desk.tenant, "member", &pair.session]);
    api.get("/api/v1/auth/forward?role=member", caller).await.expect(200);
    api.get("/api/v1/auth/forward?role=admin", caller).await.refuses(403, "forbidden");
    api.get("/api/v1/auth/forward", Credentials::Nobody).await.refuses(401, "authentication_required");
    for (query, status) in
        [("fresh=true", 200), ("fresh=false", 200), ("fresh=1", 422), ("fresh", 422), ("freshly=true", 422)]
    {
        let asked = api.get(&format!("/api/v1/auth/forward?{query}"), caller).await;
        assert_eq!(asked.status, status, "{query}: {asked:?}");
    }
    // Envoy asks with the method of the request that is to pass.
    for method in [Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let ask = |caller| api.send(method.clone(), "/api/v1/auth/forward", caller, None);
        assert_eq!(ask(caller).await.expect(200).header("X-Auth-User"), member.id, "{method}");
        ask(Credentials::Nobody).await.expect(401);
    }
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it_and_ends_all_other_sessions() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let member = Member::new(desk).await;
    let (this, other) = (member.sign_in(desk).await, member.sign_in(desk).await);

    change_password(api, &this, "a wrong guess 55d0", NEW_PASSWORD).await.refuses(403, "wrong_password");
    change_password(api, &this, PASSWORD, "short").await.refuses(422, "password_too_weak");
    api.me(&other.access).await.expect(200);

    let renewed = change_password(api, &this, PASSWORD, NEW_PASSWORD).await.expect(200);
    goes_on_alone(api, &renewed, &this, &[other]).await;
    api.login(&member.email, PASSWORD).await.refuses(401, "invalid_credentials");
    api.login(&member.email, NEW_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn ending_all_other_sessions_leaves_this_one_with_a_fresh_access_token() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let (member, stranger) = (Member::new(desk).await, Member::new(desk).await);
    let this = member.sign_in(desk).await;
    let others = [member.sign_in(desk).await, member.sign_in(desk).await];
    let untouched = stranger.sign_in(desk).await;

    let caller = Credentials::Bearer(&this.access);
    let renewed = api.post("/api/v1/auth/sessions/revoke-others", caller, json!({})).await.expect(200);
    goes_on_alone(api, &renewed, &this, &others).await;
    api.me(&untouched.access).await.expect(200);
}

#[tokio::test]
async fn security_events_tell_of_sign_ins_endings_and_theft_and_of_nobody_else() {
    // Without grace an older refresh token is theft at once; with it, it would be a slow tab.
    let house = House::open(&[("RESCIND_REFRESH_GRACE", "0s")]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let (member, stranger) = (Member::new(desk).await, Member::new(desk).await);
    let (here, ended) = (member.sign_in(desk).await, member.sign_in(desk).await);
    let elsewhere = stranger.sign_in(desk).await;
    let stolen = member.sign_in(desk).await;

    let own = format!("/api/v1/auth/sessions/{}", ended.session);
    let name = json!({"device_name": "Desk"});
    api.patch(&own, Credentials::Bearer(&here.access), name).await.expect(200);
    api.delete(&own, Credentials::Bearer(&here.access)).await.expect(204);
    let next = Pair::from(&api.refresh(&stolen.refresh).await.expect(200));
    api.refresh(&next.refresh).await.expect(200);
    api.refresh(&stolen.refresh).await.refuses(401, "refresh_reuse_detected");

    let expected = [
        event("refresh_reuse_detected", &stolen),
        event("session_revoked", &ended),
        event("session_renamed", &ended),
        event("signed_in", &stolen),
        event("signed_in", &ended),
        event("signed_in", &here),
        made(&member),
    ];
    assert_eq!(events(api, &here).await, expected);
    assert_eq!(events(api, &elsewhere).await, [event("signed_in", &elsewhere), made(&stranger)]);
}

async fn change_password(api: &Api, session: &Pair, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    api.post("/api/v1/auth/password", Credentials::Bearer(&session.access), body).await
}

/// This session goes on with the access token that it was given; its older one is dead, and so are the others.
async fn goes_on_alone(api: &Api, renewed: &Reply, this: &Pair, others: &[Pair]) {
    assert_eq!(renewed.json["revoked"], others.len(), "{renewed:?}");
    assert_eq!(renewed.json["expires_in"], 900, "{renewed:?}");
    assert_eq!(renewed.header("cache-control"), "no-store");
    let claims = api.me(renewed.text("access_token")).await.expect(200);
    assert_eq!(claims.text("sid"), this.session);
    api.me(&this.access).await.refuses(401, "token_revoked");
    for other in others {
        api.me(&other.access).await.refuses(401, "token_revoked");
        api.refresh(&other.refresh).await.refuses(401, "session_revoked");
    }
    api.refresh(&this.refresh).await.expect(200);
}

/// What the user of a session is told: actions and targets, newest first.
async fn events(api: &Api, session: &Pair) -> Vec<Value> {
    let listed = items(api, Credentials::Bearer(&session.access), "/api/v1/auth/events").await;
    listed.iter().map(|event| json!([event["action"], event["target"]])).collect()
}

fn event(action: &str, session: &Pair) -> Value {
    json!([action, {"kind": "session", "id": session.session}])
}

fn made(member: &Member) -> Value {
    json!(["user_created", {"kind": "user", "id": member.id}])
}
