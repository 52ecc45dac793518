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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
/// use rescind::ledger::Follow;
///
/// let feed = authority.feed(&operator)?;
/// let before = feed.head().await?;
/// authority.revoke_all_own(&ada).await?;
///
/// let Follow::Entries(marks, reached) = feed.marks_after(before, 100).await? else {
///     panic!("the ledger was restored meanwhile: everything is to be read again");
/// };
/// assert_eq!(marks.len(), 1);
/// assert!(feed.takes(&marks[0].mark));
/// assert_eq!(reached, feed.head().await?);
/// # Ok(())
/// # });
/// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, backend, .. }| {
    /// use rescind::authority::Error;
    ///
    /// assert_eq!(authority.feed(&operator)?.tenant(), None, "it reads of every tenant");
    /// let refused = authority.feed(&backend).unwrap_err();
    /// assert_eq!(refused, Error::InsufficientScope("feed"));
    /// # Ok(())
    /// # });
    /// ```
    pub fn feed(&self, caller: &Caller) -> Result<FeedReader> {
        // Whoever verifies tokens of every tenant is told of the operators' too: to know of a cut harms nobody.
        let tenant = self.reach(caller, Scope::Feed)?.tenant();
        Ok(FeedReader { store: Arc::clone(&self.store), tenant })
    }
}

impl FeedReader {
    /// Where the ledger ends, as of a read that begins now.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// let feed = authority.feed(&operator)?;
    /// let before = feed.head().await?;
    /// authority.revoke_all_own(&ada).await?;
    /// assert_eq!(feed.head().await?.seq, before.seq + 1);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn head(&self) -> Result<Cursor> {
        Ok(self.store.head().await?.cursor)
    }

    /// What stands after `cursor`, at most `limit`: all of it, whether [`FeedReader::takes`] it or not.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::ledger::{Cursor, Follow};
    ///
    /// let feed = authority.feed(&operator)?;
    /// // A place that this ledger never had: a reader must load everything anew.
    /// let elsewhere = Cursor { seq: 7, tag: [0xa7; 16] };
    /// assert_eq!(feed.marks_after(elsewhere, 100).await?, Follow::OtherHistory);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn marks_after(&self, cursor: Cursor, limit: u32) -> Result<Follow<PlacedMark>> {
        Ok(self.store.marks_after(cursor, limit).await?)
    }

    /// Whether the mark is the reader's business.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
    /// use rescind::authority::{Caller, ClientRequest, Identity};
    /// use rescind::ledger::{Mark, MarkKey};
    /// # let (name, tenant) = ("gateway".into(), Some(acme));
    /// # let request = ClientRequest { name, scopes: "feed".parse()?, tenant, refresh_requires_secret: false };
    /// # let client = authority.create_client(&operator, request).await?.client;
    /// # let gateway = Caller { identity: Identity::Client(client), ..operator.clone() };
    ///
    /// // The tenant `acme` binds this client.
    /// let feed = authority.feed(&gateway)?;
    /// let of = |tenant| Mark {
    ///     tenant: None,
    ///     key: MarkKey::Tenant(tenant),
    ///     min_version: Some(7),
    ///     expires_at: authority.now(),
    /// };
    /// assert!(feed.takes(&of(acme)));
    /// assert!(!feed.takes(&of(authority.system_tenant())));
    /// # Ok(())
    /// # });
    /// ```
    pub fn takes(&self, mark: &Mark) -> bool {
        self.tenant.is_none_or(|tenant| mark.concerns(tenant))
    }

    /// The one tenant whose marks it takes, beside those that hold for everybody; none: all.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// assert_eq!(authority.feed(&operator)?.tenant(), None, "every tenant's");
    /// # Ok(())
    /// # });
    /// ```
    pub const fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }
}
