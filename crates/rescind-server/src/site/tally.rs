//! How many sessions there are: counted beside the pages, which do not wait for a store with millions of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rescind::authority::{Authority, Caller, Error};
use rescind::clock::Timestamp;
use rescind::id::TenantId;
use rescind::store::PageRequest;

use super::when::about;

/// What was counted, by tenant; `None`: all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<HashMap<Option<TenantId>, Known>>>);

/// What is known of one number.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    last: Option<Count>,
    /// Somebody is counting.
    under_way: bool,
    /// How often a number was known to be over: what was begun to be counted before then says nothing.
    forgotten: u64,
}

/// A number of sessions, and when they were that many.
#[derive(Clone, Copy, Debug)]
struct Count {
    sessions: u64,
    at: Timestamp,
    /// Before then it is not counted again: the longer it took, the later.
    again: Timestamp,
}

/// A number of sessions, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) sessions: u64,
    /// How long ago they were that many, where that is worth telling.
    pub(super) ago: Option<String>,
}

/// For so long a page waits for a number before it shows the last one, or none.
const PATIENCE: Duration = Duration::from_millis(25);

/// A number that is older is counted again, where that is quick.
const FRESH: Duration = Duration::from_secs(5);

/// Of the time at least so many times what counting takes passes before it is done again: pages that are left open cost a store with
/// many sessions a fiftieth of one reader.
const REST: u32 = 50;

/// A number that is older is not shown, unless it rests for longer.
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
            return Some(fresh.told(now));
        }
        if let Some(forgotten) = self.begin(tenant) {
            let (under_way, authority) = (UnderWay { tally: self.clone(), tenant }, Arc::clone(authority));
            // It goes on when the page was sent, or its reader has left.
            let counting = tokio::spawn(async move {
                let begun = authority.now();
                let outcome = count(&authority, tenant).await;
                under_way.tally.end(tenant, forgotten, outcome, (begun, authority.now()));
            });
            let _ = tokio::time::timeout(PATIENCE, counting).await;
        }
        // What is older than that says nothing of now.
        let last = self.known().get(&tenant).and_then(|known| known.last);
        let now = authority.now();
        let shown = last.filter(|count| now < count.again || now.since(count.at) < STALE);
        shown.map(|count| count.told(now))
    }

    /// Forgets a number that is known to be over.
    pub(super) fn forget(&self, tenant: TenantId) {
        for key in [Some(tenant), None] {
            if let Some(known) = self.known().get_mut(&key) {
                known.last = None;
                known.forgotten += 1;
            }
        }
    }

    fn fresh(&self, tenant: Option<TenantId>, now: Timestamp) -> Option<Count> {
        let last = self.known().get(&tenant)?.last?;
        (now < last.again && last.at <= now).then_some(last)
    }

    /// Whether the caller is the one to count, and how often the number was forgotten before.
    fn begin(&self, tenant: Option<TenantId>) -> Option<u64> {
        let mut known = self.known();
        if known.len() >= MOST && !known.contains_key(&tenant) {
            known.retain(|_, known| known.under_way);
        }
        let entry = known.entry(tenant).or_default();
        (!std::mem::replace(&mut entry.under_way, true)).then_some(entry.forgotten)
    }

    fn end(
        &self,
        tenant: Option<TenantId>,
        forgotten: u64,
        outcome: Result<u64, Error>,
        (begun, at): (Timestamp, Timestamp),
    ) {
        let rest = at.since(begun).saturating_mul(REST).max(FRESH);
        let mut known = self.known();
        let entry = known.entry(tenant).or_default();
        match outcome {
            Ok(_) if entry.forgotten != forgotten => {}
            Ok(sessions) => entry.last = Some(Count { sessions, at, again: at.plus(rest) }),
            Err(error) => tracing::warn!(%error, "the active sessions could not be counted"),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Option<TenantId>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn told(self, now: Timestamp) -> Counted {
        let age = now.since(self.at);
        Counted { sessions: self.sessions, ago: (age > FRESH).then(|| format!("{} ago", about(age))) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn what_took_long_to_count_rests_for_long() {
        for (took, rests) in [(10, 5_000), (1_000, 50_000)] {
            let tally = Tally::default();
            tally.end(None, tally.begin(None).unwrap(), Ok(7), (at(-took), at(0)));
            assert!(tally.fresh(None, at(rests - 1)).is_some(), "{took}");
            assert!(tally.fresh(None, at(rests)).is_none(), "{took}");
            assert!(tally.fresh(None, at(-1)).is_none(), "a clock that was put back");
        }
    }

    #[test]
    fn an_old_number_says_how_old_it_is() {
        let count = Count { sessions: 7, at: at(0), again: at(0) };
        assert_eq!(count.told(at(5_000)), Counted { sessions: 7, ago: None });
        assert_eq!(count.told(at(90_000)).ago.as_deref(), Some("1 minute ago"));
    }

    #[test]
    fn whoever_gives_up_lets_somebody_else_count() {
        let tally = Tally::default();
        assert!(tally.begin(None).is_some());
        assert!(tally.begin(None).is_none(), "somebody counts");
        drop(UnderWay { tally: tally.clone(), tenant: None });
        assert!(tally.begin(None).is_some());
    }

    #[test]
    fn what_was_counted_before_a_cut_is_not_told_after_it() {
        let (tally, tenant) = (Tally::default(), TenantId(uuid::Uuid::from_u128(7)));
        let begun = tally.begin(Some(tenant)).unwrap();
        tally.forget(tenant);
        tally.end(Some(tenant), begun, Ok(7), (at(-1), at(0)));
        assert!(tally.fresh(Some(tenant), at(0)).is_none());
    }
}
