//! What our tokens say, typed. An access token and a refresh token are different types, are signed by different
//! functions and can never stand in for each other.

mod access;
mod extra;
mod refresh;
mod token_id;

pub use access::{AccessClaims, sign_access};
pub use extra::{ExtraClaims, ExtraClaimsError, RESERVED_CLAIMS};
pub use refresh::{RefreshClaims, sign_refresh};
pub use token_id::TokenId;

/// `token_type` of an access token.
pub(crate) const ACCESS: &str = "access";
/// `token_type` of a refresh token.
pub(crate) const REFRESH: &str = "refresh";
