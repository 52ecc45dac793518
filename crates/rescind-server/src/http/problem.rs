//! Errors as problem documents (RFC 9457).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::codes::Code;
use super::exchange::{self, Presented, Surface};
use super::oauth_error::OAuthError;
use super::problem_page;

/// An error as a caller sees it. It is answered as `application/problem+json`, and under `/oauth2` in the form
/// of RFC 6749 §5.2. A 401 gets the challenge that fits what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    member: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// An error with this code, and with what the code means as its detail.
    pub(crate) const fn new(code: Code) -> Self {
        Self { code, detail: Cow::Borrowed(code.meaning()), member: None, retry_after: None }
    }

    /// Something broke inside: `error` goes to the log, and nothing of it to the caller.
    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        tracing::error!(%error, "internal error");
        Self::new(Code::InternalError)
    }

    /// The same with another explanation of this occurrence. It must not hold a secret, and for a 5xx nothing of
    /// the inside.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same, naming the member of the body, or the parameter, that is at fault.
    #[must_use]
    pub(crate) fn member(mut self, member: impl Into<String>) -> Self {
        self.member = Some(member.into());
        self
    }

    /// The same with `Retry-After`, rounded up to whole seconds, at least one.
    #[must_use]
    pub(crate) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The stable code.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// What went wrong this time.
    pub(crate) fn explanation(&self) -> &str {
        &self.detail
    }

    /// The member or parameter that is at fault, where one is.
    pub(crate) fn named(&self) -> Option<&str> {
        self.member.as_deref()
    }

    /// How long the caller is asked to wait.
    pub(crate) const fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    fn document(&self, request_id: Option<String>) -> Document<'_> {
        Document {
            r#type: format!("/docs#{}", anchor(self.code)),
            title: self.code.title(),
            status: self.status().as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            member: self.member.as_deref(),
            request_id,
        }
    }
}

/// Where the reference page explains `code`.
pub(crate) fn anchor(code: Code) -> String {
    format!("error-{}", code.as_str())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let exchange = exchange::current();
        match exchange.as_ref().map(|exchange| exchange.surface) {
            Some(Surface::OAuth) => return OAuthError::from(self).into_response(),
            Some(Surface::Page(home)) => return problem_page::answer(&self, home),
            Some(Surface::Api) | None => {}
        }
        let document = self.document(exchange.map(|exchange| exchange.request_id.to_string()));
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        add_challenge(&mut response);
        add_retry_after(&mut response, self.retry_after);
        response
    }
}

/// Adds `WWW-Authenticate` to a 401: Basic after Basic credentials, else Bearer, with an `error` only where a
/// token came (RFC 6750 §3.1).
pub(super) fn add_challenge(response: &mut Response) {
    if response.status() != StatusCode::UNAUTHORIZED {
        return;
    }
    let challenge = match exchange::current().map(|exchange| exchange.presented) {
        Some(Presented::Basic) => r#"Basic realm="rescind", charset="UTF-8""#,
        Some(Presented::Bearer) => r#"Bearer realm="rescind", error="invalid_token""#,
        Some(Presented::Nothing) | None => r#"Bearer realm="rescind""#,
    };
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
}

/// Adds `Retry-After` in whole seconds (RFC 9110 §10.2.3).
pub(crate) fn add_retry_after(response: &mut Response, wait: Option<Duration>) {
    if let Some(wait) = wait {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        for (millis, expected) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2")] {
            let problem = Problem::new(Code::TooManyAttempts).retry_after(Duration::from_millis(millis));
            assert_eq!(problem.into_response().headers()[header::RETRY_AFTER], expected);
        }
    }

    #[test]
    fn an_internal_error_says_nothing_of_the_inside() {
        let problem = Problem::internal(&"disk I/O error in sessions.rs");
        assert_eq!(problem.explanation(), Code::InternalError.meaning());
    }
}
