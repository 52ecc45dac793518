//! Opening sessions.

use std::time::Duration;

use rescind::audit::action;
use rescind::directory::{ADMIN_ROLE, TenantChange};
use rescind::id::UserId;
use rescind::keys::KeyUse;
use rescind::ledger::MarkKey;
use rescind::session::{Profile, Rotated, Status};
use rescind::store::StoreError;
use serde_json::json;

use super::{Backend, Held, World};

fn profile(email: &str, role: &str) -> Profile {
    Profile { email: email.to_owned(), role: role.to_owned() }
}

/// What was given comes back, at once and when the session is shown.
pub async fn a_session_is_opened_and_shown_as_it_was_given(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut opening = world.opening(&user);
    opening.claims.insert("plan".to_owned(), json!({"seats": [1, 2]}));
    let opened = world.store.open(opening.clone()).await.unwrap();

    let chain = &opened.chain;
    assert_eq!((chain.session, chain.user, chain.tenant), (opening.id, user.id, world.tenant));
    assert_eq!((chain.email.as_str(), chain.role.as_str()), ("jane@example.com", "member"));
    assert_eq!((&chain.audience, &chain.claims), (&opening.audience, &opening.claims));
    assert_eq!(chain.current, opening.first);
    assert_eq!(chain.standing.token_version, user.token_version);
    assert_eq!(opened.user, user);
    assert!(opened.entries.is_empty());

    let session = world.session(opening.id).await;
    assert_eq!((session.user, session.tenant, session.client), (user.id, world.tenant, None));
    assert_eq!((session.created_at, session.last_used_at), (world.now(), world.now()));
    assert_eq!((session.idle_expires_at, session.expires_at), (opening.idle_expires_at, opening.expires_at));
    assert_eq!((session.device, session.access_jti), (opening.device, opening.access_jti));
    assert_eq!(session.status, Status::Active);

    let Rotated::Rotated(rotated) = world.refresh(Held::of(chain)).await else { panic!() };
    assert_eq!((rotated.audience, rotated.claims), (opening.audience, opening.claims));
}

/// Each user's sessions have numbers of their own.
pub async fn sessions_are_numbered_from_one(backend: Backend) {
    let world = World::new(backend).await;
    let (jane, john) = (world.user("jane@example.com").await, world.user("john@example.com").await);
    let mut numbers = Vec::new();
    for user in [&jane, &john, &jane] {
        numbers.push(world.open(user).await.number);
    }
    assert_eq!(numbers, [1, 1, 2]);
}

/// Whoever signs with a key that has gone loads the keys anew instead of minting dead tokens.
pub async fn keys_that_no_longer_sign_are_key_gone(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut wrong = [world.opening(&user), world.opening(&user), world.opening(&user)];
    wrong[0].signing_kid = "unknown".to_owned();
    wrong[1].first.mac_kid = "unknown".to_owned();
    wrong[2].signing_kid = super::MAC_KID.to_owned();
    for opening in wrong {
        assert_eq!(world.store.open(opening).await.err(), Some(StoreError::KeyGone));
    }
    world
        .change_keys(|change| {
            change.retire = vec![super::SIGNING_KID.to_owned()];
            change.add = vec![world.new_key("signing-2", KeyUse::Access, true)];
        })
        .await
        .unwrap();
    assert_eq!(world.store.open(world.opening(&user)).await.err(), Some(StoreError::KeyGone));
    let mut right = world.opening(&user);
    right.signing_kid = "signing-2".to_owned();
    world.store.open(right).await.unwrap();
}

/// A cut that comes while the password is being checked ends the sign-in.
pub async fn a_cut_since_the_standing_was_read_is_a_conflict(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let read = world.store.credentials(world.tenant, user.id).await.unwrap().standing();
    world.cut_user(&user).await;
    let opening = rescind::session::OpenSession { standing: Some(read), ..world.opening(&user) };
    assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Conflict));

    let read = world.store.credentials(world.tenant, user.id).await.unwrap().standing();
    world.cut(rescind::ledger::CutTarget::Tenant { tenant: world.tenant }).await;
    let opening = rescind::session::OpenSession { standing: Some(read), ..world.opening(&user) };
    assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Conflict));

    let read = world.store.credentials(world.tenant, user.id).await.unwrap().standing();
    let opening = rescind::session::OpenSession { standing: Some(read), ..world.opening(&user) };
    world.store.open(opening).await.unwrap();
}

/// It ends no sessions, and the new one carries the new role.
pub async fn a_role_change_since_the_standing_was_read_is_none(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let read = world.store.credentials(world.tenant, user.id).await.unwrap().standing();
    let mut change = world.user_change(&user);
    change.role = Some("editor".to_owned());
    let changed = world.store.change_user(change).await.unwrap().value;
    let opening = rescind::session::OpenSession { standing: Some(read), ..world.opening(&user) };
    let chain = world.store.open(opening).await.unwrap().chain;
    assert_eq!((chain.role.as_str(), chain.standing.token_version), ("editor", changed.token_version));
}

/// A disabled user, a deleted one, and one of a suspended tenant.
pub async fn whoever_is_barred_opens_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let (jane, john, joan) = (
        world.user("jane@example.com").await,
        world.user("john@example.com").await,
        world.user("joan@example.com").await,
    );
    let mut change = world.user_change(&jane);
    change.disabled = Some(true);
    world.store.change_user(change).await.unwrap();
    assert_eq!(world.store.open(world.opening(&jane)).await.err(), Some(StoreError::Conflict));

    let read = world.store.credentials(world.tenant, john.id).await.unwrap().standing();
    world.store.delete_user(world.tenant, john.id, true, world.access_exp(), world.by()).await.unwrap();
    let opening = world.opening(&john);
    assert_eq!(world.store.open(opening.clone()).await.err(), Some(StoreError::NotFound));
    let opening = rescind::session::OpenSession { standing: Some(read), ..opening };
    assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Conflict));

    let suspension = TenantChange {
        tenant: world.tenant,
        name: None,
        suspended: Some(true),
        access_exp: world.access_exp(),
        by: world.by(),
    };
    world.store.change_tenant(suspension).await.unwrap();
    assert_eq!(world.store.open(world.opening(&joan)).await.err(), Some(StoreError::Conflict));
}

/// A backend's user need not be made first.
pub async fn an_unknown_user_is_made_from_a_profile(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    let id = UserId(world.id());
    let opened = world.hand_over(&client, id, profile("jane@example.com", "member")).await;
    assert_eq!((opened.user.email.as_str(), opened.user.role.as_str()), ("jane@example.com", "member"));
    assert_eq!(opened.chain.client, Some(client.id));
    assert_eq!(world.store.user(Some(world.tenant), id).await.unwrap(), opened.user);
    assert!(opened.entries.is_empty());
    assert!(world.store.credentials(world.tenant, id).await.unwrap().password.is_none());
    let actions: Vec<_> = world.audit().await.into_iter().map(|entry| entry.action).take(2).collect();
    assert_eq!(actions, [action::SESSION_OPENED, action::USER_CREATED]);
}

/// Sessions live on, and the next refresh carries the new role.
pub async fn a_profile_that_differs_kills_access_tokens_only(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    let id = UserId(world.id());
    let first = world.hand_over(&client, id, profile("jane@example.com", "member")).await;
    world.pass_secs(1);
    let same = world.hand_over(&client, id, profile("jane@example.com", "member")).await;
    assert!(same.entries.is_empty());
    assert_eq!(same.user, first.user);

    let second = world.hand_over(&client, id, profile("jane@example.com", "editor")).await;
    assert_eq!(second.entries.len(), 1);
    assert_eq!(second.entries[0].mark.key, MarkKey::User(id));
    assert_eq!(second.entries[0].mark.min_version, Some(second.user.token_version));
    assert!(second.user.token_version > first.user.token_version);
    assert_eq!(second.user.session_floor, first.user.session_floor);
    assert_eq!(second.chain.standing.token_version, second.user.token_version);
    let Rotated::Rotated(chain) = world.refresh(Held::of(&first.chain)).await else { panic!() };
    assert_eq!((chain.role.as_str(), chain.standing), ("editor", second.chain.standing));
}

/// An email belongs to one user of a tenant.
pub async fn a_profile_with_a_taken_email_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    world.user("jane@example.com").await;
    let client = world.client(None).await;
    let id = UserId(world.id());
    let opening = world.handing_over(&client, id, profile("JANE@example.com", "member"));
    assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Taken("email")));
    assert_eq!(world.store.user(Some(world.tenant), id).await, Err(StoreError::NotFound));
}

/// Whatever it held before stays dead.
pub async fn a_deleted_user_comes_back_from_a_profile_above_the_floor(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    let id = UserId(world.id());
    let first = world.hand_over(&client, id, profile("jane@example.com", "member")).await;
    let deleted =
        world.store.delete_user(world.tenant, id, false, world.access_exp(), world.by()).await.unwrap();
    let second = world.hand_over(&client, id, profile("jane@example.com", "member")).await;
    assert!(Some(second.user.token_version) > deleted.entries[0].mark.min_version);
    assert!(second.user.session_floor > first.user.session_floor);
    assert_eq!(second.number, 2, "numbers go on");
    assert!(matches!(world.refresh(Held::of(&first.chain)).await, Rotated::Revoked));
    world.rotate(Held::of(&second.chain)).await;
}

/// Neither by a profile nor for a user who is one.
pub async fn nobody_becomes_or_opens_for_an_admin_without_leave(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    let mut admin = world.new_user("root@example.com");
    admin.role = ADMIN_ROLE.to_owned();
    let admin = world.store.create_user(admin, action::USER_CREATED, world.by()).await.unwrap();
    let user = world.user("jane@example.com").await;
    for (id, email, role) in [
        (UserId(world.id()), "new@example.com", ADMIN_ROLE),
        (user.id, "jane@example.com", ADMIN_ROLE),
        (admin.id, "root@example.com", ADMIN_ROLE),
        (admin.id, "root@example.com", "member"),
    ] {
        let mut opening = world.handing_over(&client, id, profile(email, role));
        opening.may_touch_admins = false;
        assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Forbidden), "{email} as {role}");
    }
    assert_eq!(world.user_now(&user).await, user);
    assert_eq!(world.user_now(&admin).await, admin);
    world.hand_over(&client, admin.id, profile("root@example.com", ADMIN_ROLE)).await;
}

/// Whatever the client may do.
pub async fn nobody_opens_by_profile_in_the_system_tenant(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    let mut opening = world.handing_over(&client, UserId(world.id()), profile("x@example.com", "member"));
    opening.tenant = world.system;
    assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Forbidden));
}

/// It may have been deleted while its request was on the way.
pub async fn a_deleted_client_opens_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    world.store.delete_client(None, client.id, world.access_exp(), world.by()).await.unwrap();
    let opening = world.handing_over(&client, UserId(world.id()), profile("x@example.com", "member"));
    assert_eq!(world.store.open(opening).await.err(), Some(StoreError::Conflict));
}

/// Not the oldest: the one that was longest not used.
pub async fn the_least_recently_used_session_gives_way(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut opened = Vec::new();
    for _ in 0..2 {
        opened.push(world.open(&user).await);
        world.pass(Duration::from_secs(1));
    }
    world.rotate(Held::of(&opened[0].chain)).await;
    let mut third = world.opening(&user);
    third.max_sessions = 2;
    let third = world.store.open(third).await.unwrap();
    assert_eq!(third.entries.len(), 1);
    assert_eq!(third.entries[0].mark.key, MarkKey::Session(opened[1].chain.session));
    assert_eq!(world.status(opened[0].chain.session).await, Status::Active);
    assert!(matches!(world.status(opened[1].chain.session).await, Status::Revoked(_)));
    let audit = world.audit().await;
    assert_eq!(audit[1].action, action::SESSION_DISPLACED);
    assert_eq!(audit[1].target.id, Some(opened[1].chain.session.to_string()));

    let mut only = world.opening(&user);
    only.max_sessions = 1;
    assert_eq!(world.store.open(only).await.unwrap().entries.len(), 2);
}

/// No user, no entry, no number.
pub async fn an_opening_that_is_refused_leaves_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let first = world.open(&user).await;
    let (ledger, audit) = (world.ledger().await, world.audit().await);
    let mut again = world.opening(&user);
    again.id = first.chain.session;
    again.max_sessions = 1;
    assert!(world.store.open(again).await.is_err(), "the id is taken");
    assert_eq!((world.ledger().await, world.audit().await), (ledger, audit));
    assert_eq!(world.status(first.chain.session).await, Status::Active);
    assert_eq!(world.open(&user).await.number, 2);
}
