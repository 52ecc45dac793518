//! The OpenAPI document, and the reference page made from it.
//!
//! Endpoints describe what is particular to them and are gathered by `utoipa_axum`'s `OpenApiRouter`, begun with
//! `base`. What is common to all, such as the errors that any call may end in, `Document::finish` adds, so that
//! no endpoint can forget it.

mod document;
mod page;
mod schemas;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Tag};

use document::Document;
pub(crate) use page::STYLE;

/// The OpenAPI 3.1 document of the whole HTTP API, as JSON: what a server answers with at `/openapi.json`.
///
/// ```
/// let document: serde_json::Value = serde_json::from_str(&rescind_server::openapi::document())?;
/// assert_eq!(document["info"]["title"], "Rescind");
/// assert!(document["paths"]["/api/v1/auth/login"]["post"].is_object());
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn document() -> String {
    json(&crate::router::routes().into_openapi())
}

/// What the document begins with: what this is, how callers authenticate, how errors look.
pub(crate) fn base() -> OpenApi {
    let components = ComponentsBuilder::new()
        .schema("Problem", schemas::problem())
        .schema("OAuthError", schemas::oauth_error())
        .security_scheme("bearer", http_scheme(HttpAuthScheme::Bearer, "An access token."))
        .security_scheme("basic", http_scheme(HttpAuthScheme::Basic, "An API client's id and secret."))
        .build();
    let info = InfoBuilder::new()
        .title("Rescind")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("JWTs you can take back: sessions, refresh and revocation."))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build(),
        ))
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).tags(Some(tags())).build()
}

fn http_scheme(scheme: HttpAuthScheme, description: &str) -> SecurityScheme {
    let mut http = Http::new(scheme);
    http.description = Some(description.to_owned());
    SecurityScheme::Http(http)
}

/// The groups of calls, in the order in which the page has them.
fn tags() -> Vec<Tag> {
    [
        ("Users", "Signing in and out, refreshing, one's own sessions."),
        ("Backends", "Sessions for users whom the caller has authenticated itself."),
        (
            "Administration",
            "Sessions, revocations, users, tenants, clients, keys and the audit trail. Where a call writes, a token is held against \
             all that was revoked by then on whichever node, and where that cannot be known the answer is 503.",
        ),
        ("OAuth", "Refresh, revocation and introspection as OAuth clients expect them."),
        ("Verifiers", "What services and proxies need that check tokens."),
        ("Pages", "For people, with a sign-in of their own: see docs/pages.md."),
        ("Operation", "Health, numbers and this reference."),
    ]
    .map(|(name, description)| {
        let mut tag = Tag::new(name);
        tag.description = Some(description.to_owned());
        tag
    })
    .into()
}

/// The finished document as JSON.
pub(crate) fn json(api: &OpenApi) -> String {
    Document::finish(api).to_json()
}

/// The finished document as a page, which needs neither scripts nor the network.
pub(crate) fn page(api: &OpenApi) -> String {
    page::render(&Document::finish(api))
}

/// The page may load its own style sheet and nothing else, and may not be framed.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer that stays the same as long as the server runs.
pub(crate) fn fixed(content_type: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests;
