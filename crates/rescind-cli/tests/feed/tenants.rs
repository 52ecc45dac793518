//! A client that a tenant binds is told of its tenant and of what holds for everybody.

use rescind_testkit::process::Credentials;
use serde_json::{Value, json};

use super::cuts::{as_marks, cut, ledger, without_versions};
use super::reader::{BEGINNING, Events, SNAPSHOT, marks, seqs};
use super::support::{Desk, House, header, new_user};

/// Everything that can be cut in a tenant.
async fn cut_everything_of(desk: &Desk, tenant: &str) {
    let revocations = "/api/v1/admin/revocations";
    let user = new_user();
    let session = desk.open_in(tenant, &user).await.session;
    for body in [
        json!({"session_id": session}),
        json!({"jti": "the same everywhere", "tenant_id": tenant}),
        json!({"digest": "cd".repeat(32), "tenant_id": tenant}),
    ] {
        desk.api.post(revocations, desk.caller(), body).await.expect(201);
    }
    desk.order(&format!("/api/v1/admin/users/{user}/revoke-all?tenant_id={tenant}")).await.expect(200);
    desk.order(&format!("/api/v1/admin/tenants/{tenant}/revoke-all")).await.expect(200);
    let client = desk.api.create_client(desk.caller(), "to go", &["introspect"], Some(tenant)).await;
    desk.api.delete(&format!("/api/v1/admin/clients/{}", client.id), desk.caller()).await.expect(204);
}

#[tokio::test]
async fn a_bound_client_sees_no_other_tenants_marks() {
    let House { server, desk } = House::open(&[]).await;
    let (ours, theirs) = (desk.new_tenant().await, desk.new_tenant().await);
    let bound = desk.api.create_client(desk.caller(), "bound", &["feed"], Some(&ours)).await;
    let mut live = Events::from_now(&desk.api, &bound).await;
    assert_eq!(live.tenant(), ours);
    cut(&desk, "everybody's").await;
    for tenant in [&theirs, &ours] {
        cut_everything_of(&desk, tenant).await;
    }
    let kid = header(&desk.open(&new_user()).await.access)["kid"].as_str().expect("a kid").to_owned();
    desk.order(&format!("/api/v1/admin/keys/{kid}/revoke")).await.expect(200);

    let entries = ledger(&desk).await;
    let is_ours = |entry: &&Value| entry["tenant_id"] == ours.as_str() || entry["tenant_id"].is_null();
    let expected = as_marks(&entries.iter().filter(is_ours).cloned().collect::<Vec<_>>());
    assert_eq!(expected.len(), 1 + 6 + 1);
    let caller = Credentials::Basic(&bound);
    let snapshot = desk.api.get(SNAPSHOT, caller).await.expect(200);
    assert_eq!(snapshot.headers["rescind-tenant"], ours.as_str());
    let mut stored = Events::after(&desk.api, &bound, BEGINNING).await;
    let stored = marks(&stored.until_caught_up(entries.len()).await);
    let live = marks(&live.revocations(expected.len()).await);
    for seen in [snapshot.json["marks"].as_array().expect("marks"), &stored, &live] {
        assert_eq!(without_versions(seen), expected);
        let text = Value::from(seen.clone()).to_string();
        assert!(!text.contains(&theirs), "{text}");
    }

    // A person who administers the tenant sees the same; an unbound client sees all.
    desk.api.create_user(desk.caller(), "head@example.com", PASSWORD, "admin", Some(&ours)).await.expect(201);
    let audience = format!("{}/admin", server.base());
    let body =
        json!({"email": "head@example.com", "password": PASSWORD, "tenant": ours, "audience": audience});
    let token = desk.api.post("/api/v1/auth/login", Credentials::Nobody, body).await.expect(200);
    let admin = Credentials::Bearer(token.text("access_token"));
    let seen = desk.api.get(SNAPSHOT, admin).await.expect(200);
    assert_eq!(seen.json["marks"], snapshot.json["marks"]);
    assert_eq!(seen.headers["rescind-tenant"], ours.as_str());
    let all = desk.api.create_client(desk.caller(), "all", &["feed"], None).await;
    let seen = desk.api.get(SNAPSHOT, Credentials::Basic(&all)).await.expect(200);
    assert_eq!(seqs(seen.json["marks"].as_array().expect("marks")), seqs(&entries));
    assert_eq!(seen.headers["rescind-tenant"], "*");
    assert_eq!(Events::from_now(&desk.api, &all).await.tenant(), "*");
}

/// What is not its business moves it on all the same: it does not come back to where it was last told something.
#[tokio::test]
async fn a_bound_client_is_told_how_far_it_is_by_heartbeats() {
    let House { server: _server, desk } = House::open(&[]).await;
    let (ours, theirs) = (desk.new_tenant().await, desk.new_tenant().await);
    let bound = desk.api.create_client(desk.caller(), "bound", &["feed"], Some(&ours)).await;
    let mut events = Events::from_now(&desk.api, &bound).await;
    cut_everything_of(&desk, &theirs).await;
    let last = ledger(&desk).await.len();
    let seq = i64::try_from(last).expect("small");
    let beat = events.first(|event| event.seq() == seq).await;
    assert!(beat.is_heartbeat(), "{beat:?}");
    assert!(beat.id.starts_with(&format!("{last}.")), "{beat:?}");
    Events::after(&desk.api, &bound, &beat.id).await;
}

const PASSWORD: &str = "a person at the head of it 55e1";
