//! The running server: from settings and a store to answered requests, and down again in order.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use rescind::authority::{Authority, MasterKeySource, Operator, Ports, StartError};
use rescind::clock::Clock;
use rescind::lookup::MarkCache;
use rescind::store::Store;
use rescind::system::SystemEntropy;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Settings;
use crate::http::layers::{self, Edge};
use crate::http::serve;
use crate::telemetry::Counters;
use crate::{router, tasks};

/// What a server is made of.
pub struct Serve {
    /// What it is told.
    pub settings: Settings,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where the master key is kept.
    pub master_keys: Arc<dyn MasterKeySource>,
    /// The shared cache of revocations, where there is one.
    pub cache: Option<Arc<dyn MarkCache>>,
    /// What time it is: [`rescind::system::SystemClock`], unless in a test.
    pub clock: Arc<dyn Clock>,
    /// Called once it listens and may be sent requests.
    pub on_started: Box<dyn FnOnce(&StartedInfo) + Send>,
}

/// A server that listens.
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
    /// A first start without a password for its operator.
    #[error("the first start needs RESCIND_ADMIN_PASSWORD")]
    NoPassword,
    /// The authority cannot be made.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Serves until SIGTERM or SIGINT; then requests in flight are finished, and tasks ended.
///
/// # Errors
/// Before it listens; afterwards only where a background task ended by itself.
pub async fn run(options: Serve) -> Result<(), ServeError> {
    let Serve { settings, store, master_keys, cache, clock, on_started } = options;
    settings.notices().iter().for_each(|notice| tracing::warn!("{notice}"));
    // Before anything is made, so that a signal during the start is not lost.
    let shutdown = told_to_stop().map_err(ServeError::Signals)?;
    let unlistenable = |error| ServeError::Listen(settings.listen, error);
    let listener = TcpListener::bind(settings.listen).await.map_err(unlistenable)?;
    let address = listener.local_addr().map_err(unlistenable)?;
    let operator = Operator {
        email: settings.admin_email.clone(),
        password: settings.admin_password.clone().ok_or(ServeError::NoPassword)?,
    };
    let ports = Ports { cache, ..ports(store, master_keys, clock) };
    let started = Authority::start(ports, settings.authority(address), || operator).await?;
    let (authority, first) = (Arc::new(started.authority), started.first);
    let router = service(Arc::clone(&authority), &settings);
    let stop = CancellationToken::new();
    let mut tasks = tasks::start(&authority, settings.purge_interval, &stop);
    on_started(&StartedInfo { address, issuer: authority.settings().issuer.clone(), first });
    let mut failed = false;
    let until = async {
        tokio::select! {
            () = shutdown => {}
            // They never end by themselves: without them this process would go blind, and look alive.
            _ = tasks.join_next() => failed = true,
        }
    };
    serve::serve(listener, router, serve::Options::default(), until).await;
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    if failed { Err(ServeError::TaskEnded) } else { Ok(()) }
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

/// Every route, with everything around it: what [`run`] serves.
pub fn service(authority: Arc<Authority>, settings: &Settings) -> Router {
    let counters = Counters::new();
    let edge = Edge {
        trusted_proxies: settings.trusted_proxies.clone(),
        cors_origins: settings.cors_origins.clone(),
        ..Edge::new(Arc::clone(authority.clock()), Arc::clone(authority.entropy()), counters.http())
    };
    let (router, document) = router::routes().split_for_parts();
    let app = App {
        authority,
        counters,
        openapi: crate::openapi::json(&document).into(),
        reference: crate::openapi::page(&document).into(),
    };
    layers::dress(router.with_state(app), edge)
}

fn ports(store: Arc<dyn Store>, master_keys: Arc<dyn MasterKeySource>, clock: Arc<dyn Clock>) -> Ports {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ports {
        store,
        clock,
        entropy: Arc::new(SystemEntropy),
        offload: Arc::new(tasks::Hashing::new(cores)),
        master_keys,
        cache: None,
    }
}
