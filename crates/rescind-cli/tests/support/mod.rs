//! A running server with an operator at its desk, and the sessions that the operator opens.
#![allow(dead_code, reason = "every test file uses its own part")]

pub(crate) mod redis;
pub(crate) mod store;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rescind_testkit::process::{Api, Client, Credentials, Reply, Server};
use serde_json::{Value, json};

/// A server, and who may do everything on it without a password's cost.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) desk: Desk,
}

impl House {
    /// Starts a server and makes an API client that rules all.
    pub(crate) async fn open(settings: &[(&str, &str)]) -> Self {
        let options = store::options().await;
        let options = settings.iter().fold(options, |options, (name, value)| options.env(name, *value));
        let server = Server::start(options).await;
        let operator = server.client("operator", &["admin"]).await;
        let api = server.api().clone();
        let tenant = api.tenant_id(Credentials::Basic(&operator), "default").await;
        Self { desk: Desk { api, operator, tenant }, server }
    }
}

/// An operator's desk. Clones are for other tasks.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) api: Api,
    pub(crate) operator: Client,
    /// The id of the tenant `default`.
    pub(crate) tenant: String,
}

impl Desk {
    pub(crate) fn caller(&self) -> Credentials<'_> {
        Credentials::Basic(&self.operator)
    }

    /// Opens a session for a user of the tenant `default`, as the operator's backend.
    pub(crate) async fn open(&self, user: &str) -> Pair {
        self.open_in(&self.tenant, user).await
    }

    /// Opens a session for a user of any tenant, as the operator's backend.
    pub(crate) async fn open_in(&self, tenant: &str, user: &str) -> Pair {
        Pair::from(&self.hand_over(&self.operator, tenant, user).await.expect(201))
    }

    /// `POST /api/v1/sessions`.
    pub(crate) async fn hand_over(&self, backend: &Client, tenant: &str, user: &str) -> Reply {
        let body = json!({
            "user_id": user,
            "tenant_id": tenant,
            "email": format!("{user}@example.com"),
            "role": "member",
        });
        self.api.post("/api/v1/sessions", Credentials::Basic(backend), body).await
    }

    /// `POST` with the operator's credentials and an empty object.
    pub(crate) async fn order(&self, path: &str) -> Reply {
        self.api.post(path, self.caller(), json!({})).await
    }

    /// A number of the node's metrics, named with its labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        metric_of(&self.api.get("/metrics", self.caller()).await.expect(200), name)
    }

    /// Makes a tenant, and answers with its id.
    pub(crate) async fn new_tenant(&self) -> String {
        let body = json!({"slug": format!("tenant-{}", next())});
        self.api
            .post("/api/v1/admin/tenants", self.caller(), body)
            .await
            .expect(201)
            .text("tenant_id")
            .to_owned()
    }
}

/// What a session was given.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

impl From<&Reply> for Pair {
    fn from(reply: &Reply) -> Self {
        Self {
            access: reply.text("access_token").to_owned(),
            refresh: reply.text("refresh_token").to_owned(),
            session: reply.text("session_id").to_owned(),
        }
    }
}

/// A number among the metrics that were answered.
pub(crate) fn metric_of(metrics: &Reply, name: &str) -> f64 {
    let value = metrics.body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {}", metrics.body))
}

/// Waits for what there is no event for from outside.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Longer than anything here takes on the slowest machine.
    assert!(
        tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(),
        "waited in vain until {what}"
    );
}

/// The id of a user that no server knows yet.
pub(crate) fn new_user() -> String {
    format!("00000000-0000-4000-8000-{:012x}", next())
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The moments of the kills, from a seed that is printed: a failing test shows it.
pub(crate) struct Moments(u64);

impl Moments {
    pub(crate) fn new() -> Self {
        let given =
            std::env::var("RESCIND_TEST_SEED").ok().map(|seed| seed.parse().expect("the seed is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        println!("RESCIND_TEST_SEED={seed}");
        Self(seed)
    }

    /// Between 50 and 450 ms (SplitMix64).
    pub(crate) fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_micros(50_000 + (mixed ^ (mixed >> 31)) % 400_000)
    }
}

/// The header of a token, unchecked.
pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The `jti` of a token.
pub(crate) fn jti(token: &str) -> String {
    claims(token)["jti"].as_str().expect("a jti").to_owned()
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("a compact JWS");
    let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
