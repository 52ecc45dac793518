//! From the authority's refusals to what HTTP says of them.

use rescind::authority::Error;

use crate::http::{Code, Problem};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::InvalidCredentials => Self::new(Code::InvalidCredentials),
            Error::Throttled { retry_after } => Self::new(Code::TooManyAttempts).retry_after(retry_after),
            Error::Overloaded => Self::new(Code::Overloaded).retry_after(std::time::Duration::from_secs(1)),
            Error::RegistrationClosed => Self::new(Code::RegistrationClosed),
            Error::AgeBelowMinimum { .. } => {
                Self::new(Code::AgeBelowMinimum).detail(text).member("date_of_birth")
            }
            Error::PasswordTooWeak(_) => Self::new(Code::PasswordTooWeak).detail(text),
            Error::WrongPassword => Self::new(Code::WrongPassword),
            Error::InvalidRefreshToken => Self::new(Code::InvalidRefreshToken),
            Error::SessionRevoked => Self::new(Code::SessionRevoked),
            Error::SessionExpired => Self::new(Code::SessionExpired),
            Error::RefreshReuseDetected => Self::new(Code::RefreshReuseDetected),
            Error::RefreshSuperseded => Self::new(Code::RefreshSuperseded),
            Error::TokenRefused("token_expired") => Self::new(Code::TokenExpired),
            Error::TokenRefused("token_revoked") => Self::new(Code::TokenRevoked),
            Error::TokenRefused(_) => Self::new(Code::InvalidToken),
            Error::InvalidClient => Self::new(Code::InvalidClient),
            Error::Forbidden(_) => Self::new(Code::Forbidden).detail(text),
            Error::InsufficientScope(_) => Self::new(Code::InsufficientScope).detail(text),
            Error::LastOperator => Self::new(Code::LastOperator),
            Error::NotFound => Self::new(Code::NotFound),
            Error::Invalid { member: "tenant_id", .. } => {
                Self::new(Code::TenantRequired).detail(text).member("tenant_id")
            }
            Error::Invalid { member: "cursor", .. } => {
                Self::new(Code::InvalidParameter).detail(text).member("cursor")
            }
            Error::Invalid { member, .. } => Self::new(Code::InvalidMember).detail(text).member(member),
            Error::Taken("email") => Self::new(Code::EmailTaken),
            Error::Taken("slug") => Self::new(Code::SlugTaken),
            Error::Taken(_) => Self::new(Code::Conflict).detail(text),
            Error::Unavailable => Self::new(Code::Unavailable).retry_after(std::time::Duration::from_secs(1)),
            Error::NotFresh("stale") => Self::new(Code::Stale).retry_after(std::time::Duration::from_secs(1)),
            Error::NotFresh(_) => Self::new(Code::NotReady).retry_after(std::time::Duration::from_secs(1)),
            Error::Internal(why) => Self::internal(&why),
        }
    }
}
