//! Tenants: the wall between one customer's users and another's.

use crate::clock::Timestamp;
use crate::id::TenantId;

/// The slug of the reserved tenant whose admins rule all tenants.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, .. }| {
/// use rescind::directory::SYSTEM_TENANT;
///
/// assert_eq!(ports.store.tenant_by_slug(SYSTEM_TENANT).await?.id, authority.system_tenant());
/// # Ok(())
/// # });
/// ```
pub const SYSTEM_TENANT: &str = "system";

/// The slug of the tenant that a sign-in means when it names none.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use rescind::directory::DEFAULT_TENANT;
///
/// assert!(!ports.store.tenant_by_slug(DEFAULT_TENANT).await?.is_system());
/// # Ok(())
/// # });
/// ```
pub const DEFAULT_TENANT: &str = "default";

/// A tenant.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
/// let before = ports.store.tenant(acme).await?;
/// authority.revoke_tenant(&operator, acme, None, false).await?;
/// let after = ports.store.tenant(acme).await?;
/// // Of before, neither a token nor a session is left.
/// assert!(after.token_version > before.token_version);
/// assert!(after.session_floor > before.session_floor);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name, unique: lower-case letters, digits and hyphens.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is barred from opening sessions.
    pub suspended: bool,
    /// Tokens whose `tver` is lower are dead.
    pub token_version: i64,
    /// Sessions that began under a lower floor are dead.
    pub session_floor: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Tenant {
    /// Whether this is the tenant whose admins are operators.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::store::PageRequest;
    ///
    /// let tenants = authority.tenants(&operator, &PageRequest { limit: 50, cursor: None }).await?.items;
    /// let system = tenants.iter().find(|tenant| tenant.is_system()).ok_or("it is always there")?;
    /// assert_eq!(system.id, authority.system_tenant());
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_system(&self) -> bool {
        self.slug == SYSTEM_TENANT
    }
}

/// A tenant to be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
/// use rescind::directory::NewTenant;
/// # let id = rescind::id::TenantId(uuid::Uuid::from_u128(9));
///
/// let new = NewTenant { id, slug: "globex".into(), name: "Globex Inc".into() };
/// let made = ports.store.create_tenant(new, operator.provenance(authority.now())).await?;
/// assert_eq!((made.id, made.suspended), (id, false));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}
