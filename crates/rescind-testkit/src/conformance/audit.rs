//! The audit trail.

use std::collections::BTreeSet;

use rescind::audit::{Actor, AuditFilter, action};
use rescind::directory::{ClientSecretHash, SecretRotation, TenantChange};
use rescind::ledger::{CutTarget, TokenKey};
use rescind::store::{PageRequest, StoreError};

use super::{Backend, Held, World};

/// In its own transaction: who did what, on whom, from where, within which request.
pub async fn every_act_is_recorded_with_its_provenance(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let chain = world.open(&user).await.chain;
    let rename = world.store.rename_session(chain.session, world.tenant, user.id, "x".to_owned(), world.by());
    rename.await.unwrap();
    let mut change = world.user_change(&user);
    (change.role, change.reason) = (Some("editor".to_owned()), Some("promoted".to_owned()));
    world.store.change_user(change).await.unwrap();
    let key = TokenKey::from(world.id());
    world.cut(CutTarget::Token { key, tenant: Some(world.tenant), user: Some(user.id) }).await;
    world.cut_session(chain.session).await;
    world.cut_user(&user).await;
    world.cut(CutTarget::Tenant { tenant: world.tenant }).await;
    let tenant = world.new_tenant("other").await;
    let change = TenantChange {
        tenant: tenant.id,
        name: Some("Other".to_owned()),
        suspended: None,
        access_exp: world.access_exp(),
        by: world.by(),
    };
    world.store.change_tenant(change).await.unwrap();
    let client = world.client(None).await;
    let rotation = SecretRotation {
        within: None,
        client: client.id,
        secret: ClientSecretHash(world.hash()),
        old_until: world.now(),
    };
    world.store.rotate_client_secret(rotation, world.by()).await.unwrap();
    world.store.delete_client(None, client.id, world.access_exp(), world.by()).await.unwrap();
    let trail = world.audit().await;
    world.store.delete_user(world.tenant, user.id, true, world.access_exp(), world.by()).await.unwrap();

    let expected = [
        (action::CLIENT_DELETED, "client", client.id.to_string()),
        (action::CLIENT_SECRET_ROTATED, "client", client.id.to_string()),
        (action::CLIENT_CREATED, "client", client.id.to_string()),
        (action::TENANT_UPDATED, "tenant", tenant.id.to_string()),
        (action::TENANT_CREATED, "tenant", tenant.id.to_string()),
        (action::TENANT_REVOKED, "tenant", world.tenant.to_string()),
        (action::USER_REVOKED, "user", user.id.to_string()),
        (action::SESSION_REVOKED, "session", chain.session.to_string()),
    ];
    for (entry, (action, kind, id)) in trail.iter().zip(expected) {
        assert_eq!((entry.action.as_str(), entry.target.kind), (action, kind));
        assert_eq!(entry.target.id, Some(id));
        assert_eq!((entry.at, entry.actor), (world.now(), Actor::CommandLine));
        assert_eq!((entry.ip, entry.request_id.as_deref()), (world.by().ip, Some("request-7")));
    }
    let ids: BTreeSet<_> = trail.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), trail.len());
    assert_eq!(
        (trail[9].action.as_str(), trail[9].reason.as_deref()),
        (action::USER_UPDATED, Some("promoted"))
    );
    assert_eq!(world.audit().await[0].action, action::USER_DELETED);
}

/// What did not happen is not said to have.
pub async fn a_refusal_is_not_recorded(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let trail = world.audit().await;
    world.refresh(held).await;
    world.refresh(held).await;
    let mut change = world.user_change(&user);
    (change.role, change.may_touch_admins) = (Some("admin".to_owned()), false);
    assert_eq!(world.store.change_user(change).await.err(), Some(StoreError::Forbidden));
    let taken = world.store.create_user(world.new_user("jane@example.com"), action::USER_CREATED, world.by());
    assert_eq!(taken.await.err(), Some(StoreError::Taken("email")));
    assert_eq!(world.audit().await, trail);
}

/// By each thing alone, and together.
pub async fn the_trail_is_filtered(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("jane@example.com").await;
    let mut elsewhere = world.new_user("jane@example.com");
    (elsewhere.id, elsewhere.tenant) = (user.id, other.id);
    let elsewhere = world.store.create_user(elsewhere, action::USER_CREATED, world.by()).await.unwrap();
    world.pass_secs(60);
    let since = world.now();
    let session = world.open(&user).await.chain.session;
    world.open(&elsewhere).await;
    world.cut_session(session).await;
    let count = async |filter: AuditFilter| world.audit_of(&filter).await.len();
    let any = AuditFilter::default;
    let of_user = AuditFilter { tenant: Some(world.tenant), user: Some(user.id), ..any() };
    assert_eq!(count(of_user.clone()).await, 3, "made, signed in, ended");
    assert_eq!(count(AuditFilter { tenant: Some(other.id), ..any() }).await, 3);
    assert_eq!(count(AuditFilter { since: Some(since), ..of_user.clone() }).await, 2);
    assert_eq!(count(AuditFilter { actor: Some(user.id.to_string()), ..any() }).await, 2);
    assert_eq!(count(AuditFilter { target: Some(session.to_string()), ..any() }).await, 2);
    let request = |id: &str| AuditFilter { request: Some(id.to_owned()), ..of_user.clone() };
    assert_eq!((count(request("request-7")).await, count(request("request-8")).await), (3, 0));
    let revoked = AuditFilter { action: Some(action::SESSION_REVOKED.to_owned()), ..any() };
    assert_eq!(count(revoked).await, 1);
    let actions = vec![action::SIGNED_IN, action::USER_CREATED];
    assert_eq!(count(AuditFilter { actions, ..of_user }).await, 2);
    assert_eq!(count(AuditFilter { actor: Some("' OR 1=1 --".to_owned()), ..any() }).await, 0);
}

/// Newest first, although some are written in between.
pub async fn the_trail_is_read_in_pages(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    for _ in 0..5 {
        world.open(&user).await;
    }
    let expected = world.audit().await;
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 4, cursor };
        let page = world.store.audit_entries(&AuditFilter::default(), &page).await.unwrap();
        seen.extend(page.items);
        world.open(&user).await;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}
