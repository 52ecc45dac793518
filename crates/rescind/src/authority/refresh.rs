//! Refreshing: single use, and safe to retry.

use std::net::IpAddr;

use crate::authority::act::{act, within};
use crate::authority::activity::{REPLAYED, ROTATED};
use crate::authority::error::{Error, Result};
use crate::authority::{Authority, Caller, TokenPair};
use crate::clock::Timestamp;
use crate::id::ClientId;
use crate::keys::Keyring;
use crate::session::{Presented, Rotate, Rotated};
use crate::store::{StoreError, traced};
use crate::token::{Rejection, TokenId, ValidRefresh};

/// A refresh token, presented.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, backend, pair, .. }| {
/// use rescind::authority::{ClientProof, RefreshRequest};
/// use secrecy::ExposeSecret as _;
///
/// // Its backend refreshes, which has proven its secret.
/// let client = backend.identity.client().ok_or("not a client")?;
/// let token = pair.refresh_token.expose_secret();
/// let request = RefreshRequest { token, client: ClientProof::Proven(client), ip: None };
/// assert_eq!(authority.refresh(&backend, request).await?.session_id, pair.session_id);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Default)]
pub struct RefreshRequest<'a> {
    /// The token as it came.
    pub token: &'a str,
    /// The client that presents it.
    pub client: ClientProof,
    /// The address that it came from.
    pub ip: Option<IpAddr>,
}

/// The client that presents a refresh token, as far as it says.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, backend, pair, .. }| {
/// use rescind::authority::{ClientProof, Error, RefreshRequest};
/// use secrecy::ExposeSecret as _;
///
/// let token = pair.refresh_token.expose_secret();
/// // It says that it got the token by a password. It did not.
/// let request = RefreshRequest { token, client: ClientProof::Claimed(None), ip: None };
/// assert_eq!(authority.refresh(&backend, request).await.unwrap_err(), Error::InvalidClient);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientProof {
    /// It does not say.
    #[default]
    Unstated,
    /// It says, and has proven nothing. `None`: the client of sign-ins by password.
    Claimed(Option<ClientId>),
    /// It has proven its secret.
    Proven(ClientId),
}

impl ClientProof {
    const fn claimed(self) -> Option<Option<ClientId>> {
        match self {
            Self::Unstated => None,
            Self::Claimed(client) => Some(client),
            Self::Proven(client) => Some(Some(client)),
        }
    }

    const fn proven(self) -> Option<ClientId> {
        match self {
            Self::Proven(client) => Some(client),
            Self::Unstated | Self::Claimed(_) => None,
        }
    }
}

impl Authority {
    /// Answers a refresh token with both tokens. Two callers at once, and one whose answer was lost, come out holding the same
    /// refresh token; one that was used before is theft, and ends its session.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, clock, .. }| {
    /// use std::time::Duration;
    ///
    /// use rescind::authority::{Error, RefreshRequest};
    /// use secrecy::ExposeSecret as _;
    ///
    /// let request = |token| RefreshRequest { token, ..RefreshRequest::default() };
    /// let first = pair.refresh_token.expose_secret();
    /// let second = authority.refresh(&ada, request(first)).await?.refresh_token;
    /// // The answer was lost: whoever asks again is given the very same token.
    /// let again = authority.refresh(&ada, request(first)).await?.refresh_token;
    /// assert_eq!(again.expose_secret(), second.expose_secret());
    ///
    /// let third = authority.refresh(&ada, request(second.expose_secret())).await?.refresh_token;
    /// // Nobody needs the first any more but a thief, and the session ends for everybody.
    /// clock.forward(Duration::from_secs(60));
    /// let stolen = authority.refresh(&ada, request(first)).await.unwrap_err();
    /// assert_eq!(stolen, Error::RefreshReuseDetected);
    /// let ended = authority.refresh(&ada, request(third.expose_secret())).await.unwrap_err();
    /// assert_eq!(ended, Error::SessionRevoked);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn refresh(&self, caller: &Caller, request: RefreshRequest<'_>) -> Result<TokenPair> {
        let outcome = within(act!("refresh"), self.rotate(caller, request)).await;
        let code = match &outcome {
            Ok((_, false)) => ROTATED,
            Ok((_, true)) => REPLAYED,
            Err(error) => error.code(),
        };
        self.acts.refreshes.add(code);
        outcome.map(|(pair, _)| pair)
    }

    /// The answer, and whether it was given before.
    async fn rotate(&self, caller: &Caller, request: RefreshRequest<'_>) -> Result<(TokenPair, bool)> {
        let now = self.now();
        let presented = self.validate_refresh(request.token, now).await?;
        for _ in 0..3 {
            let ring = self.keyring.load_full();
            let rotate = self.rotation(&ring, &presented, caller, &request, now);
            match traced("rotate", self.store.rotate(rotate)).await {
                // Asked again, the store knows of a cut that has just come; and of one that it has lost, once that is written back.
                Ok(Rotated::Rotated(chain) | Rotated::Replayed { chain, .. })
                    if self.knows_better(&chain) => {}
                Ok(rotated) => {
                    let replayed = matches!(rotated, Rotated::Replayed { .. });
                    let pair = self.answer(&ring, rotated, presented.token_id(), now).await?;
                    return Ok((pair, replayed));
                }
                Err(StoreError::KeyGone) => self.reload_keys().await?,
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Unavailable)
    }

    /// The first three layers: signature, times and audience, type. A key that is unknown may be one that another process has just
    /// made: if the keys have changed, they are loaded, and the token is looked at once more.
    async fn validate_refresh(&self, token: &str, now: Timestamp) -> Result<ValidRefresh> {
        let mut outcome = self.refresh_validator.validate(token, now);
        if matches!(outcome, Err(Rejection::UnknownKey)) && self.keys_have_changed().await? {
            self.reload_keys().await?;
            outcome = self.refresh_validator.validate(token, now);
        }
        outcome.map_err(|rejection| match rejection {
            Rejection::Expired => Error::SessionExpired,
            other => {
                tracing::debug!(code = other.code(), "refresh token refused");
                Error::InvalidRefreshToken
            }
        })
    }

    async fn keys_have_changed(&self) -> Result<bool> {
        Ok(traced("head", self.store.head()).await?.keys_version != self.keyring.load().version())
    }

    fn rotation(
        &self,
        ring: &Keyring,
        presented: &ValidRefresh,
        caller: &Caller,
        request: &RefreshRequest<'_>,
        now: Timestamp,
    ) -> Rotate {
        let (_, successor) = self.successor(ring, presented.token_id(), presented.session_id(), now);
        Rotate {
            session: presented.session_id(),
            user: presented.user_id(),
            presented: Presented { hash: presented.token_id().hash(), generation: presented.generation() },
            successor,
            idle_expires_at: now.plus(self.settings.refresh_ttl),
            access_jti: self.new_jti(now),
            access_exp: self.access_exp(now),
            signing_kid: ring.access().kid().to_owned(),
            claimed_client: request.client.claimed(),
            proven_client: request.client.proven(),
            policy: self.settings.refresh_policy,
            device_ip: request.ip,
            by: caller.provenance(now),
        }
    }

    async fn answer(
        &self,
        ring: &Keyring,
        rotated: Rotated,
        parent: &TokenId,
        now: Timestamp,
    ) -> Result<TokenPair> {
        let chain = match rotated {
            Rotated::Rotated(chain) => chain,
            Rotated::Replayed { chain, late } => {
                tracing::info!(session = %chain.session, late, "a refresh was answered once more");
                chain
            }
            Rotated::Superseded => return Err(Error::RefreshSuperseded),
            Rotated::Unknown => return Err(Error::InvalidRefreshToken),
            Rotated::Revoked => return Err(Error::SessionRevoked),
            Rotated::Expired => return Err(Error::SessionExpired),
            Rotated::WrongClient => return Err(Error::InvalidClient),
            Rotated::Theft(entry) => {
                tracing::warn!(session = %entry.mark.key, "a refresh token was used twice; its session was ended");
                self.wrote(std::slice::from_ref(&*entry), now);
                return Err(Error::RefreshReuseDetected);
            }
        };
        if ring.refresh(&chain.current.mac_kid).is_none() {
            // It was made, by another process, after these keys were loaded.
            self.reload_keys().await?;
        }
        let ring = &*self.keyring.load();
        let secret = parent.successor(&chain.current.salt, chain.session);
        if secret.hash() != chain.current.hash {
            return Err(Error::internal("a successor does not match its hash"));
        }
        self.mint_pair(ring, &chain, secret, now)
    }
}
