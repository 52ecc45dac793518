//! How many sessions there are: counted beside the pages, which do not wait for a store with millions of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rescind::authority::{Authority, Caller, Error};
use rescind::clock::Timestamp;
use rescind::id::TenantId;
use rescind::store::PageRequest;

/// What was counted, by tenant; `None`: all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<HashMap<Option<TenantId>, Known>>>);

/// What is known of one number.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    last: Option<Counted>,
    /// Somebody is counting.
    under_way: bool,
}

/// A number of sessions, and when they were that many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) sessions: u64,
    pub(super) at: Timestamp,
}

/// For so long a page waits for a number before it shows the last one, or none.
const PATIENCE: Duration = Duration::from_millis(25);

/// A number that is older is counted again.
const FRESH: Duration = Duration::from_secs(5);

/// A number that is older is not shown.
const STALE: Duration = Duration::from_secs(60);

/// So many tenants' numbers are kept.
const MOST: usize = 1_000;

impl Tally {
    /// How many sessions of `tenant` are active, or of all tenants; none where they are still being counted. The caller has been found to
    /// reach them.
    pub(super) async fn count(
        &self,
        authority: &Arc<Authority>,
        tenant: Option<TenantId>,
    ) -> Option<Counted> {
        let now = authority.now();
        if let Some(fresh) = self.fresh(tenant, now) {
            return Some(fresh);
        }
        if self.begin(tenant) {
            let (under_way, authority) = (UnderWay { tally: self.clone(), tenant }, Arc::clone(authority));
            // It goes on when the page was sent, or its reader has left.
            let counting = tokio::spawn(async move {
                let outcome = count(&authority, tenant).await;
                under_way.tally.end(tenant, outcome, authority.now());
            });
            let _ = tokio::time::timeout(PATIENCE, counting).await;
        }
        // What is older than that says nothing of now.
        let last = self.known().get(&tenant).and_then(|known| known.last);
        last.filter(|counted| authority.now().since(counted.at) < STALE)
    }

    /// Forgets a number that is known to be over.
    pub(super) fn forget(&self, tenant: TenantId) {
        for key in [Some(tenant), None] {
            if let Some(known) = self.known().get_mut(&key) {
                known.last = None;
            }
        }
    }

    fn fresh(&self, tenant: Option<TenantId>, now: Timestamp) -> Option<Counted> {
        let last = self.known().get(&tenant)?.last?;
        (now.since(last.at) < FRESH && last.at <= now).then_some(last)
    }

    /// Whether the caller is the one to count.
    fn begin(&self, tenant: Option<TenantId>) -> bool {
        let mut known = self.known();
        if known.len() >= MOST && !known.contains_key(&tenant) {
            known.retain(|_, known| known.under_way);
        }
        !std::mem::replace(&mut known.entry(tenant).or_default().under_way, true)
    }

    fn end(&self, tenant: Option<TenantId>, outcome: Result<u64, Error>, at: Timestamp) {
        let mut known = self.known();
        let entry = known.entry(tenant).or_default();
        match outcome {
            Ok(sessions) => entry.last = Some(Counted { sessions, at }),
            Err(error) => tracing::warn!(%error, "the active sessions could not be counted"),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Option<TenantId>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That somebody counts: over when it is dropped, however that comes about.
struct UnderWay {
    tally: Tally,
    tenant: Option<TenantId>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(known) = self.tally.known().get_mut(&self.tenant) {
            known.under_way = false;
        }
    }
}

async fn count(authority: &Authority, tenant: Option<TenantId>) -> Result<u64, Error> {
    let system = Caller::system();
    if let Some(tenant) = tenant {
        return Ok(authority.revoke_tenant(&system, tenant, None, true).await?.revoked);
    }
    let (mut sum, mut cursor) = (0, None);
    loop {
        let page = authority.tenants(&system, &PageRequest { limit: 500, cursor }).await?;
        for tenant in &page.items {
            sum += authority.revoke_tenant(&system, tenant.id, None, true).await?.revoked;
        }
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(sum),
        }
    }
}
