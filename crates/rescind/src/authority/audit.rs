//! The audit trail, for admins.

use crate::audit::{AuditEntry, AuditFilter};
use crate::authority::error::Result;
use crate::authority::{Authority, Caller};
use crate::directory::Scope;
use crate::store::{Page, PageRequest};

impl Authority {
    /// Entries of the audit trail that match, of the tenants that the caller reaches.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// use rescind::audit::{AuditFilter, action};
    /// use rescind::store::PageRequest;
    ///
    /// authority.revoke_all_own(&ada).await?;
    ///
    /// let filter = AuditFilter { action: Some(action::USER_REVOKED.into()), ..AuditFilter::default() };
    /// let found = authority.audit(&operator, filter, &PageRequest { limit: 50, cursor: None }).await?;
    /// assert_eq!(found.items.len(), 1);
    /// assert_eq!(found.items[0].actor, ada.actor());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>> {
        let reach = self.reach(caller, Scope::Admin)?;
        let filter = AuditFilter { tenant: reach.tenant().or(filter.tenant), ..filter };
        if [&filter.actor, &filter.target, &filter.action, &filter.request].into_iter().any(names_nothing) {
            return Ok(Page { items: Vec::new(), next_cursor: None });
        }
        Ok(self.store.audit_entries(&filter, page).await?)
    }
}

/// Whether a text that is searched for holds a NUL, which nothing that is kept does: to PostgreSQL it is an error, and to SQLite the end of
/// the text.
pub(super) fn names_nothing(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| text.contains('\0'))
}
