//! A user, shown.

use rescind::clock::Timestamp;
use rescind::directory::User;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
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
