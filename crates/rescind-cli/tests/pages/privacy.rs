//! What is told of one to the other, and what is not.

use serde_json::json;

use super::browser::Area;
use super::tab::Tab;
use super::world::{ADA, CHIEF, PASSWORD, World};

/// An operator's reason is not a tenant's business.
#[tokio::test]
async fn of_what_an_operator_revoked_for_everybody_a_tenant_sees_that_it_is_revoked() {
    let world = World::plain(&[]).await;
    let (email, password) = world.operator();
    let mut root = Tab::signed_in(world.api(), Area::Admin, &email, &password).await;
    let mut chief = Tab::signed_in(world.api(), Area::Admin, CHIEF, PASSWORD).await;
    let reason = "named in the report of 3 May";
    let jti = "an-id-that-somebody-named";
    let before = chief.get(&format!("/admin/revocations?jti={jti}")).await.expect(200);
    assert!(before.body.contains("Nothing was revoked that fits."), "{before:?}");
    root.post("/admin/revocations", &[("text", jti), ("reason", reason)]).await.expect(303);

    let page = format!("/admin/revocations?jti={jti}");
    let whole = root.get(&page).await.expect(200);
    assert!(whole.body.contains(reason) && whole.body.contains("<code>user:"), "{whole:?}");
    let told = chief.get(&page).await.expect(200);
    assert!(told.body.contains(&format!("<td><code>{jti}</code></td>")), "{told:?}");
    for hidden in [reason, "<code>user:", "<code>client:", "<code>system"] {
        assert!(!told.body.contains(hidden), "{hidden}: {told:?}");
    }
    let preview = chief.post("/admin/revocations/preview", &[("text", jti)]).await.expect(200);
    assert!(preview.body.contains("It was revoked") && !preview.body.contains(reason), "{preview:?}");

    // Of the tenant's own everything is told, whoever did it.
    let body = json!({"jti": "an-id-of-theirs", "reason": reason, "tenant_id": world.tenant});
    world.api().post("/api/v1/admin/revocations", world.desk().caller(), body).await.expect(201);
    let own = chief.get("/admin/revocations?jti=an-id-of-theirs").await.expect(200);
    assert!(own.body.contains(reason) && own.body.contains("<code>client:"), "{own:?}");
}

#[tokio::test]
async fn a_user_is_told_of_the_account_and_of_new_names_of_devices() {
    let world = World::plain(&[]).await;
    let mut tab = Tab::signed_in(world.api(), Area::Account, ADA, PASSWORD).await;
    let path = format!("/account/sessions/{}/rename", world.sessions[0].session);
    tab.post(&path, &[("device_name", "Desk at home")]).await.expect(303);
    let events = tab.get("/account/events").await.expect(200);
    for told in ["A device was renamed", "The account was made"] {
        assert!(events.body.contains(told), "{told}: {events:?}");
    }
    // From where an administrator made it is that one's own business.
    let made = events.body.lines().find(|line| line.contains("The account was made"));
    assert!(!made.expect("it is there").contains("127.0.0.1"), "{events:?}");
}
