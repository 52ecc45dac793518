//! What the tasks and the handle share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rescind::clock::{Clock, Timestamp};
use rescind::entropy::Entropy;
use rescind::id::TenantId;
use rescind::replica::Replica;
use rescind::token::{Algorithm, KeySet};
use rescind::verifier::{FreshnessPolicy, OnStale};
use tokio::sync::{Notify, watch};

use crate::status::{Counts, Status, With};
use crate::timing::Timing;
use crate::trouble::Trouble;

/// What the marks may take in memory beyond their number: the texts of those that have one.
const BYTES_OF_TEXTS: usize = 256 * 1024 * 1024;

/// What a mark takes at the most, texts aside, half-empty tables and their filters included.
const BYTES_OF_A_MARK: usize = 256;

pub(crate) struct Shared {
    /// The authority's name.
    pub(crate) iss: String,
    pub(crate) replica: Arc<Replica>,
    pub(crate) keys: KeySet,
    /// The only tenant whose tokens are taken.
    pub(crate) tenant: Option<TenantId>,
    /// The other issuers that publish keys.
    pub(crate) others: Vec<OtherIssuer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) policy: FreshnessPolicy,
    pub(crate) leeway: Duration,
    pub(crate) max_marks: usize,
    pub(crate) timing: Timing,
    pub(crate) counts: Counts,
    /// Ticks when it may have become ready.
    pub(crate) pulse: watch::Sender<()>,
    /// The clock stepped back: everything is to be loaded anew.
    pub(crate) reload: Notify,
    /// Something is worth being written to disk at once.
    pub(crate) save: Notify,
    /// Where the ledger ended when it was asked last.
    pub(crate) asked: AtomicI64,
}

/// An issuer other than the authority, whose published keys are read too.
pub(crate) struct OtherIssuer {
    pub(crate) iss: String,
    pub(crate) keys: KeySet,
    /// What an RSA key signs with that does not say so.
    pub(crate) for_rsa: Option<Algorithm>,
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether a good token that is not revoked would pass.
    pub(crate) fn is_ready(&self) -> bool {
        let fresh = self
            .replica
            .staleness(self.now())
            .is_some_and(|age| age <= self.policy.max_staleness || self.policy.on_stale == OnStale::Allow);
        fresh && self.has_keys() && self.others.iter().all(|other| !other.keys.keys().is_empty())
    }

    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.keys().is_empty()
    }

    /// That an answer with this tenant's marks, or everybody's, tells of all whose tokens are taken.
    pub(crate) fn check_tenant(&self, told: Option<TenantId>) -> Result<(), Trouble> {
        if told.is_none() || told == self.tenant { Ok(()) } else { Err(Trouble::OtherTenants) }
    }

    /// That there is room for more marks.
    pub(crate) fn check_room(&self) -> Result<(), Trouble> {
        if self.replica.len() > self.max_marks { Err(Trouble::TooManyMarks) } else { Ok(()) }
    }

    /// The same, looking at the memory too, which takes longer.
    pub(crate) fn check_memory(&self) -> Result<(), Trouble> {
        self.check_room()?;
        let most = self.max_marks.saturating_mul(BYTES_OF_A_MARK).saturating_add(BYTES_OF_TEXTS);
        if self.replica.approximate_bytes() > most { Err(Trouble::TooManyMarks) } else { Ok(()) }
    }

    pub(crate) fn status(&self) -> Status {
        let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        Status {
            cursor: self.replica.cursor(),
            as_of: self.replica.as_of(),
            connected: self.counts.is_connected(),
            marks: self.replica.len(),
            keys: self.keys.keys().len(),
            connections: count(&self.counts.connections),
            snapshots: count(&self.counts.snapshots),
            events: count(&self.counts.events),
            refused: count(&self.counts.refused),
            unknown_kinds: count(&self.counts.unknown_kinds),
            key_reads: count(&self.counts.key_reads),
            saves: count(&self.counts.saves),
            feed_trouble: self.counts.last(With::Feed),
            keys_trouble: self.counts.last(With::Keys),
            other_keys_trouble: self.counts.last_with_others(),
        }
    }
}
