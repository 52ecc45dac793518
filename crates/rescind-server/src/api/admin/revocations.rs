//! `GET` and `POST /api/v1/admin/revocations`

use axum::extract::State;
use garde::Validate;
use http::StatusCode;
use rescind::authority::{RevocationRequest, What};
use rescind::clock::Timestamp;
use rescind::id::{SessionId, TenantId, UserId};
use rescind::ledger::{CutKind, EntryFilter, MarkKey};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Administrator;
use crate::http::{Code, Json, Limit, Listing, Page, Problem, Query};
use crate::view::{RevocationView, listing};

/// What is to be revoked: exactly one of `jti`, `session_id`, `token` and `digest`; or, with `foreign`, a `user_id` alone.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct RevokeRequest {
    /// A token, by its jti; a refresh token's ends its session.
    jti: Option<String>,
    /// A session, by its id.
    session_id: Option<Uuid>,
    /// A token, by its text; a refresh token's ends its session.
    token: Option<String>,
    /// A token, by SHA-256 of `header.payload`, in lower-case hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    digest: Option<String>,
    /// It is another issuer's, whose sessions and users need not be known here: `session_id` is kept all the same, and `user_id`
    /// alone kills every token of that user whose version is below the answer's `min_version`. `expires_at` must be told then, unless
    /// `RESCIND_FOREIGN_TTL` says how long such tokens live.
    #[serde(default)]
    foreign: bool,
    /// When the token expires by itself, where the caller knows; with `foreign`, the last one of them.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// The user concerned, for listing.
    user_id: Option<Uuid>,
    /// For whose tokens it holds; left out: the caller's own tenant, or everybody's.
    tenant_id: Option<Uuid>,
    /// Why, for the ledger and the audit trail.
    #[garde(length(chars, max = 500))]
    reason: Option<String>,
}

/// Which revocations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevocationsQuery {
    /// That concern this user.
    user_id: Option<Uuid>,
    /// Of this kind: `token`, `session`, `user`, `tenant`, `client`, `key` or `digest`.
    #[serde(default, deserialize_with = "kind")]
    #[param(value_type = Option<String>)]
    kind: Option<CutKind>,
    /// Not older than this.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The most items to return.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Revocations, newest first
#[utoipa::path(
    get, path = "/api/v1/admin/revocations", tag = "Administration", operation_id = "list_revocations",
    params(RevocationsQuery), security(("bearer" = []), ("basic" = ["revocations:read"])),
    responses((status = 200, body = Listing<RevocationView>, description = "What was revoked."))
)]
pub(crate) async fn list_revocations(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Query(query): Query<RevocationsQuery>,
) -> Result<Json<Listing<RevocationView>>, Problem> {
    let page = Page { limit: query.limit, cursor: query.cursor };
    let filter = EntryFilter {
        user: query.user_id.map(UserId),
        kind: query.kind,
        since: query.since,
        ..EntryFilter::default()
    };
    let entries = app.authority.revocations(&caller, filter, &page.into()).await?;
    Ok(Json(listing(entries)))
}

/// Revoke a token or a session
#[utoipa::path(
    post, path = "/api/v1/admin/revocations", tag = "Administration", operation_id = "revoke",
    request_body = RevokeRequest, security(("bearer" = []), ("basic" = ["revocations:write"])),
    responses(
        (status = 201, body = RevocationView, description = "It is revoked now."),
        (status = 200, body = RevocationView, description = "It was revoked already: the revocation that stands."),
        (status = 404, description = "There is no such session, or with `foreign` no such tenant, for this caller."),
    )
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Json(request): Json<RevokeRequest>,
) -> Result<(StatusCode, Json<RevocationView>), Problem> {
    let what = what(&request)?;
    let request = RevocationRequest {
        expires_at: request.expires_at,
        user: request.user_id.map(UserId).filter(|_| !matches!(what, What::ForeignUser(_))),
        what,
        tenant: request.tenant_id.map(TenantId),
        reason: request.reason,
    };
    let (entry, created) = app.authority.revoke(&caller, request).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(entry.into())))
}

fn what(request: &RevokeRequest) -> Result<What, Problem> {
    let session = request.session_id.map(SessionId);
    match (&request.jti, session, &request.token, &request.digest) {
        (Some(jti), None, None, None) if !request.foreign => Ok(What::Jti(jti.clone())),
        (None, Some(session), None, None) if request.foreign => Ok(What::ForeignSession(session)),
        (None, Some(session), None, None) => Ok(What::Session(session)),
        (None, None, Some(token), None) if !request.foreign => Ok(What::Token(token.clone())),
        (None, None, None, Some(digest)) if !request.foreign => parse_digest(digest).map(What::Digest),
        (None, None, None, None) if request.foreign => match request.user_id {
            Some(user) => Ok(What::ForeignUser(UserId(user))),
            None => Err(unclear("foreign", "foreign: name a session_id or a user_id")),
        },
        _ if request.foreign => Err(unclear("foreign", "foreign: goes with a session_id or a user_id alone")),
        _ => Err(unclear("jti", "name exactly one of jti, session_id, token and digest")),
    }
}

fn unclear(member: &'static str, detail: &'static str) -> Problem {
    Problem::new(Code::InvalidMember).detail(detail).member(member)
}

fn parse_digest(text: &str) -> Result<[u8; 32], Problem> {
    match MarkKey::parse(CutKind::Digest, text) {
        Ok(MarkKey::Digest(digest)) => Ok(digest),
        _ => Err(Problem::new(Code::InvalidMember)
            .detail("digest: not 64 lower-case hexadecimal digits")
            .member("digest")),
    }
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CutKind>, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse().map(Some).map_err(|_| serde::de::Error::custom("no such kind of revocation"))
}
