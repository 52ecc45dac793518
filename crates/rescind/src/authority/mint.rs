//! Minting: from what the store says of a session to tokens.

use std::time::Duration;

use secrecy::SecretString;

use crate::authority::error::{Error, Result};
use crate::authority::{Authority, Identity};
use crate::clock::Timestamp;
use crate::directory::ADMIN_ROLE;
use crate::entropy::{random_bytes, uuid_v7};
use crate::id::{ClientId, Jti, SessionId};
use crate::keys::Keyring;
use crate::session::{Chain, Successor};
use crate::token::{AccessClaims, ExtraClaims, RefreshClaims, TokenId, sign_access, sign_refresh};

/// What a sign-in or a refresh hands out (RFC 6749 §5.1).
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { pair, .. }| {
/// use secrecy::ExposeSecret as _;
///
/// // Neither token is printed by accident.
/// assert!(!format!("{pair:?}").contains(pair.access_token.expose_secret()));
/// assert!(pair.refresh_expires_in > pair.expires_in);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// The access token.
    pub access_token: SecretString,
    /// For how long it is good.
    pub expires_in: Duration,
    /// The refresh token.
    pub refresh_token: SecretString,
    /// For how long that is good, unless it is used.
    pub refresh_expires_in: Duration,
    /// The session.
    pub session_id: SessionId,
}

/// A fresh access token for a session that lives on where all others were ended.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, ada, backend, handover, .. }| {
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// authority.hand_over(&backend, handover).await?;
/// // Signed out everywhere else.
/// let renewed = authority.revoke_others(&ada).await?;
/// assert_eq!(renewed.revoked, 1);
/// assert!(authority.check(renewed.access_token.expose_secret(), Expected::Configured).await.is_ok());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Renewed {
    /// How many sessions were ended.
    pub revoked: u64,
    /// The access token.
    pub access_token: SecretString,
    /// For how long it is good.
    pub expires_in: Duration,
}

/// The `client_id` of sessions that were opened by password.
pub(super) const PASSWORD_CLIENT: &str = "rescind";

/// The `client_id` that the tokens of a session carry.
pub(super) fn client_id(client: Option<ClientId>) -> String {
    client.map_or_else(|| PASSWORD_CLIENT.to_owned(), |id| id.to_string())
}

impl Authority {
    pub(super) fn new_jti(&self, now: Timestamp) -> Jti {
        Jti(uuid_v7(now, &*self.entropy))
    }

    /// What is to come after `parent`, and its secret.
    pub(super) fn successor(
        &self,
        ring: &Keyring,
        parent: &TokenId,
        session: SessionId,
        now: Timestamp,
    ) -> (TokenId, Successor) {
        let salt: [u8; 32] = random_bytes(&*self.entropy);
        let secret = parent.successor(&salt, session);
        let successor = Successor {
            hash: secret.hash(),
            salt,
            jti: self.new_jti(now),
            mac_kid: ring.refresh_kid().to_owned(),
        };
        (secret, successor)
    }

    /// Both tokens of a session. `secret` must be the current refresh token's.
    pub(super) fn mint_pair(
        &self,
        ring: &Keyring,
        chain: &Chain,
        secret: TokenId,
        now: Timestamp,
    ) -> Result<TokenPair> {
        let (access_token, expires_in) = self.mint_access(ring, chain, now)?;
        let refresh_token = self.mint_refresh(ring, chain, secret)?;
        Ok(TokenPair {
            access_token,
            expires_in,
            refresh_token,
            refresh_expires_in: whole_seconds(chain.idle_expires_at.since(now)),
            session_id: chain.session,
        })
    }

    /// An access token of a session, and for how long it is good.
    pub(super) fn mint_access(
        &self,
        ring: &Keyring,
        chain: &Chain,
        now: Timestamp,
    ) -> Result<(SecretString, Duration)> {
        let iat = Timestamp::from_secs(now.as_secs());
        let exp = iat.plus(self.settings.access_ttl).min(chain.idle_expires_at);
        let claims = AccessClaims {
            iss: self.settings.issuer.clone(),
            aud: self.audience_of(chain),
            client_id: client_id(chain.client),
            exp,
            nbf: iat,
            iat,
            jti: chain.access_jti,
            user_id: chain.user,
            tenant_id: chain.tenant,
            email: chain.email.clone(),
            role: chain.role.clone(),
            sid: chain.session,
            ver: chain.standing.token_version,
            tver: chain.standing.tenant_token_version,
            extra: ExtraClaims::new(chain.claims.clone()).map_err(Error::internal)?,
        };
        let token = sign_access(ring.access(), &claims)?;
        Ok((token.into(), whole_seconds(exp.since(iat))))
    }

    fn mint_refresh(&self, ring: &Keyring, chain: &Chain, secret: TokenId) -> Result<SecretString> {
        let iat = Timestamp::from_secs(chain.rotated_at.as_secs());
        let claims = RefreshClaims {
            iss: self.settings.issuer.clone(),
            exp: Timestamp::from_secs(chain.idle_expires_at.as_secs()),
            nbf: iat,
            iat,
            jti: chain.current.jti,
            user_id: chain.user,
            session_id: chain.session,
            token_id: secret,
            generation: chain.generation,
        };
        // The key was cut in between: the token would be refused at once.
        let key = ring.refresh(&chain.current.mac_kid).ok_or(Error::InvalidRefreshToken)?;
        Ok(sign_refresh(key, &claims)?.into())
    }

    /// What the session was opened for; but the audience of administration only while its user is an admin.
    fn audience_of(&self, chain: &Chain) -> Vec<String> {
        let admin = self.settings.admin_audience();
        if chain.role != ADMIN_ROLE && chain.audience.contains(&admin) {
            return vec![self.settings.audience.clone()];
        }
        chain.audience.clone()
    }

    /// The `aud` of a new session: what was asked for, if the user may have it.
    pub(super) fn new_audience(&self, asked: Vec<String>, role: &str) -> Result<Vec<String>> {
        let admin = self.settings.admin_audience();
        if asked.is_empty() {
            return Ok(vec![self.settings.audience.clone()]);
        }
        if asked.len() > 8 || asked.iter().any(|audience| !is_audience(audience)) {
            return Err(Error::Invalid {
                member: "audience",
                why: "at most 8, each of 1 to 255 visible ASCII characters",
            });
        }
        if asked.contains(&admin) {
            if role != ADMIN_ROLE {
                return Err(Error::Forbidden("this audience is for the role admin"));
            }
            if asked.len() > 1 {
                return Err(Error::Invalid {
                    member: "audience",
                    why: "the admin audience must stand alone",
                });
            }
        }
        Ok(asked)
    }
}

fn is_audience(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

impl Identity {
    /// The API client, where it is one.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ada, backend, .. }| {
    /// assert!(backend.identity.client().is_some());
    /// assert_eq!(ada.identity.client(), None);
    /// # Ok(())
    /// # });
    /// ```
    pub const fn client(&self) -> Option<ClientId> {
        match self {
            Self::Client(client) => Some(client.id),
            _ => None,
        }
    }
}
