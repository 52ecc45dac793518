//! A key as it is kept.

use std::fmt;
use std::str::FromStr;

use crate::clock::Timestamp;

/// A key as it is kept: what anybody may know of it, and the sealed rest.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use rescind::keys::KeyState;
///
/// let (keys, _) = ports.store.keys().await?;
/// let signing = keys.iter().find(|key| key.state == KeyState::Active).ok_or("one of them signs")?;
/// assert!(signing.active_from.is_some() && signing.retired_at.is_none());
/// // Nobody learns the private part from a record.
/// assert!(format!("{signing:?}").contains("Sealed(…)"));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id, `kid`.
    pub kid: String,
    /// What it signs.
    pub usage: KeyUse,
    /// Its JOSE algorithm, such as `EdDSA`.
    pub alg: String,
    /// Where it stands in its life.
    pub state: KeyState,
    /// The private part, sealed by the master key.
    pub sealed: Sealed,
    /// When it was made, and first published.
    pub created_at: Timestamp,
    /// When it began to sign, or, for a next one, is to begin.
    pub active_from: Option<Timestamp>,
    /// When it ceased to sign.
    pub retired_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What a key signs. One key never signs both.
///
/// ```
/// use rescind::keys::{InvalidWord, KeyUse};
///
/// assert_eq!("access".parse(), Ok(KeyUse::Access));
/// assert_eq!("sig".parse::<KeyUse>(), Err(InvalidWord));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Access tokens; its public part is published.
    Access,
    /// Refresh tokens, by HMAC; never published.
    Refresh,
}

impl KeyUse {
    /// The use's word.
    ///
    /// ```
    /// use rescind::keys::KeyUse;
    ///
    /// for usage in [KeyUse::Access, KeyUse::Refresh] {
    ///     assert_eq!(usage.as_str().parse(), Ok(usage));
    /// }
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// Where a key stands in its life: next → active → retired, and from each of them → revoked.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::keys::KeyState;
///
/// let kid = authority.keys(&operator).await?.remove(0).kid;
/// assert_eq!(authority.revoke_key(&operator, &kid, None).await?.state, KeyState::Revoked);
/// // Of each use one signs, whatever happens.
/// let keys = authority.keys(&operator).await?;
/// assert_eq!(keys.iter().filter(|key| key.state == KeyState::Active).count(), 2);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, not yet signing.
    Next,
    /// Signing. Of each use there is exactly one.
    Active,
    /// Not signing any more; what it signed is good until it expires.
    Retired,
    /// Everything that it signed is dead.
    Revoked,
}

impl KeyState {
    /// The state's word.
    ///
    /// ```
    /// use rescind::keys::KeyState;
    ///
    /// for state in [KeyState::Next, KeyState::Active, KeyState::Retired, KeyState::Revoked] {
    ///     assert_eq!(state.as_str().parse(), Ok(state));
    /// }
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

impl FromStr for KeyState {
    type Err = InvalidWord;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Next, Self::Active, Self::Retired, Self::Revoked]
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or(InvalidWord)
    }
}

impl FromStr for KeyUse {
    type Err = InvalidWord;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Access, Self::Refresh].into_iter().find(|usage| usage.as_str() == s).ok_or(InvalidWord)
    }
}

/// The word names no state and no use of a key.
///
/// ```
/// use rescind::keys::{InvalidWord, KeyState};
///
/// assert_eq!("expired".parse::<KeyState>(), Err(InvalidWord));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such state or use of a key")]
pub struct InvalidWord;

/// Bytes sealed by the master key (AES-256-GCM: nonce, ciphertext, tag).
///
/// ```
/// use rescind::keys::{MasterKey, SealError, Sealed};
/// use rescind::system::SystemEntropy;
///
/// let key = MasterKey::generate(&SystemEntropy);
/// let Sealed(mut bytes) = key.seal("k1", b"a private key", &SystemEntropy)?;
/// // Whoever changes a bit of it spoils it.
/// bytes[20] ^= 1;
/// assert_eq!(key.open("k1", &Sealed(bytes)).unwrap_err(), SealError::WrongMasterKey);
/// # Ok::<(), SealError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}
