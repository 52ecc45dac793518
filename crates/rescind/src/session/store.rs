//! What sessions ask of a store.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::directory::{ADMIN_ROLE, Standing, Tenant, User};
use crate::id::{ClientId, Jti, SessionId, TenantId, UserId};
use crate::ledger::{Entry, TokenKey};
use crate::session::{Device, Presented, RefreshPolicy, Session, Status};
use crate::store::{Answer, Page, PageRequest, Provenance, StoreError};

/// Sessions, kept.
///
/// A session is alive while: it was not revoked itself; neither limit has passed; its stored floors are not below its
/// user's and its tenant's; its user is there and not disabled; its tenant is not suspended; and the client that opened it is not deleted.
pub trait SessionStore: Send + Sync {
    /// Opens a session in one transaction, with the user made or brought up to date first where a [`Profile`] says so, and
    /// the least recently used ones ended where there would be too many.
    ///
    /// Guarded: the signing keys are active ([`crate::store::StoreError::KeyGone`]), and nothing was cut since the
    /// standing was read ([`crate::store::StoreError::Conflict`]).
    fn open(&self, open: OpenSession) -> Answer<'_, Opened>;
    /// Answers a refresh token, in one transaction whose first statement rotates under every guard at once. Of any number of
    /// concurrent callers exactly one rotates; the others are judged by [`crate::session::judge`].
    fn rotate(&self, rotate: Rotate) -> Answer<'_, Rotated>;

    /// A session, within a tenant where given.
    fn session(&self, id: SessionId, tenant: Option<TenantId>, now: Timestamp) -> Answer<'_, Session>;
    /// A user's sessions, newest first.
    fn sessions<'a>(&'a self, filter: &'a SessionFilter, page: &'a PageRequest) -> Answer<'a, Page<Session>>;
    /// Names a user's session's device.
    fn rename_session(
        &self,
        id: SessionId,
        tenant: TenantId,
        user: UserId,
        name: String,
        by: Provenance,
    ) -> Answer<'_, Session>;
    /// Mints on behalf of a live session outside of a refresh (after "all but this one"): notes the access token's `jti` and
    /// answers with what it is to say. Guarded as a refresh is.
    fn remint(
        &self,
        id: SessionId,
        access_jti: Jti,
        access_exp: Timestamp,
        signing_kid: String,
        now: Timestamp,
    ) -> Answer<'_, Chain>;
    /// Whose jti this is, where it is the last access token's, or the current or last refresh token's, of a session.
    fn jti_owner<'a>(&'a self, jti: &'a TokenKey) -> Answer<'a, JtiOwner>;
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// By which API client; none: by password.
    pub client: Option<ClientId>,
    /// What was read before the credentials were checked. None: the present one, since a backend has checked them before.
    pub standing: Option<Standing>,
    /// Who the user is, told by a backend: made if unknown, brought up to date if different.
    pub profile: Option<Profile>,
    /// Whether the user may be, or become, an admin ([`crate::store::StoreError::Forbidden`] otherwise).
    pub may_touch_admins: bool,
    /// The `aud` of its access tokens.
    pub audience: Vec<String>,
    /// Extra claims of its access tokens.
    pub claims: Map<String, Value>,
    /// What its device told.
    pub device: Device,
    /// The first refresh token.
    pub first: Successor,
    /// When the session ends unless it is refreshed before.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// The first access token's `jti`.
    pub access_jti: Jti,
    /// The first access token's `exp`.
    pub access_exp: Timestamp,
    /// The key that signs it.
    pub signing_kid: String,
    /// The most sessions that a user may have; 0: no limit.
    pub max_sessions: u32,
    /// The audit entry's action.
    pub action: &'static str,
    /// Who opens it, and when.
    pub by: Provenance,
}

impl OpenSession {
    /// That a user with this role may have a session opened ([`StoreError::Forbidden`] otherwise).
    pub fn guard_role(&self, role: &str) -> Result<(), StoreError> {
        if role == ADMIN_ROLE && !self.may_touch_admins { Err(StoreError::Forbidden) } else { Ok(()) }
    }

    /// That nothing which ends sessions came since the standing was read ([`StoreError::Conflict`] otherwise).
    pub fn guard_standing(&self, user: &User, tenant: &Tenant) -> Result<(), StoreError> {
        let cut = self.standing.is_some_and(|read| {
            read.session_floor < user.session_floor || read.tenant_session_floor < tenant.session_floor
        });
        if cut || user.disabled || tenant.suspended { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// When the session ends unless it is refreshed: never beyond its absolute limit.
    pub fn idle_limit(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }

    /// What the first tokens say: what the row that was just written would be read as.
    pub fn first_chain(&self, user: &User, tenant: &Tenant) -> Chain {
        Chain {
            session: self.id,
            user: self.user,
            tenant: self.tenant,
            client: self.client,
            email: user.email.clone(),
            role: user.role.clone(),
            standing: Standing {
                token_version: user.token_version,
                session_floor: user.session_floor,
                tenant_token_version: tenant.token_version,
                tenant_session_floor: tenant.session_floor,
            },
            audience: self.audience.clone(),
            claims: self.claims.clone(),
            access_jti: self.access_jti,
            generation: 0,
            current: self.first.clone(),
            rotated_at: self.by.at,
            idle_expires_at: self.idle_limit(),
        }
    }
}

/// Who a user is, told by a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its email.
    pub email: String,
    /// Its role.
    pub role: String,
}

/// A refresh token to be: what rebuilds it to the byte, but for the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// SHA-256 of its `token_id`.
    pub hash: [u8; 32],
    /// The salt with which the `token_id` came from its parent's; random for a first one too.
    pub salt: [u8; 32],
    /// Its `jti`.
    pub jti: Jti,
    /// The key of its MAC.
    pub mac_kid: String,
}

/// What opening did.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The session's number.
    pub number: i64,
    /// The user as it now is.
    pub user: User,
    /// What the tokens are to say.
    pub chain: Chain,
    /// Ledger entries: of sessions that gave way, or of a version raised for a changed email or role.
    pub entries: Vec<Entry>,
}

/// A refresh token, presented.
#[derive(Clone, Debug)]
pub struct Rotate {
    /// The session that it names.
    pub session: SessionId,
    /// The user that it names: must be the session's.
    pub user: UserId,
    /// Its hash and generation.
    pub presented: Presented,
    /// What comes after it, if it is the current one.
    pub successor: Successor,
    /// When the session then ends unless it is refreshed again; never beyond its absolute limit.
    pub idle_expires_at: Timestamp,
    /// The new access token's `jti`.
    pub access_jti: Jti,
    /// The new access token's `exp`.
    pub access_exp: Timestamp,
    /// The key that signs it.
    pub signing_kid: String,
    /// The client that the caller says it is: must be the session's (`None` inside: the one of sign-ins by password).
    pub claimed_client: Option<Option<ClientId>>,
    /// The client whose secret the caller has proven.
    pub proven_client: Option<ClientId>,
    /// How forgiving to be.
    pub policy: RefreshPolicy,
    /// The address that it came from: the session's, if it rotates.
    pub device_ip: Option<std::net::IpAddr>,
    /// Who presents it, and when.
    pub by: Provenance,
}

impl Rotate {
    /// Whether the caller is not the client of a session that `client` opened, or has not proven to be where it must.
    pub fn is_wrong_client(&self, client: Option<ClientId>, requires_secret: bool) -> bool {
        let proven = self.proven_client;
        self.claimed_client.is_some_and(|claimed| claimed != client)
            || (proven.is_some() && proven != client)
            || (requires_secret && proven != client)
    }
}

/// What a refresh token was answered with.
#[derive(Clone, Debug)]
pub enum Rotated {
    /// It was the current one; this is its successor.
    Rotated(Chain),
    /// It was the parent; this is the same successor once more.
    Replayed {
        /// What the tokens are to say.
        chain: Chain,
        /// Whether it came later than `grace`.
        late: bool,
    },
    /// A slow tab.
    Superseded,
    /// There is no such session, or not of that user; or a generation that this store has not seen.
    Unknown,
    /// The session was ended.
    Revoked,
    /// A limit of the session has passed.
    Expired,
    /// The caller is not the session's client, or has not proven to be where it must.
    WrongClient,
    /// It was used twice: the session is cut now.
    Theft(Box<Entry>),
}

/// What a session's tokens are to say, as one consistent read.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The session.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// The client that opened it.
    pub client: Option<ClientId>,
    /// The user's email.
    pub email: String,
    /// The user's role.
    pub role: String,
    /// Versions as of now.
    pub standing: Standing,
    /// The `aud` of access tokens.
    pub audience: Vec<String>,
    /// Extra claims of access tokens.
    pub claims: Map<String, Value>,
    /// The access token's `jti`.
    pub access_jti: Jti,
    /// The current refresh token's generation.
    pub generation: i64,
    /// Its `jti`, salt, hash and MAC key.
    pub current: Successor,
    /// When the current refresh token came to be: its `iat`, whole seconds.
    pub rotated_at: Timestamp,
    /// When the session ends unless refreshed: its `exp`, rounded down to whole seconds.
    pub idle_expires_at: Timestamp,
}

/// Whose jti it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JtiOwner {
    /// The session.
    pub session: SessionId,
    /// The user.
    pub user: UserId,
    /// The tenant.
    pub tenant: TenantId,
    /// Whether it is a refresh token's.
    pub refresh: bool,
    /// When that refresh token was traded for its successor; none for one that is current.
    pub rotated_at: Option<Timestamp>,
}

/// Which sessions to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this tenant's
    pub tenant: TenantId,
    /// user.
    pub user: UserId,
    /// `active`, `revoked` or `expired` only.
    pub status: Option<StatusFilter>,
    /// What "active" means.
    pub now: Timestamp,
}

/// A status to list by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Only those that can be refreshed.
    Active,
    /// Only those that were ended.
    Revoked,
    /// Only those whose limit has passed.
    Expired,
}

impl StatusFilter {
    /// Whether a session of this status is meant.
    pub fn accepts(self, status: &Status) -> bool {
        matches!(
            (self, status),
            (Self::Active, Status::Active)
                | (Self::Revoked, Status::Revoked(_))
                | (Self::Expired, Status::Expired)
        )
    }
}
