//! Answering refresh tokens (the rules themselves are [`rescind::session::judge`]'s).

use std::sync::Arc;
use std::time::Duration;

use rescind::audit::{Actor, action};
use rescind::id::{ClientId, Jti, UserId};
use rescind::keys::KeyUse;
use rescind::ledger::MarkKey;
use rescind::session::{Presented, Profile, Rotated, Status};
use rescind::store::StoreError;

use super::{ABSOLUTE, Backend, Held, IDLE, SIGNING_KID, World};

/// The successor is what the caller made, and the session knows both.
pub async fn the_current_token_is_rotated(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let opened = world.open(&user).await;
    world.pass_secs(60);
    let rotation = world.rotation(Held::of(&opened.chain));
    let Rotated::Rotated(chain) = world.store.rotate(rotation.clone()).await.unwrap() else { panic!() };
    assert_eq!(chain.generation, opened.chain.generation + 1);
    assert_eq!((chain.current.clone(), chain.rotated_at), (rotation.successor, world.now()));
    assert_eq!(chain.access_jti, rotation.access_jti);
    assert_eq!(chain.standing, opened.chain.standing);
    let session = world.session(chain.session).await;
    assert_eq!((session.last_used_at, session.access_jti), (world.now(), rotation.access_jti));
}

/// However often it is refreshed, a session ends in the end.
pub async fn a_rotation_moves_the_idle_limit_but_not_the_absolute_one(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let limit = world.session(opened.chain.session).await.expires_at;
    let mut held = Held::of(&opened.chain);
    for _ in 0..7 {
        world.pass(IDLE - Duration::from_secs(24 * 3600));
        let Rotated::Rotated(chain) = world.refresh(held).await else { break };
        assert_eq!(chain.idle_expires_at, world.now().plus(IDLE).min(limit));
        held = Held::of(&chain);
    }
    assert_eq!(world.session(opened.chain.session).await.expires_at, limit);
    world.set_now(opened.chain.rotated_at.plus(ABSOLUTE));
    assert!(matches!(world.refresh(held).await, Rotated::Expired));
}

/// However often, and also after the reply was lost for hours.
pub async fn a_parent_is_answered_with_the_same_successor(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let parent = Held::of(&opened.chain);
    let Rotated::Rotated(first) = world.refresh(parent).await else { panic!() };
    for wait in [0, 10, 3600] {
        world.pass_secs(wait);
        let rotation = world.rotation(parent);
        let Rotated::Replayed { chain, late } = world.store.rotate(rotation.clone()).await.unwrap() else {
            panic!()
        };
        assert_eq!(late, wait == 3600);
        assert_eq!(chain.current, first.current);
        assert_eq!((chain.generation, chain.rotated_at), (first.generation, first.rotated_at));
        assert_eq!(chain.idle_expires_at, first.idle_expires_at);
        assert_eq!(chain.access_jti, rotation.access_jti, "a fresh access token");
        assert_eq!(world.session(chain.session).await.last_used_at, world.now());
    }
    world.rotate(Held::of(&first)).await;
}

/// A thief in lockstep looks like that.
pub async fn a_late_replay_in_three_generations_running_is_theft(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let mut held = Held::of(&opened.chain);
    for round in 1..=3 {
        let parent = held;
        held = world.rotate(parent).await;
        world.pass_secs(60);
        let answer = world.refresh(parent).await;
        match round {
            3 => assert!(matches!(answer, Rotated::Theft(_)), "{answer:?}"),
            _ => assert!(matches!(answer, Rotated::Replayed { late: true, .. }), "{answer:?}"),
        }
    }
}

/// By its own rotation's age, not by the last one's.
pub async fn an_older_token_is_superseded_within_grace_and_theft_after(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let first = Held::of(&opened.chain);
    let second = world.rotate(first).await;
    world.pass_secs(9);
    let third = world.rotate(second).await;
    assert!(matches!(world.refresh(first).await, Rotated::Superseded));
    assert_eq!(world.status(first.session).await, Status::Active);
    world.pass_secs(1);
    assert!(matches!(world.refresh(first).await, Rotated::Theft(_)));
    assert!(matches!(world.refresh(third).await, Rotated::Revoked));
}

/// With where the thief came from, and as Rescind's own doing.
pub async fn theft_ends_the_session_and_is_recorded(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let stolen = Held::of(&opened.chain);
    let current = world.rotate(world.rotate(stolen).await).await;
    world.pass_secs(60);
    let rotation = world.rotation(stolen);
    let Rotated::Theft(entry) = world.store.rotate(rotation.clone()).await.unwrap() else { panic!() };
    assert_eq!(entry.mark.key, MarkKey::Session(stolen.session));
    assert_eq!((entry.user, entry.revoked_by), (Some(stolen.user), Actor::System));
    assert_eq!(entry.reason.as_deref(), Some("refresh_reuse_detected"));
    assert_eq!(world.ledger().await, [*entry]);
    let Status::Revoked(ending) = world.status(stolen.session).await else { panic!() };
    assert_eq!((ending.at, ending.by), (world.now(), Actor::System));
    let audit = &world.audit().await[0];
    assert_eq!((audit.action.as_str(), audit.actor), (action::REFRESH_REUSE_DETECTED, Actor::System));
    assert_eq!((audit.ip, &audit.request_id), (rotation.by.ip, &rotation.by.request_id));
    assert_eq!((audit.target.kind, &audit.target.id), ("session", &Some(stolen.session.to_string())));
    for held in [stolen, current] {
        assert!(matches!(world.refresh(held).await, Rotated::Revoked));
    }
    assert_eq!(world.ledger().await.len(), 1, "one theft is one entry");
}

/// And no more: the seventeenth is a stranger.
pub async fn sixteen_rotations_are_remembered(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let mut tokens = vec![Held::of(&opened.chain)];
    for _ in 0..17 {
        tokens.push(world.rotate(tokens[tokens.len() - 1]).await);
    }
    // Token 17 is current, 16 its parent; 1 to 16 are remembered.
    for held in &tokens[1..16] {
        assert!(matches!(world.refresh(*held).await, Rotated::Superseded), "{}", held.presented.generation);
    }
    assert!(matches!(world.refresh(tokens[0]).await, Rotated::Theft(_)));
}

/// It is of a history that this store does not know, and not a thief's.
pub async fn a_generation_not_seen_is_unknown(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let held = Held::of(&opened.chain);
    let future = Held {
        presented: Presented { hash: world.hash(), generation: held.presented.generation + 1 },
        ..held
    };
    assert!(matches!(world.refresh(future).await, Rotated::Unknown));
    world.rotate(held).await;
}

/// Even with the right hash, and nothing is cut.
pub async fn another_users_token_is_unknown(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let held = Held::of(&opened.chain);
    let stranger = Held { user: UserId(world.id()), ..held };
    assert!(matches!(world.refresh(stranger).await, Rotated::Unknown));
    let nowhere = Held { session: rescind::id::SessionId(world.id()), ..held };
    assert!(matches!(world.refresh(nowhere).await, Rotated::Unknown));
    world.rotate(held).await;
}

/// Nobody is called a thief for a session that is over.
pub async fn dead_is_said_before_theft(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let cut = Held::of(&world.open(&user).await.chain);
    world.rotate(world.rotate(cut).await).await;
    world.cut_session(cut.session).await;
    let floored = Held::of(&world.open(&user).await.chain);
    world.rotate(world.rotate(floored).await).await;
    world.cut_user(&user).await;
    let expired = Held::of(&world.open(&user).await.chain);
    world.rotate(world.rotate(expired).await).await;
    let entries = world.ledger().await.len();
    world.pass(IDLE);
    assert!(matches!(world.refresh(cut).await, Rotated::Revoked));
    assert!(matches!(world.refresh(floored).await, Rotated::Revoked));
    assert!(matches!(world.refresh(expired).await, Rotated::Expired));
    assert_eq!(world.ledger().await.len(), entries);
}

/// At the limit itself, not after it.
pub async fn an_expired_session_is_expired(backend: Backend) {
    let world = World::new(backend).await;
    let held = Held::of(&world.open(&world.user("jane@example.com").await).await.chain);
    world.pass(IDLE - Duration::from_millis(1));
    let held = world.rotate(held).await;
    world.pass(IDLE);
    assert_eq!(world.status(held.session).await, Status::Expired);
    assert!(matches!(world.refresh(held).await, Rotated::Expired));
}

/// Credentials that are sent must be the session's.
pub async fn the_client_must_be_the_sessions(backend: Backend) {
    let world = World::new(backend).await;
    let (client, other) = (world.client(None).await, world.client(None).await);
    let profile = Profile { email: "jane@example.com".to_owned(), role: "member".to_owned() };
    let handed = Held::of(&world.hand_over(&client, UserId(world.id()), profile).await.chain);
    let own = Held::of(&world.open(&world.user("john@example.com").await).await.chain);
    let unknown = ClientId(world.id());
    for (held, claimed, proven) in [
        (handed, Some(None), None),
        (handed, Some(Some(other.id)), None),
        (handed, None, Some(other.id)),
        (own, Some(Some(client.id)), None),
        (own, None, Some(client.id)),
        (own, Some(Some(unknown)), None),
    ] {
        let mut rotation = world.rotation(held);
        (rotation.claimed_client, rotation.proven_client) = (claimed, proven);
        let answer = world.store.rotate(rotation).await.unwrap();
        assert!(matches!(answer, Rotated::WrongClient), "{claimed:?} {proven:?}: {answer:?}");
    }
    let mut rotation = world.rotation(handed);
    (rotation.claimed_client, rotation.proven_client) = (Some(Some(client.id)), Some(client.id));
    assert!(matches!(world.store.rotate(rotation).await.unwrap(), Rotated::Rotated(_)));
    let mut rotation = world.rotation(own);
    rotation.claimed_client = Some(None);
    assert!(matches!(world.store.rotate(rotation).await.unwrap(), Rotated::Rotated(_)));
}

/// Where it must, a stolen refresh token alone is worth nothing: not even a replay, nor an alarm.
pub async fn a_client_may_have_to_prove_its_secret(backend: Backend) {
    let world = World::new(backend).await;
    let mut new = world.new_client(None);
    new.refresh_requires_secret = true;
    let client = world.store.create_client(new, world.by()).await.unwrap();
    let profile = Profile { email: "jane@example.com".to_owned(), role: "member".to_owned() };
    let first = Held::of(&world.hand_over(&client, UserId(world.id()), profile).await.chain);
    assert!(matches!(world.refresh(first).await, Rotated::WrongClient));
    let mut rotation = world.rotation(first);
    rotation.proven_client = Some(client.id);
    assert!(matches!(world.store.rotate(rotation).await.unwrap(), Rotated::Rotated(_)));
    world.pass_secs(60);
    assert!(matches!(world.refresh(first).await, Rotated::WrongClient));
    assert_eq!(world.status(first.session).await, Status::Active);
}

/// And the versions, so that the new access token is good.
pub async fn a_refresh_carries_the_role_of_now(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let held = Held::of(&world.open(&user).await.chain);
    let mut change = world.user_change(&user);
    (change.role, change.email) = (Some("editor".to_owned()), Some("jd@example.com".to_owned()));
    let changed = world.store.change_user(change).await.unwrap().value;
    let Rotated::Rotated(chain) = world.refresh(held).await else { panic!() };
    assert_eq!((chain.role.as_str(), chain.email.as_str()), ("editor", "jd@example.com"));
    assert_eq!(chain.standing.token_version, changed.token_version);
    let Rotated::Replayed { chain, .. } = world.refresh(held).await else { panic!() };
    assert_eq!(chain.role, "editor");
}

/// Neither the rotation nor the replay; and nobody is told so who is a thief.
pub async fn a_key_that_is_gone_changes_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let held = Held::of(&world.open(&world.user("jane@example.com").await).await.chain);
    let mut rotation = world.rotation(held);
    rotation.signing_kid = "unknown".to_owned();
    assert_eq!(world.store.rotate(rotation).await.err(), Some(StoreError::KeyGone));
    let mut rotation = world.rotation(held);
    rotation.successor.mac_kid = "unknown".to_owned();
    assert_eq!(world.store.rotate(rotation).await.err(), Some(StoreError::KeyGone));

    let next = world.rotate(held).await;
    world
        .change_keys(|change| {
            change.revoke = vec![SIGNING_KID.to_owned()];
            change.add = vec![world.new_key("signing-2", KeyUse::Access, true)];
        })
        .await
        .unwrap();
    for held in [held, next] {
        assert_eq!(world.store.rotate(world.rotation(held)).await.err(), Some(StoreError::KeyGone));
        let mut rotation = world.rotation(held);
        rotation.signing_kid = "signing-2".to_owned();
        world.store.rotate(rotation).await.unwrap();
    }
}

/// None was seen: the old one stays.
pub async fn the_address_of_the_last_rotation_is_kept(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    let first = world.session(opened.chain.session).await.device.ip;
    let held = world.rotate(Held::of(&opened.chain)).await;
    assert_eq!(world.session(held.session).await.device.ip, first);
    let mut rotation = world.rotation(held);
    rotation.device_ip = Some([203, 0, 113, 9].into());
    world.store.rotate(rotation).await.unwrap();
    assert_eq!(world.session(held.session).await.device.ip, Some([203, 0, 113, 9].into()));
}

/// Every caller holds the same successor, and the session lives on.
pub async fn two_hundred_at_once_are_one_rotation_and_one_successor(backend: Backend) {
    let world = Arc::new(World::new(backend).await);
    let held = Held::of(&world.open(&world.user("jane@example.com").await).await.chain);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let world = Arc::clone(&world);
        callers.spawn(async move { world.refresh(held).await });
    }
    let (mut rotated, mut successors) = (0, Vec::new());
    while let Some(answer) = callers.join_next().await {
        match answer.unwrap() {
            Rotated::Rotated(chain) => {
                rotated += 1;
                successors.push(Held::of(&chain));
            }
            Rotated::Replayed { chain, late: false } => successors.push(Held::of(&chain)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((rotated, successors.len()), (1, 200));
    assert!(successors.iter().all(|successor| *successor == successors[0]));
    world.rotate(successors[0]).await;
}

/// Without a rotation: the refresh token stays as it is.
pub async fn remint_says_what_a_refresh_would(backend: Backend) {
    let world = World::new(backend).await;
    let opened = world.open(&world.user("jane@example.com").await).await;
    world.pass_secs(60);
    let jti = Jti(world.id());
    let kid = SIGNING_KID.to_owned();
    let chain =
        world.store.remint(opened.chain.session, jti, world.access_exp(), kid, world.now()).await.unwrap();
    assert_eq!(chain, rescind::session::Chain { access_jti: jti, ..opened.chain.clone() });
    let session = world.session(chain.session).await;
    assert_eq!((session.access_jti, session.idle_expires_at), (jti, opened.chain.idle_expires_at));
    world.rotate(Held::of(&opened.chain)).await;
}

/// A dead session is not found, a key that is gone is said to be.
pub async fn remint_is_guarded(backend: Backend) {
    let world = World::new(backend).await;
    let user = world.user("jane@example.com").await;
    let remint = |session, kid: &str| {
        let (jti, exp, now) = (Jti(world.id()), world.access_exp(), world.now());
        world.store.remint(session, jti, exp, kid.to_owned(), now)
    };
    let session = world.open(&user).await.chain.session;
    assert_eq!(remint(session, "unknown").await.err(), Some(StoreError::KeyGone));
    world.cut_user(&user).await;
    assert_eq!(remint(session, SIGNING_KID).await.err(), Some(StoreError::NotFound));
    let session = world.open(&user).await.chain.session;
    world.pass(IDLE);
    assert_eq!(remint(session, SIGNING_KID).await.err(), Some(StoreError::NotFound));
}
