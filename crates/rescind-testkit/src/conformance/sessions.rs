//! Showing sessions.

use std::time::Duration;

use rescind::audit::action;
use rescind::id::{Jti, UserId};
use rescind::ledger::TokenKey;
use rescind::session::{JtiOwner, Profile, SessionFilter, Status, StatusFilter};
use rescind::store::{PageRequest, StoreError};

use super::{Backend, Held, IDLE, World, all};

fn of(world: &World, user: UserId) -> SessionFilter {
    SessionFilter { tenant: world.tenant, user, status: None, now: world.now() }
}

/// Derived when read, whatever ended them.
pub async fn sessions_are_listed_newest_first_and_by_status(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let other = world.user("john@example.com").await;
    world.open(&other).await;
    let expired = world.open(&user).await.chain.session;
    world.pass(IDLE - Duration::from_secs(60));
    let (revoked, active) = (world.open(&user).await.chain.session, world.open(&user).await.chain.session);
    world.cut_session(revoked).await;
    world.pass_secs(60);
    for (status, expected) in [
        (None, vec![active, revoked, expired]),
        (Some(StatusFilter::Active), vec![active]),
        (Some(StatusFilter::Revoked), vec![revoked]),
        (Some(StatusFilter::Expired), vec![expired]),
    ] {
        let filter = SessionFilter { status, ..of(&world, user.id) };
        let listed = world.store.sessions(&filter, &all()).await.unwrap();
        assert_eq!(listed.items.iter().map(|session| session.id).collect::<Vec<_>>(), expected, "{status:?}");
        assert_eq!(listed.next_cursor, None);
    }
    assert_eq!(world.store.sessions(&of(&world, UserId(world.id())), &all()).await.unwrap().items, []);
}

/// Although sessions are opened between two pages.
pub async fn pages_neither_skip_nor_repeat(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.insert(0, world.open(&user).await.chain.session);
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 3, cursor };
        let page = world.store.sessions(&of(&world, user.id), &page).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items.iter().map(|session| session.id));
        world.open(&user).await;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

/// Rubbish, and another list's.
pub async fn a_foreign_cursor_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    for _ in 0..3 {
        world.open(&user).await;
    }
    let one = PageRequest { limit: 1, cursor: None };
    let audit = world.store.audit_entries(&Default::default(), &one).await.unwrap().next_cursor;
    let rubbish = ["", "s", "-1", "s-1", "s1'; DROP TABLE sessions", "s99999999999999999999", "\u{0}"];
    for cursor in rubbish.into_iter().map(|text| Some(text.to_owned())).chain([audit]) {
        let page = PageRequest { limit: 1, cursor };
        assert_eq!(
            world.store.sessions(&of(&world, user.id), &page).await.err(),
            Some(StoreError::InvalidCursor),
            "{page:?}"
        );
        let refused = world.store.tenants(&page).await.err();
        assert_eq!(refused, Some(StoreError::InvalidCursor), "{page:?}");
        let refused = world.store.users(&Default::default(), &page).await.err();
        assert_eq!(refused, Some(StoreError::InvalidCursor), "{page:?}");
        let refused = world.store.clients(None, &page).await.err();
        assert_eq!(refused, Some(StoreError::InvalidCursor), "{page:?}");
    }
}

/// Nor shown, nor named.
pub async fn another_tenants_session_is_not_found(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("jane@example.com").await;
    let id = world.open(&user).await.chain.session;
    let missing = Some(StoreError::NotFound);
    assert_eq!(world.store.session(id, Some(other.id), world.now()).await.err(), missing);
    let name = || "laptop".to_owned();
    let renamed = world.store.rename_session(id, other.id, user.id, name(), world.by()).await;
    assert_eq!(renamed.err(), missing);
    let stranger = UserId(world.id());
    let renamed = world.store.rename_session(id, world.tenant, stranger, name(), world.by()).await;
    assert_eq!(renamed.err(), missing);
    assert!(world.store.session(id, Some(world.tenant), world.now()).await.is_ok());
}

/// And that is recorded.
pub async fn a_device_is_named(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let id = world.open(&user).await.chain.session;
    let name = "<b>Jane's</b> \u{1f4f1}";
    let renamed =
        world.store.rename_session(id, world.tenant, user.id, name.to_owned(), world.by()).await.unwrap();
    assert_eq!(renamed.device.name.as_deref(), Some(name));
    assert_eq!(world.session(id).await, renamed);
    assert_eq!(world.audit().await[0].action, action::SESSION_RENAMED);
}

/// The last access token's, and the current and the last refresh token's; older ones are nobody's.
pub async fn a_jti_tells_its_session(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let opened = world.open(&user).await;
    let first = Held::of(&opened.chain);
    let second = world.rotate(first).await;
    let third = world.rotate(second).await;
    let access = world.session(first.session).await.access_jti;
    let owner = async |jti: Jti| world.store.jti_owner(&TokenKey::from(jti.0)).await;
    let expected = |refresh, rotated_at| {
        Ok(JtiOwner { session: first.session, user: user.id, tenant: world.tenant, refresh, rotated_at })
    };
    assert_eq!(owner(access).await, expected(false, None));
    assert_eq!(owner(third.jti).await, expected(true, None));
    assert_eq!(owner(second.jti).await, expected(true, Some(world.now())));
    assert_eq!(owner(first.jti).await, Err(StoreError::NotFound));
    assert_eq!(owner(opened.chain.access_jti).await, Err(StoreError::NotFound));
    let foreign = TokenKey::new("another issuer's");
    assert_eq!(world.store.jti_owner(&foreign).await, Err(StoreError::NotFound));
}

/// Not what came last: by whom, when and why.
pub async fn what_came_first_ended_it(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let client = world.client(None).await;
    let profile = Profile { email: "jane@example.com".to_owned(), role: "member".to_owned() };
    let opened = world.hand_over(&client, user.id, profile).await;
    let expired = world.open(&user).await.chain.session;
    let session = opened.chain.session;
    world.pass_secs(1);
    let at = world.now();
    world.cut_user(&user).await;
    world.pass_secs(1);
    world.cut_user(&user).await;
    world.cut_session(session).await;
    world.store.delete_client(None, client.id, world.access_exp(), world.by()).await.unwrap();
    let Status::Revoked(ending) = world.status(session).await else { panic!() };
    assert_eq!((ending.at, ending.reason.as_deref()), (at, Some("because")));
    assert!(matches!(world.status(expired).await, Status::Revoked(_)));

    let later = world.open(&user).await.chain.session;
    world.pass(IDLE);
    world.cut_user(&user).await;
    assert_eq!(world.status(later).await, Status::Expired, "it had expired before it was cut");
}
