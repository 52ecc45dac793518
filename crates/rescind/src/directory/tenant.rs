//! Tenants: the wall between one customer's users and another's.

use crate::clock::Timestamp;
use crate::id::TenantId;

/// The slug of the reserved tenant whose admins rule all tenants.
pub const SYSTEM_TENANT: &str = "system";

/// The slug of the tenant that a sign-in means when it names none.
pub const DEFAULT_TENANT: &str = "default";

/// A tenant.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}
