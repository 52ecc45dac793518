//! Keys: each is bound to one algorithm when it is made, and checked then, not at each token.

mod der;
mod error;
mod jwk;
mod pem;
mod set;
mod signing;
mod verifying;

pub use error::KeyError;
pub use jwk::{Jwk, JwkSet, UsableKeys};
pub use set::KeySet;
pub(crate) use set::Snapshot;
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

/// The longest `kid` in bytes, in our keys and in headers.
///
/// ```
/// use rescind::token::{KeyError, MAX_KID_BYTES, VerifyingKey};
///
/// let named = |length: usize| VerifyingKey::from_secret(&"k".repeat(length), &[7; 32]);
/// assert!(named(MAX_KID_BYTES).is_ok());
/// assert_eq!(named(MAX_KID_BYTES + 1).unwrap_err(), KeyError::InvalidKid);
/// ```
pub const MAX_KID_BYTES: usize = 128;

/// Whether `kid` may name a key: short, not empty and printable.
fn is_acceptable_kid(kid: &str) -> bool {
    (1..=MAX_KID_BYTES).contains(&kid.len()) && !kid.chars().any(char::is_control)
}
