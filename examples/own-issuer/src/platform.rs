//! What the platform had before: users, and a sign-in that signs HS256 tokens with a library of its choice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    /// What "sign out everywhere" raises: the one claim that is new.
    ver: i64,
    iat: i64,
    exp: i64,
}

struct User {
    id: UserId,
    password: String,
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
            sessions: Vec::new(),
        };
        let users = [("ada".to_owned(), user(1, "lovelace")), ("grace".to_owned(), user(2, "hopper"))];
        Self { key: EncodingKey::from_secret(secret.as_bytes()), users: Mutex::new(users.into()) }
    }

    /// Whose the name and the password are.
    pub(crate) fn check(&self, given: &Credentials) -> Option<UserId> {
        let users = self.users();
        users.get(&given.name).filter(|user| user.password == given.password).map(|user| user.id)
    }

    /// A token of a new session.
    pub(crate) fn sign(&self, user: UserId, version: i64) -> Option<String> {
        let session = SessionId(new_id());
        self.users().values_mut().find(|known| known.id == user)?.sessions.push(session);
        let now = SystemClock.now();
        let claims = Claims {
            iss: NAME,
            aud: NAME,
            sub: user,
            sid: session,
            jti: new_id(),
            ver: version,
            iat: now.as_secs(),
            exp: now.plus(LIFETIME).as_secs(),
        };
        encode(&Header::default(), &claims, &self.key).ok()
    }

    pub(crate) fn is_session_of(&self, session: SessionId, user: UserId) -> bool {
        self.users().values().any(|known| known.id == user && known.sessions.contains(&session))
    }

    fn users(&self) -> MutexGuard<'_, HashMap<String, User>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_id() -> Uuid {
    uuid_v7(SystemClock.now(), &SystemEntropy)
}
