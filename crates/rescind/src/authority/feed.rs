//! The ledger as verifiers read it.

use std::sync::Arc;

use crate::authority::error::Result;
use crate::authority::{Authority, Caller};
use crate::directory::Scope;
use crate::id::TenantId;
use crate::ledger::{Cursor, Follow, Mark, PlacedMark};
use crate::store::Store;

/// Reads the ledger on behalf of a caller that may. It does not notice that the caller may no more: whoever reads for long
/// asks [`Authority::feed`] again now and then.
#[derive(Clone)]
pub struct FeedReader {
    store: Arc<dyn Store>,
    tenant: Option<TenantId>,
}

impl std::fmt::Debug for FeedReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedReader").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Authority {
    /// What `caller` may read as a verifier: everything, or what concerns the tenant that binds it.
    pub fn feed(&self, caller: &Caller) -> Result<FeedReader> {
        // Whoever verifies tokens of every tenant is told of the operators' too: to know of a cut harms nobody.
        let tenant = self.reach(caller, Scope::Feed)?.tenant();
        Ok(FeedReader { store: Arc::clone(&self.store), tenant })
    }
}

impl FeedReader {
    /// Where the ledger ends, as of a read that begins now.
    pub async fn head(&self) -> Result<Cursor> {
        Ok(self.store.head().await?.cursor)
    }

    /// What stands after `cursor`, at most `limit`: all of it, whether [`FeedReader::takes`] it or not.
    pub async fn marks_after(&self, cursor: Cursor, limit: u32) -> Result<Follow<PlacedMark>> {
        Ok(self.store.marks_after(cursor, limit).await?)
    }

    /// Whether the mark is the reader's business.
    pub fn takes(&self, mark: &Mark) -> bool {
        self.tenant.is_none_or(|tenant| mark.concerns(tenant))
    }

    /// The one tenant whose marks it takes, beside those that hold for everybody; none: all.
    pub const fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }
}
