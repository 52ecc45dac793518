//! The running server: from settings and a store to answered requests, and down again in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rescind::authority::{
    Authority, AuthoritySettings, MasterKeySource, Operator, Ports, StartError, Started,
};
use rescind::store::Store;
use rescind::system::{SystemClock, SystemEntropy};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::http::layers::{self, Edge};
use crate::http::serve;
use crate::telemetry::Counters;
use crate::{router, tasks};

/// What a server is made of.
pub struct Serve {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What the authority is told; the issuer may depend on the address that was bound.
    pub authority: Box<dyn FnOnce(SocketAddr) -> AuthoritySettings + Send>,
    /// How often expired ledger entries are removed; zero: never.
    pub purge_interval: Duration,
    /// The networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// The web origins whose pages may call the API.
    pub cors_origins: Vec<http::HeaderValue>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where the master key is kept.
    pub master_keys: Arc<dyn MasterKeySource>,
    /// The operator that a first start makes.
    pub operator: Box<dyn FnOnce() -> (String, SecretString) + Send>,
    /// Called once it listens.
    pub on_started: Box<dyn FnOnce(&Listening) + Send>,
    /// When it is to stop.
    pub shutdown: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// A server that listens.
#[derive(Clone, Debug)]
pub struct Listening {
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
    /// The authority cannot be made.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Serves until it is told to stop; then requests in flight are finished, and tasks ended.
///
/// # Errors
/// Before it listens only.
pub async fn run(options: Serve) -> Result<(), ServeError> {
    let listener =
        TcpListener::bind(options.listen).await.map_err(|error| ServeError::Listen(options.listen, error))?;
    let address = listener.local_addr().map_err(|error| ServeError::Listen(options.listen, error))?;
    let operator = options.operator;
    let started = Authority::start(
        ports(options.store, options.master_keys),
        (options.authority)(address),
        move || {
            let (email, password) = operator();
            Operator { email, password }
        },
    )
    .await?;
    let Started { authority, first } = started;
    let authority = Arc::new(authority);
    let counters = Counters::new();
    let edge = Edge {
        trusted_proxies: options.trusted_proxies,
        cors_origins: options.cors_origins,
        ..Edge::new(Arc::clone(authority.clock()), Arc::clone(authority.entropy()), counters.http())
    };
    let router = service(Arc::clone(&authority), counters, edge);
    let stop = CancellationToken::new();
    let mut tasks = tasks::start(&authority, options.purge_interval, &stop);
    (options.on_started)(&Listening { address, issuer: authority.settings().issuer.clone(), first });
    serve::serve(listener, router, serve::Options::default(), options.shutdown).await;
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// Every route, with everything around it: what [`run`] serves.
pub fn service(authority: Arc<Authority>, counters: Counters, edge: Edge) -> Router {
    let (router, document) = router::routes().split_for_parts();
    let app = App {
        authority,
        counters,
        openapi: crate::openapi::json(&document).into(),
        reference: crate::openapi::page(&document).into(),
    };
    layers::dress(router.with_state(app), edge)
}

fn ports(store: Arc<dyn Store>, master_keys: Arc<dyn MasterKeySource>) -> Ports {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ports {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        offload: Arc::new(tasks::Hashing::new(cores)),
        master_keys,
    }
}
