//! Writing back what a ledger has lost.

use std::sync::Arc;
use std::time::Duration;

use rescind::audit::{Actor, action};
use rescind::clock::Timestamp;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::keys::KeyState;
use rescind::ledger::{CutTarget, Entry, Follow, Mark, MarkKey, Reinstate, TokenKey};
use rescind::session::{Rotated, Status};
use rescind::store::StoreError;

use super::{Backend, Held, SIGNING_KID, World};

/// A mark from a history that is no more.
fn lost(world: &World, tenant: Option<TenantId>, key: MarkKey, min_version: Option<i64>) -> Mark {
    let expires_at = match key {
        MarkKey::Key(_) => Timestamp::MAX,
        _ => world.access_exp(),
    };
    Mark { tenant, key, min_version, expires_at }
}

fn jti(world: &World) -> MarkKey {
    MarkKey::Token(TokenKey::from(world.id()))
}

/// A version that a cut has just now given out.
fn version(world: &World) -> i64 {
    world.now().as_millis()
}

async fn reinstate(world: &World, marks: Vec<Mark>) -> Vec<Entry> {
    world.store.reinstate(request(world, marks)).await.unwrap()
}

fn request(world: &World, marks: Vec<Mark>) -> Reinstate {
    Reinstate { marks, access_exp: world.access_exp(), by: world.by_actor(Actor::System) }
}

/// Whatever it is about, and whether or not that is there; and each is recorded.
pub async fn every_kind_of_mark_is_written_back_once(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await.id;
    let id = jti(&world);
    let marks = vec![
        lost(&world, None, id.clone(), None),
        lost(&world, Some(world.tenant), id.clone(), None),
        lost(&world, Some(other), id, None),
        lost(&world, None, MarkKey::Token(TokenKey::new("another's jti")), None),
        lost(&world, Some(other), MarkKey::Digest([7; 32]), None),
        lost(&world, Some(other), MarkKey::Session(SessionId(world.id())), None),
        lost(&world, Some(other), MarkKey::User(UserId(world.id())), Some(version(&world))),
        lost(&world, None, MarkKey::Tenant(TenantId(world.id())), Some(version(&world))),
        lost(&world, None, MarkKey::Client(rescind::id::ClientId(world.id())), None),
        lost(&world, None, MarkKey::Key("a lost kid".into()), None),
    ];
    let (head, trail) = (world.store.head().await.unwrap(), world.audit().await.len());
    let written = reinstate(&world, marks.clone()).await;
    assert_eq!(written.len(), marks.len());
    for (entry, mark) in written.iter().zip(&marks) {
        assert!(entry.mark.expires_at >= mark.expires_at);
        assert_eq!(entry.mark, Mark { expires_at: entry.mark.expires_at, ..mark.clone() });
    }
    assert_eq!(world.ledger().await, written);
    assert_eq!(
        world.store.entries_after(head.cursor, 100).await.unwrap(),
        Follow::Entries(written.clone(), world.store.head().await.unwrap().cursor)
    );
    for (entry, act) in written.iter().rev().zip(world.audit().await) {
        assert_eq!((entry.reason.as_deref(), entry.revoked_by), (Some(REASON), Actor::System));
        assert_eq!((act.action.as_str(), act.actor), (REASON, Actor::System));
        assert_eq!(act.target.id, Some(entry.mark.key.to_string()));
    }
    assert_eq!(world.audit().await.len(), trail + marks.len());
    world.pass_secs(60);
    assert_eq!(reinstate(&world, marks).await, []);
    assert_eq!(world.audit().await.len(), trail + written.len());
}

/// A replica keeps whole seconds, rounded up: nobody's cut is written twice for that.
pub async fn what_stands_is_not_written_again(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let mut cut = world.cutting(CutTarget::Token { key: TokenKey::new("a jti"), tenant: None, user: None });
    cut.expires_at = world.now().plus(Duration::from_millis(7_200_250));
    let token = world.store.cut(cut).await.unwrap().entry.mark;
    let session = world.cut_session(held.session).await.entry.mark;
    let older = world.cut_user(&user).await.entry.mark;
    let newer = world.cut_user(&user).await.entry.mark;
    let before = (world.ledger().await, world.user_now(&user).await);
    let rounded = Mark { expires_at: token.expires_at.plus(Duration::from_millis(750)), ..token };
    for mark in [rounded, session, older, newer] {
        assert_eq!(reinstate(&world, vec![mark]).await, []);
    }
    assert_eq!((world.ledger().await, world.user_now(&user).await), before);
}

/// Everything minted in the history that was lost has expired before.
pub async fn what_is_written_back_outlives_what_was_minted(backend: Backend) {
    let world = World::new(backend).await;
    let mut mark = lost(&world, None, jti(&world), None);
    mark.expires_at = world.now().plus(Duration::from_secs(1));
    assert!(reinstate(&world, vec![mark]).await[0].mark.expires_at >= world.access_exp());
    let cut = world.cut(CutTarget::Digest { digest: [7; 32], tenant: None, user: None }).await;
    assert!(cut.entry.mark.expires_at >= world.access_exp());
}

/// As though it had been extended.
pub async fn an_entry_that_expires_too_early_is_extended_with_the_first_reason(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let target =
        CutTarget::Token { key: TokenKey::new("a jti"), tenant: Some(user.tenant), user: Some(user.id) };
    let first = world.cut(target).await.entry;
    world.pass_secs(60);
    let longer =
        Mark { expires_at: world.access_exp().plus(Duration::from_secs(3600)), ..first.mark.clone() };
    let written = reinstate(&world, vec![longer.clone()]).await;
    assert_eq!(written, [Entry { seq: first.seq + 1, mark: longer, ..first }]);
}

/// Sessions too, since a mark does not say that they lived on; what is minted from now on is good, and no version is given
/// out twice.
pub async fn a_users_version_and_floor_come_back(backend: Backend) {
    let world = World::new(backend).await;
    let (user, other) = (world.user("jane@example.com").await, world.user("joe@example.com").await);
    let held = Held::of(&world.open(&user).await.chain);
    let others = Held::of(&world.open(&other).await.chain);
    world.pass_secs(60);
    let lost_version = version(&world) + 5;
    let mark = lost(&world, Some(user.tenant), MarkKey::User(user.id), Some(lost_version));
    let written = reinstate(&world, vec![mark]).await;
    assert_eq!(written[0].user, Some(user.id));
    let now = world.user_now(&user).await;
    assert_eq!((now.token_version, now.session_floor), (lost_version, lost_version));
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    let Status::Revoked(ended) = world.status(held.session).await else { panic!("it goes on") };
    assert_eq!((ended.reason.as_deref(), ended.by), (Some(REASON), Actor::System));
    world.rotate(others).await;
    assert_eq!(world.open(&user).await.chain.standing.token_version, lost_version);
    assert!(world.cut_user(&user).await.standing.token_version > lost_version);
}

/// Also of a user whom nobody here knows. Of a tenant that is gone there is the mark alone.
pub async fn a_foreign_users_version_comes_back(backend: Backend) {
    let world = World::new(backend).await;
    let (user, nowhere) = (UserId(world.id()), TenantId(world.id()));
    let lost_version = version(&world) + 5000;
    let of = |tenant| lost(&world, Some(tenant), MarkKey::User(user), Some(lost_version));
    assert_eq!(reinstate(&world, vec![of(world.tenant), of(nowhere)]).await.len(), 2);
    let cut = world.cut(CutTarget::ForeignUser { tenant: world.tenant, user }).await;
    assert!(cut.standing.token_version > lost_version, "though the clock is behind it");
}

/// With all that is in it.
pub async fn a_tenants_version_and_floor_come_back(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    world.pass_secs(60);
    let lost_version = version(&world) + 5;
    reinstate(&world, vec![lost(&world, None, MarkKey::Tenant(world.tenant), Some(lost_version))]).await;
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    let Status::Revoked(ended) = world.status(held.session).await else { panic!("it goes on") };
    assert_eq!(ended.reason.as_deref(), Some(REASON));
    assert_eq!(world.open(&user).await.chain.standing.tenant_token_version, lost_version);
    let cut = world.cut(CutTarget::Tenant { tenant: world.tenant }).await;
    assert!(cut.standing.tenant_token_version > lost_version);
}

/// Once; and one of that id in another tenant is another's.
pub async fn a_session_is_ended_again(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await.id;
    let user = world.user("jane@example.com").await;
    let (held, lives) = (world.open(&user).await.chain, world.open(&user).await.chain);
    let marks = |tenant, chain: &rescind::session::Chain| {
        vec![lost(&world, Some(tenant), MarkKey::Session(chain.session), None)]
    };
    reinstate(&world, marks(other, &lives)).await;
    world.rotate(Held::of(&lives)).await;
    assert_eq!(reinstate(&world, marks(user.tenant, &held)).await[0].user, Some(user.id));
    assert!(matches!(world.refresh(Held::of(&held)).await, Rotated::Revoked));
    let Status::Revoked(ended) = world.status(held.session).await else { panic!("it goes on") };
    assert_eq!((ended.reason.as_deref(), ended.by), (Some(REASON), Actor::System));
    let again = world.cut_session(held.session).await;
    assert!(!again.created);
}

/// Its secret is good no longer.
pub async fn a_client_is_deleted_again(backend: Backend) {
    let world = World::new(backend).await;
    let (gone, stays) = (world.client(Some(world.tenant)).await, world.client(None).await);
    let mark = |client, tenant| lost(&world, tenant, MarkKey::Client(client), None);
    reinstate(&world, vec![mark(gone.id, Some(world.tenant)), mark(stays.id, Some(world.tenant))]).await;
    assert_eq!(world.store.client(gone.id, world.now()).await.unwrap_err(), StoreError::NotFound);
    assert_eq!(world.store.client(stays.id, world.now()).await.unwrap().1.len(), 1);
}

/// It signs nothing any more, and every node hears of it.
pub async fn a_key_is_revoked_again(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let before = world.store.head().await.unwrap().keys_version;
    reinstate(&world, vec![lost(&world, None, MarkKey::Key(SIGNING_KID.into()), None)]).await;
    let keys = world.store.keys().await.unwrap().0;
    let key = keys.iter().find(|key| key.kid == SIGNING_KID).unwrap();
    assert_eq!((key.state, key.revoked_at), (KeyState::Revoked, Some(world.now())));
    assert_ne!(world.store.head().await.unwrap().keys_version, before);
    assert_eq!(world.store.open(world.opening(&user)).await.unwrap_err(), StoreError::KeyGone);
}

/// Each mark is written by one of them.
pub async fn nodes_that_write_back_at_once_write_once(backend: Backend) {
    let world = Arc::new(World::new(backend).await);
    let user = world.user("jane@example.com").await;
    let mut marks: Vec<_> = (0..200).map(|_| lost(&world, None, jti(&world), None)).collect();
    marks.push(lost(&world, Some(user.tenant), MarkKey::User(user.id), Some(version(&world) + 5)));
    marks.push(lost(&world, None, MarkKey::Tenant(world.tenant), Some(version(&world) + 5)));
    let mut nodes = tokio::task::JoinSet::new();
    for node in 0..4 {
        let (world, mut marks) = (Arc::clone(&world), marks.clone());
        // In whatever order their replicas hold them.
        marks.rotate_left(node * 50);
        nodes.spawn(async move { reinstate(&world, marks).await.len() });
    }
    assert_eq!(nodes.join_all().await.iter().sum::<usize>(), marks.len());
    assert_eq!(world.ledger().await.len(), marks.len());
}

/// As many as one transaction takes, and in it all or none.
pub async fn the_most_marks_are_written_back_at_once(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut marks: Vec<_> = (2..Reinstate::MOST).map(|_| lost(&world, None, jti(&world), None)).collect();
    let chain = world.open(&user).await.chain;
    marks.push(lost(&world, Some(user.tenant), MarkKey::Session(chain.session), None));
    marks.push(lost(&world, Some(user.tenant), MarkKey::User(user.id), Some(version(&world))));
    let written = reinstate(&world, marks.clone()).await;
    let seqs: Vec<_> = written.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=Reinstate::MOST as i64).collect::<Vec<_>>());
    assert_eq!(world.ledger().await, written);
    assert_eq!(reinstate(&world, marks).await, []);
}

const REASON: &str = action::REVOCATION_REINSTATED;
