//! `GET` and `POST /api/v1/admin/users`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::UserRequest;
use rescind::directory::UserFilter;
use rescind::id::TenantId;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Json, Limit, Listing, Page, Problem, Query};
use crate::view::{UserView, listing};

/// Which users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// Whose email contains this, or whose id it is.
    query: Option<String>,
    /// Of this tenant only.
    tenant_id: Option<Uuid>,
    /// The most items to return.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A user to be made.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct CreateUserRequest {
    /// The email.
    #[garde(length(chars, min = 3, max = 254))]
    email: String,
    /// The role: `admin`, or a word of the application's own.
    #[garde(length(bytes, min = 1, max = 64))]
    role: String,
    /// The tenant; left out: the caller's own, or `default`.
    tenant_id: Option<Uuid>,
    /// The password; left out: a backend signs the user in.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// Users
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "Administration", operation_id = "list_users",
    params(UsersQuery), security(("bearer" = []), ("basic" = ["users:write"])),
    responses(
        (status = 200, body = Listing<UserView>, description = "In a stable order."),
        (status = 404, description = "There is no such tenant for this caller."),
    )
)]
pub(crate) async fn list_users(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(query): Query<UsersQuery>,
) -> Result<Json<Listing<UserView>>, Problem> {
    let page = Page { limit: query.limit, cursor: query.cursor };
    let tenant = query.tenant_id.map(TenantId);
    let wanted = UserFilter { tenant, query: query.query, ..UserFilter::default() };
    Ok(Json(listing(app.authority.users(&caller, wanted, &page.into()).await?)))
}

/// Make a user
///
/// Giving the role `admin` needs the scope `admin`.
#[utoipa::path(
    post, path = "/api/v1/admin/users", tag = "Administration", operation_id = "create_user",
    request_body = CreateUserRequest, security(("bearer" = []), ("basic" = ["users:write"])),
    responses(
        (status = 201, body = UserView, description = "The user was made."),
        (status = 404, description = "There is no such tenant for this caller."),
        (status = 409, description = "`email_taken`."),
    )
)]
pub(crate) async fn create_user(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Json(request): Json<CreateUserRequest>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let request = UserRequest {
        email: request.email,
        role: request.role,
        tenant: request.tenant_id.map(TenantId),
        password: request.password,
    };
    Ok((StatusCode::CREATED, Json(app.authority.create_user(&caller, request).await?.into())))
}
