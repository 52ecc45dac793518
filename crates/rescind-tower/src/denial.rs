//! Why a request is turned away, and what its caller is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use rescind::verifier::Refusal;

/// A request that is turned away. Holds nothing of its token, so that it can be logged and shown.
///
/// [`Protect`](crate::Protect) answers with it by itself. A handler gets one from [`Authenticated`](crate::Authenticated)'s
/// `require_…` calls, and hands it on: with the feature `axum` it is a response, elsewhere [`Denial::respond`] makes one.
///
/// ```
/// # use http::Extensions;
/// # use rescind_tower::Authenticated;
/// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
/// // What a handler got from `Authenticated::required`, and hands on.
/// assert_eq!((denial.status().as_u16(), denial.code()), (401, "authentication_required"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    reason: Reason,
    realm: Realm,
}

/// Why a request is turned away.
///
/// ```
/// # use http::Extensions;
/// # use rescind_tower::Authenticated;
/// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
/// use rescind_tower::Reason;
///
/// // The caller is told that it is not authenticated, the log that nothing protects the handler.
/// assert_eq!(*denial.reason(), Reason::Unprotected);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No credentials of a known scheme came.
    NoCredentials,
    /// Two `Authorization` headers, or two cookies of the name.
    Ambiguous,
    /// Credentials came that are not even of the form of a token.
    Malformed,
    /// The verifier refused the token, or was not able to tell.
    Refused(Refusal),
    /// The caller has another role.
    MissingRole,
    /// The token does not carry these scopes (RFC 6749 §3.3), or one of them.
    MissingScope(Arc<str>),
    /// What is asked for belongs to another tenant: it is answered as though it did not exist.
    OtherTenant,
    /// There is no [`Protect`](crate::Protect) around the handler, so that nobody has checked anything: a mistake in the
    /// service. The caller is told that it is not authenticated, and the log more.
    Unprotected,
}

impl Denial {
    pub(crate) const fn new(reason: Reason, realm: Realm) -> Self {
        Self { reason, realm }
    }

    /// Why.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// use rescind_tower::Reason;
    ///
    /// assert!(!matches!(denial.reason(), Reason::Refused(_)), "no verifier has looked at it");
    /// ```
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The status of HTTP.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// assert_eq!(denial.status(), http::StatusCode::UNAUTHORIZED);
    /// ```
    pub const fn status(&self) -> StatusCode {
        match &self.reason {
            Reason::Ambiguous => StatusCode::BAD_REQUEST,
            Reason::NoCredentials | Reason::Malformed | Reason::Unprotected => StatusCode::UNAUTHORIZED,
            Reason::Refused(Refusal::Invalid(_) | Refusal::Revoked(_)) => StatusCode::UNAUTHORIZED,
            Reason::Refused(Refusal::Stale | Refusal::NotReady) => StatusCode::SERVICE_UNAVAILABLE,
            Reason::MissingRole | Reason::MissingScope(_) => StatusCode::FORBIDDEN,
            Reason::OtherTenant => StatusCode::NOT_FOUND,
        }
    }

    /// The stable, snake_case code, the same that the authority's own API answers with: `authentication_required`,
    /// `invalid_request`, `invalid_token`, `token_expired`, `token_revoked`, `forbidden`, `insufficient_scope`, `not_found`, `stale` or
    /// `not_ready`.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// assert_eq!(denial.code(), "authentication_required");
    /// ```
    pub const fn code(&self) -> &'static str {
        match &self.reason {
            Reason::NoCredentials | Reason::Unprotected => "authentication_required",
            Reason::Ambiguous => "invalid_request",
            Reason::Malformed => "invalid_token",
            Reason::Refused(refusal) => refusal.code(),
            Reason::MissingRole => "forbidden",
            Reason::MissingScope(_) => "insufficient_scope",
            Reason::OtherTenant => "not_found",
        }
    }

    /// A sentence for whoever develops the client. It says nothing of the inside.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// assert_eq!(denial.detail(), "The call needs a bearer token and none came.");
    /// ```
    pub fn detail(&self) -> &'static str {
        match self.code() {
            "authentication_required" => "The call needs a bearer token and none came.",
            "invalid_request" => "The credentials are there twice.",
            "token_expired" => "The access token has expired: refresh.",
            "token_revoked" => "The access token was revoked.",
            "forbidden" => "The caller is known, and its role does not allow this.",
            "insufficient_scope" => "The caller is known, and its token lacks a scope that this needs.",
            "not_found" => "There is no such thing, or it belongs to another tenant.",
            "stale" => "Whether the token was revoked cannot be told at the moment. Try again.",
            "not_ready" => "The ledger has not been read yet. Try again.",
            _ => "The access token is malformed, meant for somebody else, or of nobody who is trusted here.",
        }
    }

    /// `WWW-Authenticate` (RFC 6750 §3): without `error` where no credentials came, with the code as `error_description`
    /// otherwise. None for a 404 and a 503.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// assert_eq!(denial.challenge().unwrap(), r#"Bearer realm="rescind""#);
    /// ```
    pub fn challenge(&self) -> Option<HeaderValue> {
        let error = match self.status() {
            StatusCode::BAD_REQUEST => Some("invalid_request"),
            StatusCode::UNAUTHORIZED if self.code() == "authentication_required" => None,
            StatusCode::UNAUTHORIZED => Some("invalid_token"),
            StatusCode::FORBIDDEN => Some("insufficient_scope"),
            _ => return None,
        };
        let mut text = format!("Bearer realm=\"{}\"", self.realm.quotable());
        if let Some(error) = error {
            text += &format!(", error=\"{error}\", error_description=\"{}\"", self.code());
        }
        if let Reason::MissingScope(scope) = &self.reason {
            text += &format!(", scope=\"{}\"", quotable(scope));
        }
        HeaderValue::try_from(text).ok()
    }

    /// After how long trying again may help: for a 503 only.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// // It is not for want of time: trying again does not help.
    /// assert_eq!(denial.retry_after(), None);
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(Duration::from_secs(1))
    }

    /// The status code of gRPC: 16 `UNAUTHENTICATED`, 7 `PERMISSION_DENIED`, 5 `NOT_FOUND` or 14 `UNAVAILABLE`. With tonic,
    /// `Status::new(denial.grpc_code().into(), denial.code())`.
    ///
    /// ```
    /// # use http::Extensions;
    /// # use rescind_tower::Authenticated;
    /// # let denial = Authenticated::required(&Extensions::new()).unwrap_err();
    /// assert_eq!(denial.grpc_code(), 16, "UNAUTHENTICATED");
    /// ```
    pub fn grpc_code(&self) -> i32 {
        match self.status() {
            StatusCode::FORBIDDEN => 7,
            StatusCode::NOT_FOUND => 5,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            _ => 16,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

impl std::error::Error for Denial {}

/// The `realm` of a challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Realm(Option<Arc<str>>);

impl Realm {
    pub(crate) fn new(text: &str) -> Self {
        Self(Some(text.into()))
    }

    fn quotable(&self) -> String {
        quotable(self.0.as_deref().unwrap_or("rescind"))
    }
}

/// What can stand between quotes in a header (RFC 9110 §5.6.4) and needs no escape there.
fn quotable(text: &str) -> String {
    let replaced = |c| match c {
        '"' | '\\' => '\'',
        ' '..='~' => c,
        _ => '?',
    };
    text.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use rescind::ledger::CutKind;
    use rescind::token::Rejection;

    use super::*;

    #[test]
    fn each_reason_has_its_status_its_code_and_its_challenge() {
        let realm = r#"Bearer realm="rescind""#;
        let invalid = |code| format!(r#"{realm}, error="invalid_token", error_description="{code}""#);
        let cases = [
            (Reason::NoCredentials, 401, "authentication_required", Some(realm.to_owned()), 16),
            (Reason::Unprotected, 401, "authentication_required", Some(realm.to_owned()), 16),
            (
                Reason::Ambiguous,
                400,
                "invalid_request",
                Some(format!(r#"{realm}, error="invalid_request", error_description="invalid_request""#)),
                16,
            ),
            (Reason::Malformed, 401, "invalid_token", Some(invalid("invalid_token")), 16),
            (
                Reason::Refused(Refusal::Invalid(Rejection::BadSignature)),
                401,
                "invalid_token",
                Some(invalid("invalid_token")),
                16,
            ),
            (
                Reason::Refused(Refusal::Invalid(Rejection::Expired)),
                401,
                "token_expired",
                Some(invalid("token_expired")),
                16,
            ),
            (
                Reason::Refused(Refusal::Revoked(CutKind::User)),
                401,
                "token_revoked",
                Some(invalid("token_revoked")),
                16,
            ),
            (Reason::Refused(Refusal::Stale), 503, "stale", None, 14),
            (Reason::Refused(Refusal::NotReady), 503, "not_ready", None, 14),
            (
                Reason::MissingRole,
                403,
                "forbidden",
                Some(format!(r#"{realm}, error="insufficient_scope", error_description="forbidden""#)),
                7,
            ),
            (
                Reason::MissingScope("a b".into()),
                403,
                "insufficient_scope",
                Some(format!(
                    r#"{realm}, error="insufficient_scope", error_description="insufficient_scope", scope="a b""#
                )),
                7,
            ),
            (Reason::OtherTenant, 404, "not_found", None, 5),
        ];
        for (reason, status, code, challenge, grpc) in cases {
            let denial = Denial::new(reason, Realm::default());
            assert_eq!((denial.status().as_u16(), denial.code(), denial.grpc_code()), (status, code, grpc));
            let told = denial.challenge().map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(told, challenge, "{denial:?}");
            assert_eq!(denial.retry_after().is_some(), status == 503, "{denial:?}");
        }
    }

    #[test]
    fn a_realm_or_a_scope_cannot_break_out_of_its_quotes() {
        let scope = Reason::MissingScope("a\", error=\"x\r\nSet-Cookie: é".into());
        let denial = Denial::new(scope, Realm::new("my \"API\\\" é\n"));
        let challenge = denial.challenge().unwrap();
        assert_eq!(
            challenge.to_str().unwrap(),
            "Bearer realm=\"my 'API'' ??\", error=\"insufficient_scope\", \
             error_description=\"insufficient_scope\", scope=\"a', error='x??Set-Cookie: ?\""
        );
    }
}
