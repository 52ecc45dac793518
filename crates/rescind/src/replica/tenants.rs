//! Tenants by small numbers, so that a mark's scope takes four bytes.

use std::collections::BTreeMap;

use crate::id::TenantId;
use crate::replica::flat::Meta;
use crate::replica::seed::AsIs;

/// The names behind the numbers, for readers.
pub(super) struct TenantNames(papaya::HashMap<u32, TenantId, AsIs>);

/// The numbers given out, for writers. A tenant keeps its number.
#[derive(Default)]
pub(super) struct TenantNumbers(BTreeMap<TenantId, u32>);

impl TenantNames {
    pub(super) fn new() -> Self {
        Self(papaya::HashMap::with_hasher(AsIs))
    }

    /// The tenant with that number; none for 0, which stands for no tenant.
    pub(super) fn of(&self, number: u32) -> Option<TenantId> {
        if number == 0 { None } else { self.0.pin().get(&number).copied() }
    }

    pub(super) fn bytes(&self) -> usize {
        const EACH: usize = 2 * (size_of::<TenantId>() + size_of::<u32>()) + 48;
        self.0.len() * EACH
    }
}

impl TenantNumbers {
    /// The tenant's number, given out where it has none yet, and named before it is used.
    ///
    /// After 2²⁸ tenants the numbers are used up, and a mark holds for everybody: better than to lose it.
    pub(super) fn of(&mut self, tenant: Option<TenantId>, names: &TenantNames) -> u32 {
        let Some(tenant) = tenant else { return 0 };
        if let Some(&number) = self.0.get(&tenant) {
            return number;
        }
        let next = u32::try_from(self.0.len() + 1).unwrap_or(u32::MAX);
        if next > Meta::MAX_TENANT {
            return 0;
        }
        names.0.pin().insert(next, tenant);
        self.0.insert(tenant, next);
        next
    }
}
