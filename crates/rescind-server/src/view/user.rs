//! A user, shown.

use rescind::clock::Timestamp;
use rescind::directory::User;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A user.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use rescind::directory::UserFilter;
/// use rescind::store::PageRequest;
/// use rescind_server::view::UserView;
///
/// let page = PageRequest { limit: 50, cursor: None };
/// let wanted = UserFilter { tenant: Some(acme), ..UserFilter::default() };
/// let users = authority.users(&operator, wanted, &page).await?.map(UserView::from);
/// let ada = &users.items[0];
/// assert_eq!((ada.email.as_str(), ada.tenant_id, ada.disabled), ("ada@example.com", acme.0, false));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User, description = "A user.")]
pub struct UserView {
    /// Its id, unique within its tenant.
    pub user_id: Uuid,
    /// Its tenant.
    pub tenant_id: Uuid,
    /// Its email.
    pub email: String,
    /// Its role.
    pub role: String,
    /// Whether it is barred from signing in.
    pub disabled: bool,
    /// Tokens whose `ver` is lower are dead.
    pub token_version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id.0,
            tenant_id: user.tenant.0,
            email: user.email,
            role: user.role,
            disabled: user.disabled,
            token_version: user.token_version,
            created_at: user.created_at,
        }
    }
}
