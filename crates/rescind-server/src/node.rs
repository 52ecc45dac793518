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
    pulse: Arc<tasks::Pulse>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// What of the web around it an HTTP API is told.
///
/// ```
/// use http::HeaderValue;
/// use rescind_server::Web;
///
/// let web = Web {
///     trusted_proxies: vec!["10.0.0.0/8".parse()?],
///     cors_origins: vec![HeaderValue::from_static("https://app.example")],
/// };
/// assert!(web.trusted_proxies[0].contains(&"10.1.2.3".parse::<std::net::IpAddr>()?));
/// assert!(Web::default().trusted_proxies.is_empty(), "nobody is believed unless named");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ports, pair, ada, .. }| {
    /// # use rescind::authority::{Authority, AuthoritySettings};
    /// use rescind::ledger::CutKind;
    /// use rescind::token::Expected;
    /// use rescind_server::Node;
    /// # use secrecy::ExposeSecret as _;
    ///
    /// let node = Node::start(authority, Node::USUAL_PURGE_INTERVAL);
    /// let verifier = node.authority().verifier();
    /// let token = verifier.verify(pair.access_token.expose_secret(), Expected::Configured)?;
    /// # let settings = AuthoritySettings::new("https://auth.example");
    /// # let started = Authority::start(ports, settings, || unreachable!("it was started before")).await?;
    /// # let other_node = started.authority;
    /// other_node.revoke_all_own(&ada).await?;
    /// // This node reads of it in the ledger, by itself.
    /// assert_eq!(verifier.until_cut(&token).await, CutKind::User);
    /// node.stop().await;
    /// # Ok(())
    /// # });
    /// ```
    pub fn start(authority: Authority, purge_interval: Duration) -> Self {
        let authority = Arc::new(authority);
        let feed = Arc::new(Feed::new(&authority, serve::Options::default().places()));
        let stop = CancellationToken::new();
        let pulse = Arc::default();
        let tasks = tasks::start(&authority, &feed, &pulse, purge_interval, &stop);
        Self { authority, feed, pulse, tasks, stop }
    }

    /// The authority: opens sessions, revokes, checks.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, ada, .. }| {
    /// use std::sync::Arc;
    /// use rescind_server::Node;
    ///
    /// let node = Node::start(authority, Node::USUAL_PURGE_INTERVAL);
    /// // For handlers of one's own.
    /// let authority = Arc::clone(node.authority());
    /// assert_eq!(authority.revoke_all_own(&ada).await?, 1);
    /// # node.stop().await;
    /// # Ok(())
    /// # });
    /// ```
    pub const fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The whole HTTP API, with everything around it, to be served as it is or merged with other routes: those of a router without a
    /// fallback of its own, since this one has one. Addresses of callers are
    /// known where [`serve::serve`] serves it.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// use axum::{Router, body::Body, routing::get};
    /// use http::Request;
    /// use rescind_server::{Node, Web};
    /// use tower::ServiceExt as _;
    ///
    /// let node = Node::start(authority, Node::USUAL_PURGE_INTERVAL);
    /// let app = Router::new().route("/", get(async || "my own")).merge(node.router(&Web::default()));
    /// for (path, status) in [("/", 200), ("/.well-known/jwks.json", 200), ("/api/v1/auth/me", 401)] {
    ///     let request = Request::get(path).header("host", "auth.example").body(Body::empty())?;
    ///     let response = app.clone().oneshot(request).await?;
    ///     assert_eq!(response.status(), status, "{path}");
    /// }
    /// # node.stop().await;
    /// # Ok(())
    /// # });
    /// ```
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
            pulse: Arc::clone(&self.pulse),
            openapi: crate::openapi::json(&document).into(),
            reference: crate::openapi::page(&document).into(),
        };
        let router = router.merge(site::routes(&app));
        layers::dress(router.with_state(app), edge)
    }

    /// Resolves if a task has ended, which none ever should: without it this process would go blind, and look alive.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// # let told_to_stop = async {};
    /// use rescind_server::Node;
    ///
    /// let mut node = Node::start(authority, Node::USUAL_PURGE_INTERVAL);
    /// let failed = tokio::select! {
    ///     () = node.failed() => true,
    ///     () = told_to_stop => false,
    /// };
    /// node.stop().await;
    /// assert!(!failed);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn failed(&mut self) {
        self.tasks.join_next().await;
    }

    /// Ends what readers of the feed wait for, which would never end by itself: before requests in flight are waited for.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
    /// # use axum::body::{Body, to_bytes};
    /// # use base64::Engine as _;
    /// # use base64::engine::general_purpose::STANDARD;
    /// # use http::Request;
    /// # use rescind::authority::ClientRequest;
    /// # use secrecy::ExposeSecret as _;
    /// # use tower::ServiceExt as _;
    /// # let client = ClientRequest {
    /// #     name: "a verifier".into(),
    /// #     scopes: "feed".parse()?,
    /// #     tenant: None,
    /// #     refresh_requires_secret: false,
    /// # };
    /// # let made = authority.create_client(&operator, client).await?;
    /// # let basic = STANDARD.encode(format!("{}:{}", made.client.id.0, made.secret.expose_secret()));
    /// # let request = Request::get("/api/v1/feed/events").header("authorization", format!("Basic {basic}"));
    /// # let request = request.header("host", "auth.example").body(Body::empty())?;
    /// use rescind_server::{Node, Web};
    ///
    /// let node = Node::start(authority, Node::USUAL_PURGE_INTERVAL);
    /// let events = node.router(&Web::default()).oneshot(request).await?;
    /// assert_eq!(events.status(), 200);
    /// node.close_feed();
    /// // What would have gone on for ever is over.
    /// to_bytes(events.into_body(), usize::MAX).await?;
    /// # node.stop().await;
    /// # Ok(())
    /// # });
    /// ```
    pub fn close_feed(&self) {
        self.feed.close();
    }

    /// Ends the tasks, and waits for them.
    ///
    /// ```
    /// # rescind_examples::run(async |rescind_examples::World { authority, .. }| {
    /// use std::sync::Arc;
    /// use rescind_server::Node;
    ///
    /// let node = Node::start(authority, Node::USUAL_PURGE_INTERVAL);
    /// let authority = Arc::clone(node.authority());
    /// node.stop().await;
    /// // Nothing of the node holds it any more.
    /// assert_eq!(Arc::strong_count(&authority), 1);
    /// # Ok(())
    /// # });
    /// ```
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
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { ports, .. }| {
/// # let (store, clock) = (ports.store, rescind_examples::HandClock::default());
/// use std::sync::Arc;
/// use rescind::authority::Ports;
/// use rescind::keys::MasterKey;
/// use rescind::system::SystemEntropy;
/// use rescind_server::system_ports;
///
/// let master_key = Arc::new(MasterKey::generate(&SystemEntropy));
/// // In a test, with a clock that stands still.
/// let ports = Ports { clock: Arc::new(clock), ..system_ports(store, master_key) };
/// assert_eq!(ports.clock.now(), ports.clock.now());
/// # Ok(())
/// # });
/// ```
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
