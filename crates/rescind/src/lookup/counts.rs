//! What is counted of look-ups.

use std::sync::atomic::{AtomicU64, Ordering};

/// How look-ups came out since the start.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
/// use rescind::lookup::LookupCounts;
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// let (token, lookup) = (pair.access_token.expose_secret(), authority.lookup());
/// let _ = authority.verifier().verify_by_lookup(token, Expected::Configured, lookup).await;
/// authority.revoke_all_own(&ada).await?;
/// let _ = authority.verifier().verify_by_lookup(token, Expected::Configured, lookup).await;
/// // There is no cache here: each time the ledger is asked.
/// let asked = LookupCounts { ledger_clear: 1, ledger_revoked: 1, ..LookupCounts::default() };
/// assert_eq!(lookup.counts(), asked);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookupCounts {
    /// The cache said *revoked*.
    pub hits: u64,
    /// The cache answered, and said nothing sure.
    pub misses: u64,
    /// The cache did not answer, or was not there to be asked.
    pub errors: u64,
    /// The ledger was asked, and said *revoked*.
    pub ledger_revoked: u64,
    /// The ledger was asked, and knows of no cut.
    pub ledger_clear: u64,
    /// The ledger could not be read.
    pub ledger_errors: u64,
    /// Entries that were not written to the cache.
    pub dropped: u64,
}

/// Counts look-ups.
#[derive(Debug, Default)]
pub(super) struct LookupCounters {
    cache: Outcomes,
    ledger: Outcomes,
}

impl LookupCounters {
    pub(super) fn cache_answered(&self, answered: bool, revoked: bool) {
        self.cache.note(answered, revoked);
    }

    pub(super) fn ledger_answered(&self, answered: bool, revoked: bool) {
        self.ledger.note(answered, revoked);
    }

    pub(super) fn read(&self, dropped: u64) -> LookupCounts {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        LookupCounts {
            hits: read(&self.cache.revoked),
            misses: read(&self.cache.clear),
            errors: read(&self.cache.errors),
            ledger_revoked: read(&self.ledger.revoked),
            ledger_clear: read(&self.ledger.clear),
            ledger_errors: read(&self.ledger.errors),
            dropped,
        }
    }
}

#[derive(Debug, Default)]
struct Outcomes {
    revoked: AtomicU64,
    clear: AtomicU64,
    errors: AtomicU64,
}

impl Outcomes {
    fn note(&self, answered: bool, revoked: bool) {
        let number = match (answered, revoked) {
            (false, _) => &self.errors,
            (true, true) => &self.revoked,
            (true, false) => &self.clear,
        };
        number.fetch_add(1, Ordering::Relaxed);
    }
}
