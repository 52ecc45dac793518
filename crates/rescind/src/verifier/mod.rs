//! The verifier: checks access tokens against their issuer's keys and against every cut, with no network and no store.

mod freshness;
mod refusal;
mod verified;

use std::sync::Arc;

pub use freshness::{FreshnessPolicy, OnStale};
pub use refusal::Refusal;
pub use verified::Verified;

use crate::clock::{Clock, Timestamp};
use crate::id::ClientId;
use crate::ledger::{CutKind, TokenKey};
use crate::replica::{DigestFact, Replica, TokenFacts};
use crate::token::{Expected, SignedToken, Validator};
use freshness::StaleCounter;

/// Checks access tokens: signature and claims, then every cut, by a replica that is fresh enough.
///
/// The same inside the authority and in any other process; only where keys and marks come from differs.
pub struct Verifier {
    validator: Validator,
    replica: Arc<Replica>,
    policy: FreshnessPolicy,
    clock: Arc<dyn Clock>,
    stale: StaleCounter,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier that trusts what `validator` trusts, and knows the cuts that `replica` knows.
    pub fn new(
        validator: Validator,
        replica: Arc<Replica>,
        policy: FreshnessPolicy,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { validator, replica, policy, clock, stale: StaleCounter::default() }
    }

    /// Checks a token that is meant for whom `expected` says.
    ///
    /// # Errors
    /// A [`Refusal`]: what is known to be revoked is refused as such even by a replica that is stale.
    pub fn verify(&self, token: &str, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let now = self.clock.now();
        let valid = self.validator.validate_expecting(token, now, expected)?;
        match self.evaluate(&valid) {
            Some(cut) => Err(Refusal::Revoked(cut)),
            None => self.check_freshness(now).map(|()| Verified::new(valid)),
        }
    }

    /// The cut that a token is dead by, if it is, whatever its times and audience.
    pub fn evaluate(&self, token: &SignedToken) -> Option<CutKind> {
        let jti = token.jti().map(TokenKey::new);
        let digest = || token.digest();
        self.replica.evaluate(&TokenFacts {
            jti: jti.as_ref(),
            digest: DigestFact::Lazy(&digest),
            session: token.session_id(),
            user: token.user_id(),
            tenant: token.tenant_id(),
            token_version: token.ver(),
            tenant_token_version: token.tver(),
            client: token.client_id().and_then(|id| id.parse::<ClientId>().ok()),
            kid: token.kid(),
        })
    }

    /// What tokens are validated by, before any cut is looked at.
    pub const fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The replica that holds the cuts.
    pub const fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// How many tokens were let through by a replica that was older than the policy likes ([`OnStale::Allow`]).
    pub fn stale_allowed(&self) -> u64 {
        self.stale.count()
    }

    fn check_freshness(&self, now: Timestamp) -> Result<(), Refusal> {
        let staleness = self.replica.staleness(now).ok_or(Refusal::NotReady)?;
        if staleness <= self.policy.max_staleness {
            return Ok(());
        }
        match self.policy.on_stale {
            OnStale::Deny => Err(Refusal::Stale),
            OnStale::Allow => {
                self.stale.note(now, staleness);
                Ok(())
            }
        }
    }
}
