//! Tokens that express, flask-jwt-extended and simplejwt all take: HS256, the algorithm that each of them begins with.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rescind::clock::Clock as _;
use rescind::entropy::uuid_v7;
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::{AccessClaims, Algorithm, ExtraClaims, SigningKey, sign_access};
use serde_json::json;
use uuid::Uuid;

/// Who made them.
pub(crate) const ISSUER: &str = "https://auth.example";
/// Whom they are for.
pub(crate) const AUDIENCE: &str = "https://api.example";

/// Live tokens, with the same claims as ours, and each of another user.
pub(crate) struct Tokens {
    pub(crate) all: Vec<String>,
    pub(crate) users: Vec<Uuid>,
    /// The key, in base64.
    pub(crate) secret: String,
}

impl Tokens {
    /// So many.
    pub(crate) fn new(count: usize) -> Self {
        let key = SigningKey::generate(Algorithm::Hs256, &SystemEntropy).expect("a new key");
        let users: Vec<Uuid> = (0..count).map(|_| new_id()).collect();
        let sign = |user: &Uuid| sign_access(&key, &claims(*user)).expect("plain claims");
        Self { all: users.iter().map(sign).collect(), secret: STANDARD.encode(key.secret_bytes()), users }
    }
}

fn claims(user: Uuid) -> AccessClaims {
    let now = SystemClock.now();
    // How flask-jwt-extended calls the kind of a token.
    let flask = json!({"type": "access", "fresh": false});
    let extra = flask.as_object().cloned().unwrap_or_default();
    AccessClaims {
        iss: ISSUER.to_owned(),
        aud: vec![AUDIENCE.to_owned()],
        client_id: "rescind".to_owned(),
        exp: now.plus(Duration::from_secs(7200)),
        nbf: now,
        iat: now,
        jti: Jti(new_id()),
        user_id: UserId(user),
        tenant_id: TenantId(new_id()),
        email: format!("{user}@example.com"),
        role: "member".to_owned(),
        sid: SessionId(new_id()),
        ver: now.as_millis(),
        tver: now.as_millis(),
        extra: ExtraClaims::new(extra).expect("names of their own"),
    }
}

fn new_id() -> Uuid {
    uuid_v7(SystemClock.now(), &SystemEntropy)
}
