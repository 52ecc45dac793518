//! The master key, which seals the signing keys at rest.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, random_bytes};
use crate::keys::Sealed;

/// 32 random bytes that seal the signing keys (AES-256-GCM, NIST SP 800-38D). Whoever has them and the database can sign; whoever
/// has the database alone cannot.
///
/// ```
/// use rescind::keys::MasterKey;
/// use rescind::system::SystemEntropy;
///
/// let key = MasterKey::generate(&SystemEntropy);
/// let sealed = key.seal("kid", b"private", &SystemEntropy).unwrap();
/// assert_eq!(&**key.open("kid", &sealed).unwrap(), b"private");
/// assert!(key.open("another kid", &sealed).is_err());
/// ```
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A fresh one.
    ///
    /// ```
    /// use rescind::keys::MasterKey;
    /// use rescind::system::SystemEntropy;
    ///
    /// let key = MasterKey::generate(&SystemEntropy);
    /// assert_ne!(*key.to_base64(), *MasterKey::generate(&SystemEntropy).to_base64());
    /// ```
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(Zeroizing::new(random_bytes(entropy)))
    }

    /// From 32 bytes in standard base64, as [`MasterKey::to_base64`] writes them. White space around is ignored.
    ///
    /// ```
    /// use rescind::keys::MasterKey;
    ///
    /// // 32 bytes, and nothing else.
    /// assert!(MasterKey::from_base64("c2hvcnQ=").is_err());
    /// ```
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| SealError::InvalidMasterKey)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| SealError::InvalidMasterKey)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// In standard base64.
    ///
    /// ```
    /// use rescind::keys::MasterKey;
    /// use rescind::system::SystemEntropy;
    ///
    /// let key = MasterKey::generate(&SystemEntropy);
    /// let again = MasterKey::from_base64(&key.to_base64())?;
    /// assert_eq!(*again.to_base64(), *key.to_base64());
    /// # Ok::<(), rescind::keys::SealError>(())
    /// ```
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Seals `secret`, bound to `label` (a key's id): it opens under that label only.
    ///
    /// ```
    /// use rescind::keys::MasterKey;
    /// use rescind::system::SystemEntropy;
    ///
    /// let key = MasterKey::generate(&SystemEntropy);
    /// let sealed = key.seal("k1", b"a private key", &SystemEntropy)?;
    /// assert_eq!(*key.open("k1", &sealed)?, b"a private key");
    /// # Ok::<(), rescind::keys::SealError>(())
    /// ```
    pub fn seal(&self, label: &str, secret: &[u8], entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        let nonce: [u8; NONCE_LEN] = random_bytes(entropy);
        let mut bytes = Zeroizing::new(secret.to_vec());
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(label), &mut *bytes)
            .map_err(|_| SealError::CannotSeal)?;
        Ok(Sealed([nonce.as_slice(), bytes.as_slice()].concat()))
    }

    /// Opens what [`MasterKey::seal`] sealed under the same label.
    ///
    /// ```
    /// use rescind::keys::MasterKey;
    /// use rescind::system::SystemEntropy;
    ///
    /// let key = MasterKey::generate(&SystemEntropy);
    /// let sealed = key.seal("k1", b"a private key", &SystemEntropy)?;
    /// // Whoever swaps two rows of the database gets neither key.
    /// assert!(key.open("k2", &sealed).is_err());
    /// # Ok::<(), rescind::keys::SealError>(())
    /// ```
    pub fn open(&self, label: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, bytes) = sealed.0.split_at_checked(NONCE_LEN).ok_or(SealError::WrongMasterKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::WrongMasterKey)?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        let length = self
            .cipher()?
            .open_in_place(nonce, Aad::from(label), &mut bytes)
            .map_err(|_| SealError::WrongMasterKey)?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        let key =
            UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map_err(|_| SealError::InvalidMasterKey)?;
        Ok(LessSafeKey::new(key))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Why something cannot be sealed or opened.
///
/// ```
/// use rescind::keys::{MasterKey, SealError};
/// use rescind::system::SystemEntropy;
///
/// assert_eq!(MasterKey::from_base64("no key").unwrap_err(), SealError::InvalidMasterKey);
/// let [one, other] = [(), ()].map(|()| MasterKey::generate(&SystemEntropy));
/// let sealed = one.seal("k1", b"a private key", &SystemEntropy)?;
/// assert_eq!(other.open("k1", &sealed).unwrap_err(), SealError::WrongMasterKey);
/// # Ok::<(), SealError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The master key is not 32 bytes in base64.
    #[error("the master key must be 32 bytes in base64")]
    InvalidMasterKey,
    /// The keys in the store are sealed with another master key, or were tampered with.
    #[error("the keys in the store do not open with this master key")]
    WrongMasterKey,
    /// The cipher refused.
    #[error("the key could not be sealed")]
    CannotSeal,
}
