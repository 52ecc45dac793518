//! How many may read at once, and who of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rescind::id::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::{Code, Problem};

/// For how long whoever finds no place is asked to stay away.
const COME_BACK: Duration = Duration::from_secs(5);

/// The most snapshots under way at once: each reads the whole ledger.
const SNAPSHOTS: usize = 4;

/// So many of them are for clients that a tenant binds: one of these must not keep the others' verifiers from starting.
const BOUND_SNAPSHOTS: usize = 2;

/// A bounded number of places.
#[derive(Debug)]
pub(super) struct Limit {
    places: usize,
    free: Arc<Semaphore>,
}

impl Limit {
    pub(super) fn new(places: usize) -> Self {
        Self { places, free: Arc::new(Semaphore::new(places)) }
    }

    pub(super) fn taken(&self) -> usize {
        self.places.saturating_sub(self.free.available_permits())
    }

    /// A place, given back when it is dropped.
    pub(super) fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| overloaded())
    }
}

/// The places for snapshots: four, of which two are for clients that a tenant binds, and one for each tenant.
#[derive(Debug)]
pub(super) struct Snapshots {
    all: Limit,
    bound: Limit,
    tenants: Arc<Mutex<HashSet<TenantId>>>,
}

/// A place for one snapshot, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permits: Vec<OwnedSemaphorePermit>,
    _tenant: Option<OfTenant>,
}

#[derive(Debug)]
struct OfTenant {
    tenant: TenantId,
    tenants: Arc<Mutex<HashSet<TenantId>>>,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { all: Limit::new(SNAPSHOTS), bound: Limit::new(BOUND_SNAPSHOTS), tenants: Arc::default() }
    }
}

impl Snapshots {
    /// A place for a reader that `tenant` binds, or that no tenant does.
    pub(super) fn take(&self, tenant: Option<TenantId>) -> Result<Place, Problem> {
        let Some(tenant) = tenant else {
            return Ok(Place { _permits: vec![self.all.take()?], _tenant: None });
        };
        let of_tenant = OfTenant::take(tenant, &self.tenants).ok_or_else(overloaded)?;
        Ok(Place { _permits: vec![self.bound.take()?, self.all.take()?], _tenant: Some(of_tenant) })
    }
}

impl OfTenant {
    fn take(tenant: TenantId, tenants: &Arc<Mutex<HashSet<TenantId>>>) -> Option<Self> {
        let is_first = tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        is_first.then(|| Self { tenant, tenants: Arc::clone(tenants) })
    }
}

impl Drop for OfTenant {
    fn drop(&mut self) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
    }
}

fn overloaded() -> Problem {
    Problem::new(Code::Overloaded).retry_after(COME_BACK)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whoever_finds_no_place_is_told_when_to_come_back() {
        let limit = Limit::new(2);
        let places = [limit.take().unwrap(), limit.take().unwrap()];
        assert_eq!(limit.taken(), 2);
        let refused = limit.take().unwrap_err();
        assert_eq!((refused.code(), refused.wait()), (Code::Overloaded, Some(COME_BACK)));
        drop(places);
        assert_eq!(limit.taken(), 0);
        assert!(limit.take().is_ok());
    }

    #[test]
    fn neither_a_tenant_nor_all_of_them_take_every_place_for_snapshots() {
        let snapshots = Snapshots::default();
        let tenant = |number| Some(TenantId(Uuid::from_u128(number)));
        let first = snapshots.take(tenant(1)).unwrap();
        assert!(snapshots.take(tenant(1)).is_err(), "one for each");
        let second = snapshots.take(tenant(2)).unwrap();
        assert!(snapshots.take(tenant(3)).is_err(), "two for all of them");
        assert!(snapshots.take(tenant(3)).is_err(), "who was refused holds nothing");
        let unbound = [snapshots.take(None).unwrap(), snapshots.take(None).unwrap()];
        assert!(snapshots.take(None).is_err());
        drop(first);
        assert!(snapshots.take(tenant(3)).is_ok());
        drop((second, unbound));
        let all: Vec<_> = (0..4).map(|_| snapshots.take(None).unwrap()).collect();
        assert!(snapshots.take(tenant(1)).is_err());
        drop(all);
        assert!(snapshots.take(tenant(1)).is_ok(), "nor did that leave anything taken");
    }
}
