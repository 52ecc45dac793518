//! Fresh checks: by all that the ledger holds now, and not by what was read of it a moment ago.
//!
//! The ledger is asked where it ends, and the replica waited for until it is there. A check of something that must not
//! happen once more (a payment, a deletion) pays a round trip for that; with the ledger out of reach it is refused.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use super::{Refusal, Verified, Verifier};
use crate::ledger::Cursor;
use crate::lookup::Lookup;
use crate::replica::Replica;
use crate::token::{Expected, SignedToken};

/// Where the ledger ends: asked of the store, or, by a verifier in another process, by `GET /api/v1/feed/head`.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
/// use rescind::ledger::Cursor;
/// use rescind::token::Expected;
/// use rescind::verifier::{HeadAnswer, HeadUnknown, LedgerHead};
/// use secrecy::ExposeSecret as _;
///
/// /// What another process was last told; in truth it asks anew each time.
/// struct Told(Option<Cursor>);
///
/// impl LedgerHead for Told {
///     fn head(&self) -> HeadAnswer<'_> {
///         Box::pin(async { self.0.ok_or(HeadUnknown) })
///     }
/// }
///
/// let (token, verifier) = (pair.access_token.expose_secret(), authority.verifier());
/// let here = Told(Some(authority.replica().cursor()));
/// let never = std::future::pending;
/// assert!(verifier.verify_fresh(token, Expected::Configured, &here, never()).await.is_ok());
/// // Nobody can say where the ledger ends: what may have been revoked is refused.
/// let refused = verifier.verify_fresh(token, Expected::Configured, &Told(None), never()).await;
/// assert_eq!(refused.unwrap_err().code(), "stale");
/// # Ok(())
/// # });
/// ```
pub trait LedgerHead: Send + Sync {
    /// The last entry's place, as of a read that begins after the call.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// use rescind::verifier::LedgerHead as _;
    ///
    /// let before = authority.head().await?;
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(authority.head().await?.seq, before.seq + 1);
    /// # Ok(())
    /// # });
    /// ```
    fn head(&self) -> HeadAnswer<'_>;
}

/// What [`LedgerHead::head`] returns.
///
/// ```
/// use rescind::ledger::Cursor;
/// use rescind::verifier::{HeadAnswer, HeadUnknown};
///
/// /// A ledger in which nothing was ever written.
/// fn head() -> HeadAnswer<'static> {
///     Box::pin(std::future::ready(Ok(Cursor::default())))
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), HeadUnknown> {
/// assert_eq!(head().await?.seq, 0);
/// # Ok(())
/// # }
/// ```
pub type HeadAnswer<'a> = Pin<Box<dyn Future<Output = Result<Cursor, HeadUnknown>> + Send + 'a>>;

/// Nobody could say where the ledger ends. Whoever was asked logs why.
///
/// ```
/// use rescind::verifier::{HeadAnswer, HeadUnknown, LedgerHead};
///
/// struct OutOfReach;
///
/// impl LedgerHead for OutOfReach {
///     fn head(&self) -> HeadAnswer<'_> {
///         // Why, is logged where it happens.
///         Box::pin(std::future::ready(Err(HeadUnknown)))
///     }
/// }
/// # let _: &dyn LedgerHead = &OutOfReach;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("where the ledger ends could not be read")]
pub struct HeadUnknown;

impl Verifier {
    /// Checks a token as [`Verifier::verify`] does, by a replica that holds everything that stood in the ledger before the call:
    /// what was revoked by then is refused. What is known to be revoked is refused at once; otherwise the replica is waited
    /// for, at most until `give_up` resolves. Whoever feeds the replica hears of it by [`Replica::wanted`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use rescind::clock::Clock as _;
    /// # use rescind::ledger::Cursor;
    /// # use rescind::replica::Replica;
    /// # use rescind::system::{SystemClock, SystemEntropy};
    /// # use rescind::token::{Expected, Issuer, KeySet, Validator};
    /// use rescind::verifier::{FreshnessPolicy, HeadAnswer, LedgerHead, Verifier};
    ///
    /// struct Remote;
    ///
    /// impl LedgerHead for Remote {
    ///     fn head(&self) -> HeadAnswer<'_> {
    ///         // In truth it asks another process.
    ///         Box::pin(async { Ok(Cursor { seq: 42, tag: [0xa7; 16] }) })
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
    /// # let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
    /// # replica.load(0).finish(Cursor::default(), SystemClock.now());
    /// # let verifier = Verifier::new(validator, replica, FreshnessPolicy::default(), Arc::new(SystemClock));
    /// # let token = "not a token";
    ///
    /// let give_up = async { /* such as tokio::time::sleep(Duration::from_secs(2)).await */ };
    /// let checked = verifier.verify_fresh(token, Expected::Configured, &Remote, give_up).await;
    /// # assert_eq!(checked.unwrap_err().code(), "invalid_token");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`], as of [`Verifier::verify`]; [`Refusal::Stale`] where the ledger could not be asked or the replica did not
    /// reach its end in time, whatever the policy says of replicas that are stale.
    pub async fn verify_fresh(
        &self,
        token: &str,
        expected: Expected<'_>,
        ledger: &dyn LedgerHead,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified, Refusal> {
        let outcome = async {
            let proved = self.prove(token)?;
            let verified = self.check_fresh(&proved.token, expected, ledger, give_up).await?;
            self.keep(token, &proved, self.clock.now());
            Ok(verified)
        }
        .await;
        self.checks.note(&outcome);
        outcome
    }

    /// As [`Verifier::verify_fresh`], for a token whose signature has been checked before.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// // A connection stays open; what comes in by it must not be let through by what was known before.
    /// let verifier = authority.verifier();
    /// let signed = verifier.validator().verify(pair.access_token.expose_secret())?;
    /// authority.revoke_all_own(&ada).await?;
    /// let again = verifier.verify_fresh_again(&signed, Expected::Configured, &authority, std::future::pending());
    /// assert_eq!(again.await.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`], as of [`Verifier::verify_fresh`].
    pub async fn verify_fresh_again(
        &self,
        token: &SignedToken,
        expected: Expected<'_>,
        ledger: &dyn LedgerHead,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified, Refusal> {
        let outcome = self.check_fresh(token, expected, ledger, give_up).await;
        self.checks.note(&outcome);
        outcome
    }

    async fn check_fresh(
        &self,
        token: &SignedToken,
        expected: Expected<'_>,
        ledger: &dyn LedgerHead,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified, Refusal> {
        let valid = self.validate(token, self.clock.now(), expected)?;
        self.refuse_known(&valid)?;
        let caught_up = unless(give_up, catch_up(&self.replica, ledger)).await.unwrap_or(false);
        let now = self.clock.now();
        // It may have expired meanwhile.
        let valid = valid.validate(now, expected)?;
        let staleness = self.replica.staleness(now);
        self.refuse_known(&valid)?;
        let fresh = staleness.ok_or(Refusal::NotReady)? <= self.policy.max_staleness;
        if caught_up && fresh { Ok(Verified::new(valid)) } else { Err(Refusal::Stale) }
    }

    /// Checks a token as [`Verifier::verify_by_lookup`] does, which asks the ledger at each check as it is; but a ledger that cannot
    /// be read, or not before `give_up` resolves, lets nothing pass.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let (token, verifier, lookup) = (pair.access_token.expose_secret(), authority.verifier(), authority.lookup());
    /// let give_up = || async { std::future::pending().await };
    /// assert!(verifier.verify_fresh_by_lookup(token, Expected::Configured, lookup, give_up()).await.is_ok());
    /// authority.revoke_all_own(&ada).await?;
    /// let refused = verifier.verify_fresh_by_lookup(token, Expected::Configured, lookup, give_up()).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`], as of [`Verifier::verify_fresh`].
    pub async fn verify_fresh_by_lookup(
        &self,
        token: &str,
        expected: Expected<'_>,
        lookup: &Lookup,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified, Refusal> {
        let outcome = self.check_fresh_by_lookup(token, expected, lookup, give_up).await;
        self.checks.note(&outcome);
        outcome
    }

    async fn check_fresh_by_lookup(
        &self,
        token: &str,
        expected: Expected<'_>,
        lookup: &Lookup,
        give_up: impl Future<Output = ()>,
    ) -> Result<Verified, Refusal> {
        let now = self.clock.now();
        let proved = self.prove(token)?;
        let valid = self.validate(&proved.token, now, expected)?;
        let asked = unless(give_up, self.look_up(&valid, lookup, now)).await;
        let asked = asked.unwrap_or_else(|| self.refuse_known(&valid).map(|()| false));
        if !asked? {
            return Err(Refusal::Stale);
        }
        self.refuse_in_doubt()?;
        // It may have expired meanwhile.
        let now = self.clock.now();
        let valid = valid.validate(now, expected)?;
        self.keep(token, &proved, now);
        Ok(Verified::new(valid))
    }
}

/// Waits until the replica holds what the ledger holds now. False: the ledger cannot say where it ends.
async fn catch_up(replica: &Replica, ledger: &dyn LedgerHead) -> bool {
    let mut last = None;
    let mut changes = replica.changes();
    loop {
        changes.mark_unchanged();
        let Ok(head) = ledger.head().await else { return false };
        if replica.reached(head).await {
            return true;
        }
        if last == Some(head) {
            // The replica has to go over to another history first: there is an error only where the replica is gone.
            let _ = changes.changed().await;
        }
        last = Some(head);
    }
}

/// What comes of `work`, unless `give_up` comes first.
async fn unless<T>(give_up: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut give_up, mut work) = (pin!(give_up), pin!(work));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => give_up.as_mut().poll(cx).map(|()| None),
    })
    .await
}
