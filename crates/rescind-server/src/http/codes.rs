//! Every error code that a caller can meet, in one table: the constructors, the OpenAPI document and the
//! reference page all read it, so that none of them can know a code that the others do not.

use http::StatusCode;

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $title:literal, $meaning:literal;)*) => {
        /// A stable error code. Callers branch on it, never on the text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// All codes, in the order in which they are documented.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it stands in a body: snake_case, never changed.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The status that it is answered with.
            pub(crate) fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$variant => $status),* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// A short summary, the same at every occurrence (RFC 9457 §3.1.3).
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What it means and what the caller can do, for the reference page.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" 400 "Invalid request",
        "The request contradicts itself: two `Authorization` headers, a secret in the query, a body that breaks off.";
    InvalidJson "invalid_json" 400 "Invalid JSON",
        "The body is not one JSON value (RFC 8259), nests too deep, or names a member twice.";
    AuthenticationRequired "authentication_required" 401 "Authentication required",
        "The call needs credentials and none of a known scheme came.";
    InvalidToken "invalid_token" 401 "Invalid token",
        "The access token is malformed, meant for somebody else, or not ours.";
    TokenExpired "token_expired" 401 "Token expired",
        "The access token has expired: refresh.";
    TokenRevoked "token_revoked" 401 "Token revoked",
        "The access token was revoked, by itself or with its session, user, tenant, client or key.";
    InvalidClient "invalid_client" 401 "Invalid client credentials",
        "The client id or its secret is wrong, or the credentials are malformed.";
    InvalidCredentials "invalid_credentials" 401 "Invalid credentials",
        "The e-mail address or the password is wrong, or the user may not sign in. Which of them is not told.";
    InvalidRefreshToken "invalid_refresh_token" 401 "Invalid refresh token",
        "The refresh token is not ours, malformed, or of a generation that does not exist.";
    SessionRevoked "session_revoked" 401 "Session revoked",
        "The session was ended by its user, by an administrator, or by a cut above it. Sign in again.";
    SessionExpired "session_expired" 401 "Session expired",
        "The session reached its idle or its absolute limit. Sign in again.";
    RefreshReuseDetected "refresh_reuse_detected" 401 "Refresh token reuse detected",
        "A refresh token came that had been used up: taken for theft, and the session was ended.";
    Forbidden "forbidden" 403 "Forbidden",
        "The caller is known, and its role does not allow this.";
    InsufficientScope "insufficient_scope" 403 "Insufficient scope",
        "The caller is known, and lacks the scope that this needs.";
    RegistrationClosed "registration_closed" 403 "Registration is closed",
        "Users do not register themselves here.";
    WrongPassword "wrong_password" 403 "Wrong password",
        "The current password is wrong.";
    NotFound "not_found" 404 "Not found",
        "There is no such thing, or it belongs to another tenant.";
    MethodNotAllowed "method_not_allowed" 405 "Method not allowed",
        "The path exists, not with this method: `Allow` lists those that do.";
    RequestTimeout "request_timeout" 408 "Request timeout",
        "The body did not arrive in time.";
    Conflict "conflict" 409 "Conflict",
        "The present state does not allow this.";
    EmailTaken "email_taken" 409 "E-mail address taken",
        "Another user of the tenant has this address.";
    SlugTaken "slug_taken" 409 "Slug taken",
        "Another tenant has this slug.";
    Taken "taken" 409 "Taken",
        "Something that is to be unique exists already.";
    LastOperator "last_operator" 409 "Last operator",
        "No other operator could sign in after that. Nothing was done: make another operator first.";
    RefreshSuperseded "refresh_superseded" 409 "Refresh token superseded",
        "A newer refresh token of this session was handed out a moment ago: use the newest that you hold. Nothing was ended.";
    CursorGone "cursor_gone" 410 "Cursor gone",
        "What follows the cursor was purged, or the cursor is of another history: take a snapshot.";
    PayloadTooLarge "payload_too_large" 413 "Payload too large",
        "The body is larger than 64 KiB.";
    UnsupportedMediaType "unsupported_media_type" 415 "Unsupported media type",
        "The body must be `application/json`, in UTF-8.";
    InvalidMember "invalid_member" 422 "Invalid member",
        "A member of the body is missing, unknown or has a wrong value; `member` names it.";
    InvalidParameter "invalid_parameter" 422 "Invalid parameter",
        "A query parameter is missing, unknown, doubled or has a wrong value; `member` names it.";
    TenantRequired "tenant_required" 422 "Tenant required",
        "The id exists in more than one tenant: name `tenant_id`.";
    AgeBelowMinimum "age_below_minimum" 422 "Below the minimum age",
        "The date of birth is missing, or too recent for an account here.";
    PasswordTooWeak "password_too_weak" 422 "Password too weak",
        "The password does not meet the rules for passwords.";
    TooManyAttempts "too_many_attempts" 429 "Too many attempts",
        "Too many failures from this address: wait as long as `Retry-After` says.";
    InternalError "internal" 500 "Internal error",
        "Something broke here. The log has the details under the request id.";
    Unavailable "unavailable" 503 "Unavailable",
        "The store cannot be reached, or did not say whether it is done. Look, or try again.";
    Stale "stale" 503 "Cut off",
        "The replica of the ledger is too old to decide. Try again.";
    NotReady "not_ready" 503 "Not ready",
        "The ledger has not been read yet. Try again.";
    Overloaded "overloaded" 503 "Overloaded",
        "Too much of this work is going on at once. Try again after `Retry-After`.";
    Timeout "timeout" 503 "Timed out",
        "The call took too long and was abandoned. It may have taken effect.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_snake_case_unique_and_an_error() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{text}");
            assert!(seen.insert(text), "{text} stands twice");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{text}");
            assert!(code.meaning().ends_with('.'), "{text}");
        }
    }
}
