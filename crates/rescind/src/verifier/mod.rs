//! The verifier: checks access tokens against their issuer's keys and against every cut, with no network and no store. A route that
//! asks for it is checked [fresh](Verifier::verify_fresh), which asks where the ledger ends.

mod cache;
mod counts;
mod fresh;
mod freshness;
mod refusal;
#[cfg(test)]
mod tests;
mod verified;

use std::sync::Arc;
use std::time::Duration;

pub use cache::{TokenCache, TokenCacheCounts};
pub use counts::CheckCounts;
pub use fresh::{HeadAnswer, HeadUnknown, LedgerHead};
pub use freshness::{FreshnessPolicy, OnStale};
pub use refusal::Refusal;
pub use verified::Verified;

use crate::clock::{Clock, Timestamp};
use crate::id::{ClientId, TenantId};
use crate::ledger::CutKind;
use crate::lookup::Lookup;
use crate::replica::{Candidates, DigestFact, Replica, TokenFacts};
use crate::token::{Expected, Rejection, SignedToken, ValidToken, Validator};
use counts::Checks;
use freshness::StaleCounter;

/// Checks access tokens: signature and claims, then every cut, by a replica that is fresh enough.
///
/// The same inside the authority and in any other process; only where keys and marks come from differs. Keys are
/// changed by [`KeySet::replace`](crate::token::KeySet::replace) on the set that its validator's issuer was given.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use rescind::clock::Clock;
/// use rescind::ledger::Cursor;
/// use rescind::replica::Replica;
/// use rescind::system::{SystemClock, SystemEntropy};
/// use rescind::token::{Expected, Issuer, KeySet, Validator};
/// use rescind::verifier::{FreshnessPolicy, Refusal, Verifier};
///
/// let keys = KeySet::empty();
/// let validator = Validator::new(vec![Issuer::ours("https://auth.example", keys)])?;
/// let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
/// replica.load(0).finish(Cursor::default(), SystemClock.now());
///
/// let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), Arc::new(SystemClock));
/// let refusal = verifier.verify("not a token", Expected::Exactly("https://api.example")).unwrap_err();
/// assert_eq!(refusal.code(), "invalid_token");
/// # Ok::<(), rescind::token::InvalidIssuers>(())
/// ```
pub struct Verifier {
    validator: Validator,
    replica: Arc<Replica>,
    policy: FreshnessPolicy,
    clock: Arc<dyn Clock>,
    stale: StaleCounter,
    checks: Checks,
    cache: Option<TokenCache>,
    /// The only tenant whose tokens are judged here.
    tenant: Option<TenantId>,
}

/// A token whose signature was checked.
struct Proved {
    token: SignedToken,
    /// Not now, but when the token was seen before.
    before: bool,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier that trusts what `validator` trusts, and knows the cuts that `replica` knows. No issuer is granted more than the
    /// replica's [leeway](Replica::leeway): it keeps no mark for longer.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use rescind::replica::Replica;
    /// use rescind::system::{SystemClock, SystemEntropy};
    /// use rescind::token::{Expected, Issuer, KeySet, Validator};
    /// use rescind::verifier::{FreshnessPolicy, Refusal, Verifier};
    ///
    /// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
    /// let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
    /// let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), Arc::new(SystemClock));
    /// assert!(matches!(verifier.verify("x", Expected::Configured), Err(Refusal::Invalid(_))));
    /// # Ok::<(), rescind::token::InvalidIssuers>(())
    /// ```
    pub fn new(
        validator: Validator,
        replica: Arc<Replica>,
        policy: FreshnessPolicy,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let validator = validator.granting_at_most(replica.leeway());
        let (stale, checks) = (StaleCounter::default(), Checks::default());
        Self { validator, replica, policy, clock, stale, checks, cache: None, tenant: None }
    }

    /// The same, which does not check the signature of a token again that it has seen before. Nothing else changes: whatever is
    /// refused without a cache is refused with it, at the same moment.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use rescind::replica::Replica;
    /// # use rescind::system::{SystemClock, SystemEntropy};
    /// # use rescind::token::{Issuer, KeySet, Validator};
    /// use rescind::verifier::{FreshnessPolicy, TokenCache, Verifier};
    ///
    /// # let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
    /// # let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
    /// let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), Arc::new(SystemClock))
    ///     .with_cache(TokenCache::new(&SystemEntropy, TokenCache::USUAL_BYTES));
    /// # Ok::<(), rescind::token::InvalidIssuers>(())
    /// ```
    #[must_use]
    pub fn with_cache(mut self, cache: TokenCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The same, for the tokens of one tenant: another's are refused, whatever they are. For a replica that is told of no other
    /// tenant's cuts, and so cannot know which of their tokens are dead. A token that names no tenant is nobody else's.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, acme, .. }| {
    /// use std::sync::Arc;
    ///
    /// use rescind::token::Expected;
    /// use rescind::verifier::Verifier;
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let clock = Arc::clone(authority.clock());
    /// let verifier = || {
    ///     let (validator, replica) = (authority.verifier().validator().clone(), Arc::clone(authority.replica()));
    ///     Verifier::new(validator, replica, Default::default(), clock.clone())
    /// };
    /// let token = pair.access_token.expose_secret();
    /// assert!(verifier().for_tenant(acme).verify(token, Expected::Configured).is_ok());
    /// let elsewhere = verifier().for_tenant(authority.system_tenant());
    /// let refused = elsewhere.verify(token, Expected::Configured).unwrap_err();
    /// assert_eq!(refused.code(), "invalid_token");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn for_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Checks a token that is meant for whom `expected` says.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::ledger::CutKind;
    /// use rescind::token::Expected;
    /// use rescind::verifier::Refusal;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, verifier) = (pair.access_token.expose_secret(), authority.verifier());
    /// assert_eq!(verifier.verify(token, Expected::Configured)?.role(), Some("member"));
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let refused = verifier.verify(token, Expected::Configured).unwrap_err();
    /// assert_eq!(refused, Refusal::Revoked(CutKind::User));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`]: what is known to be revoked is refused as such even by a replica that is stale.
    pub fn verify(&self, token: &str, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let outcome = self.check(token, expected);
        self.checks.note(&outcome);
        outcome
    }

    /// Checks again a token whose signature has been checked before: its times, its audience and every cut.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, clock, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, verifier) = (pair.access_token.expose_secret(), authority.verifier());
    /// let signed = verifier.validator().verify(token)?;
    /// assert!(verifier.verify_again(&signed, Expected::Configured).is_ok());
    /// clock.forward(authority.settings().access_ttl * 2);
    /// let refused = verifier.verify_again(&signed, Expected::Configured).unwrap_err();
    /// assert_eq!(refused.code(), "token_expired");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`], as of [`Verifier::verify`].
    pub fn verify_again(&self, token: &SignedToken, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let outcome = self.check_again(token, expected);
        self.checks.note(&outcome);
        outcome
    }

    /// Checks a token as [`Verifier::verify`] does, but asks `lookup` for its cuts, now, instead of relying on a replica that is
    /// fresh enough. The replica is asked too, and last: it can only add refusals, of what a ledger forgot that lost its
    /// last commits.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, ada, pair, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let other_node = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = other_node.authority;
    /// let (token, verifier) = (pair.access_token.expose_secret(), other_node.verifier());
    /// authority.revoke_all_own(&ada).await?;
    /// // Its replica has not heard of it yet; the ledger has.
    /// assert!(verifier.verify(token, Expected::Configured).is_ok());
    /// let refused = verifier.verify_by_lookup(token, Expected::Configured, other_node.lookup()).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`]. Where the ledger cannot be read, it is as if a replica were too old: [`Refusal::Stale`], unless the policy
    /// lets through what is not known to be revoked.
    pub async fn verify_by_lookup(
        &self,
        token: &str,
        expected: Expected<'_>,
        lookup: &Lookup,
    ) -> Result<Verified, Refusal> {
        let outcome = self.check_by_lookup(token, expected, lookup).await;
        self.checks.note(&outcome);
        outcome
    }

    /// Waits until a cut reaches the token: for connections that stay open after the token was checked. It does not
    /// resolve when the token expires, nor when the replica is too old to tell, which [`Verifier::verify_again`] does.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::ledger::CutKind;
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, verifier) = (pair.access_token.expose_secret(), authority.verifier());
    /// let signed = verifier.validator().verify(token)?;
    /// // A stream is closed by it while it lasts.
    /// let (cut, ended) = tokio::join!(verifier.until_cut(&signed), authority.revoke_all_own(&ada));
    /// assert_eq!((cut, ended?), (CutKind::User, 1));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn until_cut(&self, token: &SignedToken) -> CutKind {
        let mut changes = self.replica.changes();
        loop {
            changes.mark_unchanged();
            if let Some(cut) = self.evaluate(token) {
                return cut;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The cut that a token is dead by, if it is, whatever its times and audience.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, clock, .. }| {
    /// use rescind::ledger::CutKind;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let verifier = authority.verifier();
    /// let signed = verifier.validator().verify(pair.access_token.expose_secret())?;
    /// assert_eq!(verifier.evaluate(&signed), None);
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(verifier.evaluate(&signed), Some(CutKind::User));
    /// # Ok(())
    /// # });
    /// ```
    pub fn evaluate(&self, token: &SignedToken) -> Option<CutKind> {
        with_facts(token, |facts| self.replica.evaluate(facts))
    }

    /// What tokens are validated by, before any cut is looked at.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use secrecy::ExposeSecret as _;
    ///
    /// // Whom it trusts, and what can be known of a token without the ledger.
    /// let validator = authority.verifier().validator();
    /// assert_eq!(validator.issuers().count(), 1);
    /// assert!(validator.validate(pair.access_token.expose_secret(), authority.now()).is_ok());
    /// # Ok(())
    /// # });
    /// ```
    pub const fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The replica that holds the cuts.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// let replica = authority.verifier().replica();
    /// assert_eq!(replica.as_of(), Some(authority.now()), "it has read the ledger just now");
    /// # Ok(())
    /// # });
    /// ```
    pub const fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// What is remembered of tokens that were seen before, where anything is.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let verifier = authority.verifier();
    /// verifier.verify(pair.access_token.expose_secret(), Expected::Configured)?;
    /// assert_eq!(verifier.cache().map(|cache| cache.counts().tokens), Some(1));
    /// # Ok(())
    /// # });
    /// ```
    pub const fn cache(&self) -> Option<&TokenCache> {
        self.cache.as_ref()
    }

    /// How many tokens were let through by a replica that was older than the policy likes ([`OnStale::Allow`]).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, pair, clock, .. }| {
    /// use std::time::Duration;
    ///
    /// use rescind::authority::{Authority, AuthoritySettings};
    /// use rescind::token::Expected;
    /// use rescind::verifier::OnStale;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let settings = AuthoritySettings {
    ///     max_staleness: Duration::from_secs(60),
    ///     on_stale: OnStale::Allow,
    ///     ..AuthoritySettings::new("https://auth.example")
    /// };
    /// # let node = Authority::start(ports, settings, || unreachable!("it was started before")).await?.authority;
    /// clock.forward(Duration::from_secs(61));
    /// let verifier = node.verifier();
    /// assert!(verifier.verify(pair.access_token.expose_secret(), Expected::Configured).is_ok());
    /// assert_eq!(verifier.stale_allowed(), 1);
    /// # Ok(())
    /// # });
    /// ```
    pub fn stale_allowed(&self) -> u64 {
        self.stale.count()
    }

    /// How checks came out since it was made, for metrics.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// let verifier = authority.verifier();
    /// assert!(verifier.verify(pair.access_token.expose_secret(), Expected::Configured).is_err());
    /// assert_eq!(verifier.counts().revoked, 1);
    /// # Ok(())
    /// # });
    /// ```
    pub fn counts(&self) -> CheckCounts {
        self.checks.counts()
    }

    #[inline]
    fn check(&self, token: &str, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let now = self.clock.now();
        let proved = self.prove(token)?;
        let valid = self.validate(&proved.token, now, expected)?;
        self.check_cuts(&valid, now)?;
        self.keep(token, &proved, now);
        Ok(Verified::new(valid))
    }

    #[inline]
    fn check_again(&self, token: &SignedToken, expected: Expected<'_>) -> Result<Verified, Refusal> {
        let now = self.clock.now();
        let valid = self.validate(token, now, expected)?;
        self.check_cuts(&valid, now)?;
        Ok(Verified::new(valid))
    }

    async fn check_by_lookup(
        &self,
        token: &str,
        expected: Expected<'_>,
        lookup: &Lookup,
    ) -> Result<Verified, Refusal> {
        let now = self.clock.now();
        let proved = self.prove(token)?;
        let valid = self.validate(&proved.token, now, expected)?;
        if !self.look_up(&valid, lookup, now).await? {
            self.tolerate(self.replica.staleness(now).unwrap_or(Duration::MAX), now)?;
        }
        self.refuse_in_doubt()?;
        self.keep(token, &proved, now);
        Ok(Verified::new(valid))
    }

    /// All that never changes about a token: known from before, or checked now.
    fn prove(&self, token: &str) -> Result<Proved, Refusal> {
        let known = self.cache.as_ref().and_then(|cache| {
            cache.empty_after(self.replica.key_cuts());
            cache.find(token)
        });
        match known {
            Some(token) => Ok(Proved { token, before: true }),
            None => {
                let token = self.validator.verify(token).map_err(|why| self.unless_awaited(token, why))?;
                Ok(Proved { token, before: false })
            }
        }
    }

    /// Whether the token is one to be judged here, meant for `expected`, now.
    #[inline]
    fn validate(
        &self,
        token: &SignedToken,
        now: Timestamp,
        expected: Expected<'_>,
    ) -> Result<ValidToken, Rejection> {
        match (self.tenant, token.tenant_id()) {
            (Some(ours), Some(its)) if its != ours => Err(Rejection::WrongTenant),
            _ => token.validate(now, expected),
        }
    }

    /// While no keys of its issuer have come yet, no token is to blame for naming one.
    fn unless_awaited(&self, token: &str, why: Rejection) -> Refusal {
        let awaited = why == Rejection::UnknownKey && self.validator.awaits_keys_for(token);
        if awaited { Refusal::NotReady } else { Refusal::Invalid(why) }
    }

    /// Remembers a token that was good. One that was not is forgotten, so that nobody fills the cache with them.
    fn keep(&self, text: &str, proved: &Proved, now: Timestamp) {
        if let Some(cache) = &self.cache
            && !proved.before
        {
            cache.keep(text, &proved.token, now);
        }
    }

    /// Whether the ledger could be asked for the token's cuts; one that is known is a refusal.
    async fn look_up(&self, token: &SignedToken, lookup: &Lookup, now: Timestamp) -> Result<bool, Refusal> {
        let candidates = with_facts(token, Candidates::of);
        let asked = lookup.cut(&candidates, now).await;
        if let Ok(Some(cut)) = asked {
            return Err(Refusal::Revoked(cut));
        }
        self.refuse_known(token)?;
        Ok(asked.is_ok())
    }

    /// A ledger that has lost its last commits does not know what other nodes are yet to write back.
    fn refuse_in_doubt(&self) -> Result<(), Refusal> {
        self.replica.as_of().map_or(Err(Refusal::NotReady), |_| Ok(()))
    }

    fn refuse_known(&self, token: &SignedToken) -> Result<(), Refusal> {
        self.evaluate(token).map_or(Ok(()), |cut| Err(Refusal::Revoked(cut)))
    }

    fn check_cuts(&self, token: &SignedToken, now: Timestamp) -> Result<(), Refusal> {
        // In this order: what is read as fresh before the marks are looked at, the marks hold.
        let staleness = self.replica.staleness(now);
        self.refuse_known(token)?;
        self.check_freshness(staleness.ok_or(Refusal::NotReady)?, now)
    }

    fn check_freshness(&self, staleness: Duration, now: Timestamp) -> Result<(), Refusal> {
        if staleness <= self.policy.max_staleness { Ok(()) } else { self.tolerate(staleness, now) }
    }

    /// What happens to a token that may have been revoked for all that is known.
    fn tolerate(&self, staleness: Duration, now: Timestamp) -> Result<(), Refusal> {
        match self.policy.on_stale {
            OnStale::Deny => Err(Refusal::Stale),
            OnStale::Allow => {
                self.stale.note(now, staleness);
                Ok(())
            }
        }
    }
}

/// Hands over what the cuts of a token are decided by.
#[inline(always)]
fn with_facts<T>(token: &SignedToken, look: impl FnOnce(&TokenFacts<'_>) -> T) -> T {
    let digest = || token.digest();
    look(&TokenFacts {
        jti: token.token_key(),
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
