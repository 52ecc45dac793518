//! The issuer that tokens name: noted, so that another one is no surprise.

use crate::audit::{AuditFilter, action};
use crate::authority::error::Result;
use crate::authority::{Authority, Caller};
use crate::store::PageRequest;

impl Authority {
    /// Notes that this authority serves under its issuer from here on, for whoever starts the next one. Answers with the issuer under
    /// which the same keys were served before, where that is another: its tokens are refused from now on.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, .. }| {
    /// use rescind::authority::{Authority, AuthoritySettings};
    ///
    /// assert_eq!(authority.note_issuer().await?, None);
    /// assert_eq!(authority.noted_issuer().await?.as_ref(), Some(&authority.settings().issuer));
    ///
    /// // Somebody starts it at another address, and has not said what it is called.
    /// let settings = AuthoritySettings::new("http://127.0.0.1:9090");
    /// # let started = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let moved = started.authority;
    /// assert_eq!(moved.note_issuer().await?.as_ref(), Some(&authority.settings().issuer));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn note_issuer(&self) -> Result<Option<String>> {
        let by = Caller::system().provenance(self.now());
        Ok(self.store.note_issuer(&self.settings.issuer, by).await?)
    }

    /// The issuer that was noted last; none where nothing was served yet.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// assert_eq!(authority.noted_issuer().await?, None);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn noted_issuer(&self) -> Result<Option<String>> {
        Ok(self.last_issuers(1).await?.into_iter().next())
    }

    /// The issuer that was noted before the last one, which is another.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// authority.note_issuer().await?;
    /// assert_eq!(authority.issuer_before().await?, None, "there was no other yet");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn issuer_before(&self) -> Result<Option<String>> {
        Ok(self.last_issuers(2).await?.into_iter().nth(1))
    }

    /// The newest first.
    async fn last_issuers(&self, limit: u32) -> Result<Vec<String>> {
        let filter = AuditFilter { action: Some(action::ISSUER_SET.to_owned()), ..AuditFilter::default() };
        let page = self.store.audit_entries(&filter, &PageRequest { limit, cursor: None }).await?;
        Ok(page.items.into_iter().filter_map(|entry| entry.target.id).collect())
    }
}
