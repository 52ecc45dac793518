//! What an example finds.

use std::error::Error;
use std::sync::Arc;

use rescind::authority::{
    Authority, AuthoritySettings, Busy, Caller, ClientRequest, Handover, Identity, Offload, Operator, Origin,
    Ports, TenantRequest, TokenPair,
};
use rescind::directory::Scope;
use rescind::id::{TenantId, UserId};
use rescind::keys::MasterKey;
use rescind::session::{Device, OpenSession};
use rescind::system::SystemEntropy;
use rescind_sqlite::{Options, SqliteStore};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::HandClock;
use crate::opening::opening;

/// The operator's email.
pub const OPERATOR_EMAIL: &str = "root@example.com";

/// The operator's password.
pub const OPERATOR_PASSWORD: &str = "correct horse battery staple";

/// An authority, `https://auth.example`, with a tenant `acme`, a backend of it, and its user Ada, who is signed in on one
/// device.
///
/// ```
/// rescind_examples::run(async |world| {
///     let own = world.authority.authenticate_client("nobody", &"wrong".into()).await;
///     assert!(own.is_err());
///     assert_eq!(world.ada.signed_in()?.tenant, world.acme);
///     Ok(())
/// });
/// ```
pub struct World {
    /// The authority.
    pub authority: Authority,
    /// All that it stands on, for whoever starts another node.
    pub ports: Ports,
    /// Its clock.
    pub clock: Arc<HandClock>,
    /// Somebody who may do everything.
    pub operator: Caller,
    /// The tenant `acme`.
    pub acme: TenantId,
    /// A backend of `acme`, which opens sessions.
    pub backend: Caller,
    /// What that backend hands over for Ada.
    pub handover: Handover,
    /// Another session of hers, as a store is asked to open it.
    pub opening: OpenSession,
    /// The tokens of Ada's session.
    pub pair: TokenPair,
    /// Ada, by that session.
    pub ada: Caller,
    /// What the store lies in; removed with the world.
    _dir: tempfile::TempDir,
}

impl World {
    /// Makes one.
    pub(crate) async fn make() -> Result<Self, Box<dyn Error>> {
        // In memory where the system has such a directory: hundreds of examples need no disk that has each commit.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let clock = Arc::new(HandClock::default());
        let ports = Ports {
            store: SqliteStore::open(&dir.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy)))?,
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            offload: Arc::new(OwnThread),
            master_keys: Arc::new(MasterKey::generate(&SystemEntropy)),
            cache: None,
        };
        let settings = AuthoritySettings::new("https://auth.example");
        let authority = Authority::start(ports.clone(), settings, first_operator).await?.authority;
        let operator = Caller::command_line();
        let request = TenantRequest { slug: "acme".into(), name: None, id: None };
        let acme = authority.create_tenant(&operator, request).await?.id;
        let backend = backend_of(&authority, acme).await?;
        let handover = of_ada(acme);
        let pair = authority.hand_over(&backend, handover.clone()).await?;
        let opening = opening(&ports, &handover).await?;
        let (ada, _) = authority.authenticate_user(pair.access_token.expose_secret()).await?;
        let ada = as_caller(Identity::User(ada));
        Ok(Self { authority, ports, clock, operator, acme, backend, handover, opening, pair, ada, _dir: dir })
    }
}

/// A thread for each password: enough for an example.
///
/// ```
/// use rescind::authority::Offload as _;
///
/// let (told, heard) = std::sync::mpsc::channel();
/// let run = rescind_examples::OwnThread.run(Box::new(move || told.send(1).expect("somebody waits")));
/// assert_eq!((run, heard.recv()), (Ok(()), Ok(1)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OwnThread;

impl Offload for OwnThread {
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
        std::thread::spawn(job);
        Ok(())
    }
}

fn first_operator() -> Operator {
    Operator { email: OPERATOR_EMAIL.into(), password: OPERATOR_PASSWORD.into() }
}

async fn backend_of(authority: &Authority, tenant: TenantId) -> Result<Caller, Box<dyn Error>> {
    let request = ClientRequest {
        name: "shop".into(),
        scopes: [Scope::SessionsWrite, Scope::Introspect].into_iter().collect(),
        tenant: Some(tenant),
        refresh_requires_secret: false,
    };
    let made = authority.create_client(&Caller::command_line(), request).await?;
    Ok(as_caller(Identity::Client(made.client)))
}

fn of_ada(tenant: TenantId) -> Handover {
    Handover {
        user: UserId(Uuid::from_u128(0xada)),
        tenant,
        email: "ada@example.com".into(),
        role: "member".into(),
        audience: Vec::new(),
        device: Device::default(),
        claims: serde_json::Map::new(),
    }
}

fn as_caller(identity: Identity) -> Caller {
    Caller { identity, origin: Origin::default() }
}
