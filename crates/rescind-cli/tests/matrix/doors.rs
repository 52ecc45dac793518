//! The doors that are not the server's own: a verifier in another process, and the layer around a service that asks it, or that asks the
//! ledger.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use rescind::clock::Clock as _;
use rescind::ledger::{Cursor, LedgerStore};
use rescind::lookup::{Lookup, MarkCache};
use rescind::replica::Replica;
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::{Expected, Validator};
use rescind::verifier::{FreshnessPolicy, LedgerHead, Refusal, Verifier};
use rescind_postgres::{Options as PostgresOptions, PostgresStore};
use rescind_remote::Remote;
use rescind_sqlite::{Options as SqliteOptions, SqliteStore};
use rescind_testkit::process::Server;
use rescind_tower::Protect;
use tower::ServiceExt as _;

use super::elsewhere;
use super::support::House;

/// Longer than anything takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

/// How much clocks may differ: the setting's default.
const LEEWAY: Duration = Duration::from_secs(30);

pub(crate) struct Doors {
    remote: Arc<Remote>,
    service: Router,
}

impl Doors {
    /// With a verifier that follows the server's feed, and one that asks `cache`, where there is one, and then the server's store. They
    /// take the tokens of another issuer too.
    pub(crate) async fn of(house: &House, cache: Option<Arc<dyn MarkCache>>) -> Self {
        let House { desk, server } = house;
        let client = desk.api.create_client(desk.caller(), "verifier", &["feed"], None).await;
        let builder = Remote::builder(desk.api.base()).client(client.id, client.secret);
        let builder = builder.also_trust(elsewhere::issuer());
        let remote = Arc::new(builder.start().await.expect("a verifier"));
        tokio::time::timeout(LIMIT, remote.ready()).await.expect("it becomes ready");
        let head: Arc<dyn LedgerHead> = Arc::clone(&remote) as _;
        let protect = Protect::new(Arc::clone(remote.verifier()));
        let lookup = Arc::new(Lookup::new(cache, ledger_of(server), LEEWAY));
        let looking_up = Protect::new(blind(remote.verifier().validator().clone())).by_lookup(lookup);
        let ways = [
            ("/", protect.clone()),
            ("/fresh", protect.fresh(Arc::clone(&head), LIMIT)),
            ("/look-up", looking_up.clone()),
            ("/look-up/fresh", looking_up.fresh(head, LIMIT)),
        ];
        let service = ways.into_iter().fold(Router::new(), |service, (path, protect)| {
            service.route(path, get(async || ()).layer(protect))
        });
        Self { remote, service }
    }

    /// Whether the token passes: at all of these doors, or at none.
    pub(crate) async fn pass(&self, token: &str) -> bool {
        // First of all, since it waits until this verifier has heard of what the server has done.
        let fresh = self.remote.verify_fresh(token, Expected::Configured, LIMIT).await;
        let plain = self.remote.verify(token, Expected::Configured).await;
        assert_eq!(fresh.is_ok(), plain.is_ok(), "{fresh:?}, {plain:?}");
        for path in ["/", "/fresh", "/", "/look-up", "/look-up/fresh"] {
            let status = self.ask(path, token).await;
            let expected = if plain.is_ok() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            assert_eq!(status, expected, "{path}: {plain:?}");
        }
        plain.is_ok()
    }

    /// Why a token does not pass.
    pub(crate) async fn refusal(&self, token: &str) -> Refusal {
        self.remote.verify(token, Expected::Configured).await.expect_err("a refusal")
    }

    async fn ask(&self, path: &str, token: &str) -> StatusCode {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        self.service.clone().oneshot(request).await.expect("it answers").status()
    }
}

/// Trusts whom the other one trusts, and is told of no revocation: what it refuses, a look-up has found.
fn blind(validator: Validator) -> Arc<Verifier> {
    let replica = Replica::new(&SystemEntropy, LEEWAY);
    replica.load(0).finish(Cursor::default(), SystemClock.now());
    Arc::new(Verifier::new(validator, Arc::new(replica), FreshnessPolicy::default(), Arc::new(SystemClock)))
}

/// The server's own store, opened beside it.
fn ledger_of(server: &Server) -> Arc<dyn LedgerStore> {
    let entropy = Arc::new(SystemEntropy);
    match server.database_url() {
        Some(url) => {
            PostgresStore::open_as_it_is(&PostgresOptions::new(url, entropy)).expect("the server's database")
        }
        None => SqliteStore::open(&server.data_dir().join("rescind.db"), &SqliteOptions::new(entropy))
            .expect("the server's file"),
    }
}
