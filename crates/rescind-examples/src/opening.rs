//! What a store is asked to do about a session, where an example shows the store's own verbs.

use std::error::Error;
use std::time::Duration;

use rescind::audit::action;
use rescind::authority::{AuthoritySettings, Caller, Handover, Ports};
use rescind::entropy::{random_bytes, uuid_v7};
use rescind::id::{Jti, SessionId};
use rescind::keys::{KeyState, KeyUse};
use rescind::session::{OpenSession, Presented, Rotate, Successor};
use rescind::system::SystemEntropy;

/// A session to be opened for the user of `handover`, signed by the keys that now sign.
pub(crate) async fn opening(ports: &Ports, handover: &Handover) -> Result<OpenSession, Box<dyn Error>> {
    let (keys, _) = ports.store.keys().await?;
    let active = |usage| {
        let key = keys.iter().find(|key| key.usage == usage && key.state == KeyState::Active);
        key.map(|key| key.kid.clone()).ok_or("no key of that use signs")
    };
    let now = ports.clock.now();
    let usual = AuthoritySettings::new("https://auth.example");
    Ok(OpenSession {
        id: SessionId(uuid_v7(now, &SystemEntropy)),
        user: handover.user,
        tenant: handover.tenant,
        client: None,
        standing: None,
        profile: None,
        may_touch_admins: false,
        audience: vec![usual.audience],
        claims: handover.claims.clone(),
        device: handover.device.clone(),
        first: successor(active(KeyUse::Refresh)?, Jti(uuid_v7(now, &SystemEntropy))),
        idle_expires_at: now.plus(usual.refresh_ttl),
        expires_at: now.plus(usual.session_ttl),
        access_jti: Jti(uuid_v7(now, &SystemEntropy)),
        access_exp: now.plus(usual.access_ttl + Duration::from_secs(1)),
        signing_kid: active(KeyUse::Access)?,
        max_sessions: 0,
        action: action::SIGNED_IN,
        by: Caller::system().provenance(now),
    })
}

/// The first refresh token of a session, presented by whoever opened it. What is to come after it is drawn anew each time.
///
/// ```
/// rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
///     ports.store.open(opening.clone()).await?;
///     let [one, other] = [(), ()].map(|()| rescind_examples::presenting(&opening));
///     assert_eq!(one.presented, other.presented);
///     assert_ne!(one.successor, other.successor);
///     Ok(())
/// });
/// ```
pub fn presenting(opening: &OpenSession) -> Rotate {
    let new_jti = || Jti(uuid_v7(opening.by.at, &SystemEntropy));
    Rotate {
        session: opening.id,
        user: opening.user,
        presented: Presented { hash: opening.first.hash, generation: 0 },
        successor: successor(opening.first.mac_kid.clone(), new_jti()),
        idle_expires_at: opening.idle_expires_at,
        access_jti: new_jti(),
        access_exp: opening.access_exp,
        signing_kid: opening.signing_kid.clone(),
        claimed_client: None,
        proven_client: None,
        policy: AuthoritySettings::new("https://auth.example").refresh_policy,
        device_ip: None,
        by: opening.by.clone(),
    }
}

/// Of no secret that anybody holds: a store keeps what it is handed.
fn successor(mac_kid: String, jti: Jti) -> Successor {
    Successor { hash: random_bytes(&SystemEntropy), salt: random_bytes(&SystemEntropy), jti, mac_kid }
}
