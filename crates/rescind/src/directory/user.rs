//! Users, and what of them decides whether a token or a session is alive.

use std::fmt;

use crate::clock::Timestamp;
use crate::directory::Tenant;
use crate::id::{TenantId, UserId};

/// The one role that Rescind itself gives a meaning: it rules the own tenant, and in the tenant `system` all.
///
/// ```
/// use rescind::authority::{Caller, Identity, Origin, SignedIn};
/// use rescind::directory::ADMIN_ROLE;
/// # use rescind::id::{SessionId, TenantId, UserId};
/// # let id = uuid::Uuid::from_u128;
/// # let (user, tenant, session) = (UserId(id(1)), TenantId(id(2)), SessionId(id(3)));
///
/// let who = |role: &str| {
///     let identity = Identity::User(SignedIn { user, tenant, session, role: role.into() });
///     Caller { identity, origin: Origin::default() }
/// };
/// assert!(who(ADMIN_ROLE).may_touch_admins());
/// assert!(!who("Admin").may_touch_admins(), "a word of the application's own");
/// ```
pub const ADMIN_ROLE: &str = "admin";

/// A user.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, .. }| {
/// let me = ada.signed_in()?;
/// let before = ports.store.user(Some(me.tenant), me.user).await?;
/// let cut = authority.revoke_user(&operator, me.user, Some(me.tenant), None).await?;
/// let after = ports.store.user(Some(me.tenant), me.user).await?;
/// assert!(after.token_version > before.token_version);
/// assert_eq!(Some(after.token_version), cut.entry.mark.min_version);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id, unique within the tenant.
    pub id: UserId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its email as it was given. Unique within the tenant without regard to case.
    pub email: String,
    /// Its role: `admin`, or a word of the application's own.
    pub role: String,
    /// Whether it is barred from opening sessions.
    pub disabled: bool,
    /// Tokens whose `ver` is lower are dead.
    pub token_version: i64,
    /// Sessions that began under a lower floor are dead.
    pub session_floor: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl User {
    /// Whether the user rules its tenant.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// use rescind::directory::UserFilter;
    /// use rescind::store::PageRequest;
    ///
    /// let page = PageRequest { limit: 50, cursor: None };
    /// let wanted = UserFilter { tenant: Some(authority.system_tenant()), ..UserFilter::default() };
    /// let users = authority.users(&operator, wanted, &page).await?;
    /// assert!(users.items.iter().all(|user| user.is_admin()), "they are the operators");
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_admin(&self) -> bool {
        self.role == ADMIN_ROLE
    }
}

/// A user to be made.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
/// use rescind::audit::action;
/// use rescind::directory::{NewUser, password};
/// # let id = rescind::id::UserId(uuid::Uuid::from_u128(9));
///
/// let (email, role) = ("bob@example.com".into(), "member".into());
/// // Of a password the hash alone is kept.
/// let password = password::hash(&"a bowl of wooden spoons".into(), &*ports.entropy);
/// let new = NewUser { id, tenant: acme, email, role, password: password.clone() };
/// ports.store.create_user(new, action::USER_CREATED, operator.provenance(authority.now())).await?;
/// assert_eq!(ports.store.credentials(acme, id).await?.password, password);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its email.
    pub email: String,
    /// Its role.
    pub role: String,
    /// The hash of its password; none for a user that a backend signs in.
    pub password: Option<PasswordHash>,
}

/// A user together with what a sign-in checks it against, read in one go *before* the password is checked: a cut
/// that comes while the password is being checked finds the session below its floor.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
/// let me = ada.signed_in()?;
/// let read = ports.store.credentials(me.tenant, me.user).await?;
/// // A cut comes while the password is being checked.
/// authority.revoke_all_own(&ada).await?;
/// let now = ports.store.credentials(me.tenant, me.user).await?;
/// assert!(read.user.session_floor < now.user.session_floor, "a session that begins there is dead");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// Its tenant.
    pub tenant: Tenant,
    /// The hash of its password, if it has one.
    pub password: Option<PasswordHash>,
}

impl Credentials {
    /// Whether the user can sign in and rule all tenants: an admin of the tenant `system`, with a password, who is not disabled. The last
    /// one is neither disabled nor deleted nor given another role: see [`crate::store::StoreError::LastOperator`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// let operator = ports.store.credentials_by_email(authority.system_tenant(), rescind_examples::OPERATOR_EMAIL);
    /// assert!(operator.await?.is_operator());
    /// let me = ada.signed_in()?;
    /// assert!(!ports.store.credentials(me.tenant, me.user).await?.is_operator());
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_operator(&self) -> bool {
        self.tenant.is_system() && self.user.is_admin() && !self.user.disabled && self.password.is_some()
    }

    /// The versions and floors as they were read.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, ada, .. }| {
    /// let me = ada.signed_in()?;
    /// let read = ports.store.credentials(me.tenant, me.user).await?;
    /// assert_eq!(read.standing().token_version, read.user.token_version);
    /// assert_eq!(read.standing().tenant_session_floor, read.tenant.session_floor);
    /// # Ok(())
    /// # });
    /// ```
    pub const fn standing(&self) -> Standing {
        Standing {
            token_version: self.user.token_version,
            session_floor: self.user.session_floor,
            tenant_token_version: self.tenant.token_version,
            tenant_session_floor: self.tenant.session_floor,
        }
    }
}

/// The versions and floors of a user and its tenant at one moment.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, ada, .. }| {
/// let me = ada.signed_in()?;
/// let before = ports.store.credentials(me.tenant, me.user).await?.standing();
/// let cut = authority.revoke_user(&operator, me.user, Some(me.tenant), None).await?;
/// // What a token that is minted now carries.
/// assert!(cut.standing.token_version > before.token_version);
/// assert_eq!(cut.standing.tenant_token_version, before.tenant_token_version);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The user's token version.
    pub token_version: i64,
    /// The user's session floor.
    pub session_floor: i64,
    /// The tenant's token version.
    pub tenant_token_version: i64,
    /// The tenant's session floor.
    pub tenant_session_floor: i64,
}

/// An Argon2id hash in PHC string format. It does not print itself.
///
/// ```
/// use rescind::directory::PasswordHash;
///
/// let hash = PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into());
/// assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
