//! An authority at work, within whatever process.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::HeaderValue;
use ipnet::IpNet;
use rescind::authority::{Authority, MasterKeySource, Ports};
use rescind::store::Store;
use rescind::system::{SystemClock, SystemEntropy};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::feed::Feed;
use crate::http::layers::{self, Edge};
use crate::http::serve;
use crate::telemetry::Counters;
use crate::{router, site, tasks};

/// An authority at work: what must go on beside the requests (following the ledger, purging it, caring for the keys) does, until
/// [`Node::stop`]. `rescind serve` is one, and so is a service that holds the whole authority itself:
///
/// ```no_run
/// # use std::sync::Arc;
/// # async fn embed(store: Arc<dyn rescind::store::Store>) -> Result<(), Box<dyn std::error::Error>> {
/// use rescind::authority::{Authority, AuthoritySettings, Operator};
/// use rescind::keys::MasterKey;
/// use rescind_server::{Node, Web, system_ports};
///
/// let master_key = MasterKey::from_base64(&std::env::var("RESCIND_MASTER_KEY")?)?;
/// let ports = system_ports(store, Arc::new(master_key));
/// let settings = AuthoritySettings::new("https://auth.example");
/// let operator = || Operator { email: "admin@example.com".into(), password: "of the first start".into() };
/// let node = Node::start(Authority::start(ports, settings, operator).await?.authority, Node::USUAL_PURGE_INTERVAL);
///
/// let app = axum::Router::new()
///     .route("/", axum::routing::get(|| async { "my own" }))
///     .merge(node.router(&Web::default()));
/// # drop(app);
/// node.stop().await;
/// # Ok(())
/// # }
/// ```
///
/// Dropped without [`Node::stop`] it ends as well, and says so in the log: from then on the authority hears of no news.
#[derive(Debug)]
#[must_use = "what goes on beside an authority ends when this is dropped"]
pub struct Node {
    authority: Arc<Authority>,
    feed: Arc<Feed>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// What of the web around it an HTTP API is told.
#[derive(Clone, Debug, Default)]
pub struct Web {
    /// The networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The web origins whose pages may call the API.
    pub cors_origins: Vec<HeaderValue>,
}

impl Node {
    /// How often expired entries are purged, unless said otherwise.
    pub const USUAL_PURGE_INTERVAL: Duration = Duration::from_secs(3600);

    /// Starts what goes on beside `authority`; purging every `purge_interval`, never where that is zero. To be called within a
    /// Tokio runtime, which it needs for as long as it runs.
    pub fn start(authority: Authority, purge_interval: Duration) -> Self {
        let authority = Arc::new(authority);
        let feed = Arc::new(Feed::new(&authority, serve::Options::default().places()));
        let stop = CancellationToken::new();
        let tasks = tasks::start(&authority, &feed, purge_interval, &stop);
        Self { authority, feed, tasks, stop }
    }

    /// The authority: opens sessions, revokes, checks.
    pub const fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The whole HTTP API, with everything around it, to be served as it is or merged with other routes: those of a router without a
    /// fallback of its own, since this one has one. Addresses of callers are
    /// known where [`serve::serve`] serves it.
    pub fn router(&self, web: &Web) -> Router {
        let counters = Counters::new();
        let authority = Arc::clone(&self.authority);
        let edge = Edge {
            trusted_proxies: web.trusted_proxies.clone(),
            cors_origins: web.cors_origins.clone(),
            ..Edge::new(Arc::clone(authority.clock()), Arc::clone(authority.entropy()), counters.http())
        };
        let (router, document) = router::routes().split_for_parts();
        let app = App {
            authority,
            feed: Arc::clone(&self.feed),
            counters,
            tally: site::Tally::default(),
            openapi: crate::openapi::json(&document).into(),
            reference: crate::openapi::page(&document).into(),
        };
        let router = router.merge(site::routes(&app));
        layers::dress(router.with_state(app), edge)
    }

    /// Resolves if a task has ended, which none ever should: without it this process would go blind, and look alive.
    pub async fn failed(&mut self) {
        self.tasks.join_next().await;
    }

    /// Ends what readers of the feed wait for, which would never end by itself: before requests in flight are waited for.
    pub fn close_feed(&self) {
        self.feed.close();
    }

    /// Ends the tasks, and waits for them.
    pub async fn stop(mut self) {
        self.close_feed();
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            tracing::warn!("an authority's node was dropped and not stopped: it follows its ledger no more");
            self.close_feed();
            self.stop.cancel();
        }
    }
}

/// The ports of an authority over `store` in an ordinary process: the system's clock and randomness, and hashing on Tokio's blocking
/// threads. Another clock, or a shared cache, takes the place of one of its fields.
pub fn system_ports(store: Arc<dyn Store>, master_keys: Arc<dyn MasterKeySource>) -> Ports {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ports {
        store,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        offload: Arc::new(tasks::Hashing::new(cores)),
        master_keys,
        cache: None,
    }
}
