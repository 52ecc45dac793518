//! Checking tokens on behalf of others: introspection (RFC 7662) and proxies.

use serde_json::{Value, json};

use crate::authority::act::{act, within};
use crate::authority::error::{Error, Result};
use crate::authority::mint::client_id;
use crate::authority::sign_in::found;
use crate::authority::{Authority, Caller, Reach};
use crate::clock::Timestamp;
use crate::directory::Scope;
use crate::ledger::TokenKey;
use crate::lookup::CheckBy;
use crate::session::{Session, Status};
use crate::token::{Expected, SignedRefresh};
use crate::verifier::{Refusal, Verified};

/// What introspection answers (RFC 7662 §2.2).
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::authority::Introspection;
///
/// let answer = authority.introspect(&operator, "not a token").await?;
/// assert!(matches!(answer, Introspection::Inactive));
/// // Nothing else is told of a token that is not good.
/// assert_eq!(answer.into_json("https://auth.example"), serde_json::json!({ "active": false }));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub enum Introspection {
    /// The token is not good, or not the caller's business. The two are not told apart.
    Inactive,
    /// A good access token: its claims.
    Access(Value),
    /// A good refresh token.
    Refresh(Box<RefreshIntrospection>),
}

/// A good refresh token.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, backend, pair, .. }| {
/// use rescind::authority::Introspection;
/// use secrecy::ExposeSecret as _;
///
/// let answer = authority.introspect(&backend, pair.refresh_token.expose_secret()).await?;
/// let Introspection::Refresh(refresh) = answer else { panic!("not a good refresh token") };
/// assert_eq!(refresh.session.id, pair.session_id);
/// assert_eq!(refresh.expires_at.since(refresh.issued_at), authority.settings().refresh_ttl);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct RefreshIntrospection {
    /// Its session.
    pub session: Session,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Its `jti`.
    pub jti: String,
}

impl Introspection {
    /// As JSON.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, backend, pair, .. }| {
    /// use secrecy::ExposeSecret as _;
    ///
    /// let answer = authority.introspect(&backend, pair.refresh_token.expose_secret()).await?;
    /// let json = answer.into_json("https://auth.example");
    /// assert_eq!(json["active"], true);
    /// assert_eq!(json["token_type"], "refresh_token");
    /// # Ok(())
    /// # });
    /// ```
    pub fn into_json(self, issuer: &str) -> Value {
        match self {
            Self::Inactive => json!({ "active": false }),
            Self::Access(mut claims) => {
                claims["active"] = Value::Bool(true);
                // RFC 7662 means the type of RFC 6749 §5.1 here, not our claim of that name.
                claims["token_type"] = json!("Bearer");
                claims["username"] = claims["email"].clone();
                claims
            }
            Self::Refresh(refresh) => refresh.into_json(issuer),
        }
    }
}

impl RefreshIntrospection {
    fn into_json(self, issuer: &str) -> Value {
        json!({
            "active": true,
            "token_type": "refresh_token",
            "iss": issuer,
            "aud": issuer,
            "sub": self.session.user,
            "user_id": self.session.user,
            "tenant_id": self.session.tenant,
            "session_id": self.session.id,
            "client_id": client_id(self.session.client),
            "jti": self.jti,
            "iat": self.issued_at.as_secs(),
            "exp": self.expires_at.as_secs(),
        })
    }
}

impl Authority {
    /// Checks an access token with every cut, for whom it is meant, in the way that this node was told to: whatever door a
    /// token comes in by.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let token = pair.access_token.expose_secret();
    /// let verified = authority.check(token, Expected::Configured).await?;
    /// assert_eq!(verified.email(), Some("ada@example.com"));
    /// // It is not meant for whoever else takes tokens of this authority.
    /// let elsewhere = authority.check(token, Expected::Exactly("https://shop.example")).await;
    /// assert_eq!(elsewhere.unwrap_err().code(), "invalid_token");
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let refused = authority.check(token, Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn check(&self, token: &str, expected: Expected<'_>) -> Result<Verified> {
        let span = act!("check", fresh = false);
        let checking = async {
            let checked = match self.settings.check {
                CheckBy::Replica => self.verifier.verify(token, expected),
                CheckBy::Lookup => self.verifier.verify_by_lookup(token, expected, &self.lookup).await,
            };
            checked.map_err(refused)
        };
        within(span, checking).await
    }

    /// The same, by all that the ledger holds at the call: nothing passes that was revoked by then, on whichever node. Waits for
    /// this node to have read so far, at most until `give_up` resolves, and refuses then: [`Error::NotFresh`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, pair, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings, Error};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// let token = pair.access_token.expose_secret();
    /// authority.revoke_all_own(&ada).await?;
    ///
    /// // Another node has not read of it yet, and knows that it has not.
    /// assert!(other_node.check(token, Expected::Configured).await.is_ok());
    /// let give_up = async { /* such as tokio::time::sleep(Duration::from_secs(2)).await */ };
    /// let refused = other_node.check_fresh(token, Expected::Configured, give_up).await.unwrap_err();
    /// assert_eq!(refused, Error::NotFresh("stale"));
    ///
    /// other_node.follow().await?;
    /// let refused = other_node.check_fresh(token, Expected::Configured, std::future::pending()).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn check_fresh(
        &self,
        token: &str,
        expected: Expected<'_>,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified> {
        let span = act!("check", fresh = true);
        let checking = async {
            let checked = match self.settings.check {
                CheckBy::Replica => self.verifier.verify_fresh(token, expected, self, give_up).await,
                CheckBy::Lookup => {
                    self.verifier.verify_fresh_by_lookup(token, expected, &self.lookup, give_up).await
                }
            };
            checked.map_err(refused)
        };
        within(span, checking).await
    }

    /// Whether a token is good, for a caller that reaches its tenant.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, backend, ada, pair, .. }| {
    /// use rescind::authority::Introspection;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let token = pair.access_token.expose_secret();
    /// let Introspection::Access(claims) = authority.introspect(&backend, token).await? else {
    ///     panic!("not a good access token");
    /// };
    /// assert_eq!(claims["email"], "ada@example.com");
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// assert!(matches!(authority.introspect(&backend, token).await?, Introspection::Inactive));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn introspect(&self, caller: &Caller, token: &str) -> Result<Introspection> {
        let reach = self.introspection_reach(caller)?;
        let access = self.check(token, Expected::Any).await;
        self.introspection(reach, token, access).await
    }

    /// The same by a [fresh](Self::check_fresh) check.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, backend, ada, pair, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings, Error, Introspection};
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// let token = pair.access_token.expose_secret();
    /// authority.revoke_all_own(&ada).await?;
    ///
    /// // A node that has not read of it yet does not say that the token is good; it says that it cannot tell.
    /// let unable = other_node.introspect_fresh(&backend, token, async {}).await.unwrap_err();
    /// assert_eq!(unable, Error::NotFresh("stale"));
    /// other_node.follow().await?;
    /// let answer = other_node.introspect_fresh(&backend, token, std::future::pending()).await?;
    /// assert!(matches!(answer, Introspection::Inactive));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn introspect_fresh(
        &self,
        caller: &Caller,
        token: &str,
        give_up: impl Future<Output = ()>,
    ) -> Result<Introspection> {
        let reach = self.introspection_reach(caller)?;
        let access = self.check_fresh(token, Expected::Any, give_up).await;
        self.introspection(reach, token, access).await
    }

    /// To be told of an operator's token changes nothing: whoever no tenant binds is told of all.
    fn introspection_reach(&self, caller: &Caller) -> Result<Reach> {
        Ok(match self.reach(caller, Scope::Introspect)? {
            Reach::AllBut(_) => Reach::All,
            other => other,
        })
    }

    async fn introspection(
        &self,
        reach: Reach,
        token: &str,
        access: Result<Verified>,
    ) -> Result<Introspection> {
        match access {
            Ok(access) if access.tenant_id().is_some_and(|tenant| reach.covers(tenant)) => {
                return Ok(Introspection::Access(access.claims_json()));
            }
            Err(unable @ Error::NotFresh(_)) => return Err(unable),
            Ok(_) | Err(_) => {}
        }
        match self.refresh_validator.validate(token, self.now()) {
            Ok(refresh) => self.introspect_refresh(&refresh, reach).await,
            Err(_) => Ok(Introspection::Inactive),
        }
    }

    async fn introspect_refresh(&self, refresh: &SignedRefresh, reach: Reach) -> Result<Introspection> {
        let jti = refresh.jti();
        let Some(owner) = found(self.store.jti_owner(&TokenKey::from(jti.0)).await)? else {
            return Ok(Introspection::Inactive);
        };
        // A used one is as good as its successor for as long as a reply may have been lost, and no longer.
        let now = self.now();
        let policy = &self.settings.refresh_policy;
        let window = policy.grace.max(policy.lost_reply_window);
        if owner.rotated_at.is_some_and(|at| now.since(at) > window) {
            return Ok(Introspection::Inactive);
        }
        if !owner.refresh || owner.session != refresh.session_id() || !reach.covers(owner.tenant) {
            return Ok(Introspection::Inactive);
        }
        let session = found(self.store.session(owner.session, Some(owner.tenant), now).await)?;
        Ok(match session {
            Some(session) if session.status == Status::Active && !self.knows_ended(&session) => {
                Introspection::Refresh(Box::new(RefreshIntrospection {
                    session,
                    expires_at: refresh.expires_at(),
                    issued_at: refresh.issued_at(),
                    jti: jti.to_string(),
                }))
            }
            _ => Introspection::Inactive,
        })
    }
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        unable @ (Refusal::Stale | Refusal::NotReady) => Error::NotFresh(unable.code()),
        other => Error::TokenRefused(other.code()),
    }
}
