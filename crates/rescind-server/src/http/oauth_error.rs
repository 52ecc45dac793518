//! Errors in the form that OAuth clients expect (RFC 6749 §5.2).

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::codes::Code;
use super::problem::{Problem, add_challenge, add_retry_after};

/// An error code that the OAuth specifications define.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OAuthErrorCode {
    /// The request is malformed (RFC 6749 §5.2).
    InvalidRequest,
    /// The client did not authenticate, or failed to (RFC 6749 §5.2).
    InvalidClient,
    /// The refresh token is not usable (RFC 6749 §5.2).
    InvalidGrant,
    /// The client may not use this grant or call (RFC 6749 §5.2).
    UnauthorizedClient,
    /// The grant type is not one of ours (RFC 6749 §5.2).
    UnsupportedGrantType,
    /// The scope asked for is unknown or exceeds the grant (RFC 6749 §5.2).
    InvalidScope,
    /// The bearer token of the call is not usable (RFC 6750 §3.1).
    InvalidToken,
    /// The caller lacks a scope (RFC 6750 §3.1).
    InsufficientScope,
    /// The kind of token named by the hint is not supported (RFC 7009 §2.2.1).
    UnsupportedTokenType,
    /// Something broke here (RFC 6749 §4.1.2.1).
    ServerError,
    /// Try again later (RFC 6749 §4.1.2.1).
    TemporarilyUnavailable,
}

impl OAuthErrorCode {
    /// All codes, in the order in which they are documented.
    pub(crate) const ALL: &[Self] = &[
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::UnsupportedTokenType,
        Self::ServerError,
        Self::TemporarilyUnavailable,
    ];

    /// The code as it stands in the body.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// An error under `/oauth2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuthError {
    pub(super) error: OAuthErrorCode,
    status: StatusCode,
    description: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl OAuthError {
    /// An error with this code and a sentence for the developer of the client. The sentence must not hold a
    /// secret.
    pub(crate) fn new(error: OAuthErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { error, status: error.status(), description: description.into(), retry_after: None }
    }
}

impl From<Problem> for OAuthError {
    /// Keeps status, explanation and `Retry-After`; the code becomes the nearest one that OAuth defines.
    fn from(problem: Problem) -> Self {
        Self {
            error: nearest(problem.code()),
            status: match nearest(problem.code()) {
                // RFC 6749 §5.2: a grant that is not usable is a 400, whatever it is elsewhere.
                OAuthErrorCode::InvalidGrant => StatusCode::BAD_REQUEST,
                _ => problem.status(),
            },
            description: problem.explanation().to_owned().into(),
            retry_after: problem.wait(),
        }
    }
}

fn nearest(code: Code) -> OAuthErrorCode {
    match code {
        Code::AuthenticationRequired | Code::InvalidClient => OAuthErrorCode::InvalidClient,
        Code::InvalidToken | Code::TokenExpired | Code::TokenRevoked => OAuthErrorCode::InvalidToken,
        Code::Forbidden => OAuthErrorCode::UnauthorizedClient,
        Code::InsufficientScope => OAuthErrorCode::InsufficientScope,
        Code::InvalidRefreshToken
        | Code::SessionRevoked
        | Code::SessionExpired
        | Code::RefreshReuseDetected
        | Code::RefreshSuperseded => OAuthErrorCode::InvalidGrant,
        Code::TooManyAttempts => OAuthErrorCode::TemporarilyUnavailable,
        _ if code.status() == StatusCode::SERVICE_UNAVAILABLE => OAuthErrorCode::TemporarilyUnavailable,
        _ if code.status().is_server_error() => OAuthErrorCode::ServerError,
        _ => OAuthErrorCode::InvalidRequest,
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Body { error: self.error.as_str(), error_description: &printable(&self.description) };
        let mut response = (self.status, serde_json::to_vec(&body).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        add_challenge(&mut response);
        add_retry_after(&mut response, self.retry_after);
        response
    }
}

/// `error_description` is printable ASCII without quotes and backslashes (RFC 6749 §5.2).
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' | '`' | '\\' => '\'',
            ' '..='~' => c,
            _ => '?',
        })
        .collect()
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_counterpart_with_a_fitting_status() {
        for code in Code::ALL {
            let error = OAuthError::from(Problem::new(*code));
            assert_eq!(error.status.is_server_error(), code.status().is_server_error(), "{code:?}");
            let unauthorized =
                matches!(error.error, OAuthErrorCode::InvalidClient | OAuthErrorCode::InvalidToken);
            assert_eq!(error.status == 401, unauthorized || *code == Code::InvalidCredentials, "{code:?}");
        }
    }

    #[test]
    fn a_description_is_printable_ascii_without_quotes() {
        assert_eq!(printable("a\"b\\c\né`"), "a'b'c??'");
    }
}
