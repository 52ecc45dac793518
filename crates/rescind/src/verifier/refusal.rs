//! Why a verifier refuses a token.

use crate::ledger::CutKind;
use crate::token::Rejection;

/// Why a verifier refuses a token.
///
/// ```
/// use rescind::verifier::Refusal;
///
/// /// The status that a service answers with (RFC 6750 §3.1).
/// fn status(refusal: &Refusal) -> u16 {
///     match refusal {
///         Refusal::Invalid(_) | Refusal::Revoked(_) => 401,
///         // It is not the token's fault: the caller may try again.
///         Refusal::Stale | Refusal::NotReady => 503,
///     }
/// }
/// assert_eq!(status(&Refusal::Stale), 503);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not a good token: its form, signature, times or audience.
    #[error(transparent)]
    Invalid(#[from] Rejection),
    /// It was revoked.
    #[error("revoked by a {0} cut")]
    Revoked(CutKind),
    /// The verifier has been cut off from the ledger for too long to know. A 503, not the token's fault.
    #[error("the verifier has been cut off from the ledger for too long")]
    Stale,
    /// The verifier has never read the ledger, or has no keys yet. Likewise a 503.
    #[error("the verifier has not read the ledger yet, or no keys")]
    NotReady,
}

impl Refusal {
    /// The stable, snake_case code: `token_expired`, `token_revoked`, `invalid_token`, `stale` or `not_ready`.
    ///
    /// ```
    /// use rescind::ledger::CutKind;
    /// use rescind::token::Rejection;
    /// use rescind::verifier::Refusal;
    ///
    /// assert_eq!(Refusal::Revoked(CutKind::Session).code(), "token_revoked");
    /// assert_eq!(Refusal::Invalid(Rejection::BadSignature).code(), "invalid_token");
    /// ```
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(Rejection::Expired) => "token_expired",
            Self::Invalid(_) => "invalid_token",
            Self::Revoked(_) => "token_revoked",
            Self::Stale => "stale",
            Self::NotReady => "not_ready",
        }
    }
}
