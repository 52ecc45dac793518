//! API clients.

use std::time::Duration;

use rescind::directory::{ClientSecretHash, SecretRotation, TenantChange};
use rescind::id::{ClientId, UserId};
use rescind::ledger::MarkKey;
use rescind::session::{Profile, Rotated, Status};
use rescind::store::{PageRequest, StoreError};

use super::{Backend, Held, World, all};

/// With its secret's hash.
pub async fn a_client_is_read_back_as_it_was_made(backend: Backend) {
    let world = World::new(backend).await;
    let mut new = world.new_client(Some(world.tenant));
    new.refresh_requires_secret = true;
    let made = world.store.create_client(new.clone(), world.by()).await.unwrap();
    assert_eq!((made.id, &made.name, made.scopes), (new.id, &new.name, new.scopes));
    assert_eq!((made.tenant, made.refresh_requires_secret), (Some(world.tenant), true));
    assert_eq!((made.created_at, made.last_used_at), (world.now(), None));
    assert_eq!(world.store.client(new.id, world.now()).await, Ok((made, vec![new.secret])));
    let unknown = ClientId(world.id());
    assert_eq!(world.store.client(unknown, world.now()).await.err(), Some(StoreError::NotFound));
    let nowhere = world.new_client(Some(rescind::id::TenantId(world.id())));
    assert_eq!(world.store.create_client(nowhere, world.by()).await.err(), Some(StoreError::NotFound));
}

/// For as long as was asked, so that a secret is changed without an outage.
pub async fn a_rotated_secret_overlaps(backend: Backend) {
    let world = World::new(backend).await;
    let new = world.new_client(None);
    world.store.create_client(new.clone(), world.by()).await.unwrap();
    let rotate = |secret: [u8; 32], secs| SecretRotation {
        within: None,
        client: new.id,
        secret: ClientSecretHash(secret),
        old_until: world.now().plus(Duration::from_secs(secs)),
    };
    let second = world.hash();
    world.store.rotate_client_secret(rotate(second, 60), world.by()).await.unwrap();
    let secrets = async || world.store.client(new.id, world.now()).await.unwrap().1;
    assert_eq!(secrets().await, [ClientSecretHash(second), new.secret]);
    world.pass_secs(60);
    assert_eq!(secrets().await, [ClientSecretHash(second)]);
    let third = world.hash();
    world.store.rotate_client_secret(rotate(third, 0), world.by()).await.unwrap();
    assert_eq!(secrets().await, [ClientSecretHash(third)], "without an overlap, at once");
}

/// A suspended tenant's backends are locked out with its users, and let in again with them.
pub async fn a_client_of_a_suspended_tenant_has_no_good_secret(backend: Backend) {
    let world = World::new(backend).await;
    let new = world.new_client(Some(world.tenant));
    world.store.create_client(new.clone(), world.by()).await.unwrap();
    let secrets = async || world.store.client(new.id, world.now()).await.unwrap().1;
    let suspend = async |suspended| {
        let change = TenantChange {
            tenant: world.tenant,
            name: None,
            suspended: Some(suspended),
            access_exp: world.access_exp(),
            by: world.by(),
        };
        world.store.change_tenant(change).await.unwrap();
    };
    suspend(true).await;
    assert_eq!(secrets().await, []);
    suspend(false).await;
    assert_eq!(secrets().await, [new.secret]);
}

/// Oldest first, in pages, without those deleted.
pub async fn clients_are_listed_by_tenant(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let mut all_of_them = Vec::new();
    for tenant in [None, Some(world.tenant), Some(other.id), Some(world.tenant), None] {
        all_of_them.push(world.client(tenant).await);
        world.pass_secs(1);
    }
    let gone = world.client(Some(world.tenant)).await;
    world.store.delete_client(None, gone.id, world.access_exp(), world.by()).await.unwrap();
    let own = world.store.clients(Some(world.tenant), &all()).await.unwrap().items;
    assert_eq!(own, [all_of_them[1].clone(), all_of_them[3].clone()]);
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.store.clients(None, &PageRequest { limit: 2, cursor }).await.unwrap();
        seen.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, all_of_them);
}

/// Another tenant's, or one of none, does not exist for it.
pub async fn a_bound_admin_reaches_its_own_clients_only(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    for client in [world.client(None).await, world.client(Some(other.id)).await] {
        let rotation = SecretRotation {
            within: Some(world.tenant),
            client: client.id,
            secret: ClientSecretHash(world.hash()),
            old_until: world.now(),
        };
        let rotated = world.store.rotate_client_secret(rotation, world.by()).await;
        assert_eq!(rotated.err(), Some(StoreError::NotFound));
        let within = Some(world.tenant);
        let deleted = world.store.delete_client(within, client.id, world.access_exp(), world.by()).await;
        assert_eq!(deleted.err(), Some(StoreError::NotFound));
    }
    let own = world.client(Some(world.tenant)).await;
    world.store.delete_client(Some(world.tenant), own.id, world.access_exp(), world.by()).await.unwrap();
}

/// And kills every token that carries its id; for its own tenant where it is bound.
pub async fn deleting_a_client_ends_its_sessions(backend: Backend) {
    let world = World::new(backend).await;
    for tenant in [None, Some(world.tenant)] {
        let (client, other) = (world.client(tenant).await, world.client(tenant).await);
        let user = UserId(world.id());
        let profile = || Profile { email: format!("{}@example.com", user), role: "member".to_owned() };
        let dead = Held::of(&world.hand_over(&client, user, profile()).await.chain);
        let alive = Held::of(&world.hand_over(&other, user, profile()).await.chain);
        let changed =
            world.store.delete_client(None, client.id, world.access_exp(), world.by()).await.unwrap();
        assert_eq!((changed.revoked, changed.entries.len()), (1, 1));
        let mark = &changed.entries[0].mark;
        assert_eq!((&mark.key, mark.tenant), (&MarkKey::Client(client.id), tenant));
        assert!(matches!(world.refresh(dead).await, Rotated::Revoked));
        let Status::Revoked(ending) = world.status(dead.session).await else { panic!() };
        assert_eq!((ending.at, ending.reason.as_deref()), (world.now(), Some("client_deleted")));
        world.rotate(alive).await;
        let again = world.store.delete_client(None, client.id, world.access_exp(), world.by()).await;
        assert_eq!(again.err(), Some(StoreError::NotFound));
        assert_eq!(world.store.client(client.id, world.now()).await.err(), Some(StoreError::NotFound));
    }
}

/// Not by the request: a busy client would be written all the time.
pub async fn a_use_is_noted_by_the_minute(backend: Backend) {
    let world = World::new(backend).await;
    let client = world.client(None).await;
    let audit = world.audit().await;
    let noted = async || {
        world.store.note_client_use(client.id, world.now()).await.unwrap();
        world.store.client(client.id, world.now()).await.unwrap().0.last_used_at.unwrap()
    };
    let first = world.now();
    assert_eq!(noted().await, first);
    world.pass(Duration::from_millis(59_999));
    assert_eq!(noted().await, first);
    world.pass(Duration::from_millis(1));
    assert_eq!(noted().await, world.now());
    assert_eq!(world.audit().await, audit);
    world.store.note_client_use(ClientId(world.id()), world.now()).await.unwrap();
}
