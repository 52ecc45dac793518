//! `POST /api/v1/auth/password`

use axum::extract::State;
use garde::Validate;
use rescind::directory::password::MAX_BYTES;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::User;
use crate::http::{Json, Problem};
use crate::view::RenewedView;

/// A change of the own password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct PasswordRequest {
    /// The present password.
    #[garde(custom(not_too_long))]
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    /// The new one: 8 characters to 256 bytes.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// Change the own password
///
/// Ends all other sessions; this one goes on with the access token in the answer.
#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "Users", operation_id = "change_password",
    request_body = PasswordRequest, security(("bearer" = [])),
    responses(
        (status = 200, body = RenewedView, description = "The password is changed."),
        (status = 403, description = "`wrong_password`."),
        (status = 429, description = "`too_many_attempts`."),
    )
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    user: User,
    Json(request): Json<PasswordRequest>,
) -> Result<Json<RenewedView>, Problem> {
    let renewed =
        app.authority.change_password(&user.caller, request.current_password, request.new_password).await?;
    Ok(Json(renewed.into()))
}

/// That a password is not longer than any that could be right: hashing more would be work for nothing.
pub(crate) fn not_too_long(password: &SecretString, (): &()) -> garde::Result {
    if password.expose_secret().len() <= MAX_BYTES {
        return Ok(());
    }
    Err(garde::Error::new("longer than any password"))
}
