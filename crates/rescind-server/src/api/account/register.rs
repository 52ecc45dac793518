//! `POST /api/v1/auth/register`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::Registration;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Anybody;
use crate::http::{Code, Json, Problem};
use crate::view::UserView;

/// Who registers.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RegisterRequest {
    /// The email.
    #[garde(length(chars, min = 3, max = 254))]
    email: String,
    /// The password: 8 characters to 256 bytes.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// The tenant's slug or id; left out: `default`.
    #[garde(length(chars, min = 1, max = 63))]
    tenant: Option<String>,
    /// The date of birth, such as `2001-09-30`. Checked, not kept.
    #[schema(format = Date)]
    date_of_birth: Option<String>,
}

/// Make the own account
///
/// Where registration is open. The date of birth is asked for unless the minimum age is 0.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "Users", operation_id = "register",
    request_body = RegisterRequest,
    responses(
        (status = 201, body = UserView, description = "The account was made."),
        (status = 403, description = "`registration_closed`."),
        (status = 404, description = "There is no such tenant."),
        (status = 409, description = "`email_taken`."),
        (status = 429, description = "`too_many_attempts`."),
    )
)]
pub(crate) async fn register(
    State(app): State<App>,
    Anybody(caller): Anybody,
    Json(request): Json<RegisterRequest>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let date_of_birth = request.date_of_birth.as_deref().map(parse_date).transpose()?;
    let user = app
        .authority
        .register(
            &caller,
            Registration {
                email: request.email,
                password: request.password,
                tenant: request.tenant,
                date_of_birth,
            },
        )
        .await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

fn parse_date(text: &str) -> Result<jiff::civil::Date, Problem> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = plain.then(|| text.parse().ok()).flatten();
    date.ok_or_else(|| {
        Problem::new(Code::InvalidMember)
            .detail("date_of_birth: not a date such as 2001-09-30")
            .member("date_of_birth")
    })
}
