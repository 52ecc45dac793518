//! What the platform had before: users, and a sign-in that signs HS256 tokens with a library of its choice.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, encode};
use rescind::clock::Clock as _;
use rescind::entropy::uuid_v7;
use rescind::id::{SessionId, UserId};
use rescind::system::{SystemClock, SystemEntropy};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `iss` and `aud` of its tokens.
pub(crate) const NAME: &str = "https://platform.example";

/// How long a token lives.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// What a sign-in takes. A real platform hashes its passwords.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: UserId,
    sid: SessionId,
    jti: Uuid,
    /// What "sign out everywhere" raises: a column of the platform's own table of users.
    ver: i64,
    iat: i64,
    exp: i64,
}

struct User {
    id: UserId,
    password: String,
    version: i64,
    sessions: Vec<SessionId>,
}

pub(crate) struct Platform {
    key: EncodingKey,
    users: Mutex<HashMap<String, User>>,
}

impl Platform {
    pub(crate) fn new(secret: &str) -> Self {
        let user = |id, password: &str| User {
            id: UserId(Uuid::from_u128(id)),
            password: password.to_owned(),
            version: 0,
            sessions: Vec::new(),
        };
        let users = [("ada".to_owned(), user(1, "lovelace")), ("grace".to_owned(), user(2, "hopper"))];
        Self { key: EncodingKey::from_secret(secret.as_bytes()), users: Mutex::new(users.into()) }
    }

    /// A token, where the password is right.
    pub(crate) fn log_in(&self, given: &Credentials) -> Option<String> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let user = users.get_mut(&given.name).filter(|user| user.password == given.password)?;
        let session = SessionId(new_id());
        user.sessions.push(session);
        let now = SystemClock.now();
        let claims = Claims {
            iss: NAME,
            aud: NAME,
            sub: user.id,
            sid: session,
            jti: new_id(),
            ver: user.version,
            iat: now.as_secs(),
            exp: now.plus(LIFETIME).as_secs(),
        };
        encode(&Header::default(), &claims, &self.key).ok()
    }

    pub(crate) fn is_session_of(&self, session: SessionId, user: UserId) -> bool {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.values().any(|known| known.id == user && known.sessions.contains(&session))
    }

    pub(crate) fn set_version(&self, user: UserId, version: i64) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        for known in users.values_mut().filter(|known| known.id == user) {
            known.version = known.version.max(version);
        }
    }
}

fn new_id() -> Uuid {
    uuid_v7(SystemClock.now(), &SystemEntropy)
}
