//! Randomness, passed in.

use uuid::Uuid;

use crate::clock::Timestamp;

/// A source of cryptographically secure random bytes.
///
/// ```
/// use rescind::entropy::Entropy;
/// use rescind::token::{Algorithm, KeyError, SigningKey};
///
/// /// For tests: what is drawn from it is the same each time.
/// struct Fixed(u8);
///
/// impl Entropy for Fixed {
///     fn fill(&self, buffer: &mut [u8]) {
///         buffer.fill(self.0);
///     }
/// }
///
/// let kid = |byte| SigningKey::generate(Algorithm::EdDsa, &Fixed(byte)).map(|key| key.kid().to_owned());
/// assert_eq!(kid(1)?, kid(1)?);
/// assert_ne!(kid(1)?, kid(2)?);
/// # Ok::<(), KeyError>(())
/// ```
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with random bytes.
    ///
    /// ```
    /// use rescind::entropy::Entropy as _;
    /// use rescind::system::SystemEntropy;
    ///
    /// let mut secret = [0; 32];
    /// SystemEntropy.fill(&mut secret);
    /// assert_ne!(secret, [0; 32]);
    /// ```
    fn fill(&self, buffer: &mut [u8]);
}

/// `N` fresh random bytes.
///
/// ```
/// use rescind::entropy::random_bytes;
/// use rescind::system::SystemEntropy;
///
/// let salt: [u8; 32] = random_bytes(&SystemEntropy);
/// assert_ne!(salt, random_bytes::<32>(&SystemEntropy));
/// ```
pub fn random_bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A UUID of version 7 (RFC 9562 §5.7): ordered by time, 74 random bits.
///
/// ```
/// use std::time::Duration;
/// use rescind::clock::Timestamp;
/// use rescind::entropy::uuid_v7;
/// use rescind::system::SystemEntropy;
///
/// let now = Timestamp::from_secs(1_767_323_045);
/// let id = uuid_v7(now, &SystemEntropy);
/// assert_eq!(id.get_version_num(), 7);
/// assert_ne!(id, uuid_v7(now, &SystemEntropy));
/// assert!(id < uuid_v7(now.plus(Duration::from_millis(1)), &SystemEntropy));
/// ```
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes(entropy)).into_uuid()
}
