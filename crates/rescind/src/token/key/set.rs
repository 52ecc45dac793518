//! The keys of one issuer, replaced as a whole when they change.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::{Jwk, JwkSet, KeyError, VerifyingKey};
use crate::sync::atomic::{AtomicU64, Ordering};

/// The keys of one issuer by `kid`. Clones share one set: [`KeySet::replace`] is seen by every validator that holds
/// one, from its next token on, and readers never wait for it.
///
/// ```
/// # use std::time::Duration;
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{Jti, SessionId, TenantId, UserId};
/// # use rescind::system::SystemEntropy;
/// use rescind::token::*;
///
/// # let now = Timestamp::from_secs(1_767_323_045);
/// # let id = uuid::Uuid::from_u128;
/// # let claims = AccessClaims {
/// #     iss: "https://auth.example".into(),
/// #     aud: vec!["https://auth.example".into()],
/// #     client_id: "rescind".into(),
/// #     exp: now.plus(Duration::from_secs(900)),
/// #     nbf: now,
/// #     iat: now,
/// #     jti: Jti(id(1)),
/// #     user_id: UserId(id(2)),
/// #     tenant_id: TenantId(id(3)),
/// #     email: "ada@example.com".into(),
/// #     role: "member".into(),
/// #     sid: SessionId(id(4)),
/// #     ver: 1,
/// #     tver: 1,
/// #     extra: ExtraClaims::none(),
/// # };
/// # let old = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// # let new = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
/// let token = sign_access(&old, &claims)?;
/// let keys = KeySet::new([old.verifying_key()])?;
/// let validator = Validator::new(vec![Issuer::ours("https://auth.example", keys.clone())])?;
/// assert!(validator.validate(&token, now).is_ok());
///
/// keys.replace([new.verifying_key()])?;
/// assert_eq!(validator.validate(&token, now).unwrap_err(), Rejection::UnknownKey);
///
/// // A set that is refused changes nothing.
/// assert_eq!(keys.replace([old.verifying_key(), old.verifying_key()]), Err(KeyError::DuplicateKid));
/// assert!(keys.get(new.kid()).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeySet(Arc<Shared>);

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// How often the keys have changed.
    changes: AtomicU64,
    missing: Notify,
}

/// The keys at one moment.
pub(crate) struct Snapshot {
    by_kid: HashMap<Box<str>, VerifyingKey>,
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// A set of these keys.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, KeyError, KeySet, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?.verifying_key();
    /// assert!(KeySet::new([key.clone()]).is_ok());
    /// // Which of them signed, would be a guess.
    /// assert_eq!(KeySet::new([key.clone(), key]).unwrap_err(), KeyError::DuplicateKid);
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`].
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        Snapshot::new(keys).map(Self::of)
    }

    /// A set without keys, to be filled by [`KeySet::replace`].
    ///
    /// ```
    /// use rescind::token::KeySet;
    ///
    /// // Its keys are yet to be read from somewhere.
    /// assert!(KeySet::empty().keys().is_empty());
    /// ```
    pub fn empty() -> Self {
        Self::of(Snapshot { by_kid: HashMap::new(), keys: Vec::new() })
    }

    /// Puts these keys in the place of all that were there. What a [cache](crate::verifier::TokenCache) holds of this issuer is
    /// not relied on any more, unless they are the very same keys.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, KeySet, SigningKey};
    ///
    /// let keys = KeySet::empty();
    /// let issuers = keys.clone();
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?;
    /// keys.replace([key.verifying_key()])?;
    /// // Whoever was given the set before has them too.
    /// assert!(issuers.get(key.kid()).is_some());
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`]; then the set is as it was.
    pub fn replace(&self, keys: impl IntoIterator<Item = VerifyingKey>) -> Result<(), KeyError> {
        let snapshot = Snapshot::new(keys)?;
        if !snapshot.is_same(&self.load()) {
            self.0.snapshot.store(Arc::new(snapshot));
            // After them: who reads the new number reads the new keys.
            self.0.changes.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// The key with this name.
    ///
    /// ```
    /// use rescind::token::{KeySet, VerifyingKey};
    ///
    /// let keys = KeySet::new([VerifyingKey::from_secret("k1", &[7; 32])?])?;
    /// assert_eq!(keys.get("k1").map(|key| key.kid().to_owned()).as_deref(), Some("k1"));
    /// assert!(keys.get("K1").is_none());
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn get(&self, kid: &str) -> Option<VerifyingKey> {
        self.load().get(kid).cloned()
    }

    /// All keys, in the order in which they were given.
    ///
    /// ```
    /// use rescind::token::{KeySet, VerifyingKey};
    ///
    /// let [new, old] = [("new", [1; 32]), ("old", [2; 32])].map(|(kid, key)| VerifyingKey::from_secret(kid, &key));
    /// let keys = KeySet::new([new?, old?])?;
    /// assert_eq!(keys.keys().iter().map(|key| key.kid()).collect::<Vec<_>>(), ["new", "old"]);
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn keys(&self) -> Vec<VerifyingKey> {
        self.load().keys.clone()
    }

    /// Whether there never was a key in it: who is to fill it has not done so yet, and no token is to blame for that.
    ///
    /// ```
    /// use rescind::token::{KeySet, VerifyingKey};
    ///
    /// let keys = KeySet::empty();
    /// assert!(keys.is_awaited());
    /// keys.replace([VerifyingKey::from_secret("k1", &[7; 32])?])?;
    /// keys.replace([])?;
    /// assert!(!keys.is_awaited(), "the issuer has withdrawn them");
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn is_awaited(&self) -> bool {
        self.changes() == 0 && self.load().keys.is_empty()
    }

    /// Resolves when a token has named a key that is not in the set, since it resolved last: whoever reads the keys from somewhere may
    /// have to read them again, at a bounded rate, since anybody can make up names. For one who does so.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use rescind::clock::Timestamp;
    /// use rescind::token::{Issuer, KeySet, Rejection, Validator};
    ///
    /// let keys = KeySet::empty();
    /// let validator = Validator::new(vec![Issuer::ours("https://auth.example", keys.clone())])?;
    /// // {"alg":"EdDSA","kid":"new","typ":"at+jwt"} and {"iss":"https://auth.example"}
    /// let token = "eyJhbGciOiJFZERTQSIsImtpZCI6Im5ldyIsInR5cCI6ImF0K2p3dCJ9.\
    ///              eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSJ9.AA";
    /// let refused = validator.validate(token, Timestamp::from_secs(0));
    /// assert_eq!(refused.unwrap_err(), Rejection::UnknownKey);
    /// keys.missed().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn missed(&self) {
        self.0.missing.notified().await;
    }

    /// The public keys of the set, to publish.
    ///
    /// ```
    /// use rescind::system::SystemEntropy;
    /// use rescind::token::{Algorithm, KeySet, SigningKey, VerifyingKey};
    ///
    /// let key = SigningKey::generate(Algorithm::EdDsa, &SystemEntropy)?.verifying_key();
    /// let keys = KeySet::new([key.clone(), VerifyingKey::from_secret("shared", &[7; 32])?])?;
    /// // A secret is no public key.
    /// let published = keys.to_jwks().keys;
    /// assert_eq!(published.len(), 1);
    /// assert_eq!(published[0].kid.as_deref(), Some(key.kid()));
    /// # Ok::<(), rescind::token::KeyError>(())
    /// ```
    pub fn to_jwks(&self) -> JwkSet {
        self.keys().iter().filter_map(VerifyingKey::to_jwk).collect::<Vec<Jwk>>().into_iter().collect()
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.0.snapshot.load()
    }

    /// A number that every change of the keys raises. To be read before the keys: then they are not older than it says.
    pub(crate) fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
    }

    /// A token has named a key that is not there.
    pub(crate) fn miss(&self) {
        self.0.missing.notify_one();
    }

    fn of(snapshot: Snapshot) -> Self {
        let snapshot = ArcSwap::from_pointee(snapshot);
        Self(Arc::new(Shared { snapshot, changes: AtomicU64::new(0), missing: Notify::new() }))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeySet").field(&self.keys()).finish()
    }
}

impl Snapshot {
    pub(crate) fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.by_kid.get(kid)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of a set that has only one.
    pub(crate) fn only(&self) -> Option<&VerifyingKey> {
        match self.keys.as_slice() {
            [key] => Some(key),
            _ => None,
        }
    }

    /// The key for which `header` is what `expected` says. The few keys of an issuer are compared faster than the
    /// header is hashed; a set with many is left to [`Snapshot::get`].
    pub(crate) fn matching(
        &self,
        header: &[u8],
        expected: impl Fn(&VerifyingKey) -> &str,
    ) -> Option<&VerifyingKey> {
        self.keys.iter().take(16).find(|key| expected(key).as_bytes() == header)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len()
            && std::iter::zip(&self.keys, &other.keys).all(|(one, another)| one.is_same(another))
    }

    fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let by_kid: HashMap<Box<str>, _> = keys.iter().map(|key| (key.kid().into(), key.clone())).collect();
        if by_kid.len() == keys.len() { Ok(Self { by_kid, keys }) } else { Err(KeyError::DuplicateKid) }
    }
}
