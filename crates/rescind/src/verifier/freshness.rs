//! How old a replica may be, and what happens beyond that.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Timestamp;

/// How old what a verifier knows may be.
///
/// ```
/// use std::time::Duration;
///
/// use rescind::verifier::{FreshnessPolicy, OnStale};
///
/// // Rather half an hour of tokens that may have been revoked than none at all.
/// let lenient = FreshnessPolicy { max_staleness: Duration::from_secs(30 * 60), ..FreshnessPolicy::default() };
/// assert_eq!(lenient.on_stale, OnStale::Deny);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshnessPolicy {
    /// For so long after the last successful read of the ledger began, a verifier goes on with what it knows.
    pub max_staleness: Duration,
    /// What it does after that.
    pub on_stale: OnStale,
}

/// Five minutes, then [`OnStale::Deny`].
///
/// ```
/// use rescind::verifier::{FreshnessPolicy, OnStale};
///
/// assert_eq!(FreshnessPolicy::default().on_stale, OnStale::Deny);
/// ```
impl Default for FreshnessPolicy {
    fn default() -> Self {
        Self { max_staleness: Duration::from_secs(5 * 60), on_stale: OnStale::Deny }
    }
}

/// What a verifier that is cut off for too long does with tokens that it does not know to be revoked.
///
/// ```
/// # use std::sync::Arc;
/// use std::time::Duration;
///
/// # use rescind::clock::Clock as _;
/// # use rescind::ledger::Cursor;
/// # use rescind::replica::Replica;
/// # use rescind::system::{SystemClock, SystemEntropy};
/// # use rescind::token::{Expected, Issuer, KeySet, Validator};
/// use rescind::verifier::{FreshnessPolicy, OnStale, Verifier};
///
/// # let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
/// # let replica = Arc::new(Replica::new(&SystemEntropy, Duration::from_secs(30)));
/// // What was never in doubt is not let through by it: a forged token, or one that is known to be revoked.
/// let policy = FreshnessPolicy { max_staleness: Duration::ZERO, on_stale: OnStale::Allow };
/// let verifier = Verifier::new(validator, replica, policy, Arc::new(SystemClock));
/// let refused = verifier.verify("not a token", Expected::Configured).unwrap_err();
/// assert_eq!(refused.code(), "invalid_token");
/// assert_eq!(verifier.stale_allowed(), 0);
/// # Ok::<(), rescind::token::InvalidIssuers>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStale {
    /// Refuses them: 503.
    Deny,
    /// Lets them through; counted and logged.
    Allow,
}

/// Counts what was let through, and logs it at most once a minute.
#[derive(Debug, Default)]
pub(super) struct StaleCounter {
    count: AtomicU64,
    logged_at: AtomicI64,
}

impl StaleCounter {
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, now: Timestamp, staleness: Duration) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let now = now.as_millis();
        let last = self.logged_at.load(Ordering::Relaxed);
        let due = now.abs_diff(last) >= 60_000;
        if due && self.logged_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(count, ?staleness, "tokens are let through by a stale replica");
        }
    }
}
