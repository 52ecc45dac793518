//! Cuts of every kind, and the ledger as it is listed.

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::Caller;
use rescind::clock::Clock as _;
use rescind::ledger::{Cut, CutTarget, LedgerStore as _, TokenKey};
use rescind::system::{SystemClock, SystemEntropy};
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::process::{Credentials, Server};
use serde_json::{Value, json};

use crate::support::{Desk, Pair, jti, new_user};

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
    crate::support::header(&pair.access)["kid"].as_str().expect("a kid").to_owned()
}

/// Revokes a jti that nothing knows, for everybody.
pub(crate) async fn cut(desk: &Desk, jti: &str) {
    let body = json!({"jti": jti});
    desk.api.post("/api/v1/admin/revocations", desk.caller(), body).await.expect(201);
}

/// So many cuts, several at once.
pub(crate) async fn many(desk: &Desk, prefix: &str, count: usize) {
    const AT_ONCE: usize = 32;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..AT_ONCE {
        let (desk, prefix) = (desk.clone(), prefix.to_owned());
        workers.spawn(async move {
            for number in (worker..count).step_by(AT_ONCE) {
                cut(&desk, &format!("{prefix}{number}")).await;
            }
        });
    }
    workers.join_all().await;
}

/// So many marks with texts of 20,000 bytes, longer than any caller may send, written beside the server: more than the
/// operating system takes for a connection that nobody reads.
pub(crate) async fn flood(server: &Server, count: usize) {
    let entropy = Arc::new(SystemEntropy);
    let store = SqliteStore::open(&server.data_dir().join("rescind.db"), &Options::new(entropy));
    let store = store.expect("a store");
    let now = SystemClock.now();
    for number in 0..count {
        let key = TokenKey::new(&format!("{number}{}", "x".repeat(20_000)));
        let by = Caller::command_line().provenance(now);
        store
            .cut(Cut {
                target: CutTarget::Token { key, tenant: None, user: None },
                expires_at: now.plus(Duration::from_secs(3600)),
                extends: false,
                reason: None,
                action: rescind::audit::action::TOKEN_REVOKED,
                by,
            })
            .await
            .expect("a cut");
    }
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
