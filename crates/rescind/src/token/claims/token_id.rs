//! The secret in a refresh token.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, random_bytes};
use crate::id::SessionId;
use crate::token::base64url;

/// The 32 secret bytes of a refresh token. Only their hash is ever stored; `Debug` does not show them and they are
/// wiped when dropped.
///
/// ```
/// use rescind::system::SystemEntropy;
/// use rescind::token::TokenId;
///
/// let secret = TokenId::generate(&SystemEntropy);
/// assert_eq!(format!("{secret:?}"), "TokenId(..)");
/// // Its hash is what a database may hold.
/// assert_ne!(secret.hash(), *secret.expose());
/// assert_eq!(TokenId::from_bytes(*secret.expose()), secret);
/// ```
#[derive(Clone)]
pub struct TokenId(Zeroizing<[u8; 32]>);

impl TokenId {
    /// Fresh random bytes, for the first refresh token of a session.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::TokenId;
    ///
    /// assert_ne!(TokenId::generate(&SystemEntropy), TokenId::generate(&SystemEntropy));
    /// ```
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::from_bytes(random_bytes(entropy))
    }

    /// These bytes.
    ///
    /// ```
    /// use rescind::token::TokenId;
    ///
    /// assert_eq!(TokenId::from_bytes([7; 32]), TokenId::from_bytes([7; 32]));
    /// assert_ne!(TokenId::from_bytes([7; 32]), TokenId::from_bytes([8; 32]));
    /// ```
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret itself.
    ///
    /// ```
    /// use rescind::token::TokenId;
    ///
    /// assert_eq!(TokenId::from_bytes([7; 32]).expose(), &[7; 32]);
    /// ```
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the secret: what is stored.
    ///
    /// ```
    /// use rescind::token::TokenId;
    ///
    /// assert_eq!(TokenId::from_bytes([7; 32]).hash(), TokenId::from_bytes([7; 32]).hash());
    /// assert_ne!(TokenId::from_bytes([7; 32]).hash(), [7; 32]);
    /// ```
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.0.as_ref()).as_ref());
        hash
    }

    /// The secret of the refresh token that follows this one: HKDF-SHA256 (RFC 5869) of this secret, with the rotation's
    /// random salt, bound to the session. Whoever holds this token can derive it again, and nobody who merely holds the
    /// salt and the hashes.
    ///
    /// ```
    /// use rescind::id::SessionId;
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::TokenId;
    ///
    /// let parent = TokenId::generate(&SystemEntropy);
    /// let session = SessionId("018f0000-0000-7000-8000-000000000001".parse().unwrap());
    /// assert!(parent.successor(&[7; 32], session) == parent.successor(&[7; 32], session));
    /// assert!(parent.successor(&[7; 32], session) != parent.successor(&[8; 32], session));
    /// ```
    #[must_use]
    #[allow(clippy::expect_used, reason = "HKDF fails for outputs above 255 blocks only; this is one")]
    pub fn successor(&self, salt: &[u8; 32], session: SessionId) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(self.0.as_ref())
            .expand(&[b"rescind refresh successor", session.0.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(bytes.as_mut()))
            .expect("one block is a length that HKDF gives");
        Self(bytes)
    }

    pub(crate) fn to_base64url(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url::encode(self.0.as_ref()))
    }

    pub(crate) fn from_base64url(text: &str) -> Option<Self> {
        base64url::decode_array(text).map(Self::from_bytes)
    }
}

/// In constant time.
impl PartialEq for TokenId {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_ref(), other.0.as_ref()).is_ok()
    }
}

impl Eq for TokenId {}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_depends_on_parent_salt_and_session() {
        let session = |n| SessionId(uuid::Uuid::from_u128(n));
        let parent = TokenId::from_bytes([1; 32]);
        let base = parent.successor(&[2; 32], session(3));
        assert_eq!(base, parent.successor(&[2; 32], session(3)));
        assert_ne!(base, TokenId::from_bytes([9; 32]).successor(&[2; 32], session(3)));
        assert_ne!(base, parent.successor(&[9; 32], session(3)));
        assert_ne!(base, parent.successor(&[2; 32], session(9)));
        assert_ne!(base, parent);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", TokenId::from_bytes([0xab; 32])), "TokenId(..)");
    }
}
