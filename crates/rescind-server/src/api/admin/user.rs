//! `PATCH` and `DELETE /api/v1/admin/users/{user_id}`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::UserUpdate;
use rescind::id::UserId;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::InTenant;
use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Path, Problem, Query};
use crate::view::UserView;

/// A change of a user. What is left out stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct UpdateUserRequest {
    /// The new role.
    #[garde(length(bytes, min = 1, max = 64))]
    role: Option<String>,
    /// The new email.
    #[garde(length(chars, min = 3, max = 254))]
    email: Option<String>,
    /// The new password: ends everything.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
    /// `true`: ends everything, and bars the user from signing in.
    disabled: Option<bool>,
    /// Why, for the ledger and the audit trail.
    #[garde(length(chars, max = 500))]
    reason: Option<String>,
}

/// Change a user
///
/// A changed role or email kills the access tokens at once; sessions live, and the next refresh carries the new role.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{user_id}", tag = "Administration", operation_id = "update_user",
    params(("user_id" = Uuid, Path), InTenant), request_body = UpdateUserRequest,
    security(("bearer" = []), ("basic" = ["users:write"])),
    responses(
        (status = 200, body = UserView, description = "The user as it now is."),
        (status = 409, description = "`email_taken`; `last_operator`: no other one could sign in."),
    )
)]
pub(crate) async fn update_user(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Query(within): Query<InTenant>,
    Json(request): Json<UpdateUserRequest>,
) -> Result<Json<UserView>, Problem> {
    let update = UserUpdate {
        role: request.role,
        email: request.email,
        password: request.password,
        disabled: request.disabled,
    };
    let user =
        app.authority.update_user(&caller, UserId(id), within.tenant(), update, request.reason).await?;
    Ok(Json(user.into()))
}

/// Delete a user
///
/// Ends everything and erases what is personal; ledger and audit trail keep ids.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{user_id}", tag = "Administration", operation_id = "delete_user",
    params(("user_id" = Uuid, Path), InTenant), security(("bearer" = []), ("basic" = ["users:write"])),
    responses(
        (status = 204, description = "The user is gone."),
        (status = 409, description = "`last_operator`: no other one could sign in."),
    )
)]
pub(crate) async fn delete_user(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Path(id): Path<Uuid>,
    Query(within): Query<InTenant>,
) -> Result<StatusCode, Problem> {
    app.authority.delete_user(&caller, UserId(id), within.tenant()).await?;
    Ok(StatusCode::NO_CONTENT)
}
