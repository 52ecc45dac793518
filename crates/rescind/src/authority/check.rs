//! Checking tokens on behalf of others: introspection (RFC 7662) and proxies.

use serde_json::{Value, json};

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
    pub async fn check(&self, token: &str, expected: Expected<'_>) -> Result<Verified> {
        let checked = match self.settings.check {
            CheckBy::Replica => self.verifier.verify(token, expected),
            CheckBy::Lookup => self.verifier.verify_by_lookup(token, expected, &self.lookup).await,
        };
        checked.map_err(refused)
    }

    /// The same, by all that the ledger holds at the call: nothing passes that was revoked by then, on whichever node. Waits for
    /// this node to have read so far, at most until `give_up` resolves, and refuses then: [`Error::NotFresh`].
    pub async fn check_fresh(
        &self,
        token: &str,
        expected: Expected<'_>,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified> {
        let checked = match self.settings.check {
            CheckBy::Replica => self.verifier.verify_fresh(token, expected, self, give_up).await,
            CheckBy::Lookup => {
                self.verifier.verify_fresh_by_lookup(token, expected, &self.lookup, give_up).await
            }
        };
        checked.map_err(refused)
    }

    /// Whether a token is good, for a caller that reaches its tenant.
    pub async fn introspect(&self, caller: &Caller, token: &str) -> Result<Introspection> {
        let reach = self.introspection_reach(caller)?;
        let access = self.check(token, Expected::Any).await;
        self.introspection(reach, token, access).await
    }

    /// The same by a [fresh](Self::check_fresh) check.
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
