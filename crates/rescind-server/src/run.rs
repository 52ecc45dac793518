//! The running server: from settings and a store to answered requests, and down again in order.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use rescind::authority::{Authority, Error, MasterKeySource, Operator, Ports, StartError, Started};
use rescind::clock::Clock;
use rescind::lookup::MarkCache;
use rescind::store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Settings;
use crate::http::serve;
use crate::node::{Node, system_ports};
use crate::waiting;

/// What a server is made of.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use std::sync::Arc;
/// use rescind::system::SystemClock;
/// use rescind_server::config::{Settings, Sources};
/// use rescind_server::{Foundation, Serve};
/// # let settings = Settings::load(&Sources {
/// #     flags: vec![("listen".into(), "127.0.0.1:0".into()), ("admin-password".into(), "a first password".into())],
/// #     environment: Vec::new(),
/// #     file: None,
/// #     read_file: &|path| std::fs::read_to_string(path),
/// # })?;
///
/// let serve = Serve {
///     settings,
///     open: Box::new(move || {
///         let (store, master_keys) = (Arc::clone(&ports.store), Arc::clone(&ports.master_keys));
///         Box::pin(async move { Ok(Foundation { store, master_keys, remote: false }) })
///     }),
///     cache: None,
///     clock: Arc::new(SystemClock),
///     on_started: Box::new(|info| println!("listening on {}", info.address)),
/// };
/// assert!((serve.open)().await.is_ok());
/// # Ok(())
/// # });
/// ```
pub struct Serve {
    /// What it is told.
    pub settings: Settings,
    /// Opens what it stands on. Called again, after a while, for as long as that [may pass](NotOpened::Later).
    pub open: Opener,
    /// The shared cache of revocations, where there is one. It need not be there, and is not waited for.
    pub cache: Option<Arc<dyn MarkCache>>,
    /// What time it is: [`rescind::system::SystemClock`], unless in a test.
    pub clock: Arc<dyn Clock>,
    /// Called once it listens and may be sent requests.
    pub on_started: Box<dyn FnOnce(&StartedInfo) + Send>,
}

/// Opens what a server stands on.
///
/// ```
/// use rescind_server::{NotOpened, Opener};
///
/// let open: Opener = Box::new(|| Box::pin(async { Err(NotOpened::Later("it is starting up".into())) }));
/// # drop(open);
/// ```
pub type Opener = Box<dyn Fn() -> Opening + Send + Sync>;

/// The opening.
///
/// ```
/// use rescind_server::{NotOpened, Opening};
///
/// fn open() -> Opening {
///     Box::pin(async { Err(NotOpened::Later("it is starting up".into())) })
/// }
/// # drop(open());
/// ```
pub type Opening = Pin<Box<dyn Future<Output = Result<Foundation, NotOpened>> + Send>>;

/// What a server stands on.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use std::sync::Arc;
/// use rescind::keys::MasterKey;
/// use rescind::system::SystemEntropy;
/// use rescind_server::Foundation;
///
/// let foundation = Foundation {
///     store: ports.store,
///     master_keys: Arc::new(MasterKey::generate(&SystemEntropy)),
///     // A file on this machine: if it cannot be opened now, it cannot be in a minute.
///     remote: false,
/// };
/// assert_eq!(foundation.store.head().await?.cursor.seq, 0);
/// # Ok(())
/// # });
/// ```
pub struct Foundation {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where the master key is kept.
    pub master_keys: Arc<dyn MasterKeySource>,
    /// Whether the store is another machine's, which may be away for a while: then a start waits for it.
    pub remote: bool,
}

/// Why it was not opened.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { .. }| {
/// use std::sync::Arc;
/// use rescind::system::SystemClock;
/// use rescind_server::config::{Settings, Sources};
/// use rescind_server::{NotOpened, Serve, ServeError, run};
/// # let settings = Settings::load(&Sources {
/// #     flags: vec![("listen".into(), "127.0.0.1:0".into()), ("admin-password".into(), "a first password".into())],
/// #     environment: Vec::new(),
/// #     file: None,
/// #     read_file: &|path| std::fs::read_to_string(path),
/// # })?;
///
/// let served = run(Serve {
///     settings,
///     open: Box::new(|| Box::pin(async { Err(NotOpened::Never("no such database".into())) })),
/// #     cache: None,
/// #     clock: Arc::new(SystemClock),
/// #     on_started: Box::new(|_| {}),
///     // …
/// });
/// // It was not asked a second time.
/// assert!(matches!(served.await, Err(ServeError::Open(why)) if why.to_string() == "no such database"));
/// # Ok(())
/// # });
/// ```
#[derive(Debug)]
pub enum NotOpened {
    /// It cannot be reached, and may be later.
    Later(String),
    /// Waiting helps nothing.
    Never(Box<dyn std::error::Error + Send + Sync>),
}

/// A server that listens.
///
/// ```
/// use rescind_server::StartedInfo;
///
/// fn greeting(info: &StartedInfo) -> String {
///     let next = if info.first { "sign in with the operator's password" } else { "nothing has changed" };
///     format!("{} listens on {}: {next}", info.issuer, info.address)
/// }
///
/// let address = "127.0.0.1:8080".parse()?;
/// let info = StartedInfo { address, issuer: "https://auth.example".into(), first: false };
/// assert_eq!(greeting(&info), "https://auth.example listens on 127.0.0.1:8080: nothing has changed");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StartedInfo {
    /// Where.
    pub address: SocketAddr,
    /// What it calls itself.
    pub issuer: String,
    /// Whether this is the first start, which made the operator.
    pub first: bool,
}

/// Why a server does not start.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { .. }| {
/// use std::sync::Arc;
/// use rescind::system::SystemClock;
/// use rescind_server::config::{Settings, Sources};
/// use rescind_server::{NotOpened, Serve, ServeError, run};
/// # let settings = Settings::load(&Sources {
/// #     flags: vec![("listen".into(), "127.0.0.1:0".into()), ("admin-password".into(), "a first password".into())],
/// #     environment: Vec::new(),
/// #     file: None,
/// #     read_file: &|path| std::fs::read_to_string(path),
/// # })?;
///
/// // Somebody listens there already.
/// let other = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let mut settings = settings;
/// settings.listen = other.local_addr()?;
/// # let open: rescind_server::Opener = Box::new(|| unreachable!("it was not asked"));
/// # let (cache, clock, on_started) = (None, Arc::new(SystemClock), Box::new(|_: &_| {}));
/// let served = run(Serve { settings, open, cache, clock, on_started }).await;
/// assert!(matches!(served, Err(ServeError::Listen(address, _)) if address == other.local_addr()?));
/// # Ok(())
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The process cannot be told to stop: its signals cannot be listened to.
    #[error("cannot listen to signals: {0}")]
    Signals(std::io::Error),
    /// What runs beside the requests has ended, which it never should.
    #[error("a background task has ended; the log says why")]
    TaskEnded,
    /// What it stands on cannot be opened.
    #[error("{0}")]
    Open(Box<dyn std::error::Error + Send + Sync>),
    /// A first start without a password for its operator.
    #[error("the first start needs RESCIND_ADMIN_PASSWORD")]
    NoPassword,
    /// The authority cannot be made.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Serves until SIGTERM or SIGINT; then requests in flight are finished, and tasks ended. While the store cannot be reached
/// it waits, says so, and answers that it is not ready.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// use std::sync::Arc;
/// use rescind::system::SystemClock;
/// use rescind_server::config::{Settings, Sources};
/// use rescind_server::{Foundation, Serve, run};
/// # let settings = Settings::load(&Sources {
/// #     flags: vec![("listen".into(), "127.0.0.1:0".into()), ("admin-password".into(), "a first password".into())],
/// #     environment: Vec::new(),
/// #     file: None,
/// #     read_file: &|path| std::fs::read_to_string(path),
/// # })?;
///
/// let (started, listens) = tokio::sync::oneshot::channel();
/// let server = tokio::spawn(run(Serve {
///     settings,
///     open: Box::new(move || {
///         let (store, master_keys) = (Arc::clone(&ports.store), Arc::clone(&ports.master_keys));
///         Box::pin(async move { Ok(Foundation { store, master_keys, remote: false }) })
///     }),
///     cache: None,
///     clock: Arc::new(SystemClock),
///     on_started: Box::new(|info| drop(started.send(info.clone()))),
/// }));
/// let info = listens.await?;
/// assert_eq!(info.issuer, format!("http://{}", info.address), "none was named");
/// assert!(tokio::net::TcpStream::connect(info.address).await.is_ok());
/// # server.abort();
/// # Ok(())
/// # });
/// ```
///
/// # Errors
/// Before it listens; afterwards only where a background task ended by itself.
pub async fn run(options: Serve) -> Result<(), ServeError> {
    let Serve { settings, open, cache, clock, on_started } = options;
    settings.notices().iter().for_each(|notice| tracing::warn!("{notice}"));
    // Before anything is made, so that a signal during the start is not lost.
    let shutdown = told_to_stop().map_err(ServeError::Signals)?;
    let mut shutdown = pin!(shutdown);
    let unlistenable = |error| ServeError::Listen(settings.listen, error);
    let listener = TcpListener::bind(settings.listen).await.map_err(unlistenable)?;
    let address = listener.local_addr().map_err(unlistenable)?;
    let start = Start { settings: &settings, open, cache, clock, address };
    let started = match start.attempt().await {
        Err(Attempt::Later(why)) => match start.wait(&listener, why, shutdown.as_mut()).await? {
            Some(started) => started,
            None => return Ok(()),
        },
        Err(Attempt::Never(error)) => return Err(error),
        Ok(started) => started,
    };
    if settings.listen.port() != 0 {
        note_issuer(&started.authority).await;
    }
    let mut node = Node::start(started.authority, settings.purge_interval);
    let router = node.router(&settings.web());
    let issuer = node.authority().settings().issuer.clone();
    on_started(&StartedInfo { address, issuer, first: started.first });
    let mut failed = false;
    let until = async {
        tokio::select! {
            () = shutdown => {}
            () = node.failed() => failed = true,
        }
        node.close_feed();
    };
    serve::serve(listener, router, serve::Options::default(), until).await;
    node.stop().await;
    if failed { Err(ServeError::TaskEnded) } else { Ok(()) }
}

/// Another issuer than the last one's ends every token, and mostly nobody meant it. (Who listens on a port that the system chooses has another
/// each time, and knows it.)
async fn note_issuer(authority: &Authority) {
    match authority.note_issuer().await {
        Ok(None) => {}
        Ok(Some(before)) => tracing::warn!(
            %before,
            now = %authority.settings().issuer,
            "the issuer has changed: tokens of before are refused here; set RESCIND_ISSUER to the one before if that is not meant"
        ),
        Err(error) => tracing::warn!(%error, "the issuer could not be noted"),
    }
}

/// A start, which may take more than one attempt.
struct Start<'s> {
    settings: &'s Settings,
    open: Opener,
    cache: Option<Arc<dyn MarkCache>>,
    clock: Arc<dyn Clock>,
    address: SocketAddr,
}

/// Why an attempt came to nothing.
enum Attempt {
    Later(String),
    Never(ServeError),
}

impl Start<'_> {
    async fn attempt(&self) -> Result<Started, Attempt> {
        let foundation = (self.open)().await.map_err(|error| match error {
            NotOpened::Later(why) => Attempt::Later(why),
            NotOpened::Never(error) => Attempt::Never(ServeError::Open(error)),
        })?;
        let operator = Operator {
            email: self.settings.admin_email.clone(),
            password: self.settings.admin_password.clone().ok_or(Attempt::Never(ServeError::NoPassword))?,
        };
        let remote = foundation.remote;
        let ports = Ports {
            cache: self.cache.clone(),
            clock: Arc::clone(&self.clock),
            ..system_ports(foundation.store, foundation.master_keys)
        };
        Authority::start(ports, self.settings.authority(self.address), || operator).await.map_err(|error| {
            match error {
                StartError::Other(Error::Unavailable | Error::Overloaded) if remote => {
                    Attempt::Later("it was lost during the start".to_owned())
                }
                other => Attempt::Never(other.into()),
            }
        })
    }

    /// Tries again until it succeeds, and tells whoever asks meanwhile. None: it was told to stop.
    async fn wait(
        &self,
        listener: &TcpListener,
        why: String,
        shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Option<Started>, ServeError> {
        let unlistenable = |error| ServeError::Listen(self.settings.listen, error);
        let same = clone_listener(listener).map_err(unlistenable)?;
        let mut outcome = Ok(None);
        let until = async {
            tokio::select! {
                () = shutdown => {}
                started = self.until_started(why) => outcome = started.map(Some),
            }
        };
        serve::serve(same, waiting::router(&self.clock), serve::Options::default(), until).await;
        outcome
    }

    async fn until_started(&self, mut why: String) -> Result<Started, ServeError> {
        for attempt in 0_u32.. {
            if attempt % SAY_AGAIN == 0 {
                tracing::warn!(%why, "the store cannot be reached: waiting for it");
            }
            tokio::time::sleep(TRY_AGAIN).await;
            match self.attempt().await {
                Ok(started) => {
                    tracing::info!("the store can be reached");
                    return Ok(started);
                }
                Err(Attempt::Later(again)) => why = again,
                Err(Attempt::Never(error)) => return Err(error),
            }
        }
        unreachable!("attempts do not end")
    }
}

/// How long to wait between two attempts to start.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// After so many attempts the log says again that it waits.
const SAY_AGAIN: u32 = 60;

/// Another handle on the same socket.
fn clone_listener(listener: &TcpListener) -> std::io::Result<TcpListener> {
    let same = rustix::io::dup(listener)?;
    TcpListener::from_std(same.into())
}

/// Resolves at SIGTERM, or at SIGINT (Ctrl-C).
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop: finishing what is under way");
    })
}
