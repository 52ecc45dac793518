//! A node that looks up relies on nothing that it has read before: here it does not follow the ledger at all, and another node
//! cuts.

mod common;

use std::sync::Arc;

use common::{connected, in_time};
use rescind::authority::{
    Authority, AuthoritySettings, Busy, Caller, Error, Offload, Operator, Ports, SignIn, TokenPair,
};
use rescind::keys::MasterKey;
use rescind::lookup::{CheckBy, MarkCache};
use rescind::session::Device;
use rescind::system::{SystemClock, SystemEntropy};
use rescind::token::Expected;
use rescind::verifier::OnStale;
use rescind_redis::RedisCache;
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::redis::Redis;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// Two nodes on one ledger.
struct Nodes {
    /// Checks by its replica, and knows no Redis.
    writer: Authority,
    /// Looks up.
    looker: Authority,
    looker_store: Arc<SqliteStore>,
    _data: TempDir,
}

impl Nodes {
    async fn new(cache: Option<Arc<RedisCache>>, on_stale: OnStale) -> Self {
        let data = tempfile::tempdir().unwrap();
        let master_key = MasterKey::generate(&SystemEntropy);
        let open = || {
            SqliteStore::open(&data.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy)))
                .unwrap()
        };
        let start = async |store: &Arc<SqliteStore>, cache: Option<Arc<dyn MarkCache>>, check| {
            let ports = Ports {
                store: store.clone(),
                clock: Arc::new(SystemClock),
                entropy: Arc::new(SystemEntropy),
                offload: Arc::new(OwnThread),
                master_keys: Arc::new(master_key.clone()),
                cache,
            };
            let operator = || Operator { email: EMAIL.to_owned(), password: PASSWORD.into() };
            Authority::start(ports, settings(check, on_stale), operator).await.unwrap().authority
        };
        let (store, looker_store) = (open(), open());
        let writer = start(&store, None, CheckBy::Replica).await;
        let cache = cache.map(|cache| cache as Arc<dyn MarkCache>);
        let looker = start(&looker_store, cache, CheckBy::Lookup).await;
        Self { writer, looker, looker_store, _data: data }
    }

    async fn sign_in(&self) -> TokenPair {
        let sign_in = SignIn {
            email: EMAIL.to_owned(),
            password: PASSWORD.into(),
            tenant: None,
            audience: None,
            device: Device::default(),
        };
        self.writer.sign_in(&Caller::command_line(), sign_in).await.unwrap()
    }

    /// Ends a session at the node that the other one hears nothing of.
    async fn end(&self, pair: &TokenPair) {
        self.writer.log_out(&Caller::command_line(), pair.refresh_token.expose_secret()).await.unwrap();
        assert_eq!(self.looker.replica().len(), 0, "the other one has not heard of it");
    }

    /// What the node that looks up says.
    async fn look(&self, pair: &TokenPair) -> Result<(), Error> {
        self.looker.check(pair.access_token.expose_secret(), Expected::Configured).await.map(drop)
    }

    /// What it says of a check that is to be fresh.
    async fn look_fresh(&self, pair: &TokenPair) -> Result<(), Error> {
        let token = pair.access_token.expose_secret();
        self.looker.check_fresh(token, Expected::Configured, std::future::pending()).await.map(drop)
    }
}

fn revoked() -> Result<(), Error> {
    Err(Error::TokenRefused("token_revoked"))
}

fn stale() -> Result<(), Error> {
    Err(Error::NotFresh("stale"))
}

#[tokio::test]
async fn a_cut_by_another_node_holds_at_the_next_check() {
    let redis = Redis::start().await;
    let cache = Arc::new(connected(&redis.url()).await);
    for cache in [None, Some(cache)] {
        let nodes = Nodes::new(cache, OnStale::Deny).await;
        let (one, other) = (nodes.sign_in().await, nodes.sign_in().await);
        assert_eq!((nodes.look(&one).await, nodes.look(&other).await), (Ok(()), Ok(())));
        nodes.end(&one).await;
        assert_eq!((nodes.look(&one).await, nodes.look(&other).await), (revoked(), Ok(())));
    }
}

/// The ledger is asked once; from then on the cache says so, even where the ledger cannot be read. What it does not know to be
/// revoked is then nobody's to say.
#[tokio::test]
async fn what_the_ledger_said_the_cache_repeats() {
    let redis = Redis::start().await;
    let cache = Arc::new(connected(&redis.url()).await);
    let nodes = Nodes::new(Some(cache.clone()), OnStale::Deny).await;
    let (one, other) = (nodes.sign_in().await, nodes.sign_in().await);
    nodes.end(&one).await;
    assert_eq!(nodes.look(&one).await, revoked());
    in_time(cache.settled()).await;
    nodes.looker_store.close();
    assert_eq!((nodes.look(&one).await, nodes.look(&other).await), (revoked(), stale()));

    let counts = nodes.looker.lookup().counts();
    assert_eq!((counts.hits, counts.misses, counts.errors), (1, 2, 0));
    assert_eq!((counts.ledger_revoked, counts.ledger_clear, counts.ledger_errors), (1, 0, 1));

    redis.command(&["FLUSHALL"]).await;
    assert_eq!((nodes.look(&one).await, nodes.look(&other).await), (stale(), stale()));
}

/// As a stale replica would: what is known to be revoked is refused, the rest passes and is counted.
#[tokio::test]
async fn an_unreadable_ledger_may_be_told_to_let_pass() {
    let redis = Redis::start().await;
    let cache = Arc::new(connected(&redis.url()).await);
    let nodes = Nodes::new(Some(cache.clone()), OnStale::Allow).await;
    let (one, other) = (nodes.sign_in().await, nodes.sign_in().await);
    nodes.end(&one).await;
    assert_eq!(nodes.look(&one).await, revoked());
    in_time(cache.settled()).await;
    nodes.looker_store.close();
    assert_eq!((nodes.look(&one).await, nodes.look(&other).await), (revoked(), Ok(())));
    assert_eq!(nodes.looker.verifier().stale_allowed(), 1);
}

/// A check that is to be fresh is not told to let pass; what the cache or the node knows to be revoked is refused as ever.
#[tokio::test]
async fn an_unreadable_ledger_lets_no_fresh_check_pass() {
    let redis = Redis::start().await;
    let cache = Arc::new(connected(&redis.url()).await);
    let nodes = Nodes::new(Some(cache.clone()), OnStale::Allow).await;
    let (one, other) = (nodes.sign_in().await, nodes.sign_in().await);
    assert_eq!(nodes.look_fresh(&one).await, Ok(()));
    nodes.end(&one).await;
    assert_eq!(nodes.look_fresh(&one).await, revoked());
    in_time(cache.settled()).await;
    nodes.looker_store.close();
    assert_eq!((nodes.look_fresh(&one).await, nodes.look_fresh(&other).await), (revoked(), stale()));
    assert_eq!(nodes.looker.verifier().stale_allowed(), 0);
    assert_eq!(nodes.look(&other).await, Ok(()));
}

#[tokio::test]
async fn patience_that_is_at_its_end_lets_no_fresh_check_pass() {
    let redis = Redis::start().await;
    let nodes = Nodes::new(Some(Arc::new(connected(&redis.url()).await)), OnStale::Allow).await;
    let pair = nodes.sign_in().await;
    let token = pair.access_token.expose_secret();
    let checked = nodes.looker.check_fresh(token, Expected::Configured, std::future::ready(())).await;
    assert_eq!(checked.map(drop), stale());
}

/// A ledger that was restored without its last entries, or cannot be read: what the node knows itself stays refused.
#[tokio::test]
async fn the_replica_adds_refusals() {
    let nodes = Nodes::new(None, OnStale::Allow).await;
    let one = nodes.sign_in().await;
    nodes.end(&one).await;
    nodes.looker.follow().await.unwrap();
    nodes.looker_store.close();
    assert_eq!(nodes.look(&one).await, revoked());
}

struct OwnThread;

impl Offload for OwnThread {
    fn run(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Busy> {
        std::thread::spawn(job);
        Ok(())
    }
}

fn settings(check: CheckBy, on_stale: OnStale) -> AuthoritySettings {
    AuthoritySettings { check, on_stale, ..AuthoritySettings::new("https://auth.example") }
}
