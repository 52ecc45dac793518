//! Keeping keys.

use std::sync::Arc;

use rescind::audit::action;
use rescind::clock::Timestamp;
use rescind::keys::{KeyRecord, KeyState, KeyUse, Rewrap, Sealed};
use rescind::ledger::MarkKey;
use rescind::store::StoreError;

use super::{Backend, MAC_KID, SIGNING_KID, World};

async fn keys(world: &World) -> Vec<KeyRecord> {
    world.store.keys().await.unwrap().0
}

async fn key(world: &World, kid: &str) -> Option<KeyRecord> {
    keys(world).await.into_iter().find(|key| key.kid == kid)
}

/// With what seals them.
pub async fn keys_are_read_back_oldest_first(backend: Backend) {
    let world = World::empty(backend);
    assert_eq!(world.store.keys().await.unwrap(), (Vec::new(), 0));
    world.change_keys(|change| change.add = vec![world.new_key("z", KeyUse::Access, true)]).await.unwrap();
    let made = world.now();
    world.pass_secs(1);
    world.change_keys(|change| change.add = vec![world.new_key("a", KeyUse::Access, false)]).await.unwrap();
    let (keys, version) = world.store.keys().await.unwrap();
    assert_eq!(version, world.store.head().await.unwrap().keys_version);
    let expected = KeyRecord {
        kid: "z".to_owned(),
        usage: KeyUse::Access,
        alg: "EdDSA".to_owned(),
        state: KeyState::Active,
        sealed: Sealed(b"sealed z".to_vec()),
        created_at: made,
        active_from: Some(made),
        retired_at: None,
        revoked_at: None,
    };
    assert_eq!(keys[0], expected);
    assert_eq!((keys[1].kid.as_str(), keys[1].state, keys[1].active_from), ("a", KeyState::Next, None));
}

/// Of two who decide on the same state, one wins.
pub async fn a_change_on_an_old_version_is_a_conflict(backend: Backend) {
    let world = World::new(backend).await;
    let (_, seen) = world.store.keys().await.unwrap();
    let add = |kid: &str| {
        let mut change = world.key_change(|change| {
            change.add = vec![world.new_key(kid, KeyUse::Access, false)];
        });
        change.seen_version = seen;
        change
    };
    world.store.change_keys(add("first")).await.unwrap();
    assert_eq!(world.store.change_keys(add("second")).await, Err(StoreError::Conflict));
    assert!(key(&world, "second").await.is_none());
    assert_ne!(world.store.keys().await.unwrap().1, seen);
    let rewrap = Rewrap { seen_version: seen, sealed: Vec::new(), by: world.by() };
    assert_eq!(world.store.rewrap_keys(rewrap).await, Err(StoreError::Conflict));
}

/// Next, active, retired, gone.
pub async fn a_key_steps_through_its_life(backend: Backend) {
    let world = World::new(backend).await;
    let kid = || vec!["k".to_owned()];
    world.change_keys(|change| change.add = vec![world.new_key("k", KeyUse::Access, false)]).await.unwrap();
    assert_eq!(key(&world, "k").await.unwrap().state, KeyState::Next);
    let due = world.now().plus(std::time::Duration::from_secs(60));
    world.change_keys(|change| change.schedule = Some(("k".to_owned(), due))).await.unwrap();
    assert_eq!(key(&world, "k").await.unwrap().active_from, Some(due));
    world.pass_secs(60);
    world
        .change_keys(|change| {
            change.retire = vec![SIGNING_KID.to_owned()];
            change.promote = kid();
        })
        .await
        .unwrap();
    let promoted = key(&world, "k").await.unwrap();
    assert_eq!((promoted.state, promoted.active_from), (KeyState::Active, Some(world.now())));
    let retired = key(&world, SIGNING_KID).await.unwrap();
    assert_eq!((retired.state, retired.retired_at), (KeyState::Retired, Some(world.now())));
    world.change_keys(|change| change.forget = vec![SIGNING_KID.to_owned()]).await.unwrap();
    assert!(key(&world, SIGNING_KID).await.is_none());
    assert_eq!(world.ledger().await, []);

    let missing = world.change_keys(|change| change.promote = vec!["none".to_owned()]).await;
    assert_eq!(missing, Err(StoreError::NotFound));
    let twice = world.change_keys(|change| change.promote = kid()).await;
    assert_eq!(twice, Err(StoreError::Conflict), "it is active already");
    let taken =
        world.change_keys(|change| change.add = vec![world.new_key("k", KeyUse::Refresh, false)]).await;
    assert_eq!(taken, Err(StoreError::Taken("kid")));
}

/// As when another algorithm is asked for before it ever signed.
pub async fn a_next_key_can_be_retired(backend: Backend) {
    let world = World::new(backend).await;
    world.change_keys(|change| change.add = vec![world.new_key("k", KeyUse::Access, false)]).await.unwrap();
    world
        .change_keys(|change| {
            change.retire = vec!["k".to_owned()];
            change.add = vec![world.new_key("l", KeyUse::Access, false)];
        })
        .await
        .unwrap();
    assert_eq!(key(&world, "k").await.unwrap().state, KeyState::Retired);
    assert_eq!(key(&world, "l").await.unwrap().state, KeyState::Next);
}

/// The next one takes its place in the same transaction, and cutting it again adds nothing.
pub async fn a_revoked_key_leaves_a_mark_for_ever(backend: Backend) {
    let world = World::new(backend).await;
    let entries = world
        .change_keys(|change| {
            change.revoke = vec![SIGNING_KID.to_owned()];
            change.add = vec![world.new_key("k", KeyUse::Access, true)];
            (change.reason, change.action) = (Some("leaked".to_owned()), action::KEY_REVOKED);
        })
        .await
        .unwrap();
    assert_eq!(world.ledger().await, entries);
    assert_eq!(entries.len(), 1);
    let mark = &entries[0].mark;
    assert_eq!((&mark.key, mark.tenant), (&MarkKey::Key(SIGNING_KID.into()), None));
    assert_eq!((mark.expires_at, mark.min_version), (Timestamp::MAX, None));
    assert_eq!(entries[0].reason.as_deref(), Some("leaked"));
    let revoked = key(&world, SIGNING_KID).await.unwrap();
    assert_eq!((revoked.state, revoked.revoked_at), (KeyState::Revoked, Some(world.now())));
    let trail = &world.audit().await[0];
    assert_eq!((trail.action.as_str(), trail.target.kind), (action::KEY_REVOKED, "key"));
    assert_eq!(trail.target.id.as_deref(), Some(SIGNING_KID));
    let again = world.change_keys(|change| change.revoke = vec![SIGNING_KID.to_owned()]).await;
    assert_eq!(again, Ok(Vec::new()));
    assert_eq!(world.ledger().await.len(), 1);
}

/// Whoever decided so had not looked.
pub async fn two_active_keys_of_one_use_are_refused(backend: Backend) {
    let world = World::new(backend).await;
    let second =
        world.change_keys(|change| change.add = vec![world.new_key("k", KeyUse::Access, true)]).await;
    assert_eq!(second, Err(StoreError::Conflict));
    assert_eq!(keys(&world).await.len(), 2);
}

/// It must have ceased to sign.
pub async fn a_key_that_may_still_be_needed_is_not_forgotten(backend: Backend) {
    let world = World::new(backend).await;
    let before = world.store.keys().await.unwrap();
    let forget = world.change_keys(|change| change.forget = vec![MAC_KID.to_owned()]).await;
    assert_eq!(forget, Err(StoreError::Conflict));
    assert_eq!(world.store.keys().await.unwrap(), before);
}

/// A key left under the old master key would be lost.
pub async fn rewrapping_is_all_or_none(backend: Backend) {
    let world = World::new(backend).await;
    let (before, seen_version) = world.store.keys().await.unwrap();
    let anew = |kid: &str| (kid.to_owned(), Sealed(format!("anew {kid}").into_bytes()));
    for sealed in [vec![anew(SIGNING_KID)], vec![anew(SIGNING_KID), anew("unknown")]] {
        let rewrap = Rewrap { seen_version, sealed, by: world.by() };
        assert!(world.store.rewrap_keys(rewrap).await.is_err());
        assert_eq!(world.store.keys().await.unwrap(), (before.clone(), seen_version));
    }
    let sealed = vec![anew(SIGNING_KID), anew(MAC_KID)];
    world.store.rewrap_keys(Rewrap { seen_version, sealed, by: world.by() }).await.unwrap();
    let (after, version) = world.store.keys().await.unwrap();
    assert!(version > seen_version);
    assert_eq!(after[0].sealed, Sealed(b"anew signing-1".to_vec()));
    assert_eq!(after[1].sealed, Sealed(b"anew mac-1".to_vec()));
    assert_eq!(world.audit().await[0].action, action::KEYS_REWRAPPED);
}

/// Once for each that differs from the one before, as of several nodes that start at once.
pub async fn an_issuer_is_noted_when_it_is_another(backend: Backend) {
    let world = Arc::new(World::new(backend).await);
    let note = async |issuer| world.store.note_issuer(issuer, world.by()).await.unwrap();
    assert_eq!(note("https://a.example").await, None);
    assert_eq!(note("https://a.example").await, None);
    assert_eq!(note("https://b.example").await.as_deref(), Some("https://a.example"));
    assert_eq!(note("https://a.example").await.as_deref(), Some("https://b.example"), "the last one counts");
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let world = Arc::clone(&world);
        nodes.spawn(async move { world.store.note_issuer("https://c.example", world.by()).await.unwrap() });
    }
    let before: Vec<_> = nodes.join_all().await.into_iter().flatten().collect();
    assert_eq!(before, ["https://a.example"]);
    let noted: Vec<_> = world
        .audit()
        .await
        .into_iter()
        .filter(|entry| entry.action == action::ISSUER_SET)
        .map(|entry| (entry.target.kind, entry.target.id.unwrap()))
        .collect();
    let expected = ["https://c.example", "https://a.example", "https://b.example", "https://a.example"];
    assert_eq!(noted, expected.map(|issuer| ("ledger", issuer.to_owned())));
}
