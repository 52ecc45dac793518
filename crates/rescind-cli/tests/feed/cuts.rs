//! Cuts of every kind, and the ledger as it is listed.

use rescind_testkit::process::Credentials;
use serde_json::{Value, json};

use super::support::{Desk, Pair, jti, new_user};

/// One cut of each kind and form, in this order, for the desk's tenant and for a new one: what `kind` the ledger has of each.
pub(crate) async fn one_of_each(desk: &Desk) -> Vec<&'static str> {
    let tenant = desk.new_tenant().await;
    let (token, session) = (desk.open(&new_user()).await, desk.open_in(&tenant, &new_user()).await);
    let user = new_user();
    desk.open_in(&tenant, &user).await;
    let revocations = "/api/v1/admin/revocations";
    for body in [
        json!({"jti": jti(&token.access)}),
        json!({"jti": "somebody else's: \"jti\" \u{e9}"}),
        json!({"session_id": session.session}),
        json!({"digest": "ab".repeat(32), "tenant_id": tenant}),
    ] {
        desk.api.post(revocations, desk.caller(), body).await.expect(201);
    }
    let cut = format!("/api/v1/admin/users/{user}/revoke-all?tenant_id={tenant}");
    desk.order(&cut).await.expect(200);
    desk.order(&format!("/api/v1/admin/tenants/{tenant}/revoke-all")).await.expect(200);
    let client = desk.api.create_client(desk.caller(), "to go", &["introspect"], None).await;
    desk.api.delete(&format!("/api/v1/admin/clients/{}", client.id), desk.caller()).await.expect(204);
    let signer = kid(&desk.open(&new_user()).await);
    desk.order(&format!("/api/v1/admin/keys/{signer}/revoke")).await.expect(200);
    vec!["token", "token", "session", "digest", "user", "tenant", "client", "key"]
}

fn kid(pair: &Pair) -> String {
    super::support::header(&pair.access)["kid"].as_str().expect("a kid").to_owned()
}

/// Revokes a jti that nothing knows, for everybody.
pub(crate) async fn cut(desk: &Desk, jti: &str) {
    let body = json!({"jti": jti});
    desk.api.post("/api/v1/admin/revocations", desk.caller(), body).await.expect(201);
}

/// Every entry of the ledger, in its order, as the operator lists them.
pub(crate) async fn ledger(desk: &Desk) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/admin/revocations?limit=500{cursor}");
        let page = desk.api.get(&path, Credentials::Basic(&desk.operator)).await.expect(200);
        entries.extend(page.json["items"].as_array().expect("items").iter().cloned());
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    entries.reverse();
    entries
}

/// What a feed has to say of entries that were listed.
pub(crate) fn as_marks(entries: &[Value]) -> Vec<Value> {
    let mark = |entry: &Value| {
        // A tenant's mark holds for that tenant by its key, and for no other in particular.
        let tenant = if entry["kind"] == "tenant" { &Value::Null } else { &entry["tenant_id"] };
        json!({
            "seq": entry["seq"],
            "kind": entry["kind"],
            "key": entry["key"],
            "tenant_id": tenant,
            "expires_at": entry["expires_at"],
        })
    };
    entries.iter().map(mark).collect()
}

/// Marks without their versions, which no list shows; checked to be there where they must be.
pub(crate) fn without_versions(marks: &[Value]) -> Vec<Value> {
    let strip = |mark: &Value| {
        let mut mark = mark.clone();
        let versioned = mark["kind"] == "user" || mark["kind"] == "tenant";
        let version = mark.as_object_mut().expect("an object").remove("min_version").expect("a min_version");
        assert_eq!(version.is_i64(), versioned, "{mark}");
        mark
    };
    marks.iter().map(strip).collect()
}
