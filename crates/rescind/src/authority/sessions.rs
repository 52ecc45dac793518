//! Sessions: handed over by a backend, listed, named, ended.

use serde_json::{Map, Value};

use crate::audit::action;
use crate::authority::act::{act, within};
use crate::authority::error::{Error, Result};
use crate::authority::revoke::check_reason;
use crate::authority::sign_in::{OpenDraft, found};
use crate::authority::users::{check_email, check_role};
use crate::authority::{Authority, Caller, Identity, TokenPair};
use crate::directory::{ADMIN_ROLE, Scope, Standing};
use crate::id::{SessionId, TenantId, UserId};
use crate::ledger::{Cut, CutTarget};
use crate::session::{Device, OpenSession, Profile, Session, SessionFilter, StatusFilter};
use crate::store::{Page, PageRequest, traced};
use crate::token::{ExtraClaims, ExtraClaimsError};

/// A user that a backend has authenticated itself.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, backend, handover, operator, .. }| {
/// use rescind::authority::Handover;
/// use rescind::session::Device;
///
/// let device = Device { name: Some("phone".into()), ..Device::default() };
/// let pair = authority.hand_over(&backend, Handover { device, ..handover }).await?;
/// let session = authority.end_session(&operator, pair.session_id, None).await?;
/// assert_eq!(session.device.name.as_deref(), Some("phone"));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Handover {
    /// The user.
    pub user: UserId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its email, as it now is.
    pub email: String,
    /// Its role, as it now is.
    pub role: String,
    /// What the tokens are for; empty: the default.
    pub audience: Vec<String>,
    /// What the device told of itself.
    pub device: Device,
    /// Extra claims of the access tokens.
    pub claims: Map<String, Value>,
}

impl Authority {
    /// Opens a session for a user that the calling backend has authenticated. An unknown user is made, a known one's
    /// email and role are brought up to date.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, backend, acme, .. }| {
    /// use rescind::authority::{Handover, Identity, Error};
    /// # use rescind::id::UserId;
    /// # let id = UserId(uuid::Uuid::from_u128(0xb0b));
    ///
    /// let handover = Handover {
    ///     user: id,
    ///     tenant: acme,
    ///     email: "bob@example.com".into(),
    ///     role: "member".into(),
    ///     audience: vec!["https://shop.example".into()],
    ///     device: Default::default(),
    ///     claims: serde_json::Map::from_iter([("plan".to_owned(), "gold".into())]),
    /// };
    /// let pair = authority.hand_over(&backend, handover.clone()).await?;
    /// assert_eq!(pair.refresh_expires_in, authority.settings().refresh_ttl);
    ///
    /// // A backend without the scope `admin` makes nobody an admin.
    /// let admin = Handover { role: "admin".into(), ..handover };
    /// let refused = authority.hand_over(&backend, admin).await.unwrap_err();
    /// assert_eq!(refused, Error::InsufficientScope("admin"));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn hand_over(&self, caller: &Caller, handover: Handover) -> Result<TokenPair> {
        let outcome = within(act!("hand_over"), self.open_for_backend(caller, handover)).await;
        self.acts.handovers.add(outcome.as_ref().err().map_or("ok", Error::code));
        outcome
    }

    async fn open_for_backend(&self, caller: &Caller, handover: Handover) -> Result<TokenPair> {
        let Identity::Client(client) = &caller.identity else {
            return Err(Error::Forbidden("this is for API clients"));
        };
        let reach = self.reach(caller, Scope::SessionsWrite)?;
        reach.must_cover(handover.tenant)?;
        if handover.tenant == self.system_tenant {
            return Err(Error::Forbidden("nobody opens a session in the tenant system this way"));
        }
        check_email(&handover.email)?;
        check_role(&handover.role)?;
        if handover.role == ADMIN_ROLE && !caller.may_touch_admins() {
            return Err(Error::InsufficientScope(Scope::Admin.as_str()));
        }
        let claims = ExtraClaims::new(handover.claims).map_err(|error| invalid_claims(&error))?;
        let audience = self.new_audience(handover.audience, &handover.role)?;
        let standing = self.standing_before(handover.tenant, handover.user).await?;
        let now = self.now();
        let by = caller.provenance(now);
        let client = client.id;
        let may_touch_admins = caller.may_touch_admins();
        self.open_session(OpenDraft {
            open: Box::new(move |draft| OpenSession {
                user: handover.user,
                tenant: handover.tenant,
                client: Some(client),
                standing: Some(standing),
                profile: Some(Profile { email: handover.email, role: handover.role }),
                may_touch_admins,
                audience,
                claims: claims.as_map().clone(),
                device: handover.device,
                action: action::SESSION_OPENED,
                by,
                ..draft
            }),
            now,
        })
        .await
        .map_err(|error| match error {
            Error::SessionRevoked => {
                Error::Forbidden("the user is disabled, its tenant is suspended, or a cut came in between")
            }
            other => other,
        })
    }

    /// The versions and floors as of before the opening: a cut that comes in between finds the session below them. A user that is
    /// yet to be made has none that could be cut.
    async fn standing_before(&self, tenant: TenantId, user: UserId) -> Result<Standing> {
        if let Some(known) = found(traced("credentials", self.store.credentials(tenant, user)).await)? {
            return Ok(known.standing());
        }
        let tenant = self.store.tenant(tenant).await?;
        Ok(Standing {
            token_version: i64::MAX,
            session_floor: i64::MAX,
            tenant_token_version: tenant.token_version,
            tenant_session_floor: tenant.session_floor,
        })
    }

    /// A user's own sessions, newest first; those with that status only, where one is asked for.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, backend, handover, .. }| {
    /// use rescind::session::StatusFilter;
    /// use rescind::store::PageRequest;
    ///
    /// let other = authority.hand_over(&backend, handover).await?;
    /// let page = PageRequest { limit: 50, cursor: None };
    /// assert_eq!(authority.own_sessions(&ada, None, &page).await?.items.len(), 2);
    /// authority.end_own_session(&ada, other.session_id).await?;
    /// let alive = authority.own_sessions(&ada, Some(StatusFilter::Active), &page).await?;
    /// assert_eq!(alive.items.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn own_sessions(
        &self,
        caller: &Caller,
        status: Option<StatusFilter>,
        page: &PageRequest,
    ) -> Result<Page<Session>> {
        let me = caller.signed_in()?;
        let filter = SessionFilter { tenant: me.tenant, user: me.user, status, now: self.now() };
        Ok(self.store.sessions(&filter, page).await?)
    }

    /// One of a user's own sessions.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// use rescind::authority::Error;
    /// # use rescind::id::SessionId;
    /// # let somebody_elses = SessionId(uuid::Uuid::from_u128(9));
    ///
    /// assert_eq!(authority.own_session(&ada, pair.session_id).await?.number, 1);
    /// assert_eq!(authority.own_session(&ada, somebody_elses).await, Err(Error::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn own_session(&self, caller: &Caller, id: SessionId) -> Result<Session> {
        let me = caller.signed_in()?;
        let session = self.store.session(id, Some(me.tenant), self.now()).await?;
        if session.user == me.user { Ok(session) } else { Err(Error::NotFound) }
    }

    /// Names one of a user's own sessions.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, pair, .. }| {
    /// let session = authority.rename_own_session(&ada, pair.session_id, "kitchen".into()).await?;
    /// assert_eq!(session.device.name.as_deref(), Some("kitchen"));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn rename_own_session(&self, caller: &Caller, id: SessionId, name: String) -> Result<Session> {
        let me = caller.signed_in()?;
        check_device_name(&name)?;
        let by = caller.provenance(self.now());
        Ok(self.store.rename_session(id, me.tenant, me.user, name, by).await?)
    }

    /// Ends one of a user's own sessions.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, backend, handover, .. }| {
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let lost_phone = authority.hand_over(&backend, handover).await?;
    /// authority.end_own_session(&ada, lost_phone.session_id).await?;
    /// let refused = authority.check(lost_phone.access_token.expose_secret(), Expected::Configured).await;
    /// assert_eq!(refused.unwrap_err().code(), "token_revoked");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn end_own_session(&self, caller: &Caller, id: SessionId) -> Result<()> {
        let me = caller.signed_in()?;
        let target = CutTarget::Session { id, tenant: Some(me.tenant), user: Some(me.user) };
        self.cut_session(caller, target, Some("ended by its user".to_owned())).await
    }

    /// Lists a user's sessions, for whoever administers it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// use rescind::session::StatusFilter;
    /// use rescind::store::PageRequest;
    ///
    /// let (me, page) = (ada.signed_in()?, PageRequest { limit: 50, cursor: None });
    /// let active = Some(StatusFilter::Active);
    /// let of_ada = authority.sessions_of(&operator, me.user, Some(me.tenant), active, &page).await?;
    /// assert_eq!(of_ada.items[0].id, me.session);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn sessions_of(
        &self,
        caller: &Caller,
        user: UserId,
        tenant: Option<TenantId>,
        status: Option<StatusFilter>,
        page: &PageRequest,
    ) -> Result<Page<Session>> {
        let user = self.reachable_user(caller, Scope::SessionsRead, user, tenant).await?;
        let filter = SessionFilter { tenant: user.tenant, user: user.id, status, now: self.now() };
        Ok(self.store.sessions(&filter, page).await?)
    }

    /// Ends a session, for whoever administers it, and answers with what has become of it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, pair, .. }| {
    /// use rescind::session::Status;
    ///
    /// let ended = authority.end_session(&operator, pair.session_id, Some("reported".into())).await?;
    /// let Status::Revoked(how) = ended.status else { panic!("it is over") };
    /// assert_eq!(how.reason.as_deref(), Some("reported"));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn end_session(
        &self,
        caller: &Caller,
        id: SessionId,
        reason: Option<String>,
    ) -> Result<Session> {
        let reach = self.reach(caller, Scope::SessionsWrite)?;
        check_reason(reason.as_deref())?;
        let session = self.store.session(id, reach.tenant(), self.now()).await?;
        reach.must_cover(session.tenant)?;
        let target = CutTarget::Session { id, tenant: Some(session.tenant), user: None };
        self.cut_session(caller, target, reason).await?;
        Ok(self.store.session(id, Some(session.tenant), self.now()).await?)
    }

    pub(super) async fn cut_session(
        &self,
        caller: &Caller,
        target: CutTarget,
        reason: Option<String>,
    ) -> Result<()> {
        let now = self.now();
        self.cut(Cut {
            target,
            expires_at: self.access_exp(now),
            extends: false,
            reason,
            action: action::SESSION_REVOKED,
            by: caller.provenance(now),
        })
        .await
        .map(drop)
    }
}

/// What a device tells of itself is shown to people.
pub(super) fn check_device(device: &Device) -> Result<()> {
    device.name.as_deref().map_or(Ok(()), check_device_name)?;
    if device.user_agent.as_deref().is_none_or(|agent| !agent.chars().any(char::is_control)) {
        return Ok(());
    }
    Err(Error::Invalid { member: "user_agent", why: "a control character" })
}

fn check_device_name(name: &str) -> Result<()> {
    if name.chars().count() <= 100 && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::Invalid {
        member: "device_name",
        why: "at most 100 characters, none of them a control character",
    })
}

fn invalid_claims(error: &ExtraClaimsError) -> Error {
    let why = match error {
        ExtraClaimsError::Reserved(_) => "one of them is reserved",
        ExtraClaimsError::TooMany => "there are more than 64",
        ExtraClaimsError::TooDeep => "they are nested more than 8 deep",
        _ => "they have more than 4096 bytes",
    };
    Error::Invalid { member: "claims", why }
}
