//! What a text names that somebody wants revoked: looked at before it is.

use crate::authority::error::{Error, Result};
use crate::authority::revoke::{check_jti, told, usual_spelling};
use crate::authority::sign_in::found;
use crate::authority::{Authority, Caller, Reach};
use crate::clock::Timestamp;
use crate::directory::Scope;
use crate::id::SessionId;
use crate::ledger::{Entry, TokenKey};
use crate::session::Session;
use crate::store::StoreError;
use uuid::Uuid;

/// What a text names.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
/// use rescind::authority::Named;
///
/// let id = pair.session_id.to_string();
/// let Named::Session(session) = authority.identify(&operator, &id).await? else { panic!("it is one") };
/// assert_eq!(session.number, 1);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A session, by its id.
    Session(Session),
    /// A refresh token, by its text: revoking it ends its session.
    RefreshToken(Session),
    /// An access token, by its text.
    AccessToken {
        /// Its id.
        jti: String,
        /// When it expires by itself.
        expires_at: Timestamp,
        /// Its session, where that is still known.
        session: Option<Session>,
        /// The code of its refusal, where it is refused already.
        refused: Option<&'static str>,
    },
    /// An id that is no session's: a token's, if anybody's.
    Jti {
        /// The id.
        jti: String,
        /// The session whose newest tokens it belongs to, where one is known.
        session: Option<Session>,
        /// Whether it is a refresh token's: to revoke it ends the session.
        refresh: bool,
        /// The revocation that stands, where there is one.
        revoked: Option<Entry>,
    },
}

impl Authority {
    /// What `text` names: a session's id, a token's text, or a jti. Nothing is revoked.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
    /// use rescind::authority::Named;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let named = authority.identify(&operator, pair.access_token.expose_secret()).await?;
    /// let Named::AccessToken { session: Some(session), refused: None, .. } = named else { panic!("it is good") };
    /// assert_eq!(session.id, pair.session_id);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for what cannot be a jti either, and for a token of somebody else's; [`Error::NotFound`] for a token that
    /// `caller` does not reach.
    pub async fn identify(&self, caller: &Caller, text: &str) -> Result<Named> {
        let reach = self.reach(caller, Scope::RevocationsWrite)?;
        let text = text.trim();
        if text.matches('.').count() == 2 {
            return self.identify_token(text, reach).await;
        }
        if let Ok(id) = Uuid::try_parse(text)
            && let Some(session) = self.session_within(SessionId(id), reach).await?
        {
            return Ok(Named::Session(session));
        }
        self.identify_jti(text, reach).await
    }

    async fn identify_token(&self, token: &str, reach: Reach) -> Result<Named> {
        if let Ok(refresh) = self.refresh_validator.validate_ignoring_time(token) {
            let session = self.session_within(refresh.session_id(), reach).await?;
            return session.map(Named::RefreshToken).ok_or(Error::NotFound);
        }
        let invalid = Error::Invalid { member: "token", why: "not a token of this authority" };
        let access = self.verifier.validator().validate_ignoring_time(token).map_err(|_| invalid.clone())?;
        let (Some(jti), Some(tenant)) = (access.jti(), access.tenant_id()) else { return Err(invalid) };
        reach.must_cover(tenant)?;
        let session = match access.session_id() {
            Some(id) => self.session_within(id, reach).await?,
            None => None,
        };
        let refused = match self.check(token, crate::token::Expected::Any).await {
            Ok(_) => None,
            Err(Error::TokenRefused(code)) => Some(code),
            // A node that is cut off cannot tell: it must not look as if there were nothing to do.
            Err(other) => return Err(other),
        };
        Ok(Named::AccessToken { jti: jti.to_string(), expires_at: access.expires_at(), session, refused })
    }

    async fn identify_jti(&self, jti: &str, reach: Reach) -> Result<Named> {
        check_jti(jti)?;
        let usual = usual_spelling(jti);
        let (mut session, mut refresh, mut revoked) = (None, false, None);
        // Both are what would be revoked.
        for spelling in std::iter::once(jti).chain(usual.as_deref()) {
            let key = TokenKey::new(spelling);
            if session.is_none()
                && let Some(owner) = found(self.store.jti_owner(&key).await)?
            {
                session = self.session_within(owner.session, reach).await?;
                refresh = session.is_some() && owner.refresh;
            }
            let standing = found(self.store.token_entry(&key, reach.tenant()).await)?
                .filter(|entry| entry.mark.tenant.is_none_or(|tenant| reach.covers(tenant)));
            revoked = revoked.or(standing.map(|entry| told(entry, reach)));
        }
        Ok(Named::Jti { jti: jti.to_owned(), session, refresh, revoked })
    }

    async fn session_within(&self, id: SessionId, reach: Reach) -> Result<Option<Session>> {
        match self.store.session(id, reach.tenant(), self.now()).await {
            Ok(session) => Ok(reach.covers(session.tenant).then_some(session)),
            Err(StoreError::NotFound) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}
