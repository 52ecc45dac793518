//! Tenants and users.

use std::sync::Arc;
use std::time::Duration;

use rescind::audit::{AuditFilter, action};
use rescind::directory::{ADMIN_ROLE, NewTenant, PasswordHash, TenantChange, UserFilter};
use rescind::id::{TenantId, UserId};
use rescind::ledger::MarkKey;
use rescind::session::{Device, Rotated, Status};
use rescind::store::{PageRequest, StoreError};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Backend, Held, World, all};

/// However many start at once, and whatever came of the first one's tenants.
pub async fn the_first_start_is_only_one(backend: Backend) {
    let world = World::empty(backend);
    assert_eq!(world.store.tenant_by_slug("system").await.err(), Some(StoreError::NotFound));
    assert_eq!(world.store.first_start(world.first_start()).await, Ok(true));
    let system = world.store.tenant_by_slug("system").await.unwrap();
    assert_eq!((system.id, system.suspended, system.created_at), (world.system, false, world.now()));
    assert_eq!(world.store.tenant_by_slug("default").await.unwrap().id, world.tenant);
    let operator = world.store.credentials_by_email(world.system, "ADMIN@localhost").await.unwrap();
    assert!(operator.user.is_admin() && operator.tenant == system);
    assert_eq!(operator.password, Some(PasswordHash("operator".to_owned())));
    let mut again = world.first_start();
    again.operator.email = "thief@example.com".to_owned();
    assert_eq!(world.store.first_start(again).await, Ok(false));
    let filter = UserFilter { tenant: Some(world.system), ..UserFilter::default() };
    assert_eq!(world.store.users(&filter, &all()).await.unwrap().items.len(), 1);
    let actions: Vec<_> = world.audit().await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [action::USER_CREATED, action::TENANT_CREATED, action::TENANT_CREATED]);
}

/// In pages.
pub async fn tenants_are_listed_oldest_first(backend: Backend) {
    let world = World::new(backend).await;
    let mut made = vec![world.system, world.tenant];
    for slug in ["zulu", "alpha", "mike"] {
        world.pass_secs(1);
        made.push(world.new_tenant(slug).await.id);
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.store.tenants(&PageRequest { limit: 2, cursor }).await.unwrap();
        seen.extend(page.items.into_iter().map(|tenant| tenant.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

/// The second one makes nothing.
pub async fn a_slug_is_taken_once(backend: Backend) {
    let world = World::new(backend).await;
    let tenant = NewTenant { id: TenantId(world.id()), slug: "default".to_owned(), name: "x".to_owned() };
    let id = tenant.id;
    assert_eq!(world.store.create_tenant(tenant, world.by()).await.err(), Some(StoreError::Taken("slug")));
    assert_eq!(world.store.tenant(id).await.err(), Some(StoreError::NotFound));
}

/// Letting it in again revives nothing.
pub async fn suspending_a_tenant_ends_everything_and_only_once(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let before = world.store.tenant(world.tenant).await.unwrap();
    let change = |suspended, name: Option<&str>| {
        world.store.change_tenant(TenantChange {
            tenant: world.tenant,
            name: name.map(str::to_owned),
            suspended,
            access_exp: world.access_exp(),
            by: world.by(),
        })
    };
    let renamed = change(None, Some("Renamed")).await.unwrap();
    assert_eq!((renamed.value.name.as_str(), renamed.entries.len(), renamed.revoked), ("Renamed", 0, 0));
    assert_eq!(renamed.value.token_version, before.token_version);

    let suspended = change(Some(true), None).await.unwrap();
    assert!(suspended.value.suspended);
    assert_eq!((suspended.revoked, suspended.entries.len()), (1, 1));
    assert_eq!(suspended.entries[0].mark.key, MarkKey::Tenant(world.tenant));
    assert_eq!(suspended.entries[0].mark.min_version, Some(suspended.value.token_version));
    assert!(suspended.value.session_floor > before.session_floor);
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));

    let trail = world.audit().await;
    let again = change(Some(true), None).await.unwrap();
    assert_eq!((again.entries.len(), again.revoked, &again.value), (0, 0, &suspended.value));
    assert_eq!(world.audit().await, trail);

    let back = change(Some(false), None).await.unwrap();
    assert_eq!((back.value.suspended, back.entries.len()), (false, 0));
    assert_eq!(back.value.token_version, suspended.value.token_version);
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    world.rotate(Held::of(&world.open(&user).await.chain)).await;
    let nowhere = TenantChange {
        tenant: TenantId(world.id()),
        name: None,
        suspended: None,
        access_exp: world.access_exp(),
        by: world.by(),
    };
    assert_eq!(world.store.change_tenant(nowhere).await.err(), Some(StoreError::NotFound));
}

/// And kept as they were given.
pub async fn emails_are_unique_within_a_tenant_without_regard_to_case(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("Jane@Example.com").await;
    let taken = world.store.create_user(world.new_user("jane@example.COM"), action::USER_CREATED, world.by());
    assert_eq!(taken.await.err(), Some(StoreError::Taken("email")));
    let mut elsewhere = world.new_user("jane@example.com");
    elsewhere.tenant = other.id;
    world.store.create_user(elsewhere, action::USER_CREATED, world.by()).await.unwrap();
    let found = world.store.credentials_by_email(world.tenant, "JANE@example.com").await.unwrap();
    assert_eq!((found.user.id, found.user.email.as_str()), (user.id, "Jane@Example.com"));
    let john = world.user("john@example.com").await;
    let mut change = world.user_change(&john);
    change.email = Some("JANE@EXAMPLE.COM".to_owned());
    assert_eq!(world.store.change_user(change).await.err(), Some(StoreError::Taken("email")));
    assert_eq!(world.user_now(&john).await, john);
    let mut change = world.user_change(&user);
    change.email = Some("JANE@EXAMPLE.COM".to_owned());
    world.store.change_user(change).await.unwrap();
    let missing = world.store.credentials_by_email(world.tenant, "nobody@example.com").await;
    // A NUL is in no text, and an error in none.
    let nul = world.store.credentials_by_email(world.tenant, "jane\0@example.com").await;
    assert_eq!(nul.err(), Some(StoreError::NotFound));
    assert_eq!(world.store.tenant_by_slug("system\0").await.err(), Some(StoreError::NotFound));
    assert_eq!(missing.err(), Some(StoreError::NotFound));
}

/// Without a tenant, one that exists twice is ambiguous.
pub async fn a_user_id_is_unique_within_its_tenant_only(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("jane@example.com").await;
    assert_eq!(world.store.user(None, user.id).await, Ok(user.clone()));
    assert_eq!(world.store.user(Some(other.id), user.id).await, Err(StoreError::NotFound));
    let mut again = world.new_user("other@example.com");
    again.id = user.id;
    let taken = world.store.create_user(again.clone(), action::USER_CREATED, world.by()).await;
    assert_eq!(taken.err(), Some(StoreError::Taken("user_id")));
    again.tenant = other.id;
    let twin = world.store.create_user(again, action::USER_CREATED, world.by()).await.unwrap();
    assert_eq!(world.store.user(None, user.id).await, Err(StoreError::Ambiguous));
    assert_eq!(world.store.user(Some(other.id), user.id).await, Ok(twin));
    world.store.delete_user(other.id, user.id, true, world.access_exp(), world.by()).await.unwrap();
    assert_eq!(world.store.user(None, user.id).await, Ok(user));
    let mut nowhere = world.new_user("x@example.com");
    nowhere.tenant = TenantId(world.id());
    let nowhere = world.store.create_user(nowhere, action::USER_CREATED, world.by()).await;
    assert_eq!(nowhere.err(), Some(StoreError::NotFound));
}

/// `%` and `_` mean themselves.
pub async fn users_are_searched_literally(backend: Backend) {
    let world = World::new(backend).await;
    let percent = world.user("100%@example.com").await;
    let under = world.user("a_b@example.com").await;
    let plain = world.user("aXb@EXAMPLE.com").await;
    let search = async |query: &str| {
        let filter =
            UserFilter { tenant: Some(world.tenant), query: Some(query.to_owned()), ..UserFilter::default() };
        let found = world.users_of(&filter).await;
        found.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(search("%").await, [percent.id]);
    assert_eq!(search("A_B").await, [under.id]);
    assert_eq!(search("axb@example").await, [plain.id]);
    assert_eq!(search("\\").await, []);
    assert_eq!(search(&plain.id.to_string()).await, [plain.id]);
    assert_eq!(search("example.com").await.len(), 3);
}

/// One of each tenant at most, without regard to ASCII case.
pub async fn a_user_is_found_by_the_whole_address(backend: Backend) {
    let world = World::new(backend).await;
    let jane = world.user("Jane@example.com").await;
    world.user("not-jane@example.com").await;
    let mut elsewhere = world.new_user("jane@EXAMPLE.com");
    elsewhere.tenant = world.new_tenant("other").await.id;
    let elsewhere = world.store.create_user(elsewhere, action::USER_CREATED, world.by()).await.unwrap();
    let gone = world.user("gone@example.com").await;
    world.store.delete_user(gone.tenant, gone.id, true, world.access_exp(), world.by()).await.unwrap();
    let found = async |tenant, email: &str| {
        let filter = UserFilter { tenant, email: Some(email.to_owned()), ..UserFilter::default() };
        let mut found: Vec<_> = world.users_of(&filter).await.into_iter().map(|user| user.id).collect();
        found.sort_unstable();
        found
    };
    let mut both = [jane.id, elsewhere.id];
    both.sort_unstable();
    assert_eq!(found(None, "jane@example.com").await, both);
    assert_eq!(found(Some(jane.tenant), "jane@example.com").await, [jane.id]);
    let by_id = UserFilter { id: Some(jane.id), ..UserFilter::default() };
    assert_eq!(world.users_of(&by_id).await, std::slice::from_ref(&jane));
    let nowhere = UserFilter { tenant: Some(elsewhere.tenant), ..by_id };
    assert_eq!(world.users_of(&nowhere).await, []);
    for stranger in ["jane@example", "ane@example.com", "%@example.com", "gone@example.com", ""] {
        assert_eq!(found(None, stranger).await, [], "{stranger}");
    }
}

/// Each once, in the same order each time.
pub async fn users_are_listed_in_pages_and_by_tenant(backend: Backend) {
    let world = World::new(backend).await;
    for n in 0..5 {
        world.user(&format!("user{n}@example.com")).await;
    }
    let listed = async |filter: UserFilter| {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = world.store.users(&filter, &PageRequest { limit: 2, cursor }).await.unwrap();
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break seen;
            }
        }
    };
    let everybody = listed(UserFilter::default()).await;
    assert_eq!(everybody.len(), 6);
    assert_eq!(listed(UserFilter::default()).await, everybody);
    let own = listed(UserFilter { tenant: Some(world.tenant), ..UserFilter::default() }).await;
    let but_system = listed(UserFilter { except: Some(world.system), ..UserFilter::default() }).await;
    assert_eq!((own.len(), &own), (5, &but_system));
}

/// Access tokens die, sessions live.
pub async fn a_role_or_email_change_raises_the_version_only(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let mut version = user.token_version;
    for (role, email) in [(Some("editor"), None), (None, Some("jd@example.com"))] {
        let mut change = world.user_change(&user);
        (change.role, change.email) = (role.map(str::to_owned), email.map(str::to_owned));
        change.reason = Some("asked for".to_owned());
        let changed = world.store.change_user(change).await.unwrap();
        assert!(changed.value.token_version > version);
        version = changed.value.token_version;
        assert_eq!((changed.value.session_floor, changed.revoked), (user.session_floor, 0));
        assert_eq!(changed.entries.len(), 1);
        assert_eq!(changed.entries[0].mark.key, MarkKey::User(user.id));
        assert_eq!(changed.entries[0].mark.min_version, Some(version));
        assert_eq!(changed.entries[0].reason.as_deref(), Some("asked for"));
    }
    assert_eq!(world.user_now(&user).await.email, "jd@example.com");
    world.rotate(held).await;
}

/// The one session that changed it is lifted.
pub async fn a_password_change_ends_everything_but_one(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let (own, other) = (world.open(&user).await.chain, world.open(&user).await.chain);
    let mut change = world.user_change(&user);
    (change.password, change.spare) = (Some(PasswordHash("new".to_owned())), Some(own.session));
    change.action = action::PASSWORD_CHANGED;
    let changed = world.store.change_user(change.clone()).await.unwrap();
    assert_eq!((changed.revoked, changed.entries.len()), (1, 1));
    assert!(changed.value.session_floor > user.session_floor);
    let credentials = world.store.credentials(world.tenant, user.id).await.unwrap();
    assert_eq!(credentials.password, Some(PasswordHash("new".to_owned())));
    assert!(matches!(world.refresh(Held::of(&other)).await, Rotated::Revoked));
    world.rotate(Held::of(&own)).await;
    assert_eq!(world.audit().await[0].action, action::PASSWORD_CHANGED);
    world.cut_session(own.session).await;
    assert_eq!(world.store.change_user(change).await.err(), Some(StoreError::NotFound));
}

/// Two who both know the old one: one wins.
pub async fn a_password_is_changed_only_if_it_is_still_the_same(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let old = world.store.credentials(world.tenant, user.id).await.unwrap().password;
    let change = |new: &str| {
        let mut change = world.user_change(&user);
        (change.password, change.only_if_password) = (Some(PasswordHash(new.to_owned())), old.clone());
        change
    };
    world.store.change_user(change("first")).await.unwrap();
    assert_eq!(world.store.change_user(change("second")).await.err(), Some(StoreError::Conflict));
    let now = world.store.credentials(world.tenant, user.id).await.unwrap().password;
    assert_eq!(now, Some(PasswordHash("first".to_owned())));
}

/// Whoever was signed in signs in anew.
pub async fn disabling_ends_everything_and_enabling_revives_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let set = async |disabled| {
        let mut change = world.user_change(&user);
        change.disabled = Some(disabled);
        world.store.change_user(change).await.unwrap()
    };
    let disabled = set(true).await;
    assert_eq!((disabled.revoked, disabled.entries.len(), disabled.value.disabled), (1, 1, true));
    let Status::Revoked(_) = world.status(held.session).await else { panic!() };
    let trail = world.audit().await;
    assert_eq!(set(true).await.entries, []);
    assert_eq!(world.audit().await, trail);
    let enabled = set(false).await;
    assert_eq!((enabled.entries.len(), enabled.value.disabled), (0, false));
    assert_eq!(enabled.value.token_version, disabled.value.token_version);
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    world.rotate(Held::of(&world.open(&user).await.chain)).await;
}

/// Neither changed, nor deleted, nor made of somebody else.
pub async fn an_admin_is_not_touched_without_leave(backend: Backend) {
    let world = World::new(backend).await;
    let mut admin = world.new_user("root@example.com");
    admin.role = ADMIN_ROLE.to_owned();
    let admin = world.store.create_user(admin, action::USER_CREATED, world.by()).await.unwrap();
    let user = world.user("jane@example.com").await;
    let forbidden = Some(StoreError::Forbidden);
    for (who, role) in [(&admin, Some("member")), (&admin, None), (&user, Some(ADMIN_ROLE))] {
        let mut change = world.user_change(who);
        (change.role, change.may_touch_admins) = (role.map(str::to_owned), false);
        change.password = Some(PasswordHash("stolen".to_owned()));
        assert_eq!(world.store.change_user(change).await.err(), forbidden, "{role:?}");
    }
    let deleted = world.store.delete_user(world.tenant, admin.id, false, world.access_exp(), world.by());
    assert_eq!(deleted.await.err(), forbidden);
    assert_eq!(world.user_now(&admin).await, admin);
    assert_eq!(world.user_now(&user).await, user);
}

/// Neither barred, nor given another role, nor deleted; until there is another, with a password to sign in by.
pub async fn the_last_operator_stays_one(backend: Backend) {
    let world = World::new(backend).await;
    let root = world.store.credentials_by_email(world.system, "admin@localhost").await.unwrap().user;
    let stays = Some(StoreError::LastOperator);
    let attempt = async || {
        let mut told = Vec::new();
        for (role, disabled) in [(None, Some(true)), (Some("member"), None), (Some("member"), Some(true))] {
            let mut change = world.user_change(&root);
            (change.role, change.disabled) = (role.map(str::to_owned), disabled);
            told.push(world.store.change_user(change).await.err());
        }
        let deleted = world.store.delete_user(world.system, root.id, true, world.access_exp(), world.by());
        told.push(deleted.await.err());
        told
    };
    let (ledger, trail) = (world.ledger().await, world.audit().await);
    assert_eq!(attempt().await, vec![stays.clone(); 4]);
    assert_eq!((world.ledger().await, world.audit().await), (ledger, trail));
    assert_eq!(world.user_now(&root).await, root);

    // None of these could sign in and undo it.
    for (email, role, has_password) in
        [("member@localhost", "member", true), ("nobody@localhost", ADMIN_ROLE, false)]
    {
        world.operator(email, role, has_password).await;
    }
    let barred = world.operator("barred@localhost", ADMIN_ROLE, true).await;
    let mut change = world.user_change(&barred);
    change.disabled = Some(true);
    world.store.change_user(change).await.unwrap();
    let mut elsewhere = world.new_user("chief@example.com");
    elsewhere.role = ADMIN_ROLE.to_owned();
    world.store.create_user(elsewhere, action::USER_CREATED, world.by()).await.unwrap();
    assert_eq!(attempt().await, vec![stays; 4]);

    // What leaves it an operator is done, as ever.
    let mut change = world.user_change(&root);
    (change.email, change.password) =
        (Some("root@localhost".to_owned()), Some(PasswordHash("new".to_owned())));
    world.store.change_user(change).await.unwrap();
    world.operator("second@localhost", ADMIN_ROLE, true).await;
    let mut change = world.user_change(&root);
    change.disabled = Some(true);
    assert!(world.store.change_user(change).await.unwrap().value.disabled);
    world.store.delete_user(world.system, root.id, true, world.access_exp(), world.by()).await.unwrap();
}

/// Each bars the other, at once.
pub async fn of_two_operators_who_bar_each_other_one_stays(backend: Backend) {
    let world = Arc::new(World::new(backend).await);
    let root = world.store.credentials_by_email(world.system, "admin@localhost").await.unwrap().user;
    let second = world.operator("second@localhost", ADMIN_ROLE, true).await;
    for _ in 0..20 {
        let mut both = JoinSet::new();
        for user in [root.clone(), second.clone()] {
            let world = Arc::clone(&world);
            both.spawn(async move {
                let mut change = world.user_change(&user);
                change.disabled = Some(true);
                world.store.change_user(change).await.err()
            });
        }
        let mut told = both.join_all().await;
        told.sort_by_key(Option::is_some);
        assert_eq!(told, [None, Some(StoreError::LastOperator)]);
        for user in [&root, &second] {
            let mut change = world.user_change(user);
            change.disabled = Some(false);
            world.store.change_user(change).await.unwrap();
        }
    }
}

/// What is personal, everywhere; ids stay.
pub async fn deleting_a_user_ends_and_erases(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let other = world.user("john@example.com").await;
    let mut opening = world.opening(&user);
    opening.claims.insert("name".to_owned(), json!("Jane Doe"));
    let held = Held::of(&world.store.open(opening).await.unwrap().chain);
    let kept = world.open(&other).await.chain.session;
    world.pass_secs(1);
    let deleted =
        world.store.delete_user(world.tenant, user.id, false, world.access_exp(), world.by()).await.unwrap();
    assert_eq!((deleted.revoked, deleted.entries.len()), (1, 1));
    assert_eq!(deleted.entries[0].mark.key, MarkKey::User(user.id));
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    let missing = Some(StoreError::NotFound);
    assert_eq!(world.store.user(Some(world.tenant), user.id).await.err(), missing);
    assert_eq!(world.store.credentials(world.tenant, user.id).await.err(), missing);
    assert_eq!(world.store.credentials_by_email(world.tenant, "jane@example.com").await.err(), missing);
    let again = world.store.delete_user(world.tenant, user.id, true, world.access_exp(), world.by());
    assert_eq!(again.await.err(), missing);

    let session = world.session(held.session).await;
    assert_eq!(session.device, Device::default());
    let Status::Revoked(ending) = session.status else { panic!() };
    assert_eq!(ending.at, world.now());
    let filter = AuditFilter { user: Some(user.id), tenant: Some(world.tenant), ..AuditFilter::default() };
    let trail = world.audit_of(&filter).await;
    assert_eq!(trail.len(), 3, "made, signed in, deleted");
    assert!(trail.iter().all(|entry| entry.ip.is_none()));
    assert_ne!(world.session(kept).await.device, Device::default());
    let filter = AuditFilter { user: Some(other.id), ..filter };
    assert!(world.audit_of(&filter).await.iter().all(|entry| entry.ip.is_some()));
    world.user("jane@example.com").await;
}

/// Nothing that it held is good again.
pub async fn a_deleted_user_comes_back_above_its_old_versions(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let deleted =
        world.store.delete_user(world.tenant, user.id, true, world.access_exp(), world.by()).await.unwrap();
    // The clock may have stepped back since.
    world.set_now(world.now().minus(Duration::from_secs(3600)));
    let mut again = world.new_user("jd@example.com");
    (again.id, again.password) = (user.id, None);
    let again = world.store.create_user(again, action::USER_CREATED, world.by()).await.unwrap();
    assert!(Some(again.token_version) > deleted.entries[0].mark.min_version);
    assert!(again.session_floor > user.session_floor + 1);
    assert_eq!((again.email.as_str(), again.created_at), ("jd@example.com", world.now()));
    assert_eq!(world.store.credentials(world.tenant, user.id).await.unwrap().password, None);
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    assert_eq!(world.open(&again).await.number, 2);
}

/// No version, no entry, no record.
pub async fn a_change_that_changes_nothing_leaves_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let trail = world.audit().await;
    let mut change = world.user_change(&user);
    (change.role, change.email) = (Some(user.role.clone()), Some(user.email.clone()));
    change.disabled = Some(false);
    let changed = world.store.change_user(change).await.unwrap();
    assert_eq!((changed.value, changed.entries.len(), changed.revoked), (user, 0, 0));
    assert_eq!((world.audit().await, world.ledger().await), (trail, Vec::new()));
    let nobody = rescind::directory::User { id: UserId(world.id()), ..world.user("x@example.com").await };
    let missing = world.store.change_user(world.user_change(&nobody)).await;
    assert_eq!(missing.err(), Some(StoreError::NotFound));
}
