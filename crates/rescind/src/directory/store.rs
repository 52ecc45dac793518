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
pub trait DirectoryStore: Send + Sync {
    /// Makes the reserved tenants and the first operator, unless there is a tenant already. Answers whether it did.
    fn first_start(&self, first: FirstStart) -> Answer<'_, bool>;

    /// A tenant by its id.
    fn tenant(&self, id: TenantId) -> Answer<'_, Tenant>;
    /// A tenant by its slug.
    fn tenant_by_slug<'a>(&'a self, slug: &'a str) -> Answer<'a, Tenant>;
    /// All tenants, oldest first.
    fn tenants<'a>(&'a self, page: &'a PageRequest) -> Answer<'a, Page<Tenant>>;
    /// Makes a tenant. [`crate::store::StoreError::Taken`] with `slug` where the slug is.
    fn create_tenant(&self, tenant: NewTenant, by: Provenance) -> Answer<'_, Tenant>;
    /// Renames, suspends or lets in again. Suspending raises the tenant's version and floor, and leaves a ledger entry;
    /// suspending one that is suspended changes nothing.
    fn change_tenant(&self, change: TenantChange) -> Answer<'_, Changed<Tenant>>;

    /// A user. Without a tenant, the one user with that id anywhere
    /// ([`crate::store::StoreError::Ambiguous`] if there are several).
    fn user(&self, tenant: Option<TenantId>, id: UserId) -> Answer<'_, User>;
    /// A user, its tenant and its password's hash, as one consistent read; by id.
    fn credentials(&self, tenant: TenantId, id: UserId) -> Answer<'_, Credentials>;
    /// The same by email, without regard to ASCII case.
    fn credentials_by_email<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Credentials>;
    /// Users that match, in a stable order.
    fn users<'a>(&'a self, filter: &'a UserFilter, page: &'a PageRequest) -> Answer<'a, Page<User>>;
    /// Makes a user. [`crate::store::StoreError::Taken`] with `email` or `user_id` where one is. A `user_id` that was
    /// deleted comes back with higher versions and floors. `action` is the audit entry's.
    fn create_user(&self, user: NewUser, action: &'static str, by: Provenance) -> Answer<'_, User>;
    /// Changes a user: see [`UserChange`].
    fn change_user(&self, change: UserChange) -> Answer<'_, Changed<User>>;
    /// Ends everything of a user (version, floor, ledger entry), and erases what is personal of it and of its sessions
    /// (email, password, device name, user agent, addresses, extra claims). Ledger and audit keep ids.
    /// [`crate::store::StoreError::Forbidden`] for an admin unless `may_touch_admins`.
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
    fn client(&self, id: ClientId, now: Timestamp) -> Answer<'_, (ApiClient, Vec<ClientSecretHash>)>;
    /// API clients, of one tenant or (`None`) of all and of none, oldest first.
    fn clients<'a>(&'a self, tenant: Option<TenantId>, page: &'a PageRequest) -> Answer<'a, Page<ApiClient>>;
    /// Makes an API client.
    fn create_client(&self, client: NewClient, by: Provenance) -> Answer<'_, ApiClient>;
    /// Replaces a client's secret; the old one stays good until `rotation.old_until`.
    fn rotate_client_secret(&self, rotation: SecretRotation, by: Provenance) -> Answer<'_, ApiClient>;
    /// Deletes a client: the sessions that it opened are dead from then on, and a ledger entry kills their tokens. With a
    /// tenant: only a client bound to that one.
    fn delete_client(
        &self,
        within: Option<TenantId>,
        id: ClientId,
        access_exp: Timestamp,
        by: Provenance,
    ) -> Answer<'_, Changed<()>>;
    /// Notes that a client proved its secret. May be lost in a crash; writes nothing where the noted use is less than a
    /// minute older.
    fn note_client_use(&self, id: ClientId, at: Timestamp) -> Answer<'_, ()>;
}

/// What the first start makes.
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// Not those of this tenant.
    pub except: Option<TenantId>,
    /// Whose email contains this, without regard to ASCII case, or whose id is this.
    pub query: Option<String>,
}

/// Another secret for an API client.
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
