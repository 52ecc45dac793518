//! The token that all of them check.

use std::time::Duration;

use rescind::clock::Clock;
use rescind::entropy::uuid_v7;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::{AccessClaims, Algorithm, ExtraClaims, SigningKey, sign_access};

/// Who made it.
pub(crate) const ISS: &str = "https://auth.example";
/// Whom it is for.
pub(crate) const AUD: &str = "https://api.example";

/// A token as Rescind makes them, and the key.
pub(crate) struct Token {
    pub(crate) key: SigningKey,
    pub(crate) text: String,
}

impl Token {
    /// One that lives for a day.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm, &SystemEntropy).expect("a new key");
        let text = sign_access(&key, &claims()).expect("plain claims");
        Self { key, text }
    }
}

fn claims() -> AccessClaims {
    let now = SystemClock.now();
    let id = || uuid_v7(now, &SystemEntropy);
    AccessClaims {
        iss: ISS.to_owned(),
        aud: vec![AUD.to_owned()],
        client_id: "rescind".to_owned(),
        exp: now.plus(Duration::from_secs(3600)),
        nbf: now,
        iat: now,
        jti: Jti(id()),
        user_id: UserId(id()),
        tenant_id: TenantId(id()),
        email: "ada@example.com".to_owned(),
        role: "member".to_owned(),
        sid: SessionId(id()),
        ver: now.as_millis(),
        tver: now.as_millis(),
        extra: ExtraClaims::none(),
    }
}
