//! Tenants, for operators.

use crate::authority::error::{Error, Result};
use crate::authority::{Authority, Caller};
use crate::directory::{NewTenant, Scope, Tenant, TenantChange};
use crate::entropy::uuid_v7;
use crate::id::TenantId;
use crate::store::{Page, PageRequest};

/// A tenant to be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::authority::TenantRequest;
/// # let id = rescind::id::TenantId(uuid::Uuid::from_u128(9));
///
/// // One whose tokens another issuer mints: they carry its id there.
/// let request = TenantRequest { slug: "globex".into(), name: None, id: Some(id) };
/// let globex = authority.create_tenant(&operator, request).await?;
/// assert_eq!((globex.id, globex.name.as_str()), (id, "globex"));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TenantRequest {
    /// Its short name.
    pub slug: String,
    /// Its name for people; none: the slug.
    pub name: Option<String>,
    /// Its id, where it has one elsewhere: another issuer's tokens carry it. None: a new one.
    pub id: Option<TenantId>,
}

impl Authority {
    /// All tenants.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::store::PageRequest;
    ///
    /// let tenants = authority.tenants(&operator, &PageRequest { limit: 50, cursor: None }).await?;
    /// let mut slugs: Vec<_> = tenants.items.iter().map(|tenant| tenant.slug.as_str()).collect();
    /// slugs.sort();
    /// assert_eq!(slugs, ["acme", "default", "system"]);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn tenants(&self, caller: &Caller, page: &PageRequest) -> Result<Page<Tenant>> {
        caller.must_be_operator(self.system_tenant)?;
        Ok(self.store.tenants(page).await?)
    }

    /// One tenant, for whoever administers it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
    /// assert_eq!(authority.tenant(&operator, acme).await?.slug, "acme");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that `caller` does not reach.
    pub async fn tenant(&self, caller: &Caller, tenant: TenantId) -> Result<Tenant> {
        self.reach(caller, Scope::UsersWrite)?.must_cover(tenant)?;
        Ok(self.store.tenant(tenant).await?)
    }

    /// Makes a tenant.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// use rescind::authority::{Error, TenantRequest};
    ///
    /// let request = TenantRequest { slug: "globex".into(), name: Some("Globex Inc".into()), id: None };
    /// let globex = authority.create_tenant(&operator, request.clone()).await?;
    /// assert_eq!(globex.name, "Globex Inc");
    /// let again = authority.create_tenant(&operator, request.clone()).await;
    /// assert_eq!(again, Err(Error::Taken("slug")));
    /// assert!(matches!(authority.create_tenant(&ada, request).await, Err(Error::Forbidden(_))));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn create_tenant(&self, caller: &Caller, request: TenantRequest) -> Result<Tenant> {
        caller.must_be_operator(self.system_tenant)?;
        check_slug(&request.slug)?;
        let name = request.name.unwrap_or_else(|| request.slug.clone());
        check_name(&name)?;
        let now = self.now();
        let id = request.id.unwrap_or_else(|| TenantId(uuid_v7(now, &*self.entropy)));
        let tenant = NewTenant { id, slug: request.slug, name };
        Ok(self.store.create_tenant(tenant, caller.provenance(now)).await?)
    }

    /// Renames a tenant, suspends it or lets it in again. Suspending ends every session.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, pair, backend, handover, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let acme = authority.update_tenant(&operator, acme, None, Some(true)).await?;
    /// assert!(acme.suspended);
    /// // All are out, and nobody comes in.
    /// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_err());
    /// assert!(authority.hand_over(&backend, handover.clone()).await.is_err());
    ///
    /// authority.update_tenant(&operator, acme.id, None, Some(false)).await?;
    /// assert!(authority.hand_over(&backend, handover).await.is_ok());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn update_tenant(
        &self,
        caller: &Caller,
        tenant: TenantId,
        name: Option<String>,
        suspended: Option<bool>,
    ) -> Result<Tenant> {
        caller.must_be_operator(self.system_tenant)?;
        name.as_deref().map_or(Ok(()), check_name)?;
        if suspended == Some(true) && tenant == self.system_tenant {
            return Err(Error::Forbidden("the tenant system cannot be suspended: nobody could undo it"));
        }
        let now = self.now();
        let access_exp = self.access_exp(now);
        let by = caller.provenance(now);
        let changed =
            self.store.change_tenant(TenantChange { tenant, name, suspended, access_exp, by }).await?;
        self.wrote(&changed.entries, now);
        Ok(changed.value)
    }
}

fn check_slug(slug: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = slug.starts_with('-') || slug.ends_with('-');
    // A slug that reads as an id would be taken for one wherever both are accepted.
    if (1..=63).contains(&slug.len())
        && slug.bytes().all(plain)
        && !edges
        && uuid::Uuid::try_parse(slug).is_err()
    {
        return Ok(());
    }
    Err(Error::Invalid {
        member: "slug",
        why: "1 to 63 lower-case letters, digits and inner hyphens, not a UUID",
    })
}

pub(super) fn check_name(name: &str) -> Result<()> {
    if (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::Invalid { member: "name", why: "1 to 100 characters, none of them a control character" })
}
