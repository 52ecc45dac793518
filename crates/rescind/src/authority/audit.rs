//! The audit trail, for admins.

use crate::audit::{AuditEntry, AuditFilter};
use crate::authority::error::Result;
use crate::authority::{Authority, Caller};
use crate::directory::Scope;
use crate::store::{Page, PageRequest};

impl Authority {
    /// Entries of the audit trail that match, of the tenants that the caller reaches.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>> {
        let reach = self.reach(caller, Scope::Admin)?;
        let filter = AuditFilter { tenant: reach.tenant().or(filter.tenant), ..filter };
        Ok(self.store.audit_entries(&filter, page).await?)
    }
}
