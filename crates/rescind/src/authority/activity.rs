//! What an authority has done since it was made, counted for whoever watches over it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::authority::Authority;
use crate::ledger::{CutKind, Entry};
use crate::store::Commits;
use crate::tally::Outcomes;

/// What an authority has done since it was made, in this process. Every outcome there is stands in these lists, with its count or
/// with zero, and none is ever added.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
/// use rescind::authority::RefreshRequest;
/// use secrecy::ExposeSecret as _;
///
/// let token = pair.refresh_token.expose_secret();
/// authority.refresh(&ada, RefreshRequest { token, ..RefreshRequest::default() }).await?;
/// let activity = authority.activity();
/// assert!(activity.refreshes.contains(&("rotated", 1)));
/// assert!(activity.refreshes.contains(&("refresh_reuse_detected", 0)));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Sign-ins by password: `ok`, or the code of the refusal.
    pub sign_ins: Vec<(&'static str, u64)>,
    /// Sessions handed over by backends: `ok`, or the code of the refusal.
    pub handovers: Vec<(&'static str, u64)>,
    /// Refresh tokens answered: `rotated`, `replayed` (the same successor once more), or the code of the refusal.
    pub refreshes: Vec<(&'static str, u64)>,
    /// Entries written to the ledger, by what they cut.
    pub cuts: Vec<(CutKind, u64)>,
    /// Runs of the purge that went through.
    pub purges: u64,
    /// Entries that they removed.
    pub purged: u64,
}

/// Counts it.
pub(super) struct Acts {
    pub(super) sign_ins: Outcomes,
    pub(super) handovers: Outcomes,
    pub(super) refreshes: Outcomes,
    cuts: [AtomicU64; CutKind::ALL.len()],
    purges: AtomicU64,
    purged: AtomicU64,
}

const SIGN_IN: &[&str] = &[
    "ok",
    "invalid_credentials",
    "too_many_attempts",
    "overloaded",
    "unavailable",
    "forbidden",
    "invalid_member",
    "internal",
    "other",
];

const HANDOVER: &[&str] = &[
    "ok",
    "forbidden",
    "insufficient_scope",
    "not_found",
    "invalid_member",
    "email_taken",
    "overloaded",
    "unavailable",
    "internal",
    "other",
];

pub(super) const ROTATED: &str = "rotated";
pub(super) const REPLAYED: &str = "replayed";

const REFRESH: &[&str] = &[
    ROTATED,
    REPLAYED,
    "refresh_superseded",
    "refresh_reuse_detected",
    "invalid_refresh_token",
    "session_revoked",
    "session_expired",
    "invalid_client",
    "overloaded",
    "unavailable",
    "internal",
    "other",
];

impl Default for Acts {
    fn default() -> Self {
        Self {
            sign_ins: Outcomes::of(SIGN_IN),
            handovers: Outcomes::of(HANDOVER),
            refreshes: Outcomes::of(REFRESH),
            cuts: std::array::from_fn(|_| AtomicU64::new(0)),
            purges: AtomicU64::new(0),
            purged: AtomicU64::new(0),
        }
    }
}

impl Acts {
    pub(super) fn wrote(&self, entries: &[Entry]) {
        for entry in entries {
            let kind = entry.mark.kind();
            if let Some(at) = CutKind::ALL.iter().position(|known| *known == kind) {
                self.cuts[at].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn purged_a_batch(&self, entries: u64) {
        self.purged.fetch_add(entries, Ordering::Relaxed);
    }

    pub(super) fn purged_all(&self) {
        self.purges.fetch_add(1, Ordering::Relaxed);
    }
}

impl Authority {
    /// What this authority has done since it was made.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// use rescind::ledger::CutKind;
    ///
    /// authority.revoke_all_own(&ada).await?;
    /// assert!(authority.activity().cuts.contains(&(CutKind::User, 1)));
    /// # Ok(())
    /// # });
    /// ```
    pub fn activity(&self) -> Activity {
        let cuts = self.acts.cuts.iter().map(|count| count.load(Ordering::Relaxed));
        Activity {
            sign_ins: self.acts.sign_ins.counts(),
            handovers: self.acts.handovers.counts(),
            refreshes: self.acts.refreshes.counts(),
            cuts: CutKind::ALL.into_iter().zip(cuts).collect(),
            purges: self.acts.purges.load(Ordering::Relaxed),
            purged: self.acts.purged.load(Ordering::Relaxed),
        }
    }

    /// What the store has committed since it was opened.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// let before = authority.store_commits();
    /// authority.revoke_all_own(&ada).await?;
    /// let after = authority.store_commits();
    /// assert_eq!(after.commits() - before.commits(), 1);
    /// assert_eq!(after.calls - before.calls, 1, "nobody else asked at that moment");
    /// # Ok(())
    /// # });
    /// ```
    pub fn store_commits(&self) -> Commits {
        self.store.commits()
    }

    /// For how long the key that signs access tokens has done so.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, clock, .. }| {
    /// use std::time::Duration;
    ///
    /// let before = authority.signing_key_age();
    /// clock.forward(Duration::from_secs(60));
    /// assert_eq!(authority.signing_key_age() - before, Duration::from_secs(60));
    /// # Ok(())
    /// # });
    /// ```
    pub fn signing_key_age(&self) -> Duration {
        self.now().since(self.keyring.load().signs_since())
    }
}
