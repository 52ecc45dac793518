//! For operators: that there is always one of them.

use rescind_testkit::process::Credentials;
use serde_json::{Value, json};

use super::member::PASSWORD;
use super::support::{House, jti, new_user};

/// Whoever is at the desk, or holds a client's secret, cannot lock everybody out of administration.
#[tokio::test]
async fn the_last_operator_is_neither_disabled_nor_demoted_nor_deleted() {
    let house = House::open(&[]).await;
    let api = house.server.api();
    let token = house.server.admin_token().await;
    let caller = Credentials::Bearer(&token);
    let system = api.tenant_id(caller, "system").await;
    let path = format!("/api/v1/admin/users?tenant_id={system}");
    let listed = api.get(&path, caller).await.expect(200);
    let root = listed.json["items"][0]["user_id"].as_str().expect("the first operator").to_owned();
    let user = format!("/api/v1/admin/users/{root}");
    for by in [caller, house.desk.caller()] {
        for change in [json!({"disabled": true}), json!({"role": "member"})] {
            api.patch(&user, by, change).await.refuses(409, "last_operator");
        }
        api.delete(&user, by).await.refuses(409, "last_operator");
    }
    api.get(&path, caller).await.expect(200);

    api.create_user(caller, "second@localhost", PASSWORD, "admin", Some(&system)).await.expect(201);
    api.patch(&user, caller, json!({"role": "member"})).await.expect(200);
}

/// That is revoked is all that a tenant learns of what an operator revoked for everybody.
#[tokio::test]
async fn a_tenant_is_not_told_why_or_by_whom_an_operator_revoked_for_everybody() {
    let house = House::open(&[]).await;
    let (desk, api) = (&house.desk, &house.desk.api);
    let (id, user) = (new_user(), new_user());
    let path = format!("/api/v1/admin/revocations/{id}");
    let body = json!({"jti": id, "user_id": user, "reason": "named in the report of 3 May"});
    api.post("/api/v1/admin/revocations", desk.caller(), body).await.expect(201);
    let bound = api.create_client(desk.caller(), "bound", &["revocations:read"], Some(&desk.tenant)).await;

    let told = api.get(&path, Credentials::Basic(&bound)).await.expect(200);
    assert_eq!((told.text("jti"), told.text("revoked_by")), (id.as_str(), "system"));
    assert_eq!((&told.json["reason"], &told.json["user_id"]), (&Value::Null, &Value::Null));
    let whole = api.get(&path, desk.caller()).await.expect(200);
    assert_eq!(
        (whole.text("reason"), whole.text("user_id")),
        ("named in the report of 3 May", user.as_str())
    );

    // Of its own it is told everything.
    let pair = desk.open(&new_user()).await;
    let own = json!({"jti": jti(&pair.access), "reason": "asked for"});
    api.post("/api/v1/admin/revocations", desk.caller(), own).await.expect(201);
    let path = format!("/api/v1/admin/revocations/{}", jti(&pair.access));
    let told = api.get(&path, Credentials::Basic(&bound)).await.expect(200);
    assert_eq!(told.text("reason"), "asked for");
    assert!(told.text("revoked_by").starts_with("client:"), "{told:?}");
}
