//! What can be the matter with an authority.

use std::time::Duration;

use rescind::ledger::snapshot::InvalidSnapshot;

/// Why something did not come of what was asked of the authority, or of the state on disk. Holds nothing that was sent.
///
/// None of it takes anything away that is known to be revoked; what it does to other tokens, the policy says once the
/// knowledge is too old.
///
/// ```
/// use rescind_remote::Trouble;
///
/// // For a metric's label the code, for people the sentence.
/// assert_eq!(Trouble::Forbidden.code(), "forbidden");
/// assert_eq!(Trouble::Forbidden.to_string(), "the client may not read the feed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// There is no connection: nobody listens, the name is unknown, or the certificate is not trusted.
    #[error("the authority cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("the authority does not answer in time")]
    Late,
    /// An answer ended before it was whole.
    #[error("the answer broke off")]
    BrokenOff,
    /// The stream of events has said nothing of use for too long.
    #[error("the events have fallen silent")]
    Silent,
    /// 401: the client was deleted, or its secret has changed.
    #[error("the authority does not take the client's credentials")]
    Unauthorized,
    /// 403: the client lacks the scope `feed`.
    #[error("the client may not read the feed")]
    Forbidden,
    /// A tenant binds the client: it is not told of other tenants' revocations. See [`Builder::tenant`](crate::Builder::tenant).
    #[error("the feed tells of one tenant only: name that tenant, or a client that is bound to none")]
    OtherTenants,
    /// 410: the authority cannot go on from where this verifier is.
    #[error("the events cannot go on from here: a snapshot is needed")]
    CursorGone,
    /// 429 or 503, and for how long it asks to be left alone.
    #[error("the authority is busy")]
    Busy(Duration),
    /// A redirect. None is followed: credentials go where they were meant to go.
    #[error("the authority redirects, which is not followed")]
    Redirected,
    /// Any other status.
    #[error("the authority answers with the status {0}")]
    Status(u16),
    /// An answer that is not what was asked for.
    #[error("the answer is not what was asked for")]
    UnexpectedAnswer,
    /// An answer, or a line of the events, that is longer than any honest one.
    #[error("the answer is too large")]
    TooLarge,
    /// The snapshot is none, is garbled or breaks off.
    #[error(transparent)]
    InvalidSnapshot(#[from] InvalidSnapshot),
    /// There are more marks than this verifier was told to hold.
    #[error("there are more marks than may be held")]
    TooManyMarks,
    /// An event that is not as the feed is described.
    #[error("a malformed event")]
    MalformedEvent,
    /// An event that stands before another one, or comes twice.
    #[error("the events are out of order")]
    OutOfOrder,
    /// A kind of mark that this version does not know: it has to be updated.
    #[error("a kind of mark that is not known here: update this program")]
    UnknownKind,
    /// The authority's clock is further ahead of this one than the leeway.
    #[error("the authority's clock is too far ahead of this one")]
    ClockSkew,
    /// This process's clock stepped back: everything is loaded anew.
    #[error("the clock stepped back")]
    ClockSteppedBack,
    /// The published keys are none, broken, or hold a private one. Those that are held stay.
    #[error("the published keys are not usable")]
    InvalidKeys,
    /// The authority calls itself by another name than its URL.
    #[error("the authority's name is not its URL: name the issuer")]
    IssuerMismatch,
    /// The state on disk could not be read or written.
    #[error("the state on disk cannot be used")]
    Disk,
}

impl Trouble {
    /// The stable, snake_case code.
    ///
    /// ```
    /// use rescind_remote::Trouble;
    ///
    /// assert_eq!(Trouble::CursorGone.code(), "cursor_gone");
    /// ```
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Late => "late",
            Self::BrokenOff => "broken_off",
            Self::Silent => "silent",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::OtherTenants => "other_tenants",
            Self::CursorGone => "cursor_gone",
            Self::Busy(_) => "busy",
            Self::Redirected => "redirected",
            Self::Status(_) => "unexpected_status",
            Self::UnexpectedAnswer => "unexpected_answer",
            Self::TooLarge => "too_large",
            Self::InvalidSnapshot(_) => "invalid_snapshot",
            Self::TooManyMarks => "too_many_marks",
            Self::MalformedEvent => "malformed_event",
            Self::OutOfOrder => "out_of_order",
            Self::UnknownKind => "unknown_kind",
            Self::ClockSkew => "clock_skew",
            Self::ClockSteppedBack => "clock_stepped_back",
            Self::InvalidKeys => "invalid_keys",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::Disk => "disk",
        }
    }

    /// Whether the authority said something that no honest one says.
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::UnexpectedAnswer
                | Self::TooLarge
                | Self::InvalidSnapshot(_)
                | Self::TooManyMarks
                | Self::MalformedEvent
                | Self::OutOfOrder
                | Self::InvalidKeys
        )
    }
}
