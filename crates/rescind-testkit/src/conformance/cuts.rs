//! Revoking.

use std::sync::Arc;
use std::time::Duration;

use rescind::audit::{Actor, action};
use rescind::directory::{User, UserFilter};
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{CutTarget, MarkKey, TokenKey};
use rescind::session::{OpenSession, Rotated, Status};
use rescind::store::StoreError;

use super::{Backend, Held, World, all};

/// Again: nothing, and the first reason stays.
pub async fn a_session_cut_ends_it_once(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let first = world.cut_session(held.session).await;
    assert!(first.created);
    assert_eq!(first.revoked, 1);
    let entry = &first.entry;
    assert_eq!(entry.mark.key, MarkKey::Session(held.session));
    assert_eq!((entry.mark.tenant, entry.user), (Some(world.tenant), Some(user.id)));
    assert_eq!((entry.reason.as_deref(), entry.revoked_by), (Some("because"), Actor::CommandLine));
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));

    world.pass_secs(60);
    let (ledger, audit) = (world.ledger().await, world.audit().await);
    let mut again = world.cutting(CutTarget::Session { id: held.session, tenant: None, user: None });
    again.reason = Some("another".to_owned());
    let again = world.store.cut(again).await.unwrap();
    assert_eq!((again.created, again.revoked, &again.entry), (false, 0, entry));
    assert_eq!((world.ledger().await, world.audit().await), (ledger, audit));
    let Status::Revoked(ending) = world.status(held.session).await else { panic!() };
    assert_eq!(ending.reason.as_deref(), Some("because"));
}

/// The tenant and the user that were named, where they were.
pub async fn a_session_is_found_only_within_what_was_named(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let other = world.new_tenant("other").await;
    let id = world.open(&user).await.chain.session;
    for (tenant, stranger) in [(Some(other.id), None), (None, Some(UserId(world.id())))] {
        let target = CutTarget::Session { id, tenant, user: stranger };
        assert_eq!(world.store.cut(world.cutting(target.clone())).await.err(), Some(StoreError::NotFound));
        assert_eq!(world.store.count_reach(&target, world.now()).await.err(), Some(StoreError::NotFound));
    }
    assert_eq!(world.status(id).await, Status::Active);
    assert_eq!(world.ledger().await, []);
    world.cut(CutTarget::Session { id, tenant: Some(world.tenant), user: Some(user.id) }).await;
}

/// Also within one millisecond, and each time what was opened since is dead.
pub async fn a_user_cut_bites_every_time(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let other = Held::of(&world.open(&world.user("john@example.com").await).await.chain);
    let mut version = user.token_version;
    for _ in 0..5 {
        let held = Held::of(&world.open(&user).await.chain);
        let outcome = world.cut_user(&user).await;
        assert!(outcome.created);
        assert_eq!(outcome.revoked, 1);
        assert_eq!(outcome.entry.mark.key, MarkKey::User(user.id));
        assert_eq!(outcome.entry.mark.tenant, Some(world.tenant));
        let min = outcome.entry.mark.min_version.unwrap();
        assert!(min > version, "every token minted before is below it");
        assert_eq!(outcome.standing.token_version, min, "one minted now is not");
        version = min;
        assert!(matches!(world.refresh(held).await, Rotated::Revoked));
        let Status::Revoked(ending) = world.status(held.session).await else { panic!() };
        assert_eq!((ending.reason.as_deref(), ending.by), (Some("because"), Actor::CommandLine));
    }
    assert_eq!(world.ledger().await.len(), 5);
    world.rotate(other).await;
}

/// The one that asks, say; and it must be there to be spared.
pub async fn a_user_cut_spares_one_session(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let (spared, other) = (world.open(&user).await.chain, world.open(&user).await.chain);
    let target = CutTarget::User { tenant: world.tenant, user: user.id, spare: Some(spared.session) };
    let outcome = world.cut(target.clone()).await;
    assert_eq!(outcome.revoked, 1);
    assert!(matches!(world.refresh(Held::of(&other)).await, Rotated::Revoked));
    let Rotated::Rotated(chain) = world.refresh(Held::of(&spared)).await else { panic!() };
    assert_eq!(chain.standing, outcome.standing);

    world.cut_user(&user).await;
    assert!(matches!(world.status(spared.session).await, Status::Revoked(_)), "spared once, not for ever");
    let before = world.user_now(&user).await;
    assert_eq!(world.store.cut(world.cutting(target)).await.err(), Some(StoreError::NotFound));
    let stranger = world.open(&world.user("john@example.com").await).await.chain.session;
    let target = CutTarget::User { tenant: world.tenant, user: user.id, spare: Some(stranger) };
    assert_eq!(world.store.cut(world.cutting(target)).await.err(), Some(StoreError::NotFound));
    assert_eq!(world.user_now(&user).await, before, "a cut that is refused changes nothing");
}

/// The wall between tenants holds.
pub async fn a_tenant_cut_ends_all_and_nobody_elses(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let mut stranger = world.new_user("joe@example.com");
    stranger.tenant = other.id;
    let stranger = world.store.create_user(stranger, action::USER_CREATED, world.by()).await.unwrap();
    let elsewhere = Held::of(&world.open(&stranger).await.chain);
    let mut held = Vec::new();
    for email in ["jane@example.com", "john@example.com"] {
        held.push(Held::of(&world.open(&world.user(email).await).await.chain));
    }
    let before = world.store.tenant(world.tenant).await.unwrap();
    world.pass_secs(1);
    let outcome = world.cut(CutTarget::Tenant { tenant: world.tenant }).await;
    let after = world.store.tenant(world.tenant).await.unwrap();
    assert_eq!(outcome.revoked, 2);
    assert_eq!((&outcome.entry.mark.key, outcome.entry.mark.tenant), (&MarkKey::Tenant(world.tenant), None));
    assert_eq!(outcome.entry.mark.min_version, Some(after.token_version));
    assert!(after.token_version > before.token_version && after.session_floor > before.session_floor);
    assert_eq!(outcome.standing.tenant_token_version, after.token_version);
    assert_eq!(outcome.standing.tenant_session_floor, after.session_floor);
    for held in held {
        assert!(matches!(world.refresh(held).await, Rotated::Revoked));
        let Status::Revoked(ending) = world.status(held.session).await else { panic!() };
        assert_eq!((ending.at, ending.reason.as_deref()), (world.now(), Some("because")));
    }
    world.rotate(elsewhere).await;
    assert_eq!(world.cut(CutTarget::Tenant { tenant: world.tenant }).await.revoked, 0);
}

/// Within the same millisecond, a thousand times.
pub async fn a_session_opened_after_a_cut_lives(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    for round in 0..1000 {
        let old = world.open(&user).await.chain;
        let outcome = match round % 2 {
            0 => world.cut_user(&user).await,
            _ => world.cut(CutTarget::Tenant { tenant: world.tenant }).await,
        };
        let new = world.open(&user).await.chain;
        let min = outcome.entry.mark.min_version.unwrap();
        match round % 2 {
            0 => {
                assert!(old.standing.token_version < min && new.standing.token_version >= min);
            }
            _ => assert!(old.standing.tenant_token_version < min && new.standing.tenant_token_version >= min),
        }
        assert!(matches!(world.refresh(Held::of(&old)).await, Rotated::Revoked), "round {round}");
        world.rotate(Held::of(&new)).await;
    }
}

/// For whoever issued it, for as long as was asked.
pub async fn a_jti_that_nothing_knows_is_recorded(backend: Backend) {
    let world = World::new(backend).await;
    let user = UserId(world.id());
    for (key, tenant, about) in [
        (TokenKey::new("of another issuer"), None, None),
        (TokenKey::from(world.id()), Some(world.tenant), Some(user)),
    ] {
        let outcome = world.cut(CutTarget::Token { key: key.clone(), tenant, user: about }).await;
        assert!(outcome.created);
        assert_eq!(outcome.revoked, 0);
        let mark = &outcome.entry.mark;
        assert_eq!((&mark.key, mark.tenant), (&MarkKey::Token(key.clone()), tenant));
        assert_eq!((mark.min_version, mark.expires_at), (None, world.access_exp()));
        assert_eq!(outcome.entry.user, about);
        assert_eq!(world.store.token_entry(&key, tenant).await.unwrap(), outcome.entry);
    }
    let audit = world.audit().await;
    assert_eq!((audit[1].action.as_str(), audit[1].target.kind), (action::TOKEN_REVOKED, "token"));
    assert_eq!(audit[1].target.id.as_deref(), Some("of another issuer"));
}

/// Neither ledger nor audit grow, although tokens are minted in between.
pub async fn a_repeated_token_cut_changes_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let target = CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None };
    let first = world.cut(target.clone()).await;
    world.pass_secs(60);
    world.open(&user).await;
    let (ledger, audit) = (world.ledger().await, world.audit().await);
    let again = world.cut(target).await;
    assert_eq!((again.created, again.revoked, again.entry), (false, 0, first.entry));
    assert_eq!((world.ledger().await, world.audit().await), (ledger, audit));
}

/// Verifiers have dropped the first one's mark by then.
pub async fn a_cut_that_has_expired_is_renewed(backend: Backend) {
    let world = World::new(backend).await;
    let target = CutTarget::Token { key: TokenKey::new("another issuer's"), tenant: None, user: None };
    let first = world.cut(target.clone()).await.entry;
    world.set_now(first.mark.expires_at);
    let again = world.cut(target).await.entry;
    assert!(again.seq > first.seq);
    assert!(again.mark.expires_at > world.now());
    assert_eq!((again.reason, again.revoked_by), (first.reason, first.revoked_by));
}

/// Where the caller said so: by a new entry, so that those who follow hear of it.
pub async fn a_later_expiry_extends_with_the_first_reason(backend: Backend) {
    let world = World::new(backend).await;
    let target = CutTarget::Token { key: TokenKey::from(world.id()), tenant: None, user: None };
    let first = world.cut(target.clone()).await.entry;
    world.pass_secs(60);
    let mut later = world.cutting(target.clone());
    later.expires_at = world.now().plus(Duration::from_secs(86_400));
    later.extends = true;
    (later.reason, later.by) = (Some("another".to_owned()), world.by_actor(Actor::System));
    let until = later.expires_at;
    let extended = world.store.cut(later).await.unwrap();
    assert!(!extended.created, "it was revoked already");
    assert!(extended.entry.seq > first.seq);
    assert_eq!(extended.entry.mark.expires_at, until);
    assert_eq!((extended.entry.reason, extended.entry.revoked_by), (first.reason, first.revoked_by));
    assert_eq!(extended.entry.revoked_at, first.revoked_at);
    assert_eq!(world.ledger().await.len(), 2);
    let act = &world.audit().await[0];
    assert_eq!((act.action.as_str(), act.actor), (action::REVOCATION_EXTENDED, Actor::System));
    assert_eq!(act.reason.as_deref(), Some("another"), "who extended it, and why, is told by the trail");
    let mut shorter = world.cutting(target);
    shorter.extends = true;
    let shorter = world.store.cut(shorter).await.unwrap();
    assert_eq!((shorter.created, shorter.entry.mark.expires_at), (false, until));
    assert_eq!(world.ledger().await.len(), 2);
}

/// The scope is part of a mark's identity.
pub async fn a_cut_for_one_tenant_does_not_spoil_anothers(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.new_tenant("other").await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let access = world.session(held.session).await.access_jti;
    for jti in [access, held.jti] {
        let key = TokenKey::from(jti.0);
        let spoiler = CutTarget::Token { key: key.clone(), tenant: Some(other.id), user: None };
        let spoiler = world.cut(spoiler).await;
        assert_eq!((spoiler.created, spoiler.revoked), (true, 0));
        assert_eq!((spoiler.entry.mark.tenant, spoiler.entry.user), (Some(other.id), None), "nothing leaks");
        assert_eq!(world.status(held.session).await, Status::Active);
    }
    let own = CutTarget::Token { key: TokenKey::from(access.0), tenant: Some(world.tenant), user: None };
    let own = world.cut(own).await;
    assert_eq!((own.created, own.entry.mark.tenant), (true, Some(world.tenant)));
}

/// The current one's and the last one's.
pub async fn a_refresh_tokens_jti_cuts_its_session(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    for last in [false, true] {
        for tenant in [None, Some(world.tenant)] {
            let parent = Held::of(&world.open(&user).await.chain);
            let current = world.rotate(parent).await;
            let jti = if last { parent.jti } else { current.jti };
            let target = CutTarget::Token { key: TokenKey::from(jti.0), tenant, user: None };
            assert_eq!(world.store.count_reach(&target, world.now()).await, Ok(1));
            let outcome = world.cut(target.clone()).await;
            assert_eq!(outcome.entry.mark.key, MarkKey::Session(parent.session));
            assert_eq!((outcome.created, outcome.revoked), (true, 1));
            assert!(matches!(world.refresh(current).await, Rotated::Revoked));
            let again = world.cut(target).await;
            assert_eq!((again.created, again.entry), (false, outcome.entry));
        }
    }
}

/// An operator names the jti alone.
pub async fn an_access_tokens_jti_carries_its_sessions_tenant(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let chain = world.open(&user).await.chain;
    let key = TokenKey::from(chain.access_jti.0);
    let outcome = world.cut(CutTarget::Token { key: key.clone(), tenant: None, user: None }).await;
    assert_eq!((outcome.entry.mark.tenant, outcome.entry.user), (Some(world.tenant), Some(user.id)));
    assert_eq!(outcome.entry.mark.key, MarkKey::Token(key));
    world.rotate(Held::of(&chain)).await;
}

/// It is what a token without a jti has.
pub async fn a_digest_is_cut_like_a_token(backend: Backend) {
    let world = World::new(backend).await;
    let digest = world.hash();
    let target = CutTarget::Digest { digest, tenant: Some(world.tenant), user: None };
    let cut = world.cutting(target);
    let first = world.store.cut(cut.clone()).await.unwrap();
    assert_eq!(first.entry.mark.key, MarkKey::Digest(digest));
    assert!(first.created);
    let again = world.store.cut(cut).await.unwrap();
    assert_eq!((again.created, again.entry), (false, first.entry));
}

/// Each time above the last, also within one millisecond. Who comes to be known later goes on from above.
pub async fn a_foreign_users_cut_needs_no_user(backend: Backend) {
    let world = World::new(backend).await;
    let user = UserId(world.id());
    let target = CutTarget::ForeignUser { tenant: world.tenant, user };
    assert_eq!(world.store.count_reach(&target, world.now()).await, Ok(0));
    let mut version = 0;
    for _ in 0..3 {
        let outcome = world.cut(target.clone()).await;
        assert!(outcome.created);
        let mark = &outcome.entry.mark;
        assert_eq!((&mark.key, mark.tenant), (&MarkKey::User(user), Some(world.tenant)));
        assert_eq!(
            (outcome.entry.user, mark.min_version),
            (Some(user), Some(outcome.standing.token_version))
        );
        assert!(outcome.standing.token_version > version.max(world.now().as_millis() - 1));
        version = outcome.standing.token_version;
    }
    assert_eq!(
        world.audit().await.iter().filter(|entry| entry.target.id == Some(user.to_string())).count(),
        3
    );
    assert_eq!(world.store.user(Some(world.tenant), user).await.err(), Some(StoreError::NotFound));
    let here = UserFilter { tenant: Some(world.tenant), ..UserFilter::default() };
    assert_eq!(world.store.users(&here, &all()).await.unwrap().items, []);

    let mut made = world.new_user("jane@example.com");
    made.id = user;
    let made = world.store.create_user(made, action::USER_CREATED, world.by()).await.unwrap();
    assert!(made.token_version > version);
    let held = Held::of(&world.open(&made).await.chain);
    assert_eq!(world.store.count_reach(&target, world.now()).await, Ok(1));
    let outcome = world.cut(target).await;
    assert_eq!((outcome.revoked, outcome.created), (1, true), "one who is known is signed out");
    assert!(outcome.standing.token_version > made.token_version);
    assert!(matches!(world.refresh(held).await, Rotated::Revoked));
}

/// One that is known ends as ever, and stays its own tenant's.
pub async fn a_foreign_session_is_cut_like_a_token(backend: Backend) {
    let world = World::new(backend).await;
    let (id, user) = (SessionId(world.id()), UserId(world.id()));
    let target = CutTarget::ForeignSession { id, tenant: Some(world.tenant), user: Some(user) };
    assert_eq!(world.store.count_reach(&target, world.now()).await, Ok(0));
    let first = world.cut(target.clone()).await;
    let mark = &first.entry.mark;
    assert_eq!((&mark.key, mark.tenant, mark.min_version), (&MarkKey::Session(id), Some(world.tenant), None));
    assert_eq!((first.created, first.revoked, first.entry.user), (true, 0, Some(user)));
    let mut again = world.cutting(target.clone());
    let same = world.store.cut(again.clone()).await.unwrap();
    assert_eq!((same.created, &same.entry), (false, &first.entry));
    (again.extends, again.expires_at) = (true, again.expires_at.plus(Duration::from_secs(3600)));
    let longer = world.store.cut(again.clone()).await.unwrap();
    assert_eq!((longer.created, longer.entry.mark.expires_at), (false, again.expires_at));

    let other = world.new_tenant("other").await;
    let known = world.open(&world.user("jane@example.com").await).await.chain.session;
    world.cut(CutTarget::ForeignSession { id: known, tenant: Some(other.id), user: None }).await;
    assert_eq!(world.status(known).await, Status::Active, "another tenant's");
    let ended = world.cut(CutTarget::ForeignSession { id: known, tenant: None, user: None }).await;
    assert_eq!((ended.revoked, ended.entry.mark.tenant), (1, None), "tokens of no tenant too");
    assert!(matches!(world.status(known).await, Status::Revoked(_)));
    let own = CutTarget::ForeignSession { id: known, tenant: Some(world.tenant), user: None };
    let mut longer = world.cutting(own);
    (longer.extends, longer.expires_at) = (true, longer.expires_at.plus(Duration::from_secs(3600)));
    let kept = world.store.cut(longer.clone()).await.unwrap();
    assert_eq!((kept.created, kept.entry.mark.expires_at), (false, longer.expires_at), "it was ended before");
}

/// And leaves nothing.
pub async fn what_is_not_there_is_not_found(backend: Backend) {
    let world = World::new(backend).await;
    let audit = world.audit().await;
    let nobody = UserId(world.id());
    for target in [
        CutTarget::Session { id: SessionId(world.id()), tenant: None, user: None },
        CutTarget::User { tenant: world.tenant, user: nobody, spare: None },
        CutTarget::User { tenant: TenantId(world.id()), user: nobody, spare: None },
        CutTarget::Tenant { tenant: TenantId(world.id()) },
        CutTarget::ForeignUser { tenant: TenantId(world.id()), user: nobody },
    ] {
        let reach = world.store.count_reach(&target, world.now()).await;
        assert_eq!(reach.err(), Some(StoreError::NotFound), "{target:?}");
        let cut = world.store.cut(world.cutting(target.clone())).await;
        assert_eq!(cut.err(), Some(StoreError::NotFound), "{target:?}");
    }
    assert_eq!((world.ledger().await, world.audit().await), (Vec::new(), audit));
}

/// And changes nothing.
pub async fn a_dry_run_counts_what_the_cut_then_ends(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(world.open(&user).await.chain.session);
    }
    world.cut_session(sessions[0]).await;
    world.open(&world.user("john@example.com").await).await;
    let user_cut = |spare| CutTarget::User { tenant: world.tenant, user: user.id, spare };
    for (target, expected) in [
        (CutTarget::Session { id: sessions[0], tenant: None, user: None }, 0),
        (CutTarget::Session { id: sessions[1], tenant: None, user: None }, 1),
        (user_cut(None), 3),
        (user_cut(Some(sessions[1])), 2),
        (CutTarget::Tenant { tenant: world.tenant }, 4),
        (CutTarget::Digest { digest: world.hash(), tenant: None, user: None }, 0),
    ] {
        assert_eq!(world.store.count_reach(&target, world.now()).await, Ok(expected), "{target:?}");
    }
    assert_eq!(world.ledger().await.len(), 1);
    assert_eq!(world.cut(user_cut(Some(sessions[1]))).await.revoked, 2);
    assert_eq!(world.cut(CutTarget::Tenant { tenant: world.tenant }).await.revoked, 2);
}

/// Although the clock does.
pub async fn a_version_never_goes_back(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let first = world.cut_user(&user).await.standing;
    world.set_now(world.now().minus(Duration::from_secs(3600)));
    let second = world.cut_user(&user).await.standing;
    assert_eq!(second.token_version, first.token_version + 1);
    assert_eq!(second.session_floor, first.session_floor + 1);
    let tenant = world.cut(CutTarget::Tenant { tenant: world.tenant }).await.standing;
    assert!(tenant.tenant_token_version > first.tenant_token_version);
    world.pass(Duration::from_secs(2 * 3600));
    let third = world.cut_user(&user).await.standing;
    assert_eq!(third.token_version, world.now().as_millis(), "and catches up with the clock");
}

/// Openings, refreshes and cuts at once: whatever was answered before the cut was asked for is dead after it, and so is an
/// opening whose credentials were read before.
pub async fn nothing_that_began_before_a_cut_survives_it(backend: Backend) {
    let world = Arc::new(World::new(backend).await);
    let user = world.user("jane@example.com").await;
    for round in 0..40 {
        race(&world, &user, round % 2 == 0).await;
    }
}

async fn race(world: &Arc<World>, user: &User, whole_tenant: bool) {
    let read = world.store.credentials(user.tenant, user.id).await.unwrap().standing();
    let before = Held::of(&world.open(user).await.chain);
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..8 {
        let (world, user) = (Arc::clone(world), user.clone());
        racers.spawn(async move {
            match racer {
                0 if whole_tenant => {
                    world.cut(CutTarget::Tenant { tenant: user.tenant }).await;
                    None
                }
                0 => {
                    world.cut_user(&user).await;
                    None
                }
                1..=4 => {
                    let opening = OpenSession { standing: Some(read), ..world.opening(&user) };
                    world.store.open(opening).await.ok().map(|opened| Held::of(&opened.chain))
                }
                _ => match world.refresh(before).await {
                    Rotated::Rotated(chain) | Rotated::Replayed { chain, .. } => Some(Held::of(&chain)),
                    Rotated::Revoked => None,
                    other => panic!("{other:?}"),
                },
            }
        });
    }
    let answers = racers.join_all().await;
    for held in answers.into_iter().flatten() {
        let answer = world.refresh(held).await;
        assert!(matches!(answer, Rotated::Revoked), "{answer:?}");
    }
    assert!(matches!(world.status(before.session).await, Status::Revoked(_)));
    let late = Held::of(&world.open(user).await.chain);
    world.rotate(late).await;
}
