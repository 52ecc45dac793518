//! A tenant, shown.

use rescind::clock::Timestamp;
use rescind::directory::Tenant;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A tenant.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::authority::TenantRequest;
/// use rescind_server::view::TenantView;
///
/// let request = TenantRequest { slug: "globex".into(), name: Some("Globex Inc".into()), id: None };
/// let shown = serde_json::to_value(TenantView::from(authority.create_tenant(&operator, request).await?))?;
/// assert_eq!((&shown["slug"], &shown["suspended"]), (&"globex".into(), &false.into()));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tenant, description = "A tenant.")]
pub struct TenantView {
    /// Its id.
    pub tenant_id: Uuid,
    /// Its short name, unique.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is barred from opening sessions.
    pub suspended: bool,
    /// Tokens whose `tver` is lower are dead.
    pub token_version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            tenant_id: tenant.id.0,
            slug: tenant.slug,
            name: tenant.name,
            suspended: tenant.suspended,
            token_version: tenant.token_version,
            created_at: tenant.created_at,
        }
    }
}
