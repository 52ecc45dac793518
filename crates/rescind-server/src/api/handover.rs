//! `POST /api/v1/sessions`

use std::net::IpAddr;

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::Handover;
use rescind::id::{TenantId, UserId};
use rescind::session::Device;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Code, Json, Problem};
use crate::view::TokenPairView;

/// A user that the calling backend has authenticated itself.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct HandoverRequest {
    /// The user: made if it is unknown.
    user_id: Uuid,
    /// Its tenant.
    tenant_id: Uuid,
    /// Its email, as it now is.
    #[garde(length(chars, min = 3, max = 254))]
    email: String,
    /// Its role, as it now is.
    #[garde(length(bytes, min = 1, max = 64))]
    role: String,
    /// What the access tokens are for: one audience or several.
    audience: Option<Audience>,
    /// What the user calls the device.
    #[garde(length(chars, max = 100))]
    device_name: Option<String>,
    /// The device's address.
    ip: Option<String>,
    /// The device's `User-Agent`.
    #[garde(length(chars, max = 400))]
    user_agent: Option<String>,
    /// Extra claims of the access tokens; at most 4096 bytes, and none that shadows ours.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    claims: Map<String, Value>,
}

/// One audience or several.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Open a session for a user whom the caller has authenticated
///
/// For API clients with the scope `sessions:write`. An unknown user is made; a known one's email and role are brought up to
/// date, which ends its older access tokens where they differ.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "Backends", operation_id = "open_session",
    request_body = HandoverRequest, security(("basic" = ["sessions:write"])),
    responses(
        (status = 201, body = TokenPairView, description = "A session was opened."),
        (status = 404, description = "There is no such tenant within reach."),
        (status = 409, description = "`email_taken`: another user of the tenant has it."),
    )
)]
pub(crate) async fn open_session(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Json(request): Json<HandoverRequest>,
) -> Result<(StatusCode, Json<TokenPairView>), Problem> {
    let ip = request.ip.as_deref().map(parse_ip).transpose()?;
    let audience = match request.audience {
        None => Vec::new(),
        Some(Audience::One(one)) => vec![one],
        Some(Audience::Several(several)) => several,
    };
    let handover = Handover {
        user: UserId(request.user_id),
        tenant: TenantId(request.tenant_id),
        email: request.email,
        role: request.role,
        audience,
        device: Device { name: request.device_name, user_agent: request.user_agent, ip },
        claims: request.claims,
    };
    let pair = app.authority.hand_over(&caller, handover).await?;
    Ok((StatusCode::CREATED, Json(pair.into())))
}

fn parse_ip(text: &str) -> Result<IpAddr, Problem> {
    text.parse().map_err(|_| Problem::new(Code::InvalidMember).detail("ip: not an IP address").member("ip"))
}
