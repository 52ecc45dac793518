//! What the directory asks of a store.

use crate::clock::Timestamp;
use crate::directory::{
    ADMIN_ROLE, ApiClient, ClientSecretHash, Credentials, NewClient, NewTenant, NewUser, PasswordHash,
    Tenant, User,
};
use crate::id::{ClientId, SessionId, TenantId, UserId};
use crate::ledger::Entry;
use crate::store::{Answer, Page, PageRequest, Provenance, StoreError};

/// Tenants, users and API clients, kept.
///
/// A raised version or floor is always max(old + 1, now in ms), so that a restored backup never hands out a number
/// twice. Whoever is deleted or belongs to another tenant than the one named is not found.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, acme, handover, .. }| {
/// let store = ports.store;
/// let tenant = store.tenant(acme).await?;
/// assert_eq!(store.tenant_by_slug("acme").await?, tenant);
/// assert_eq!(store.credentials(acme, handover.user).await?.tenant, tenant);
/// # Ok(())
/// # });
/// ```
pub trait DirectoryStore: Send + Sync {
    /// Makes the reserved tenants and the first operator, unless there is a tenant already. Answers whether it did.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// # use rescind::directory::{ADMIN_ROLE, NewTenant, NewUser};
    /// # use rescind::id::{TenantId, UserId};
    /// use rescind::directory::FirstStart;
    ///
    /// # let id = uuid::Uuid::from_u128;
    /// # let tenant = |n, slug: &str| NewTenant { id: TenantId(id(n)), slug: slug.into(), name: slug.into() };
    /// # let (system, default, by) = (tenant(1, "system"), tenant(2, "default"), operator.provenance(authority.now()));
    /// # let (email, role, password) = ("root@example.com".into(), ADMIN_ROLE.into(), None);
    /// # let operator = NewUser { id: UserId(id(3)), tenant: system.id, email, role, password };
    /// let first = FirstStart { system, default, operator, by };
    /// assert!(!ports.store.first_start(first).await?, "there are tenants already");
    /// # Ok(())
    /// # });
    /// ```
    fn first_start(&self, first: FirstStart) -> Answer<'_, bool>;

    /// A tenant by its id.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, acme, .. }| {
    /// use rescind::id::TenantId;
    /// use rescind::store::StoreError;
    ///
    /// assert_eq!(ports.store.tenant(acme).await?.slug, "acme");
    /// let nowhere = TenantId(uuid::Uuid::from_u128(9));
    /// assert_eq!(ports.store.tenant(nowhere).await, Err(StoreError::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    fn tenant(&self, id: TenantId) -> Answer<'_, Tenant>;
    /// A tenant by its slug.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, acme, .. }| {
    /// assert_eq!(ports.store.tenant_by_slug("acme").await?.id, acme);
    /// # Ok(())
    /// # });
    /// ```
    fn tenant_by_slug<'a>(&'a self, slug: &'a str) -> Answer<'a, Tenant>;
    /// All tenants, oldest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, acme, .. }| {
    /// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
    /// let tenants = ports.store.tenants(&page).await?.items;
    /// // `system` and `default` were made first, when the authority was.
    /// assert_eq!(tenants.len(), 3);
    /// assert!(tenants.iter().any(|tenant| tenant.id == acme));
    /// # Ok(())
    /// # });
    /// ```
    fn tenants<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Page<Tenant>>;
    /// Makes a tenant. [`crate::store::StoreError::Taken`] with `slug` where the slug is.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// use rescind::directory::NewTenant;
    /// use rescind::store::StoreError;
    /// # let [id, another] = [8, 9].map(|n| rescind::id::TenantId(uuid::Uuid::from_u128(n)));
    ///
    /// let (by, globex) = (operator.provenance(authority.now()), "globex".to_owned());
    /// let new = NewTenant { id, slug: globex.clone(), name: "Globex Inc".into() };
    /// assert_eq!(ports.store.create_tenant(new, by.clone()).await?.slug, globex);
    /// let same = NewTenant { id: another, slug: globex, name: "Globex Ltd".into() };
    /// assert_eq!(ports.store.create_tenant(same, by).await, Err(StoreError::Taken("slug")));
    /// # Ok(())
    /// # });
    /// ```
    fn create_tenant(&self, tenant: NewTenant, by: Provenance) -> Answer<'_, Tenant>;
    /// Renames, suspends or lets in again. Suspending raises the tenant's version and floor, and leaves a ledger entry;
    /// suspending one that is suspended changes nothing.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
    /// use rescind::directory::TenantChange;
    ///
    /// let by = operator.provenance(authority.now());
    /// let name = Some("Acme Inc".to_owned());
    /// let change = TenantChange { tenant: acme, name, suspended: None, access_exp: authority.now(), by };
    /// let changed = ports.store.change_tenant(change).await?;
    /// assert_eq!((changed.value.name.as_str(), changed.revoked), ("Acme Inc", 0));
    /// # Ok(())
    /// # });
    /// ```
    fn change_tenant(&self, change: TenantChange) -> Answer<'_, Changed<Tenant>>;

    /// A user. Without a tenant, the one user with that id anywhere
    /// ([`crate::store::StoreError::Ambiguous`] if there are several).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, handover, acme, .. }| {
    /// use rescind::store::StoreError;
    ///
    /// let (store, ada) = (ports.store, handover.user);
    /// assert_eq!(store.user(None, ada).await?, store.user(Some(acme), ada).await?);
    /// let elsewhere = Some(authority.system_tenant());
    /// assert_eq!(store.user(elsewhere, ada).await, Err(StoreError::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    fn user(&self, tenant: Option<TenantId>, id: UserId) -> Answer<'_, User>;
    /// A user, its tenant and its password's hash, as one consistent read; by id.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, handover, acme, .. }| {
    /// let known = ports.store.credentials(acme, handover.user).await?;
    /// assert_eq!((known.user.id, known.tenant.id), (handover.user, acme));
    /// assert_eq!(known.password, None, "a backend signs her in");
    /// # Ok(())
    /// # });
    /// ```
    fn credentials(&self, tenant: TenantId, id: UserId) -> Answer<'_, Credentials>;
    /// The same by email, without regard to ASCII case.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, handover, acme, .. }| {
    /// let known = ports.store.credentials_by_email(acme, "Ada@Example.com").await?;
    /// assert_eq!(known.user.id, handover.user);
    /// # Ok(())
    /// # });
    /// ```
    fn credentials_by_email<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Credentials>;
    /// Users that match, in a stable order.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, acme, .. }| {
    /// use rescind::directory::UserFilter;
    /// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
    ///
    /// let filter = UserFilter { tenant: Some(acme), query: Some("ADA@".into()), ..UserFilter::default() };
    /// let found = ports.store.users(&filter, &page).await?.items;
    /// assert_eq!(found[0].email, "ada@example.com");
    /// # Ok(())
    /// # });
    /// ```
    fn users<'a>(&'a self, filter: &'a UserFilter, page: &'a PageRequest) -> Answer<'a, Page<User>>;
    /// Makes a user. [`crate::store::StoreError::Taken`] with `email` or `user_id` where one is. A `user_id` that was
    /// deleted comes back with higher versions and floors. `action` is the audit entry's.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
    /// use rescind::audit::action;
    /// use rescind::directory::NewUser;
    /// use rescind::store::StoreError;
    /// # let id = |n| rescind::id::UserId(uuid::Uuid::from_u128(n));
    ///
    /// let by = operator.provenance(authority.now());
    /// let bob = |id, email: &str| NewUser {
    ///     id,
    ///     tenant: acme,
    ///     email: email.into(),
    ///     role: "member".into(),
    ///     password: None,
    /// };
    /// let made = ports.store.create_user(bob(id(8), "bob@example.com"), action::USER_CREATED, by.clone()).await?;
    /// assert_eq!(made.email, "bob@example.com");
    /// let again = ports.store.create_user(bob(id(9), "BOB@example.com"), action::USER_CREATED, by).await;
    /// assert_eq!(again, Err(StoreError::Taken("email")));
    /// # Ok(())
    /// # });
    /// ```
    fn create_user(&self, user: NewUser, action: &'static str, by: Provenance) -> Answer<'_, User>;
    /// Changes a user: see [`UserChange`]. [`crate::store::StoreError::LastOperator`] where that leaves no
    /// [operator](Credentials::is_operator), also of two who change each other at once.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, handover, acme, .. }| {
    /// # use rescind::audit::action;
    /// # use rescind::directory::UserChange;
    /// # let now = authority.now();
    /// # let change = UserChange {
    /// #     tenant: acme,
    /// #     user: handover.user,
    /// #     role: None,
    /// #     email: None,
    /// #     password: None,
    /// #     disabled: None,
    /// #     spare: None,
    /// #     only_if_password: None,
    /// #     may_touch_admins: false,
    /// #     access_exp: now.plus(authority.settings().access_ttl),
    /// #     action: action::USER_UPDATED,
    /// #     reason: None,
    /// #     by: operator.provenance(now),
    /// # };
    ///
    /// // The rest stays.
    /// let demoted = UserChange { role: Some("guest".into()), ..change };
    /// let changed = ports.store.change_user(demoted).await?;
    /// assert_eq!(changed.value.role, "guest");
    /// // Access tokens that say otherwise are dead, and no session is.
    /// assert_eq!((changed.entries.len(), changed.revoked), (1, 0));
    /// # Ok(())
    /// # });
    /// ```
    fn change_user(&self, change: UserChange) -> Answer<'_, Changed<User>>;
    /// Ends everything of a user (version, floor, ledger entry), and erases what is personal of it and of its sessions
    /// (email, password, device name, user agent, addresses, extra claims). Ledger and audit keep ids.
    /// [`crate::store::StoreError::Forbidden`] for an admin unless `may_touch_admins`, [`crate::store::StoreError::LastOperator`] as
    /// for a change.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, handover, acme, .. }| {
    /// use rescind::store::StoreError;
    ///
    /// let (now, ada) = (authority.now(), handover.user);
    /// let access_exp = now.plus(authority.settings().access_ttl);
    /// let by = operator.provenance(now);
    /// let deleted = ports.store.delete_user(acme, ada, false, access_exp, by).await?;
    /// assert_eq!(deleted.revoked, 1, "so many sessions were active");
    /// assert_eq!(ports.store.user(Some(acme), ada).await, Err(StoreError::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    fn delete_user(
        &self,
        tenant: TenantId,
        id: UserId,
        may_touch_admins: bool,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>>;

    /// An API client, with the hashes of the secrets that are good at `now` (two while a rotated one overlaps, none while its
    /// tenant is suspended).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, backend, .. }| {
    /// let id = backend.identity.client().ok_or("not a client")?;
    /// let (client, secrets) = ports.store.client(id, authority.now()).await?;
    /// assert_eq!((client.name.as_str(), secrets.len()), ("shop", 1));
    /// # Ok(())
    /// # });
    /// ```
    fn client(&self, id: ClientId, now: Timestamp) -> Answer<'_, (ApiClient, Vec<ClientSecretHash>)>;
    /// API clients, of one tenant or (`None`) of all and of none, oldest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, acme, .. }| {
    /// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
    /// assert_eq!(ports.store.clients(Some(acme), &page).await?.items.len(), 1);
    /// let of_operators = Some(authority.system_tenant());
    /// assert_eq!(ports.store.clients(of_operators, &page).await?.items, []);
    /// # Ok(())
    /// # });
    /// ```
    fn clients<'a>(&'a self, tenant: Option<TenantId>, page: &'a PageRequest) -> Answer<'a, Page<ApiClient>>;
    /// Makes an API client.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, .. }| {
    /// use rescind::directory::{ClientSecretHash, NewClient};
    /// # let id = rescind::id::ClientId(uuid::Uuid::from_u128(9));
    ///
    /// let new = NewClient {
    ///     id,
    ///     name: "gateway".into(),
    ///     scopes: "introspect feed".parse()?,
    ///     tenant: None,
    ///     refresh_requires_secret: false,
    ///     secret: ClientSecretHash([7; 32]),
    /// };
    /// let made = ports.store.create_client(new, operator.provenance(authority.now())).await?;
    /// assert_eq!((made.id, made.last_used_at), (id, None));
    /// # Ok(())
    /// # });
    /// ```
    fn create_client(&self, client: NewClient, by: Provenance) -> Answer<'_, ApiClient>;
    /// Replaces a client's secret; the old one stays good until `rotation.old_until`.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, backend, .. }| {
    /// use std::time::Duration;
    ///
    /// use rescind::directory::{ClientSecretHash, SecretRotation};
    ///
    /// let (now, client) = (authority.now(), backend.identity.client().ok_or("not a client")?);
    /// let old_until = now.plus(Duration::from_secs(3600));
    /// let secret = ClientSecretHash([7; 32]);
    /// let rotation = SecretRotation { within: None, client, secret, old_until };
    /// ports.store.rotate_client_secret(rotation, operator.provenance(now)).await?;
    /// assert_eq!(ports.store.client(client, now).await?.1.len(), 2, "both are good");
    /// assert_eq!(ports.store.client(client, old_until).await?.1, [secret]);
    /// # Ok(())
    /// # });
    /// ```
    fn rotate_client_secret(&self, rotation: SecretRotation, by: Provenance) -> Answer<'_, ApiClient>;
    /// Deletes a client: the sessions that it opened are dead from then on, and a ledger entry kills their tokens. With a
    /// tenant: only a client bound to that one.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, backend, .. }| {
    /// use rescind::ledger::CutKind;
    ///
    /// let (now, client) = (authority.now(), backend.identity.client().ok_or("not a client")?);
    /// let access_exp = now.plus(authority.settings().access_ttl);
    /// let by = operator.provenance(now);
    /// let deleted = ports.store.delete_client(None, client, access_exp, by).await?;
    /// assert_eq!(deleted.entries[0].mark.kind(), CutKind::Client);
    /// assert_eq!(deleted.revoked, 1, "it had opened Ada's session");
    /// # Ok(())
    /// # });
    /// ```
    fn delete_client(
        &self,
        within: Option<TenantId>,
        id: ClientId,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>>;
    /// Notes that a client proved its secret. May be lost in a crash; writes nothing where the noted use is less than a
    /// minute older.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, backend, .. }| {
    /// let (now, client) = (authority.now(), backend.identity.client().ok_or("not a client")?);
    /// ports.store.note_client_use(client, now).await?;
    /// assert_eq!(ports.store.client(client, now).await?.0.last_used_at, Some(now));
    /// # Ok(())
    /// # });
    /// ```
    fn note_client_use(&self, id: ClientId, at: Timestamp) -> Answer<'_, ()>;
}

/// What the first start makes.
///
/// ```
/// use rescind::authority::Caller;
/// use rescind::directory::{ADMIN_ROLE, DEFAULT_TENANT, FirstStart, NewTenant, NewUser, SYSTEM_TENANT};
/// # use rescind::clock::Timestamp;
/// # use rescind::id::{TenantId, UserId};
/// # let id = uuid::Uuid::from_u128;
/// # let (email, by) = ("root@example.com".into(), Caller::system().provenance(Timestamp::from_secs(0)));
///
/// let tenant = |n, slug: &str| NewTenant { id: TenantId(id(n)), slug: slug.into(), name: slug.into() };
/// let (system, default) = (tenant(1, SYSTEM_TENANT), tenant(2, DEFAULT_TENANT));
/// // An admin of that tenant rules all.
/// let (tenant, role) = (system.id, ADMIN_ROLE.into());
/// let operator = NewUser { id: UserId(id(3)), tenant, email, role, password: None };
/// let first = FirstStart { system, default, operator, by };
/// assert_eq!(first.operator.tenant, first.system.id);
/// ```
#[derive(Clone, Debug)]
pub struct FirstStart {
    /// The reserved tenant `system`.
    pub system: NewTenant,
    /// The tenant `default`.
    pub default: NewTenant,
    /// The first operator: an admin in `system`.
    pub operator: NewUser,
    /// Who starts.
    pub by: Provenance,
}

/// A change that may have cut something: what it left, and the ledger entries that it wrote.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
/// use rescind::directory::{Changed, TenantChange};
///
/// let (now, by) = (authority.now(), operator.provenance(authority.now()));
/// let access_exp = now.plus(authority.settings().access_ttl);
/// let change = TenantChange { tenant: acme, name: None, suspended: Some(true), access_exp, by };
/// let Changed { value, entries, revoked } = ports.store.change_tenant(change).await?;
/// assert!(value.suspended);
/// // What this node's replica is to be told at once.
/// assert_eq!((entries.len(), revoked), (1, 1));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<T> {
    /// The thing as it now is.
    pub value: T,
    /// The ledger entries that the same transaction wrote, in order of `seq`.
    pub entries: Vec<Entry>,
    /// How many sessions were active before and are dead now.
    pub revoked: u64,
}

/// A change of a tenant. What is `None` stays.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, acme, .. }| {
/// use rescind::directory::TenantChange;
///
/// let (now, by) = (authority.now(), operator.provenance(authority.now()));
/// let access_exp = now.plus(authority.settings().access_ttl);
/// let suspended = TenantChange { tenant: acme, name: None, suspended: Some(true), access_exp, by };
/// assert_eq!(ports.store.change_tenant(suspended.clone()).await?.entries.len(), 1);
/// assert_eq!(ports.store.change_tenant(suspended).await?.entries, [], "it is suspended already");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantChange {
    /// Which one.
    pub tenant: TenantId,
    /// Its new name for people.
    pub name: Option<String>,
    /// Whether it is to be suspended.
    pub suspended: Option<bool>,
    /// Access tokens minted from now on would expire by then: the least `expires_at` of an entry.
    pub access_exp: Timestamp,
    /// Who changes it.
    pub by: Provenance,
}

/// A change of a user. What is `None` stays.
///
/// - A role or email that differs raises the token version: access tokens die, sessions live.
/// - A password, or `disabled: true` for one that was not, also raises the floor: everything ends (but `spare`).
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, handover, acme, .. }| {
/// use rescind::directory::PasswordHash;
/// use rescind::store::StoreError;
/// # use rescind::audit::action;
/// # use rescind::directory::UserChange;
/// # let now = authority.now();
/// # let change = UserChange {
/// #     tenant: acme,
/// #     user: handover.user,
/// #     role: None,
/// #     email: None,
/// #     password: None,
/// #     disabled: None,
/// #     spare: None,
/// #     only_if_password: None,
/// #     may_touch_admins: false,
/// #     access_exp: now.plus(authority.settings().access_ttl),
/// #     action: action::USER_UPDATED,
/// #     reason: None,
/// #     by: operator.provenance(now),
/// # };
///
/// // Only while the password is the one that was checked.
/// let only_if_password = Some(PasswordHash("another".into()));
/// let password = Some(PasswordHash("new".into()));
/// let late = UserChange { password, only_if_password, ..change };
/// assert_eq!(ports.store.change_user(late).await.unwrap_err(), StoreError::Conflict);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// The user's tenant.
    pub tenant: TenantId,
    /// Which user.
    pub user: UserId,
    /// The new role.
    pub role: Option<String>,
    /// The new email.
    pub email: Option<String>,
    /// The new password's hash.
    pub password: Option<PasswordHash>,
    /// Whether it is to be barred.
    pub disabled: Option<bool>,
    /// A session to lift to the new floor, so that it lives on.
    pub spare: Option<SessionId>,
    /// Only if the password's hash is still this one (else [`crate::store::StoreError::Conflict`]).
    pub only_if_password: Option<PasswordHash>,
    /// Whether a user who is an admin may be changed ([`crate::store::StoreError::Forbidden`] otherwise). Guarded in the
    /// same statement, against a promotion that comes in between.
    pub may_touch_admins: bool,
    /// The least `expires_at` of an entry.
    pub access_exp: Timestamp,
    /// The audit entry's action.
    pub action: &'static str,
    /// The reason for the ledger and the audit trail.
    pub reason: Option<String>,
    /// Who changes it.
    pub by: Provenance,
}

/// What a change of a user does to what the user holds.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, handover, acme, pair, .. }| {
/// use rescind::directory::{PasswordHash, UserEffect};
/// # use rescind::audit::action;
/// # use rescind::directory::UserChange;
/// # let now = authority.now();
/// # let change = UserChange {
/// #     tenant: acme,
/// #     user: handover.user,
/// #     role: None,
/// #     email: None,
/// #     password: None,
/// #     disabled: None,
/// #     spare: None,
/// #     only_if_password: None,
/// #     may_touch_admins: false,
/// #     access_exp: now.plus(authority.settings().access_ttl),
/// #     action: action::USER_UPDATED,
/// #     reason: None,
/// #     by: operator.provenance(now),
/// # };
///
/// let ada = ports.store.user(Some(acme), handover.user).await?;
/// let spare = Some(pair.session_id);
/// let new_password = UserChange { password: Some(PasswordHash("new".into())), spare, ..change };
/// // Everything ends but the session in which she changed it.
/// assert_eq!(new_password.effect(&ada), Some(UserEffect::Floor { spare }));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEffect {
    /// Nothing: somebody who was barred is let in again.
    None,
    /// The version is raised: access tokens die, sessions live.
    Version,
    /// The floor is raised too: everything ends, but for one session, which must be active.
    Floor {
        /// That session.
        spare: Option<SessionId>,
    },
}

impl UserChange {
    /// That the user, as it is before, may be changed so ([`StoreError::Forbidden`], [`StoreError::Conflict`] otherwise).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, handover, acme, .. }| {
    /// use rescind::store::StoreError;
    /// # use rescind::audit::action;
    /// # use rescind::directory::UserChange;
    /// # let now = authority.now();
    /// # let change = UserChange {
    /// #     tenant: acme,
    /// #     user: handover.user,
    /// #     role: None,
    /// #     email: None,
    /// #     password: None,
    /// #     disabled: None,
    /// #     spare: None,
    /// #     only_if_password: None,
    /// #     may_touch_admins: false,
    /// #     access_exp: now.plus(authority.settings().access_ttl),
    /// #     action: action::USER_UPDATED,
    /// #     reason: None,
    /// #     by: operator.provenance(now),
    /// # };
    ///
    /// let before = ports.store.credentials(acme, handover.user).await?;
    /// let promoted = UserChange { role: Some("admin".into()), ..change };
    /// assert_eq!(promoted.guard(&before), Err(StoreError::Forbidden));
    /// let by_admin = UserChange { may_touch_admins: true, ..promoted };
    /// assert_eq!(by_admin.guard(&before), Ok(()));
    /// # Ok(())
    /// # });
    /// ```
    pub fn guard(&self, before: &Credentials) -> Result<(), StoreError> {
        let promotes = self.role.as_deref() == Some(ADMIN_ROLE);
        if !self.may_touch_admins && (before.user.is_admin() || promotes) {
            return Err(StoreError::Forbidden);
        }
        if self.only_if_password.is_some() && self.only_if_password != before.password {
            return Err(StoreError::Conflict);
        }
        Ok(())
    }

    /// What it does; nothing at all where it changes nothing.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, handover, acme, .. }| {
    /// use rescind::directory::UserEffect;
    /// # use rescind::audit::action;
    /// # use rescind::directory::UserChange;
    /// # let now = authority.now();
    /// # let change = UserChange {
    /// #     tenant: acme,
    /// #     user: handover.user,
    /// #     role: None,
    /// #     email: None,
    /// #     password: None,
    /// #     disabled: None,
    /// #     spare: None,
    /// #     only_if_password: None,
    /// #     may_touch_admins: false,
    /// #     access_exp: now.plus(authority.settings().access_ttl),
    /// #     action: action::USER_UPDATED,
    /// #     reason: None,
    /// #     by: operator.provenance(now),
    /// # };
    ///
    /// let ada = ports.store.user(Some(acme), handover.user).await?;
    /// assert_eq!(change.effect(&ada), None, "it changes nothing");
    /// let same = UserChange { role: Some(ada.role.clone()), ..change.clone() };
    /// assert_eq!(same.effect(&ada), None);
    /// let demoted = UserChange { role: Some("guest".into()), ..change };
    /// assert_eq!(demoted.effect(&ada), Some(UserEffect::Version));
    /// # Ok(())
    /// # });
    /// ```
    pub fn effect(&self, before: &User) -> Option<UserEffect> {
        let differs = |new: &Option<String>, old: &String| new.as_ref().is_some_and(|new| new != old);
        let disables = self.disabled == Some(true) && !before.disabled;
        if self.password.is_some() || disables {
            // Nobody who is barred has a session to spare.
            let spare = if disables { None } else { self.spare };
            Some(UserEffect::Floor { spare })
        } else if differs(&self.role, &before.role) || differs(&self.email, &before.email) {
            Some(UserEffect::Version)
        } else if self.disabled == Some(false) && before.disabled {
            Some(UserEffect::None)
        } else {
            None
        }
    }
}

/// Which users to list.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, .. }| {
/// use rescind::directory::UserFilter;
/// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
///
/// // Whoever may not know of operators is told of everybody else.
/// let filter = UserFilter { except: Some(authority.system_tenant()), ..UserFilter::default() };
/// let found = ports.store.users(&filter, &page).await?.items;
/// assert_eq!(found.iter().map(|user| user.email.as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// Not those of this tenant.
    pub except: Option<TenantId>,
    /// Whose email contains this, without regard to ASCII case, or whose id is this.
    pub query: Option<String>,
    /// Whose id is this: one in each tenant at most. It is found without a walk.
    pub id: Option<UserId>,
    /// Whose email is this, without regard to ASCII case: one in each tenant at most. It is found without a walk.
    pub email: Option<String>,
    /// At most so many rows are looked at for a page; it may then be short, or empty, although there is more:
    /// [`next_cursor`](crate::store::Page::next_cursor) tells. None: as many as it takes.
    pub walk: Option<u32>,
}

/// Another secret for an API client.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, operator, backend, .. }| {
/// use rescind::directory::{ClientSecretHash, SecretRotation};
/// use rescind::store::StoreError;
///
/// let client = backend.identity.client().ok_or("not a client")?;
/// // An admin of another tenant finds no such client.
/// let rotation = SecretRotation {
///     within: Some(authority.system_tenant()),
///     client,
///     secret: ClientSecretHash([7; 32]),
///     old_until: authority.now(),
/// };
/// let refused = ports.store.rotate_client_secret(rotation, operator.provenance(authority.now())).await;
/// assert_eq!(refused, Err(StoreError::NotFound));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRotation {
    /// Only a client bound to this tenant, where given.
    pub within: Option<TenantId>,
    /// Which client.
    pub client: ClientId,
    /// The new secret's hash.
    pub secret: ClientSecretHash,
    /// Until when the old one is good as well.
    pub old_until: Timestamp,
}
