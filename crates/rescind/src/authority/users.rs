//! Users, for those who administer them.

use secrecy::SecretString;

use super::audit::names_nothing;
use crate::audit::action;
use crate::authority::error::{Error, Result};
use crate::authority::revoke::check_reason;
use crate::authority::{Authority, Caller, Reach};
use crate::directory::{ADMIN_ROLE, NewUser, Scope, User, UserChange, UserFilter, password};
use crate::entropy::uuid_v7;
use crate::id::{TenantId, UserId};
use crate::store::{Page, PageRequest};

/// A user to be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
/// use rescind::authority::{Error, UserRequest};
///
/// let request = UserRequest {
///     email: "bob@example.com".into(),
///     role: "member".into(),
///     tenant: Some(acme),
///     password: Some("password123".into()),
/// };
/// let refused = authority.create_user(&operator, request.clone()).await;
/// assert!(matches!(refused, Err(Error::PasswordTooWeak(_))));
/// // A backend signs him in: he needs none here.
/// let request = UserRequest { password: None, ..request };
/// assert!(authority.create_user(&operator, request).await.is_ok());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct UserRequest {
    /// The email.
    pub email: String,
    /// The role.
    pub role: String,
    /// The tenant; none: the caller's own.
    pub tenant: Option<TenantId>,
    /// The password; none for a user that a backend signs in.
    pub password: Option<SecretString>,
}

/// A change of a user. What is `None` stays.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, pair, .. }| {
/// use rescind::authority::UserUpdate;
/// use rescind::token::Expected;
/// use secrecy::ExposeSecret as _;
///
/// let me = ada.signed_in()?;
/// let barred = UserUpdate { disabled: Some(true), ..UserUpdate::default() };
/// let user = authority.update_user(&operator, me.user, Some(me.tenant), barred, None).await?;
/// assert_eq!((user.disabled, user.role.as_str()), (true, "member"));
/// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_err());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct UserUpdate {
    /// The new role.
    pub role: Option<String>,
    /// The new email.
    pub email: Option<String>,
    /// The new password.
    pub password: Option<SecretString>,
    /// Whether it is to be barred.
    pub disabled: Option<bool>,
}

impl Authority {
    /// Makes a user.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
    /// use rescind::authority::{Error, UserRequest};
    ///
    /// let request = |email: &str| UserRequest {
    ///     email: email.into(),
    ///     role: "member".into(),
    ///     tenant: Some(acme),
    ///     password: None,
    /// };
    /// let bob = authority.create_user(&operator, request("bob@example.com")).await?;
    /// assert_eq!(bob.tenant, acme);
    /// // Within a tenant an email is one user's, however it is spelled.
    /// let again = authority.create_user(&operator, request("BOB@example.com")).await;
    /// assert_eq!(again, Err(Error::Taken("email")));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn create_user(&self, caller: &Caller, request: UserRequest) -> Result<User> {
        let reach = self.reach(caller, Scope::UsersWrite)?;
        let tenant = match request.tenant.or(reach.tenant()) {
            Some(tenant) => tenant,
            None => self.default_tenant().await?,
        };
        reach.must_cover(tenant)?;
        check_email(&request.email)?;
        check_role(&request.role)?;
        self.check_role_given(caller, Some(&request.role))?;
        let password = match request.password {
            Some(given) => Some(self.new_password(given, &request.email).await?),
            None => None,
        };
        let now = self.now();
        let id = UserId(uuid_v7(now, &*self.entropy));
        let user = NewUser { id, tenant, email: request.email, role: request.role, password };
        Ok(self.store.create_user(user, action::USER_CREATED, caller.provenance(now)).await?)
    }

    /// Changes a user. A changed role or email kills access tokens and lets sessions live; a changed password and
    /// `disabled` end everything.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, pair, .. }| {
    /// use rescind::authority::{RefreshRequest, UserUpdate};
    /// use rescind::token::Expected;
    /// use secrecy::ExposeSecret as _;
    ///
    /// let me = ada.signed_in()?;
    /// let demoted = UserUpdate { role: Some("guest".into()), ..UserUpdate::default() };
    /// authority.update_user(&operator, me.user, Some(me.tenant), demoted, None).await?;
    /// // A token that says otherwise is dead at once; the session goes on under the new role.
    /// assert!(authority.check(pair.access_token.expose_secret(), Expected::Configured).await.is_err());
    /// let token = pair.refresh_token.expose_secret();
    /// let request = RefreshRequest { token, ..RefreshRequest::default() };
    /// let pair = authority.refresh(&ada, request).await?;
    /// let verified = authority.check(pair.access_token.expose_secret(), Expected::Configured).await?;
    /// assert_eq!(verified.role(), Some("guest"));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn update_user(
        &self,
        caller: &Caller,
        user: UserId,
        tenant: Option<TenantId>,
        update: UserUpdate,
        reason: Option<String>,
    ) -> Result<User> {
        let user = self.reachable_user(caller, Scope::UsersWrite, user, tenant).await?;
        check_reason(reason.as_deref())?;
        update.email.as_deref().map_or(Ok(()), check_email)?;
        update.role.as_deref().map_or(Ok(()), check_role)?;
        self.check_role_given(caller, update.role.as_deref())?;
        let password = match update.password {
            Some(given) => {
                let email = update.email.as_deref().unwrap_or(&user.email);
                Some(self.new_password(given, email).await?)
            }
            None => None,
        };
        let now = self.now();
        let changed = self
            .store
            .change_user(UserChange {
                tenant: user.tenant,
                user: user.id,
                role: update.role,
                email: update.email,
                password,
                disabled: update.disabled,
                spare: None,
                only_if_password: None,
                may_touch_admins: caller.may_touch_admins(),
                access_exp: self.access_exp(now),
                action: action::USER_UPDATED,
                reason,
                by: caller.provenance(now),
            })
            .await?;
        self.wrote(&changed.entries, now);
        Ok(changed.value)
    }

    /// Ends everything of a user, and erases what is personal.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, pair, .. }| {
    /// let me = ada.signed_in()?;
    /// authority.delete_user(&operator, me.user, Some(me.tenant)).await?;
    /// let left = authority.user(&operator, me.user, Some(me.tenant)).await;
    /// assert_eq!(left.err(), Some(rescind::authority::Error::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn delete_user(&self, caller: &Caller, user: UserId, tenant: Option<TenantId>) -> Result<()> {
        let user = self.reachable_user(caller, Scope::UsersWrite, user, tenant).await?;
        let now = self.now();
        let may = caller.may_touch_admins();
        let by = caller.provenance(now);
        let changed = self.store.delete_user(user.tenant, user.id, may, self.access_exp(now), by).await?;
        self.wrote(&changed.entries, now);
        Ok(())
    }

    /// One user.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, .. }| {
    /// let me = ada.signed_in()?;
    /// let user = authority.user(&operator, me.user, Some(me.tenant)).await?;
    /// assert_eq!(user.email, "ada@example.com");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] for one whom `caller` does not reach.
    pub async fn user(&self, caller: &Caller, user: UserId, tenant: Option<TenantId>) -> Result<User> {
        self.reachable_user(caller, Scope::UsersWrite, user, tenant).await
    }

    /// The users that `wanted` describes, whom `caller` reaches.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, acme, .. }| {
    /// use rescind::directory::UserFilter;
    /// use rescind::store::PageRequest;
    ///
    /// let page = PageRequest { limit: 50, cursor: None };
    /// let wanted = UserFilter { tenant: Some(acme), query: Some("ada@".into()), ..UserFilter::default() };
    /// let found = authority.users(&operator, wanted, &page).await?;
    /// assert_eq!(found.items[0].email, "ada@example.com");
    /// # Ok(())
    /// # });
    /// ```
    pub async fn users(
        &self,
        caller: &Caller,
        mut wanted: UserFilter,
        page: &PageRequest,
    ) -> Result<Page<User>> {
        let reach = self.reach(caller, Scope::UsersWrite)?;
        if let Some(tenant) = wanted.tenant {
            reach.must_cover(tenant)?;
        }
        if let Reach::AllBut(tenant) = reach {
            wanted.except = Some(tenant);
        }
        wanted.tenant = wanted.tenant.or(reach.tenant());
        if [&wanted.query, &wanted.email].into_iter().any(names_nothing) {
            return Ok(Page { items: Vec::new(), next_cursor: None });
        }
        Ok(self.store.users(&wanted, page).await?)
    }

    /// A user that `caller` reaches with `scope`; whoever it does not reach does not exist.
    pub(super) async fn reachable_user(
        &self,
        caller: &Caller,
        scope: Scope,
        user: UserId,
        tenant: Option<TenantId>,
    ) -> Result<User> {
        let reach = self.reach(caller, scope)?;
        if let Some(tenant) = tenant {
            reach.must_cover(tenant)?;
        }
        let user = self.store.user(tenant.or(reach.tenant()), user).await?;
        reach.must_cover(user.tenant)?;
        Ok(user)
    }

    fn check_role_given(&self, caller: &Caller, role: Option<&str>) -> Result<()> {
        if role == Some(ADMIN_ROLE) && !caller.may_touch_admins() {
            return Err(Error::InsufficientScope(Scope::Admin.as_str()));
        }
        Ok(())
    }

    async fn new_password(&self, given: SecretString, email: &str) -> Result<crate::directory::PasswordHash> {
        if let Some(why) = password::weakness(&given, email) {
            return Err(Error::PasswordTooWeak(why));
        }
        self.hash_password(given).await
    }
}

/// That a text may be an email: enough to keep rubbish out; whether it reaches anybody is not this authority's business.
pub(super) fn check_email(email: &str) -> Result<()> {
    let parts = email.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let clean = !email.chars().any(|c| c.is_control() || c.is_whitespace());
    if parts.is_some() && clean && email.len() <= 254 {
        return Ok(());
    }
    Err(Error::Invalid { member: "email", why: "not an email address" })
}

/// That a text may be a role.
pub(super) fn check_role(role: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if (1..=64).contains(&role.len()) && role.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::Invalid { member: "role", why: "1 to 64 letters, digits, `_`, `-`, `.` or `:`" })
}
