//! For backends and admins. Every handler takes an [`Administrator`](crate::caller::Administrator); how far that reaches is
//! decided by the authority.

mod audit;
mod client;
mod client_secret;
mod clients;
mod key;
mod keys;
mod purge;
mod revocation;
mod revocations;
mod revoke_jti;
mod session;
mod tenant;
mod tenant_revoke;
mod tenants;
mod user;
mod user_revocations;
mod user_revoke;
mod user_sessions;
mod users;

use garde::Validate;
use rescind::id::TenantId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;

/// Every route under `/api/v1/admin`, and the one outside of it that administrators call.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(user::update_user, user::delete_user))
        .routes(routes!(user_sessions::list_user_sessions))
        .routes(routes!(user_revoke::revoke_user))
        .routes(routes!(user_revocations::list_user_revocations))
        .routes(routes!(session::end_session))
        .routes(routes!(tenants::list_tenants, tenants::create_tenant))
        .routes(routes!(tenant::update_tenant))
        .routes(routes!(tenant_revoke::revoke_tenant))
        .routes(routes!(revoke_jti::revoke_jti))
        .routes(routes!(revocations::list_revocations, revocations::revoke))
        .routes(routes!(revocation::get_revocation))
        .routes(routes!(purge::purge))
        .routes(routes!(clients::list_clients, clients::create_client))
        .routes(routes!(client::delete_client))
        .routes(routes!(client_secret::rotate_client_secret))
        .routes(routes!(keys::list_keys))
        .routes(routes!(key::rotate_keys))
        .routes(routes!(key::revoke_key))
        .routes(routes!(audit::list_audit))
}

/// Why, where nothing else is said.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct ReasonRequest {
    /// Why, for the ledger and the audit trail.
    #[garde(length(chars, max = 500))]
    reason: Option<String>,
}

/// In which tenant, for a caller whom none binds.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InTenant {
    /// The tenant, where the `user_id` exists in several.
    tenant_id: Option<Uuid>,
}

impl InTenant {
    fn tenant(self) -> Option<TenantId> {
        self.tenant_id.map(TenantId)
    }
}
