//! What users do with their own account: sign out, here or everywhere, and change the password.

use secrecy::SecretString;

use crate::audit::{Actor, AuditEntry, AuditFilter, action};
use crate::authority::error::{Error, Result};
use crate::authority::{Authority, Caller, Renewed, SignedIn};
use crate::clock::Timestamp;
use crate::directory::{UserChange, password};
use crate::ledger::{Cut, CutTarget};
use crate::store::{Page, PageRequest, StoreError};
use crate::token::Expected;

/// What a user is shown of the audit trail.
const SECURITY_EVENTS: [&str; 13] = [
    action::SIGNED_IN,
    action::SESSION_OPENED,
    action::SESSION_REVOKED,
    action::SESSION_RENAMED,
    action::SESSION_DISPLACED,
    action::REFRESH_REUSE_DETECTED,
    action::TOKEN_REVOKED,
    action::USER_REVOKED,
    action::OTHER_SESSIONS_REVOKED,
    action::PASSWORD_CHANGED,
    action::USER_REGISTERED,
    action::USER_CREATED,
    action::USER_UPDATED,
];

impl Authority {
    /// Ends the session of a refresh token, dead or alive, that this authority signed.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// authority.log_out(&ada, pair.refresh_token.expose_secret()).await?;
    /// // The session is over, so the access token that came with it is too.
    /// let refused = authority.check(pair.access_token.expose_secret(), Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// // Who logs out twice is logged out.
    /// authority.log_out(&ada, pair.refresh_token.expose_secret()).await?;
    /// # Ok(())
    /// # });
    /// ```
    pub async fn log_out(&self, caller: &Caller, refresh_token: &str) -> Result<()> {
        let valid = self
            .refresh_validator
            .validate_ignoring_time(refresh_token)
            .map_err(|_| Error::InvalidRefreshToken)?;
        let target = CutTarget::Session { id: valid.session_id(), tenant: None, user: Some(valid.user_id()) };
        match self.cut_session(caller, target, Some("logout".to_owned())).await {
            // Purged, or of a history that a restored backup does not know: there is nothing left to end.
            Err(Error::NotFound) => Ok(()),
            other => other,
        }
    }

    /// Ends the session of an access token, dead or alive, that this authority signed for its own calls or for administration.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, clock, .. }| {
    /// use rescind::authority::{Error, RefreshRequest};
    /// use secrecy::ExposeSecret as _;
    ///
    /// // It has expired meanwhile: that keeps nobody from logging out.
    /// clock.forward(authority.settings().access_ttl * 2);
    /// authority.log_out_here(&ada, pair.access_token.expose_secret()).await?;
    ///
    /// let token = pair.refresh_token.expose_secret();
    /// let request = RefreshRequest { token, ..RefreshRequest::default() };
    /// assert_eq!(authority.refresh(&ada, request).await.unwrap_err(), Error::SessionRevoked);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn log_out_here(&self, caller: &Caller, access_token: &str) -> Result<()> {
        let refused = Error::TokenRefused("invalid_token");
        let signed =
            self.verifier.validator().validate_ignoring_time(access_token).map_err(|_| refused.clone())?;
        let admin = self.settings.admin_audience();
        let for_us = [Expected::Configured, Expected::Exactly(&admin)];
        let ids = signed.own_ids().filter(|_| for_us.iter().any(|one| signed.check_audience(*one).is_ok()));
        let Some(ids) = ids else { return Err(refused) };
        let target =
            CutTarget::Session { id: ids.session_id, tenant: Some(ids.tenant_id), user: Some(ids.user_id) };
        match self.cut_session(caller, target, Some("logout".to_owned())).await {
            Err(Error::NotFound) => Ok(()),
            other => other,
        }
    }

    /// Ends all of the caller's sessions but this one, which goes on with a fresh access token.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, backend, handover, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let elsewhere = authority.hand_over(&backend, handover).await?;
    /// let renewed = authority.revoke_others(&ada).await?;
    /// assert_eq!(renewed.revoked, 1);
    /// assert!(authority.check(elsewhere.access_token.expose_secret(), Expected::Configured).await.is_err());
    /// assert!(authority.check(renewed.access_token.expose_secret(), Expected::Configured).await.is_ok());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke_others(&self, caller: &Caller) -> Result<Renewed> {
        let me = caller.signed_in()?;
        let now = self.now();
        let outcome = self
            .cut(Cut {
                target: CutTarget::User { tenant: me.tenant, user: me.user, spare: Some(me.session) },
                expires_at: self.access_exp(now),
                extends: false,
                reason: Some("all other sessions ended by their user".to_owned()),
                action: action::OTHER_SESSIONS_REVOKED,
                by: caller.provenance(now),
            })
            .await
            .map_err(ended_meanwhile)?;
        self.renew(me, outcome.revoked, now).await
    }

    /// Ends all of the caller's sessions, this one too. Answers how many.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// assert_eq!(authority.revoke_all_own(&ada).await?, 1);
    /// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn revoke_all_own(&self, caller: &Caller) -> Result<u64> {
        let me = caller.signed_in()?;
        let now = self.now();
        let outcome = self
            .cut(Cut {
                target: CutTarget::User { tenant: me.tenant, user: me.user, spare: None },
                expires_at: self.access_exp(now),
                extends: false,
                reason: Some("all sessions ended by their user".to_owned()),
                action: action::USER_REVOKED,
                by: caller.provenance(now),
            })
            .await?;
        Ok(outcome.revoked)
    }

    /// Changes the caller's password, and ends all other sessions.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, pair, .. }| {
    /// use rescind::authority::{Error, UserUpdate};
    /// use secrecy::ExposeSecret as _;
    /// # let me = ada.signed_in()?.clone();
    /// # let first = UserUpdate { password: Some("a heap of brown leaves".into()), ..UserUpdate::default() };
    /// # authority.update_user(&operator, me.user, Some(me.tenant), first, None).await?;
    /// # let pair = authority.sign_in(&operator, rescind::authority::SignIn {
    /// #     email: "ada@example.com".into(),
    /// #     password: "a heap of brown leaves".into(),
    /// #     tenant: Some("acme".into()),
    /// #     audience: None,
    /// #     device: Default::default(),
    /// # }).await?;
    /// # let (me, _) = authority.authenticate_user(pair.access_token.expose_secret()).await?;
    /// # let ada = rescind::authority::Caller { identity: rescind::authority::Identity::User(me), ..ada };
    ///
    /// let (current, new) = ("a heap of brown leaves", "a bowl of wooden spoons");
    /// let guessed = authority.change_password(&ada, "a guess".into(), new.into()).await;
    /// assert_eq!(guessed.unwrap_err(), Error::WrongPassword);
    ///
    /// let renewed = authority.change_password(&ada, current.into(), new.into()).await?;
    /// assert!(authority.authenticate_user(renewed.access_token.expose_secret()).await.is_ok());
    /// // What was handed out before is dead.
    /// assert!(authority.authenticate_user(pair.access_token.expose_secret()).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: SecretString,
        new: SecretString,
    ) -> Result<Renewed> {
        let me = caller.signed_in()?;
        let now = self.now();
        let credentials = self.store.credentials(me.tenant, me.user).await?;
        self.check_current(caller, &credentials.user.email, current, credentials.password.clone(), now)
            .await?;
        if let Some(why) = password::weakness(&new, &credentials.user.email) {
            return Err(Error::PasswordTooWeak(why));
        }
        let new = self.hash_password(new).await?;
        let changed = self
            .store
            .change_user(UserChange {
                tenant: me.tenant,
                user: me.user,
                role: None,
                email: None,
                password: Some(new),
                disabled: None,
                spare: Some(me.session),
                only_if_password: credentials.password,
                may_touch_admins: true,
                access_exp: self.access_exp(now),
                action: action::PASSWORD_CHANGED,
                reason: Some("password changed".to_owned()),
                by: caller.provenance(now),
            })
            .await
            .map_err(|error| match error {
                StoreError::Conflict => Error::WrongPassword,
                other => ended_meanwhile(other.into()),
            })?;
        self.wrote(&changed.entries, now);
        self.renew(me, changed.revoked, now).await
    }

    /// Whether the caller still knows the own password: asked before what cannot be undone, of a session that somebody else may
    /// have sat down at.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// use rescind::authority::{Error, UserUpdate};
    /// # let me = ada.signed_in()?.clone();
    ///
    /// let first = UserUpdate { password: Some("a heap of brown leaves".into()), ..UserUpdate::default() };
    /// authority.update_user(&operator, me.user, Some(me.tenant), first, None).await?;
    /// assert_eq!(authority.confirm_password(&ada, "a heap of brown leaves".into()).await, Ok(()));
    /// assert_eq!(authority.confirm_password(&ada, "a guess".into()).await, Err(Error::WrongPassword));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongPassword`]; [`Error::Throttled`] after too many of them.
    pub async fn confirm_password(&self, caller: &Caller, password: SecretString) -> Result<()> {
        let me = caller.signed_in()?;
        let credentials = self.store.credentials(me.tenant, me.user).await?;
        let email = &credentials.user.email;
        self.check_current(caller, email, password, credentials.password.clone(), self.now()).await
    }

    /// What happened to the caller's own account, newest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// use rescind::audit::action;
    /// use rescind::store::PageRequest;
    ///
    /// let page = PageRequest { limit: 50, cursor: None };
    /// let events = authority.own_events(&ada, &page).await?;
    /// assert_eq!(events.items[0].action, action::SESSION_OPENED);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn own_events(&self, caller: &Caller, page: &PageRequest) -> Result<Page<AuditEntry>> {
        let me = caller.signed_in()?;
        let filter = AuditFilter {
            tenant: Some(me.tenant),
            user: Some(me.user),
            actions: SECURITY_EVENTS.to_vec(),
            ..AuditFilter::default()
        };
        let events = self.store.audit_entries(&filter, page).await?;
        Ok(events.map(|event| without_others_traces(event, me)))
    }

    /// Whoever holds an access token may not guess the password with it faster than at the front door.
    async fn check_current(
        &self,
        caller: &Caller,
        email: &str,
        given: SecretString,
        hash: Option<crate::directory::PasswordHash>,
        now: Timestamp,
    ) -> Result<()> {
        let address = caller.origin.ip.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        let account = format!("current password\n{email}\n{}", caller.actor());
        let attempt = self.throttle.begin([account.clone()], address, now)?;
        match self.check_password(given, hash).await {
            Ok(true) => {
                attempt.succeeded(&account);
                Ok(())
            }
            Ok(false) => Err(Error::WrongPassword),
            Err(error) => {
                attempt.abandoned();
                Err(error)
            }
        }
    }

    async fn renew(&self, me: &SignedIn, revoked: u64, now: Timestamp) -> Result<Renewed> {
        for _ in 0..3 {
            let ring = self.keyring.load_full();
            let kid = ring.access().kid().to_owned();
            match self.store.remint(me.session, self.new_jti(now), self.access_exp(now), kid, now).await {
                Ok(chain) => {
                    let (access_token, expires_in) = self.mint_access(&ring, &chain, now)?;
                    return Ok(Renewed { revoked, access_token, expires_in });
                }
                Err(StoreError::KeyGone) => self.reload_keys().await?,
                // Ended by somebody else in between.
                Err(StoreError::Conflict | StoreError::NotFound) => return Err(Error::SessionRevoked),
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Unavailable)
    }
}

/// The session that is to live on was ended by somebody else in between.
fn ended_meanwhile(error: Error) -> Error {
    match error {
        Error::NotFound => Error::SessionRevoked,
        other => other,
    }
}

/// Where an administrator or a backend acted from is not the user's business; where a thief did, is.
fn without_others_traces(event: AuditEntry, me: &SignedIn) -> AuditEntry {
    let own = matches!(event.actor, Actor::User(user) if user == me.user);
    if own || event.action == action::REFRESH_REUSE_DETECTED {
        return event;
    }
    AuditEntry { ip: None, request_id: None, ..event }
}
