//! Why the authority did not do what it was asked to do.

use std::time::Duration;

use crate::authority::throttle::Refused;
use crate::keys::SealError;
use crate::store::StoreError;
use crate::token::KeyError;

/// What the authority's verbs return.
///
/// ```
/// use rescind::authority::{Error, Result};
///
/// fn page_limit(asked: u32) -> Result<u32> {
///     let why = "from 1 to 500";
///     if (1..=500).contains(&asked) { Ok(asked) } else { Err(Error::Invalid { member: "limit", why }) }
/// }
/// assert_eq!(page_limit(50), Ok(50));
/// assert_eq!(page_limit(0).unwrap_err().code(), "invalid_member");
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal. Callers branch on the variant or on [`Error::code`], never on the text.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
/// use rescind::authority::Error;
/// use rescind::store::PageRequest;
///
/// let page = PageRequest { limit: 50, cursor: None };
/// match authority.tenants(&ada, &page).await {
///     Err(Error::Forbidden(why)) => assert!(!why.is_empty()),
///     Err(Error::Unavailable | Error::Overloaded) => println!("try again"),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The email or the password is wrong, or the user may not sign in. Deliberately not told apart.
    #[error("the email or the password is wrong")]
    InvalidCredentials,
    /// Too many failures; other accounts and other addresses go on.
    #[error("too many attempts")]
    Throttled {
        /// When an attempt will be looked at again.
        retry_after: Duration,
    },
    /// Too much is going on at the moment.
    #[error("too much is going on, try again shortly")]
    Overloaded,
    /// Nobody may register here.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Who registers is too young, or did not say how old.
    #[error("the age is below the minimum of {minimum}")]
    AgeBelowMinimum {
        /// The age in years that registration asks for.
        minimum: u32,
    },
    /// The password would be guessed.
    #[error("the password is too weak: {0}")]
    PasswordTooWeak(&'static str),
    /// The password that was given as the current one is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Not a refresh token that this authority can answer.
    #[error("not a valid refresh token")]
    InvalidRefreshToken,
    /// The session was ended.
    #[error("the session was ended")]
    SessionRevoked,
    /// The session's idle or absolute limit has passed.
    #[error("the session has expired")]
    SessionExpired,
    /// The refresh token was used twice; its session was ended.
    #[error("the refresh token was used twice; its session was ended")]
    RefreshReuseDetected,
    /// The refresh token was rotated away only just now: the caller is to use the newest one that it holds.
    #[error("the refresh token was just replaced; use the newest one")]
    RefreshSuperseded,
    /// The access token is not good: expired, cut, or not one that this authority takes. The code says which.
    #[error("the access token is not good ({0})")]
    TokenRefused(&'static str),
    /// The client's credentials are wrong, or not those of the session's client.
    #[error("the client is not who it says it is")]
    InvalidClient,
    /// The caller may not do that.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The caller lacks a scope (RFC 6750 §3.1).
    #[error("the scope {0} is needed")]
    InsufficientScope(&'static str),
    /// It would leave no operator who can sign in. Make another first.
    #[error("no other operator could sign in after that: make another one first")]
    LastOperator,
    /// What was named does not exist, or belongs to a tenant that the caller does not reach.
    #[error("not found")]
    NotFound,
    /// A value makes no sense. The caller's own, and it is named.
    #[error("{member}: {why}")]
    Invalid {
        /// Which member of the request.
        member: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something unique is taken: `email`, `slug`, `user_id`, `tenant_id`.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// The store cannot be reached, cannot write, or did not say whether it has written: what was asked may be done or not.
    #[error("the store is unavailable")]
    Unavailable,
    /// What is known of revocations is too old to decide (`stale`), or nothing is known yet (`not_ready`).
    #[error("the replica of the ledger is not fresh ({0})")]
    NotFresh(&'static str),
    /// Something that must not happen did. The details are in the log.
    #[error("internal error")]
    Internal(String),
}

impl Error {
    /// The stable, snake_case code.
    ///
    /// ```
    /// use rescind::authority::Error;
    ///
    /// assert_eq!(Error::InvalidCredentials.code(), "invalid_credentials");
    /// assert_eq!(Error::Taken("email").code(), "email_taken");
    /// assert_eq!(Error::TokenRefused("token_revoked").code(), "token_revoked");
    ///
    /// // What went wrong inside is told to nobody.
    /// let internal = Error::Internal("no such column: tver".into());
    /// assert_eq!((internal.code(), internal.to_string().as_str()), ("internal", "internal error"));
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::Throttled { .. } => "too_many_attempts",
            Self::Overloaded => "overloaded",
            Self::RegistrationClosed => "registration_closed",
            Self::AgeBelowMinimum { .. } => "age_below_minimum",
            Self::PasswordTooWeak(_) => "password_too_weak",
            Self::WrongPassword => "wrong_password",
            Self::InvalidRefreshToken => "invalid_refresh_token",
            Self::SessionRevoked => "session_revoked",
            Self::SessionExpired => "session_expired",
            Self::RefreshReuseDetected => "refresh_reuse_detected",
            Self::RefreshSuperseded => "refresh_superseded",
            Self::TokenRefused(code) => code,
            Self::InvalidClient => "invalid_client",
            Self::Forbidden(_) => "forbidden",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::LastOperator => "last_operator",
            Self::NotFound => "not_found",
            Self::Invalid { .. } => "invalid_member",
            Self::Taken("email") => "email_taken",
            Self::Taken("slug") => "slug_taken",
            Self::Taken(_) => "taken",
            Self::Unavailable => "unavailable",
            Self::NotFresh(code) => code,
            Self::Internal(_) => "internal",
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(why) => {
                tracing::error!(why, "the store is unavailable");
                Self::Unavailable
            }
            StoreError::TakesNoWrites(why) => {
                tracing::error!(why, "the store takes no writes");
                Self::Unavailable
            }
            StoreError::Overloaded => Self::Overloaded,
            StoreError::NotFound => Self::NotFound,
            StoreError::Taken(what) => Self::Taken(what),
            StoreError::Ambiguous => Self::Invalid {
                member: "tenant_id",
                why: "this user_id exists in several tenants: name one, in the query or beside it in the body",
            },
            StoreError::Forbidden => Self::Forbidden("only an administrator may do this to an administrator"),
            StoreError::LastOperator => Self::LastOperator,
            StoreError::InvalidCursor => Self::Invalid { member: "cursor", why: "not a cursor of this list" },
            StoreError::KeyGone | StoreError::Conflict => Self::Overloaded,
            StoreError::Corrupt(_) | StoreError::TooNew { .. } => Self::internal(error),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooManyFailures(retry_after) => Self::Throttled { retry_after },
            Refused::TooManyAtOnce => Self::Overloaded,
        }
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::internal(error)
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::internal(error)
    }
}

impl Error {
    /// For what must not happen: kept for the log, told to nobody.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}
