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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, acme, .. }| {
/// use rescind::session::Status;
///
/// let (store, now) = (ports.store, opening.by.at);
/// let opened = store.open(opening.clone()).await?;
/// let session = store.session(opening.id, Some(acme), now).await?;
/// assert_eq!((session.number, session.status), (opened.number, Status::Active));
/// // A limit that passes ends it, and nobody has to write that down.
/// let session = store.session(opening.id, Some(acme), opening.idle_expires_at).await?;
/// assert_eq!(session.status, Status::Expired);
/// # Ok(())
/// # });
/// ```
pub trait SessionStore: Send + Sync {
    /// Opens a session in one transaction, with the user made or brought up to date first where a [`Profile`] says so, and
    /// the least recently used ones ended where there would be too many.
    ///
    /// Guarded: the signing keys are active ([`crate::store::StoreError::KeyGone`]), and nothing was cut since the
    /// standing was read ([`crate::store::StoreError::Conflict`]).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
    /// use rescind::session::OpenSession;
    /// use rescind::store::StoreError;
    ///
    /// // The key that was to sign has been rotated away: nothing is opened.
    /// let late = OpenSession { signing_kid: "gone".into(), ..opening.clone() };
    /// assert_eq!(ports.store.open(late).await.unwrap_err(), StoreError::KeyGone);
    ///
    /// let opened = ports.store.open(opening.clone()).await?;
    /// assert_eq!(opened.chain.current, opening.first);
    /// # Ok(())
    /// # });
    /// ```
    fn open(&self, open: OpenSession) -> Answer<'_, Opened>;
    /// Answers a refresh token, in one transaction whose first statement rotates under every guard at once. Of any number of
    /// concurrent callers exactly one rotates; the others are judged by [`crate::session::judge`].
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
    /// use rescind::session::Rotated;
    ///
    /// ports.store.open(opening.clone()).await?;
    /// # let presenting = || rescind_examples::presenting(&opening);
    /// // Its first refresh token, and what is to come after it, drawn anew at each try.
    /// let Rotated::Rotated(chain) = ports.store.rotate(presenting()).await? else { panic!("it is current") };
    /// assert_eq!(chain.generation, 1);
    /// // The answer was lost: the same successor once more.
    /// let Rotated::Replayed { chain: again, .. } = ports.store.rotate(presenting()).await? else {
    ///     panic!("it is the parent of the current one")
    /// };
    /// assert_eq!(again.current, chain.current);
    /// # Ok(())
    /// # });
    /// ```
    fn rotate(&self, rotate: Rotate) -> Answer<'_, Rotated>;

    /// A session, within a tenant where given.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, acme, pair, .. }| {
    /// use rescind::store::StoreError;
    ///
    /// let (id, now) = (pair.session_id, authority.now());
    /// assert_eq!(ports.store.session(id, Some(acme), now).await?.number, 1);
    /// let elsewhere = Some(authority.system_tenant());
    /// assert_eq!(ports.store.session(id, elsewhere, now).await, Err(StoreError::NotFound));
    /// # Ok(())
    /// # });
    /// ```
    fn session(&self, id: SessionId, tenant: Option<TenantId>, now: Timestamp) -> Answer<'_, Session>;
    /// A user's sessions, newest first.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, pair, .. }| {
    /// use rescind::session::SessionFilter;
    /// # let (tenant, user, now) = (opening.tenant, opening.user, opening.by.at);
    /// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
    ///
    /// ports.store.open(opening.clone()).await?;
    /// let filter = SessionFilter { tenant, user, status: None, now };
    /// let sessions = ports.store.sessions(&filter, &page).await?.items;
    /// let ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
    /// assert_eq!(ids, [opening.id, pair.session_id], "the newest first");
    /// # Ok(())
    /// # });
    /// ```
    fn sessions<'a>(&'a self, filter: &'a SessionFilter, page: &'a PageRequest) -> Answer<'a, Page<Session>>;
    /// Names a user's session's device.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
    /// let (me, by) = (ada.signed_in()?, ada.provenance(authority.now()));
    /// let named = ports.store.rename_session(me.session, me.tenant, me.user, "kitchen".into(), by).await?;
    /// assert_eq!(named.device.name.as_deref(), Some("kitchen"));
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
    /// # let jti = rescind::id::Jti(uuid::Uuid::from_u128(9));
    /// let (store, now) = (ports.store, opening.by.at);
    /// store.open(opening.clone()).await?;
    /// let chain = store.remint(opening.id, jti, opening.access_exp, opening.signing_kid, now).await?;
    /// // Another access token; the refresh token is as it was.
    /// assert_eq!((chain.access_jti, chain.current), (jti, opening.first));
    /// # Ok(())
    /// # });
    /// ```
    fn remint(
        &self,
        id: SessionId,
        access_jti: Jti,
        access_exp: Timestamp,
        signing_kid: String,
        now: Timestamp,
    ) -> Answer<'_, Chain>;
    /// Whose jti this is, where it is the last access token's, or the current or last refresh token's, of a session.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
    /// use rescind::ledger::TokenKey;
    ///
    /// ports.store.open(opening.clone()).await?;
    /// let owner = ports.store.jti_owner(&TokenKey::from(opening.first.jti.0)).await?;
    /// assert_eq!((owner.session, owner.refresh), (opening.id, true));
    /// # Ok(())
    /// # });
    /// ```
    fn jti_owner<'a>(&'a self, jti: &'a TokenKey) -> Answer<'a, JtiOwner>;
}

/// A session to be opened.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, backend, .. }| {
/// use rescind::session::{OpenSession, Profile};
/// # let bob = rescind::id::UserId(uuid::Uuid::from_u128(0xb0b));
///
/// // A backend tells who the user is, who is made where nobody knows him.
/// let opening = OpenSession {
///     user: bob,
///     client: backend.identity.client(),
///     profile: Some(Profile { email: "bob@example.com".into(), role: "member".into() }),
///     ..opening
/// };
/// assert_eq!(ports.store.open(opening).await?.user.email, "bob@example.com");
/// # Ok(())
/// # });
/// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { opening, .. }| {
    /// use rescind::session::OpenSession;
    /// use rescind::store::StoreError;
    ///
    /// let opening = OpenSession { may_touch_admins: false, ..opening };
    /// assert_eq!(opening.guard_role("member"), Ok(()));
    /// assert_eq!(opening.guard_role("admin"), Err(StoreError::Forbidden));
    /// # Ok(())
    /// # });
    /// ```
    pub fn guard_role(&self, role: &str) -> Result<(), StoreError> {
        if role == ADMIN_ROLE && !self.may_touch_admins { Err(StoreError::Forbidden) } else { Ok(()) }
    }

    /// That nothing which ends sessions came since the standing was read ([`StoreError::Conflict`] otherwise).
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, acme, .. }| {
    /// use rescind::directory::User;
    /// use rescind::session::OpenSession;
    /// use rescind::store::StoreError;
    ///
    /// let read = ports.store.credentials(acme, opening.user).await?;
    /// let opening = OpenSession { standing: Some(read.standing()), ..opening };
    /// assert_eq!(opening.guard_standing(&read.user, &read.tenant), Ok(()));
    /// // A cut came while the password was being checked.
    /// let cut = User { session_floor: read.user.session_floor + 1, ..read.user };
    /// assert_eq!(opening.guard_standing(&cut, &read.tenant), Err(StoreError::Conflict));
    /// # Ok(())
    /// # });
    /// ```
    pub fn guard_standing(&self, user: &User, tenant: &Tenant) -> Result<(), StoreError> {
        let cut = self.standing.is_some_and(|read| {
            read.session_floor < user.session_floor || read.tenant_session_floor < tenant.session_floor
        });
        if cut || user.disabled || tenant.suspended { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// When the session ends unless it is refreshed: never beyond its absolute limit.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { opening, .. }| {
    /// use rescind::session::OpenSession;
    ///
    /// let day = std::time::Duration::from_secs(86_400);
    /// let opening = OpenSession { idle_expires_at: opening.expires_at.plus(day), ..opening };
    /// assert_eq!(opening.idle_limit(), opening.expires_at);
    /// # Ok(())
    /// # });
    /// ```
    pub fn idle_limit(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }

    /// What the first tokens say: what the row that was just written would be read as.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { ports, opening, acme, .. }| {
    /// let known = ports.store.credentials(acme, opening.user).await?;
    /// let chain = opening.first_chain(&known.user, &known.tenant);
    /// assert_eq!((chain.generation, chain.standing), (0, known.standing()));
    /// assert_eq!(chain, ports.store.open(opening).await?.chain);
    /// # Ok(())
    /// # });
    /// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
/// use rescind::ledger::CutKind;
/// use rescind::session::{OpenSession, Profile};
///
/// // Ada has another address by now.
/// let profile = Some(Profile { email: "ada@example.org".into(), role: "member".into() });
/// let opened = ports.store.open(OpenSession { profile, ..opening }).await?;
/// assert_eq!(opened.user.email, "ada@example.org");
/// // An access token that says otherwise is dead.
/// assert_eq!(opened.entries[0].mark.kind(), CutKind::User);
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its email.
    pub email: String,
    /// Its role.
    pub role: String,
}

/// A refresh token to be: what rebuilds it to the byte, but for the secret itself.
///
/// ```
/// use rescind::entropy::random_bytes;
/// use rescind::session::Successor;
/// use rescind::system::SystemEntropy;
/// use rescind::token::TokenId;
/// # let session = rescind::id::SessionId(uuid::Uuid::from_u128(1));
/// # let jti = rescind::id::Jti(uuid::Uuid::from_u128(2));
///
/// let parent = TokenId::generate(&SystemEntropy);
/// let salt = random_bytes(&SystemEntropy);
/// let kept = Successor { hash: parent.successor(&salt, session).hash(), salt, jti, mac_kid: "k1".into() };
/// // Whoever holds the parent comes to the same secret again; what is kept does not tell it.
/// assert_eq!(parent.successor(&kept.salt, session).hash(), kept.hash);
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
/// let opened = ports.store.open(opening).await?;
/// assert_eq!((opened.number, opened.chain.generation), (2, 0), "her second session, its first token");
/// assert!(opened.entries.is_empty(), "no session gave way to it");
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, backend, .. }| {
/// use rescind::session::{Rotate, Rotated};
/// # let rotate = rescind_examples::presenting(&opening);
///
/// // A session that was opened by password: no client may say that it is its own.
/// ports.store.open(opening.clone()).await?;
/// let rotate = Rotate { claimed_client: Some(backend.identity.client()), ..rotate };
/// assert!(matches!(ports.store.rotate(rotate).await?, Rotated::WrongClient));
/// # Ok(())
/// # });
/// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { opening, backend, .. }| {
    /// use rescind::session::Rotate;
    /// # let rotate = rescind_examples::presenting(&opening);
    ///
    /// let client = backend.identity.client();
    /// assert!(!rotate.is_wrong_client(client, false), "it need not say who it is");
    /// assert!(rotate.is_wrong_client(client, true), "it has to prove its secret");
    /// let proven = Rotate { proven_client: client, ..rotate };
    /// assert!(!proven.is_wrong_client(client, true));
    /// # Ok(())
    /// # });
    /// ```
    pub fn is_wrong_client(&self, client: Option<ClientId>, requires_secret: bool) -> bool {
        let proven = self.proven_client;
        self.claimed_client.is_some_and(|claimed| claimed != client)
            || (proven.is_some() && proven != client)
            || (requires_secret && proven != client)
    }
}

/// What a refresh token was answered with.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
/// use rescind::ledger::CutKind;
/// use rescind::session::{Presented, Rotate, Rotated};
/// # let presenting = || rescind_examples::presenting(&opening);
///
/// ports.store.open(opening.clone()).await?;
/// // It was signed here, and is neither the current token nor one before it.
/// let copied = Rotate { presented: Presented { hash: [7; 32], generation: 0 }, ..presenting() };
/// let Rotated::Theft(entry) = ports.store.rotate(copied).await? else { panic!("nobody honest has it") };
/// assert_eq!(entry.mark.kind(), CutKind::Session);
/// assert!(matches!(ports.store.rotate(presenting()).await?, Rotated::Revoked), "for everybody");
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, opening, .. }| {
/// let chain = ports.store.open(opening).await?.chain;
/// let user = ports.store.user(Some(chain.tenant), chain.user).await?;
/// // Read in one go: no token says a role of before a cut with the version of after it.
/// assert_eq!((chain.role, chain.standing.token_version), (user.role, user.token_version));
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
/// use rescind::ledger::TokenKey;
/// use rescind::session::JtiOwner;
///
/// let me = ada.signed_in()?;
/// let (session, user, tenant) = (me.session, me.user, me.tenant);
/// let jti = ports.store.session(session, Some(tenant), authority.now()).await?.access_jti;
/// let owner = ports.store.jti_owner(&TokenKey::from(jti.0)).await?;
/// assert_eq!(owner, JtiOwner { session, user, tenant, refresh: false, rotated_at: None });
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, authority, ada, .. }| {
/// use rescind::session::{SessionFilter, StatusFilter};
/// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
///
/// authority.revoke_all_own(&ada).await?;
/// let (me, now) = (ada.signed_in()?, authority.now());
/// let of = |status| SessionFilter { tenant: me.tenant, user: me.user, status, now };
/// assert_eq!(ports.store.sessions(&of(None), &page).await?.items.len(), 1);
/// assert_eq!(ports.store.sessions(&of(Some(StatusFilter::Active)), &page).await?.items, []);
/// # Ok(())
/// # });
/// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, ada, clock, .. }| {
/// use rescind::session::StatusFilter;
/// # let page = rescind::store::PageRequest { limit: 50, cursor: None };
///
/// clock.forward(authority.settings().session_ttl);
/// let (me, expired) = (ada.signed_in()?, Some(StatusFilter::Expired));
/// let over = authority.sessions_of(&operator, me.user, Some(me.tenant), expired, &page).await?;
/// assert_eq!(over.items[0].id, me.session);
/// # Ok(())
/// # });
/// ```
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
    ///
    /// ```
    /// use rescind::session::{Status, StatusFilter};
    ///
    /// assert!(StatusFilter::Expired.accepts(&Status::Expired));
    /// assert!(!StatusFilter::Revoked.accepts(&Status::Expired), "nobody ended it");
    /// ```
    pub fn accepts(self, status: &Status) -> bool {
        matches!(
            (self, status),
            (Self::Active, Status::Active)
                | (Self::Revoked, Status::Revoked(_))
                | (Self::Expired, Status::Expired)
        )
    }
}
