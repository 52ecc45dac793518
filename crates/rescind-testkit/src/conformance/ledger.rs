//! Keeping, listing and purging entries.

use std::time::Duration;

use rescind::audit::action;
use rescind::clock::Timestamp;
use rescind::id::{Jti, SessionId, UserId};
use rescind::ledger::{
    Cut, CutKind, CutTarget, EntryFilter, HORIZON_STEP, Mark, MarkIdentity, MarkKey, PurgeOutcome,
    PurgeRequest, TokenKey,
};
use rescind::store::{PageRequest, StoreError};

use super::{Backend, Held, SIGNING_KID, World, all};

fn token(world: &World) -> CutTarget {
    CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None }
}

fn purge(world: &World, before: Timestamp, limit: u32) -> PurgeRequest {
    PurgeRequest { before, limit, dry_run: false, by: world.by() }
}

/// By opening, refreshing, replaying or otherwise; so that shortening their life shortens nothing already given.
pub async fn an_entry_outlives_every_token_minted_before(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut horizon = world.access_exp();
    let mut further = || {
        horizon = horizon.plus(Duration::from_secs(3600));
        horizon
    };
    let mut opening = world.opening(&user);
    opening.access_exp = further();
    let held = Held::of(&world.store.open(opening).await.unwrap().chain);
    let mut reached = Vec::new();
    reached.push(world.cut(token(&world)).await.entry.mark.expires_at);
    for _ in 0..2 {
        let mut rotation = world.rotation(held);
        rotation.access_exp = further();
        world.store.rotate(rotation).await.unwrap();
        reached.push(
            world.cut_user(&world.user(&format!("{}@x", world.next())).await).await.entry.mark.expires_at,
        );
    }
    let (jti, kid) = (Jti(world.id()), SIGNING_KID.to_owned());
    world.store.remint(held.session, jti, further(), kid, world.now()).await.unwrap();
    reached.push(world.cut_session(held.session).await.entry.mark.expires_at);
    let first = world.access_exp();
    let expected: Vec<_> = (1..=4).map(|hours| first.plus(Duration::from_secs(hours * 3600))).collect();
    let early = |(reached, expected): (&Timestamp, &Timestamp)| reached < expected;
    assert!(!reached.iter().zip(&expected).any(early), "{reached:?} {expected:?}");
    let late = |(reached, expected): (&Timestamp, &Timestamp)| *reached > expected.plus(HORIZON_STEP);
    assert!(!reached.iter().zip(&expected).any(late), "{reached:?} {expected:?}");
}

/// It holds for everybody's tokens, and is about one of that tenant's users; with two of that id it is about neither.
pub async fn an_entry_for_everybody_is_listed_for_the_one_user_whom_it_names(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut filter = EntryFilter { tenant: Some(user.tenant), user: Some(user.id), ..EntryFilter::default() };
    let named = |user| CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: Some(user) };
    let entry = world.cut(named(user.id)).await.entry;
    assert_eq!(entry.mark.tenant, None);
    assert_eq!(world.store.entries(&filter, &all()).await.unwrap().items, [entry]);
    let stranger = UserId(world.id());
    let entry = world.cut(named(stranger)).await.entry;
    filter.user = Some(stranger);
    assert_eq!(world.store.entries(&filter, &all()).await.unwrap().items, []);
    filter.tenant = None;
    assert_eq!(world.store.entries(&filter, &all()).await.unwrap().items, [entry]);
}

/// A tenant sees what holds for its tokens only, and what is about itself.
pub async fn entries_are_listed_newest_first_by_what_they_are_about(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("jane@example.com").await;
    let session = world.open(&user).await.chain.session;
    let global = world.cut(token(&world)).await.entry.seq;
    let scoped = CutTarget::Token { key: TokenKey::from(world.id()), tenant: Some(other.id), user: None };
    let scoped = world.cut(scoped).await.entry.seq;
    world.pass_secs(60);
    let since = world.now();
    let session = world.cut_session(session).await.entry.seq;
    let user_cut = world.cut_user(&user).await.entry.seq;
    let tenant_cut = world.cut(CutTarget::Tenant { tenant: world.tenant }).await.entry.seq;
    let everything = EntryFilter::default;
    for (filter, expected) in [
        (everything(), vec![tenant_cut, user_cut, session, scoped, global]),
        (EntryFilter { tenant: Some(world.tenant), ..everything() }, vec![tenant_cut, user_cut, session]),
        (EntryFilter { tenant: Some(other.id), ..everything() }, vec![scoped]),
        (EntryFilter { user: Some(user.id), ..everything() }, vec![user_cut, session]),
        (EntryFilter { user: Some(user.id), tenant: Some(other.id), ..everything() }, vec![]),
        (EntryFilter { kind: Some(CutKind::Token), ..everything() }, vec![scoped, global]),
        (EntryFilter { since: Some(since), ..everything() }, vec![tenant_cut, user_cut, session]),
    ] {
        let listed = world.entries_of(&filter).await;
        assert_eq!(listed.iter().map(|entry| entry.seq).collect::<Vec<_>>(), expected, "{filter:?}");
        let (mut paged, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit: 2, cursor };
            let page = world.store.entries(&filter, &page).await.unwrap();
            paged.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, listed, "{filter:?}");
    }
}

/// Or, where it is a refresh token's, its session's.
pub async fn a_tokens_entry_is_found_within_its_scope(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let key = TokenKey::new("a jti");
    let missing = Err(StoreError::NotFound);
    assert_eq!(world.store.token_entry(&key, None).await, missing);
    let target = CutTarget::Token { key: key.clone(), tenant: Some(world.tenant), user: None };
    let scoped = world.cut(target).await.entry;
    assert_eq!(world.store.token_entry(&key, None).await, Ok(scoped.clone()));
    assert_eq!(world.store.token_entry(&key, Some(world.tenant)).await, Ok(scoped));
    assert_eq!(world.store.token_entry(&key, Some(other.id)).await, missing);
    let target = CutTarget::Token { key: key.clone(), tenant: None, user: None };
    let global = world.cut(target).await.entry;
    assert_eq!(world.store.token_entry(&key, Some(other.id)).await, Ok(global.clone()));
    assert_eq!(world.store.token_entry(&key, None).await, Ok(global));

    let held = Held::of(&world.open(&world.user("jane@example.com").await).await.chain);
    let refresh = TokenKey::from(held.jti.0);
    assert_eq!(world.store.token_entry(&refresh, None).await, missing);
    let cut = world.cut_session(held.session).await.entry;
    assert_eq!(world.store.token_entry(&refresh, Some(world.tenant)).await, Ok(cut));
    assert_eq!(world.store.token_entry(&refresh, Some(other.id)).await, missing);
}

/// Every kind of mark is found by its identity, and by no other: not in another scope, not as another kind, not spelled otherwise.
pub async fn standing_marks_are_found_by_their_identity_alone(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("jane@example.com").await;
    let session = world.open(&user).await.chain.session;
    let (jti, spelled) = (TokenKey::from(world.id()), TokenKey::new("a jti"));
    let by_jti = |key: &TokenKey, tenant| CutTarget::Token { key: key.clone(), tenant, user: None };
    let mut stands = vec![
        world.cut(by_jti(&jti, None)).await.entry.mark,
        world.cut(by_jti(&jti, Some(world.tenant))).await.entry.mark,
        world.cut(by_jti(&spelled, Some(other.id))).await.entry.mark,
        world.cut_session(session).await.entry.mark,
        world.cut_user(&user).await.entry.mark,
        world.cut(CutTarget::Tenant { tenant: world.tenant }).await.entry.mark,
        world.cut(CutTarget::Digest { digest: [7; 32], tenant: None, user: None }).await.entry.mark,
    ];
    let revoked = world.change_keys(|change| change.revoke = vec![SIGNING_KID.to_owned()]).await.unwrap();
    stands.extend(revoked.into_iter().map(|entry| entry.mark));
    for mark in &stands {
        assert_eq!(world.store.standing_marks(&[mark.identity()]).await, Ok(vec![mark.clone()]));
    }
    let asked: Vec<_> = stands.iter().map(Mark::identity).collect();
    assert_eq!(sorted(world.store.standing_marks(&asked).await.unwrap()), sorted(stands.clone()));

    let TokenKey::Uuid(id) = jti else { unreachable!() };
    let bytes_as_text = |key: &str| MarkKey::Token(TokenKey::new(key));
    let strangers = [
        MarkIdentity { tenant: Some(other.id), key: MarkKey::Token(jti.clone()) },
        MarkIdentity { tenant: None, key: MarkKey::Token(spelled) },
        MarkIdentity { tenant: None, key: MarkKey::Session(SessionId(id)) },
        MarkIdentity { tenant: None, key: bytes_as_text(&id.to_string().to_uppercase()) },
        MarkIdentity { tenant: None, key: bytes_as_text(SIGNING_KID) },
        MarkIdentity { tenant: None, key: MarkKey::User(user.id) },
    ];
    assert_eq!(world.store.standing_marks(&strangers).await, Ok(vec![]));
    assert_eq!(world.store.standing_marks(&[]).await, Ok(vec![]));
}

/// Of several entries the highest version and the latest expiry stand, until they are purged.
pub async fn of_several_entries_the_highest_version_and_the_latest_expiry_stand(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    world.cut_user(&user).await;
    world.pass_secs(60);
    let newer = world.cut_user(&user).await.entry.mark;
    assert_eq!(world.store.standing_marks(&[newer.identity()]).await, Ok(vec![newer]));

    let target = token(&world);
    let first = world.cut(target.clone()).await.entry.mark;
    let later = first.expires_at.plus(Duration::from_secs(3600));
    let extended =
        world.store.cut(Cut { expires_at: later, extends: true, ..world.cutting(target) }).await.unwrap();
    let standing = world.store.standing_marks(&[first.identity()]).await.unwrap();
    assert_eq!(standing, [extended.entry.mark]);
    assert!(standing[0].expires_at >= later);

    world.store.purge(purge(&world, later.plus(Duration::from_secs(3600)), 100)).await.unwrap();
    assert_eq!(world.store.standing_marks(&[first.identity()]).await, Ok(vec![]));
}

fn sorted(mut marks: Vec<Mark>) -> Vec<Mark> {
    marks.sort_by_key(Mark::identity);
    marks
}

/// What is revoked stays so in the sessions themselves.
pub async fn purging_removes_what_has_expired_and_nothing_else(backend: Backend) {
    let world = World::new(backend).await;
    let first = async || world.store.first_expiry().await.unwrap();
    assert_eq!(first().await, None);
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let expiry = world.cut_session(held.session).await.entry.mark.expires_at;
    assert_eq!(world.cut_user(&user).await.entry.mark.expires_at, expiry);
    world.pass_secs(180);
    let kept = world.cut(token(&world)).await.entry;
    assert_eq!(first().await, Some(expiry));
    world.pass_secs(3600);

    let early = world.store.purge(purge(&world, expiry, 100)).await.unwrap();
    assert_eq!(early, PurgeOutcome::default(), "what expires at that moment has not expired before it");
    let at = expiry.plus(Duration::from_millis(1));
    let dry = PurgeRequest { dry_run: true, ..purge(&world, at, 1) };
    assert_eq!(world.store.purge(dry).await.unwrap().purged, 2, "all, whatever the limit");
    assert_eq!(world.ledger().await.len(), 3);
    let audit = world.audit().await.len();
    assert_eq!(world.store.purge(purge(&world, at, 100)).await.unwrap().purged, 2);
    assert_eq!(first().await, Some(kept.mark.expires_at));
    assert_eq!(world.ledger().await, [kept]);
    let trail = world.audit().await;
    assert_eq!((trail.len(), trail[0].action.as_str()), (audit + 1, action::LEDGER_PURGED));
    assert!(matches!(world.refresh(held).await, rescind::session::Rotated::Revoked));

    // Cut once more, it is told what it was told then.
    let again = world.cut_session(held.session).await;
    assert_eq!((again.revoked, again.entry.reason.as_deref()), (0, Some("because")));
    assert!(again.entry.revoked_at < world.now());
}

/// Each says whether there is more.
pub async fn purging_goes_in_small_batches(backend: Backend) {
    let world = World::new(backend).await;
    for _ in 0..5 {
        world.cut(token(&world)).await;
    }
    world.pass_secs(3600);
    let mut batches = Vec::new();
    loop {
        let outcome = world.store.purge(purge(&world, world.now(), 2)).await.unwrap();
        batches.push(outcome.purged);
        if !outcome.more {
            break;
        }
    }
    assert_eq!(batches, [2, 2, 1]);
    assert_eq!(world.ledger().await, []);
}

/// Those that were ended and those whose time is up; who could still be refreshed stays.
pub async fn sessions_long_dead_are_purged(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let (cut, unused) = (world.open(&user).await.chain.session, world.open(&user).await.chain.session);
    world.cut_session(cut).await;
    let day = Duration::from_secs(24 * 3600);
    let there = async |id| world.store.session(id, None, world.now()).await.is_ok();
    world.pass(day * 30);
    let mut fresh = Held::of(&world.open(&user).await.chain);
    world.store.purge(purge(&world, world.now(), 100)).await.unwrap();
    assert!(there(cut).await && there(unused).await);
    world.pass_secs(1);
    world.store.purge(purge(&world, world.now(), 100)).await.unwrap();
    assert!(!there(cut).await && there(unused).await);
    for _ in 0..9 {
        world.pass(day * 10);
        if let rescind::session::Rotated::Rotated(chain) = world.refresh(fresh).await {
            fresh = Held::of(&chain);
        }
    }
    world.store.purge(purge(&world, world.now(), 100)).await.unwrap();
    assert!(!there(unused).await && there(fresh.session).await);
}

/// Not after everything was purged, and not after a restart.
pub async fn a_seq_is_never_used_twice(backend: Backend) {
    let mut world = World::new(backend).await;
    let mut last = 0;
    for _ in 0..3 {
        let entry = world.cut(token(&world)).await.entry;
        assert_eq!(entry.seq, last + 1);
        last = entry.seq;
        world.pass_secs(3600);
        world.store.purge(purge(&world, world.now(), 100)).await.unwrap();
        assert_eq!(world.ledger().await, []);
        world.restart().await;
        assert_eq!(world.store.head().await.unwrap().cursor.seq, last);
    }
}
