//! A small world on an empty store: two tenants, keys, a clock that is set by hand, ids that count.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use rescind::audit::{Actor, AuditEntry, AuditFilter, action};
use rescind::clock::Timestamp;
use rescind::directory::{
    ADMIN_ROLE, ApiClient, ClientSecretHash, FirstStart, NewClient, NewTenant, NewUser, PasswordHash, Scope,
    Tenant, User, UserChange, UserFilter,
};
use rescind::id::{ClientId, Jti, SessionId, TenantId, UserId};
use rescind::keys::{KeyChange, KeyUse, NewKey, Sealed};
use rescind::ledger::{Cursor, Cut, CutOutcome, CutTarget, Entry, EntryFilter, Follow};
use rescind::session::{
    Chain, Device, OpenSession, Opened, Presented, Profile, RefreshPolicy, Rotate, Rotated, Session, Status,
    Successor,
};
use rescind::store::{Page, PageRequest, Provenance, Store, StoreError};
use serde_json::Map;
use uuid::Uuid;

/// Closes a store, and opens one on the same data.
pub type Reopen =
    dyn Fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send>> + Send + Sync;

/// A store to be tested, empty, with what keeps it alive.
pub struct Backend {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Closes a store, and opens one on the same data.
    pub reopen: Box<Reopen>,
    /// Dropped last: a directory, say.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Backend {
    /// A store that is not reopened.
    pub fn of(store: Arc<dyn Store>, keep: impl Any + Send + Sync) -> Self {
        Self { store, reopen: Box::new(|old| Box::pin(std::future::ready(old))), keep: Box::new(keep) }
    }
}

/// How long an access token lives in this world.
pub const ACCESS_TTL: Duration = Duration::from_secs(900);
/// How long a session lives unless it is refreshed.
pub const IDLE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long a session lives in any case.
pub const ABSOLUTE: Duration = Duration::from_secs(90 * 24 * 3600);
/// How forgiving refreshes are.
pub const POLICY: RefreshPolicy = RefreshPolicy {
    grace: Duration::from_secs(10),
    lost_reply_window: Duration::from_secs(24 * 3600),
    replay_limit: 3,
};
/// The key that signs access tokens.
pub const SIGNING_KID: &str = "signing-1";
/// The key that signs refresh tokens.
pub const MAC_KID: &str = "mac-1";

/// The world.
pub struct World {
    /// The store under test.
    pub store: Arc<dyn Store>,
    /// The reserved tenant.
    pub system: TenantId,
    /// The tenant in which most happens.
    pub tenant: TenantId,
    backend: Backend,
    now: AtomicI64,
    count: AtomicU64,
}

/// A refresh token, as its holder has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its session.
    pub session: SessionId,
    /// Its user.
    pub user: UserId,
    /// Its hash and generation.
    pub presented: Presented,
    /// Its jti.
    pub jti: Jti,
}

impl Held {
    /// What a chain hands out.
    pub fn of(chain: &Chain) -> Self {
        Self {
            session: chain.session,
            user: chain.user,
            presented: Presented { hash: chain.current.hash, generation: chain.generation },
            jti: chain.current.jti,
        }
    }
}

impl World {
    /// A store with nothing in it.
    pub fn empty(backend: Backend) -> Self {
        Self {
            store: Arc::clone(&backend.store),
            system: TenantId(Uuid::from_u128(1)),
            tenant: TenantId(Uuid::from_u128(2)),
            backend,
            now: AtomicI64::new(1_800_000_000_000),
            count: AtomicU64::new(1000),
        }
    }

    /// A store after its first start, with one active key of each use.
    pub async fn new(backend: Backend) -> Self {
        let world = Self::empty(backend);
        assert!(world.store.first_start(world.first_start()).await.unwrap());
        let added = world.key_change(|change| {
            change.add = vec![
                world.new_key(SIGNING_KID, KeyUse::Access, true),
                world.new_key(MAC_KID, KeyUse::Refresh, true),
            ];
        });
        world.store.change_keys(added).await.unwrap();
        world
    }

    /// Closes the store and opens it again.
    pub async fn restart(&mut self) {
        // The one in the backend goes too: the last handle closes.
        let placeholder = Arc::clone(&self.store);
        let old = std::mem::replace(&mut self.store, placeholder);
        self.backend.store = Arc::clone(&old);
        self.store = (self.backend.reopen)(old).await;
        self.backend.store = Arc::clone(&self.store);
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Lets seconds pass.
    pub fn pass_secs(&self, secs: u64) {
        self.pass(Duration::from_secs(secs));
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Timestamp) {
        self.now.store(now.as_millis(), Ordering::Relaxed);
    }

    /// A number that was not given out before.
    pub fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// An id that was not given out before.
    pub fn id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.next()))
    }

    /// 32 bytes that were not given out before.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0xa5; 32];
        hash[..8].copy_from_slice(&self.next().to_be_bytes());
        hash
    }

    /// The command line, now.
    pub fn by(&self) -> Provenance {
        self.by_actor(Actor::CommandLine)
    }

    /// Somebody, now.
    pub fn by_actor(&self, actor: Actor) -> Provenance {
        Provenance {
            actor,
            ip: Some([192, 0, 2, 7].into()),
            request_id: Some("request-7".to_owned()),
            at: self.now(),
        }
    }

    /// When an access token minted now expires.
    pub fn access_exp(&self) -> Timestamp {
        Timestamp::from_secs(self.now().plus(ACCESS_TTL).as_secs())
    }

    /// What a first start makes.
    pub fn first_start(&self) -> FirstStart {
        let tenant = |id, slug: &str| NewTenant { id, slug: slug.to_owned(), name: slug.to_owned() };
        FirstStart {
            system: tenant(self.system, "system"),
            default: tenant(self.tenant, "default"),
            operator: NewUser {
                id: UserId(Uuid::from_u128(3)),
                tenant: self.system,
                email: "admin@localhost".to_owned(),
                role: ADMIN_ROLE.to_owned(),
                password: Some(PasswordHash("operator".to_owned())),
            },
            by: self.by(),
        }
    }

    /// Another tenant.
    pub async fn new_tenant(&self, slug: &str) -> Tenant {
        let tenant = NewTenant { id: TenantId(self.id()), slug: slug.to_owned(), name: slug.to_uppercase() };
        self.store.create_tenant(tenant, self.by()).await.unwrap()
    }

    /// A user to be made in [`World::tenant`].
    pub fn new_user(&self, email: &str) -> NewUser {
        NewUser {
            id: UserId(self.id()),
            tenant: self.tenant,
            email: email.to_owned(),
            role: "member".to_owned(),
            password: Some(PasswordHash(format!("password of {email}"))),
        }
    }

    /// A user of [`World::tenant`].
    pub async fn user(&self, email: &str) -> User {
        self.store.create_user(self.new_user(email), action::USER_CREATED, self.by()).await.unwrap()
    }

    /// A user of the tenant `system`, who is an operator where the role is `admin`.
    pub async fn operator(&self, email: &str, role: &str, has_password: bool) -> User {
        let new = self.new_user(email);
        let password = new.password.clone().filter(|_| has_password);
        let new = NewUser { tenant: self.system, role: role.to_owned(), password, ..new };
        self.store.create_user(new, action::USER_CREATED, self.by()).await.unwrap()
    }

    /// A change of a user that changes nothing yet.
    pub fn user_change(&self, user: &User) -> UserChange {
        UserChange {
            tenant: user.tenant,
            user: user.id,
            role: None,
            email: None,
            password: None,
            disabled: None,
            spare: None,
            only_if_password: None,
            may_touch_admins: true,
            access_exp: self.access_exp(),
            action: action::USER_UPDATED,
            reason: None,
            by: self.by(),
        }
    }

    /// An API client, bound to a tenant or not.
    pub async fn client(&self, tenant: Option<TenantId>) -> ApiClient {
        self.store.create_client(self.new_client(tenant), self.by()).await.unwrap()
    }

    /// An API client to be made.
    pub fn new_client(&self, tenant: Option<TenantId>) -> NewClient {
        NewClient {
            id: ClientId(self.id()),
            name: "backend".to_owned(),
            scopes: [Scope::SessionsWrite, Scope::Introspect].into_iter().collect(),
            tenant,
            refresh_requires_secret: false,
            secret: ClientSecretHash(self.hash()),
        }
    }

    /// A change of keys that changes nothing yet, on top of what nobody changed.
    pub fn key_change(&self, fill: impl FnOnce(&mut KeyChange)) -> KeyChange {
        let mut change = KeyChange {
            seen_version: 0,
            revoke: Vec::new(),
            retire: Vec::new(),
            promote: Vec::new(),
            schedule: None,
            add: Vec::new(),
            forget: Vec::new(),
            reason: None,
            action: action::KEY_ROTATED,
            by: self.by(),
        };
        fill(&mut change);
        change
    }

    /// Changes keys as they now are.
    pub async fn change_keys(&self, fill: impl FnOnce(&mut KeyChange)) -> Result<Vec<Entry>, StoreError> {
        let (_, version) = self.store.keys().await.unwrap();
        let mut change = self.key_change(fill);
        change.seen_version = version;
        self.store.change_keys(change).await
    }

    /// A key to be made.
    pub fn new_key(&self, kid: &str, usage: KeyUse, active: bool) -> NewKey {
        let alg = match usage {
            KeyUse::Access => "EdDSA",
            KeyUse::Refresh => "HS256",
        };
        NewKey {
            kid: kid.to_owned(),
            usage,
            alg: alg.to_owned(),
            sealed: Sealed(format!("sealed {kid}").into_bytes()),
            active,
        }
    }

    /// A refresh token to be.
    pub fn successor(&self) -> Successor {
        Successor { hash: self.hash(), salt: self.hash(), jti: Jti(self.id()), mac_kid: MAC_KID.to_owned() }
    }

    /// A session to be opened for a user.
    pub fn opening(&self, user: &User) -> OpenSession {
        OpenSession {
            id: SessionId(self.id()),
            user: user.id,
            tenant: user.tenant,
            client: None,
            standing: None,
            profile: None,
            may_touch_admins: true,
            audience: vec!["https://api.example".to_owned()],
            claims: Map::new(),
            device: Device {
                name: Some("phone".to_owned()),
                user_agent: Some("agent/1".to_owned()),
                ip: Some([198, 51, 100, 1].into()),
            },
            first: self.successor(),
            idle_expires_at: self.now().plus(IDLE),
            expires_at: self.now().plus(ABSOLUTE),
            access_jti: Jti(self.id()),
            access_exp: self.access_exp(),
            signing_kid: SIGNING_KID.to_owned(),
            max_sessions: 0,
            action: action::SIGNED_IN,
            by: self.by_actor(Actor::User(user.id)),
        }
    }

    /// Opens a session for a user.
    pub async fn open(&self, user: &User) -> Opened {
        self.store.open(self.opening(user)).await.unwrap()
    }

    /// Opens a session as a backend does, which tells who the user is.
    pub async fn hand_over(&self, client: &ApiClient, user: UserId, profile: Profile) -> Opened {
        self.store.open(self.handing_over(client, user, profile)).await.unwrap()
    }

    /// A session to be opened as a backend does.
    pub fn handing_over(&self, client: &ApiClient, user: UserId, profile: Profile) -> OpenSession {
        let stranger = User {
            id: user,
            tenant: self.tenant,
            email: String::new(),
            role: String::new(),
            disabled: false,
            token_version: 0,
            session_floor: 0,
            created_at: self.now(),
        };
        OpenSession {
            client: Some(client.id),
            profile: Some(profile),
            action: action::SESSION_OPENED,
            by: self.by_actor(Actor::Client(client.id)),
            ..self.opening(&stranger)
        }
    }

    /// A refresh token, to be presented.
    pub fn rotation(&self, held: Held) -> Rotate {
        Rotate {
            session: held.session,
            user: held.user,
            presented: held.presented,
            successor: self.successor(),
            idle_expires_at: self.now().plus(IDLE),
            access_jti: Jti(self.id()),
            access_exp: self.access_exp(),
            signing_kid: SIGNING_KID.to_owned(),
            claimed_client: None,
            proven_client: None,
            policy: POLICY,
            device_ip: None,
            by: self.by_actor(Actor::User(held.user)),
        }
    }

    /// Presents a refresh token.
    pub async fn refresh(&self, held: Held) -> Rotated {
        self.store.rotate(self.rotation(held)).await.unwrap()
    }

    /// Presents the current refresh token, and returns its successor.
    pub async fn rotate(&self, held: Held) -> Held {
        match self.refresh(held).await {
            Rotated::Rotated(chain) => Held::of(&chain),
            other => panic!("not rotated: {other:?}"),
        }
    }

    /// A cut to be made by the command line.
    pub fn cutting(&self, target: CutTarget) -> Cut {
        let action = match target {
            CutTarget::Token { .. } | CutTarget::Digest { .. } => action::TOKEN_REVOKED,
            CutTarget::Session { .. } | CutTarget::ForeignSession { .. } => action::SESSION_REVOKED,
            CutTarget::User { .. } | CutTarget::ForeignUser { .. } => action::USER_REVOKED,
            CutTarget::Tenant { .. } => action::TENANT_REVOKED,
        };
        Cut {
            target,
            expires_at: self.access_exp(),
            extends: false,
            reason: Some("because".to_owned()),
            action,
            by: self.by(),
        }
    }

    /// Cuts.
    pub async fn cut(&self, target: CutTarget) -> CutOutcome {
        self.store.cut(self.cutting(target)).await.unwrap()
    }

    /// Cuts a user altogether.
    pub async fn cut_user(&self, user: &User) -> CutOutcome {
        self.cut(CutTarget::User { tenant: user.tenant, user: user.id, spare: None }).await
    }

    /// Cuts a session.
    pub async fn cut_session(&self, id: SessionId) -> CutOutcome {
        self.cut(CutTarget::Session { id, tenant: None, user: None }).await
    }

    /// A session as it now is.
    pub async fn session(&self, id: SessionId) -> Session {
        self.store.session(id, None, self.now()).await.unwrap()
    }

    /// A session's status as it now is.
    pub async fn status(&self, id: SessionId) -> Status {
        self.session(id).await.status
    }

    /// A user as it now is.
    pub async fn user_now(&self, user: &User) -> User {
        self.store.user(Some(user.tenant), user.id).await.unwrap()
    }

    /// The whole ledger, oldest first.
    pub async fn ledger(&self) -> Vec<Entry> {
        match self.store.entries_after(Cursor::default(), 10_000).await.unwrap() {
            Follow::Entries(entries, _) => entries,
            Follow::OtherHistory => panic!("the beginning is always of this history"),
        }
    }

    /// The whole audit trail, newest first.
    pub async fn audit(&self) -> Vec<AuditEntry> {
        self.audit_of(&AuditFilter::default()).await
    }

    /// Audit entries that match, newest first: the same in one page, and in pages that look at few rows each.
    pub async fn audit_of(&self, filter: &AuditFilter) -> Vec<AuditEntry> {
        let found = self.store.audit_entries(filter, &all()).await.unwrap().items;
        for walk in WALKS {
            let filter = AuditFilter { walk: Some(walk), ..filter.clone() };
            let walked = walked(walk, async |page| self.store.audit_entries(&filter, &page).await).await;
            assert_eq!(walked, found, "{filter:?}");
        }
        found
    }

    /// The same for the ledger.
    pub async fn entries_of(&self, filter: &EntryFilter) -> Vec<Entry> {
        let found = self.store.entries(filter, &all()).await.unwrap().items;
        for walk in WALKS {
            let filter = EntryFilter { walk: Some(walk), ..filter.clone() };
            let walked = walked(walk, async |page| self.store.entries(&filter, &page).await).await;
            assert_eq!(walked, found, "{filter:?}");
        }
        found
    }

    /// The same for users, in the order of their list.
    pub async fn users_of(&self, filter: &UserFilter) -> Vec<User> {
        let found = self.store.users(filter, &all()).await.unwrap().items;
        for walk in WALKS {
            let filter = UserFilter { walk: Some(walk), ..filter.clone() };
            let walked = walked(walk, async |page| self.store.users(&filter, &page).await).await;
            assert_eq!(walked, found, "{filter:?}");
        }
        found
    }
}

/// How many rows a page looks at, in turn: so few that pages are short, or empty.
const WALKS: [u32; 3] = [1, 2, 5];

/// A whole list, two items at most on a page, of which none looks at more than `walk` rows.
async fn walked<T>(walk: u32, fetch: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>) -> Vec<T> {
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = fetch(PageRequest { limit: 2, cursor: cursor.clone() }).await.unwrap();
        assert!(page.items.len() <= walk as usize, "a row that was not looked at");
        seen.extend(page.items);
        if page.next_cursor.is_none() {
            return seen;
        }
        assert_ne!(page.next_cursor, cursor, "each page goes further");
        cursor = page.next_cursor;
    }
}

/// A page that is large enough for any test.
pub fn all() -> PageRequest {
    PageRequest { limit: 500, cursor: None }
}
