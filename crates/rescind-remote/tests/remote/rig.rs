//! A verifier, its authority, and tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rescind::clock::{Clock as _, Timestamp};
use rescind::id::{Jti, SessionId, TenantId, UserId};
use rescind::ledger::{Mark, MarkKey};
use rescind::token::{AccessClaims, Expected, ExtraClaims, SigningKey, sign_access};
use rescind::verifier::Refusal;
use rescind_remote::{Builder, Remote, Status, Timing};
use rescind_testkit::clock::ManualClock;
use uuid::Uuid;

use crate::fake::{Fake, LIMIT};

/// A session's access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) session: SessionId,
    pub(crate) tenant: TenantId,
}

pub(crate) struct Rig {
    pub(crate) fake: Fake,
    pub(crate) clock: Arc<ManualClock>,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_767_323_045)));
        Self { fake: Fake::start(Arc::clone(&clock)).await, clock }
    }

    /// A verifier that is about to start.
    pub(crate) fn builder(&self) -> Builder {
        Remote::builder(self.fake.url()).client("client", "secret").clock(self.clock.clone()).timing(quick())
    }

    /// One that has synced.
    pub(crate) async fn remote(&self) -> Remote {
        ready(self.builder()).await
    }

    pub(crate) fn token(&self) -> Token {
        self.token_by(&self.fake.key)
    }

    /// A token that lives for an hour.
    pub(crate) fn token_by(&self, key: &SigningKey) -> Token {
        self.token_of(self.fake.url(), key)
    }

    /// The same of any issuer, meant for itself.
    pub(crate) fn token_of(&self, iss: String, key: &SigningKey) -> Token {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = |part: u128| Uuid::from_u128(part << 64 | u128::from(NEXT.fetch_add(1, Ordering::Relaxed)));
        let (now, session, tenant) = (self.clock.now(), SessionId(id(4)), TenantId(id(3)));
        let claims = AccessClaims {
            aud: vec![iss.clone()],
            iss,
            client_id: "rescind".into(),
            exp: now.plus(Duration::from_secs(3600)),
            nbf: now,
            iat: now,
            jti: Jti(id(1)),
            user_id: UserId(id(2)),
            tenant_id: tenant,
            email: "ada@example.com".into(),
            role: "member".into(),
            sid: session,
            ver: 1,
            tver: 1,
            extra: ExtraClaims::none(),
        };
        Token { text: sign_access(key, &claims).unwrap(), session, tenant }
    }

    /// The mark that ends a token's session.
    pub(crate) fn cut(&self, token: &Token) -> Mark {
        let key = MarkKey::Session(token.session);
        let expires_at = self.clock.now().plus(Duration::from_secs(3600));
        Mark { tenant: None, key, min_version: None, expires_at }
    }

    pub(crate) fn revoke(&self, token: &Token) {
        self.fake.revoke(self.cut(token));
    }
}

/// So quick that a test need not wait, and so patient that a loaded machine does not matter.
pub(crate) fn quick() -> Timing {
    Timing {
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(20),
        keys_least: Duration::from_millis(20),
        tick: Duration::from_millis(5),
        ..Timing::default()
    }
}

pub(crate) async fn ready(builder: Builder) -> Remote {
    let remote = builder.start().await.unwrap();
    soon(remote.ready()).await;
    remote
}

/// What `future` comes to, unless it hangs.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let asked = std::panic::Location::caller();
    async move {
        let outcome = tokio::time::timeout(LIMIT, future).await;
        outcome.unwrap_or_else(|_| panic!("nothing comes of what is waited for at {asked}"))
    }
}

/// Waits for what there is no event for.
#[track_caller]
pub(crate) fn until(
    remote: &Remote,
    what: &str,
    holds: impl Fn(&Status) -> bool,
) -> impl Future<Output = ()> {
    let asked = std::panic::Location::caller();
    async move {
        let waiting = async {
            while !holds(&remote.status()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(LIMIT, waiting).await;
        assert!(waited.is_ok(), "{what}, at {asked}: {:?}", remote.status());
    }
}

/// Waits until the last trouble with the feed is this one.
pub(crate) async fn until_trouble(remote: &Remote, code: &str) {
    until(remote, code, |status| status.feed_trouble.is_some_and(|trouble| trouble.code() == code)).await;
}

/// Waits until a token is refused as revoked.
pub(crate) async fn until_revoked(remote: &Remote, token: &Token) {
    let mut changes = remote.verifier().replica().changes();
    let refused = async {
        while code(remote, token) != "token_revoked" {
            changes.changed().await.unwrap();
        }
    };
    soon(refused).await;
}

/// `ok`, or the code of the refusal.
pub(crate) fn code(remote: &Remote, token: &Token) -> &'static str {
    match remote.verifier().verify(&token.text, Expected::Configured) {
        Ok(_) => "ok",
        Err(refusal) => refusal.code(),
    }
}

pub(crate) async fn verify(remote: &Remote, token: &Token) -> Result<(), Refusal> {
    soon(remote.verify(&token.text, Expected::Configured)).await.map(|_| ())
}

pub(crate) async fn verify_fresh(remote: &Remote, token: &Token, within: Duration) -> Result<(), Refusal> {
    soon(remote.verify_fresh(&token.text, Expected::Configured, within)).await.map(|_| ())
}
