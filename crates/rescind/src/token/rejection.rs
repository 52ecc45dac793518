//! Why a token is refused: one variant for each cause.

macro_rules! claims {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A claim that a token lacks or misspells.
        ///
        /// ```
        /// use rescind::token::{Claim, Rejection};
        ///
        /// assert_eq!(Claim::Tver.name(), "tver");
        /// assert_eq!(Rejection::Invalid(Claim::Tver).code(), "tver_invalid");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Claim {
            $($(#[$doc])* $variant,)*
        }

        impl Claim {
            /// The claim's role, named as our own tokens name it.
            ///
            /// ```
            /// use rescind::token::Claim;
            ///
            /// // Of another issuer's token, too, that calls it something else.
            /// assert_eq!(Claim::TenantId.name(), "tenant_id");
            /// ```
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn missing(self) -> &'static str {
                match self { $(Self::$variant => concat!($name, "_missing"),)* }
            }

            const fn invalid(self) -> &'static str {
                match self { $(Self::$variant => concat!($name, "_invalid"),)* }
            }
        }
    };
}

claims! {
    /// Issuer (RFC 7519 §4.1.1).
    Iss = "iss",
    /// Subject (RFC 7519 §4.1.2).
    Sub = "sub",
    /// Audience (RFC 7519 §4.1.3).
    Aud = "aud",
    /// Expiry (RFC 7519 §4.1.4).
    Exp = "exp",
    /// Not before (RFC 7519 §4.1.5).
    Nbf = "nbf",
    /// Issued at (RFC 7519 §4.1.6).
    Iat = "iat",
    /// Token id (RFC 7519 §4.1.7).
    Jti = "jti",
    /// The client that the token was issued to (RFC 8693 §4.3).
    ClientId = "client_id",
    /// The user.
    UserId = "user_id",
    /// The tenant.
    TenantId = "tenant_id",
    /// The user's email address.
    Email = "email",
    /// The user's role.
    Role = "role",
    /// `access` or `refresh`.
    TokenType = "token_type",
    /// The session of an access token.
    Sid = "sid",
    /// The user's token version.
    Ver = "ver",
    /// The tenant's token version.
    Tver = "tver",
    /// The session of a refresh token.
    SessionId = "session_id",
    /// The secret of a refresh token.
    TokenId = "token_id",
    /// The generation of a refresh token.
    Gen = "gen",
}

/// Why a token was refused. Holds nothing of the token, so that it can be logged and shown.
///
/// [`Rejection::Expired`] is found last: a token that is refused so is right in everything else.
///
/// ```
/// use rescind::clock::Timestamp;
/// use rescind::token::{Issuer, KeySet, Rejection, Validator};
///
/// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
/// // {"alg":"none","kid":"k","typ":"at+jwt"} and {"iss":"https://auth.example"}
/// let token = "eyJhbGciOiJub25lIiwia2lkIjoiayIsInR5cCI6ImF0K2p3dCJ9.\
///              eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSJ9.AA";
/// let refused = validator.validate(token, Timestamp::from_secs(0)).unwrap_err();
/// assert_eq!(refused, Rejection::AlgNotAllowed);
/// // For a log, never with anything of the token in it.
/// assert_eq!(refused.to_string(), format!("token refused: {}", refused.code()));
/// # Ok::<(), rescind::token::InvalidIssuers>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("token refused: {}", self.code())]
#[non_exhaustive]
pub enum Rejection {
    /// The token is the empty string.
    Empty,
    /// The token is longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    TooLarge,
    /// Not three parts between dots (RFC 7515 §7.1): another number of them, an empty header or payload, or the JSON
    /// serialisation.
    NotCompact,
    /// The third part is empty.
    SignatureMissing,
    /// A part is not canonical base64url: padding, white space, `+`, `/`, stray low bits.
    InvalidBase64,
    /// The header is not one strict JSON object.
    MalformedHeader,
    /// A member occurs twice in the header.
    DuplicateHeaderMember,
    /// `crit` is there: we understand no extension, whatever it names (RFC 7515 §4.1.11).
    CritNotSupported,
    /// `b64` is there (RFC 7797).
    B64NotSupported,
    /// `zip` is there: compressed.
    ZipNotSupported,
    /// `enc` is there, or `cty` says that the payload is another token.
    NestedNotSupported,
    /// `jwk`, `jku`, `x5u` or `x5c`: the token brings its own key or says where to fetch it.
    EmbeddedKey,
    /// `typ` is missing.
    TypMissing,
    /// `typ` is that of another kind of token.
    WrongTyp,
    /// `alg` is missing.
    AlgMissing,
    /// `alg` is not one of those that the issuer is trusted with: `none`, unknown, or not a string.
    AlgNotAllowed,
    /// `alg` is allowed, but the key that `kid` names is bound to another.
    AlgMismatch,
    /// `kid` is missing.
    KidMissing,
    /// `kid` is not a string of 1 to 128 bytes.
    KidInvalid,
    /// No key of the issuer has this `kid`: it never had, or the key was revoked.
    UnknownKey,
    /// Signed with a key that had been retired before the token says that it was issued.
    KeyRetired,
    /// The payload is not one strict JSON object.
    MalformedPayload,
    /// A claim occurs twice.
    DuplicateClaim,
    /// `iss` is none of the trusted issuers, to the byte.
    UnknownIssuer,
    /// The signature is not the key's signature of this header and payload.
    BadSignature,
    /// A claim is missing.
    Missing(Claim),
    /// A claim is of the wrong type or out of range.
    Invalid(Claim),
    /// `sub` is not `user_id`.
    SubMismatch,
    /// `token_type` is that of the other kind of token.
    TokenTypeMismatch,
    /// A claim that [must be a certain text](super::ClaimMap::exactly) is another, or not there.
    WrongValue,
    /// None of the audiences is one that is accepted here, to the byte.
    WrongAudience,
    /// It is another tenant's than the one whose tokens are [judged here](crate::verifier::Verifier::for_tenant).
    WrongTenant,
    /// `exp` is not after `iat`.
    LifetimeInvalid,
    /// `exp − iat` is more than the issuer may give.
    LifetimeTooLong,
    /// `iat` is in the future, beyond the leeway.
    IssuedInFuture,
    /// `nbf` is in the future, beyond the leeway.
    NotYetValid,
    /// `exp` has passed, and the leeway too.
    Expired,
}

impl Rejection {
    /// The stable name of the cause.
    ///
    /// ```
    /// use rescind::clock::Timestamp;
    /// use rescind::token::{Claim, Issuer, KeySet, Rejection, Validator};
    ///
    /// let validator = Validator::new(vec![Issuer::ours("https://auth.example", KeySet::empty())])?;
    /// let code = |token| validator.validate(token, Timestamp::from_secs(0)).unwrap_err().code();
    /// assert_eq!(code(""), "empty_token");
    /// // {"alg":"none"}, with claims that nobody signed.
    /// assert_eq!(code("eyJhbGciOiJub25lIn0.eyJpc3MiOiJtZSJ9."), "signature_missing");
    ///
    /// // A claim that is missing is told apart from one that makes no sense.
    /// assert_eq!(Rejection::Missing(Claim::Exp).code(), "exp_missing");
    /// assert_eq!(Rejection::Invalid(Claim::Exp).code(), "exp_invalid");
    /// # Ok::<(), rescind::token::InvalidIssuers>(())
    /// ```
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty_token",
            Self::TooLarge => "token_too_large",
            Self::NotCompact => "not_compact_jws",
            Self::SignatureMissing => "signature_missing",
            Self::InvalidBase64 => "invalid_base64url",
            Self::MalformedHeader => "malformed_header",
            Self::DuplicateHeaderMember => "duplicate_header_member",
            Self::CritNotSupported => "crit_not_supported",
            Self::B64NotSupported => "b64_not_supported",
            Self::ZipNotSupported => "zip_not_supported",
            Self::NestedNotSupported => "nested_not_supported",
            Self::EmbeddedKey => "embedded_key",
            Self::TypMissing => "typ_missing",
            Self::WrongTyp => "wrong_typ",
            Self::AlgMissing => "alg_missing",
            Self::AlgNotAllowed => "alg_not_allowed",
            Self::AlgMismatch => "alg_mismatch",
            Self::KidMissing => "kid_missing",
            Self::KidInvalid => "kid_invalid",
            Self::UnknownKey => "unknown_key",
            Self::KeyRetired => "key_retired",
            Self::MalformedPayload => "malformed_payload",
            Self::DuplicateClaim => "duplicate_claim",
            Self::UnknownIssuer => "unknown_issuer",
            Self::BadSignature => "bad_signature",
            Self::Missing(claim) => claim.missing(),
            Self::Invalid(claim) => claim.invalid(),
            Self::SubMismatch => "sub_mismatch",
            Self::TokenTypeMismatch => "token_type_mismatch",
            Self::WrongValue => "wrong_value",
            Self::WrongAudience => "wrong_audience",
            Self::WrongTenant => "wrong_tenant",
            Self::LifetimeInvalid => "lifetime_invalid",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::IssuedInFuture => "issued_in_future",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "token_expired",
        }
    }
}
