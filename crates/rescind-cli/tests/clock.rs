//! A clock that jumps: what was revoked stays revoked, who is signed in stays so, and what has long expired goes.
//!
//! The server runs in this process, on a clock that the test sets; the store and the requests are real.

mod support;

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::MasterKeySource;
use rescind::clock::{Clock as _, Timestamp};
use rescind::keys::MasterKey;
use rescind::system::SystemEntropy;
use rescind_server::config::{Settings, Sources};
use rescind_server::{Foundation, Serve, ServeError, run};
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::clock::ManualClock;
use rescind_testkit::process::{Api, Credentials, Reply};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Between two looks at what has no event to wait for from outside, and how long to look.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LIMIT: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const EMAIL: &str = "admin@localhost";
const PASSWORD: &str = "a clock of one's own 7";
const REVOCATIONS: &str = "/api/v1/admin/revocations";

/// A server, and the time that it believes.
struct House {
    clock: Arc<ManualClock>,
    api: Api,
    server: JoinHandle<Result<(), ServeError>>,
    _data: TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these flags beside the usual ones.
    async fn with(flags: &[(&str, &str)]) -> Self {
        let data = TempDir::new().expect("a directory");
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_900_000_000)));
        let store =
            SqliteStore::open(&data.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy)))
                .expect("a store");
        let master_key: Arc<dyn MasterKeySource> = Arc::new(MasterKey::generate(&SystemEntropy));
        let (started, address) = oneshot::channel();
        let server = tokio::spawn(run(Serve {
            settings: settings(flags),
            open: Box::new(move || {
                let (store, master_keys) = (store.clone(), Arc::clone(&master_key));
                Box::pin(async move { Ok(Foundation { store, master_keys, remote: false }) })
            }),
            cache: None,
            clock: clock.clone(),
            on_started: Box::new(move |info| started.send(info.issuer.clone()).expect("it is waited for")),
        }));
        let api = Api::new(address.await.expect("it starts"));
        let house = Self { clock, api, server, _data: data };
        house.ready().await;
        house
    }

    /// Waits until it follows the ledger by the clock as it now is.
    async fn ready(&self) {
        let ready = async {
            while self.api.get("/readyz", Credentials::Nobody).await.status != 200 {
                assert!(!self.server.is_finished(), "the server has ended");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(LIMIT, ready).await.expect("it becomes ready");
    }

    async fn operator(&self) -> String {
        self.api.login_as_admin(EMAIL, PASSWORD).await.expect(200).text("access_token").to_owned()
    }

    async fn sign_in(&self) -> Pair {
        Pair::of(&self.api.login(EMAIL, PASSWORD).await.expect(200))
    }

    async fn sign_out(&self, pair: &Pair) {
        let path = format!("/api/v1/auth/sessions/{}", pair.session);
        self.api.delete(&path, Credentials::Bearer(&pair.access)).await.expect(204);
        self.api.me(&pair.access).await.refuses(401, "token_revoked");
    }

    async fn sign_out_everywhere(&self, pair: &Pair) {
        let caller = Credentials::Bearer(&pair.access);
        self.api.post("/api/v1/auth/sessions/revoke-all", caller, json!({})).await.expect(200);
    }

    /// Never let through, neither while the ledger is loaded anew nor after it.
    async fn never_passes(&self, access: &str) -> Reply {
        let refused = async {
            loop {
                let reply = self.api.me(access).await;
                assert!([401, 503].contains(&reply.status), "{reply:?}");
                if reply.status == 401 {
                    break reply;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(LIMIT, refused).await.expect("it is told why")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Pair {
    access: String,
    refresh: String,
    session: String,
}

impl Pair {
    fn of(reply: &Reply) -> Self {
        let text = |member| reply.text(member).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), session: text("session_id") }
    }
}

fn settings(flags: &[(&str, &str)]) -> Settings {
    let usual = [("listen", "127.0.0.1:0"), ("log", "error")];
    let flags = usual.iter().chain(flags).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let sources = Sources {
        flags: flags.collect(),
        environment: vec![("RESCIND_ADMIN_PASSWORD".into(), PASSWORD.into())],
        file: None,
        read_file: &|path| std::fs::read_to_string(path),
    };
    Settings::load(&sources).expect("settings")
}

#[tokio::test]
async fn an_hour_ahead_ends_access_tokens_and_no_session() {
    let house = House::new().await;
    let (kept, ended) = (house.sign_in().await, house.sign_in().await);
    house.sign_out(&ended).await;

    house.clock.forward(HOUR);
    house.ready().await;
    house.api.me(&kept.access).await.refuses(401, "token_expired");
    house.api.refresh(&ended.refresh).await.refuses(401, "session_revoked");
    let refreshed = Pair::of(&house.api.refresh(&kept.refresh).await.expect(200));
    house.api.me(&refreshed.access).await.expect(200);
    assert_eq!(refreshed.session, kept.session);
}

/// The mark of the ended session left the replica while the clock was ahead, and its tokens are young again when it is back.
#[tokio::test]
async fn an_hour_ahead_and_back_brings_nothing_revoked_back() {
    let house = House::new().await;
    let (kept, ended) = (house.sign_in().await, house.sign_in().await);
    house.sign_out(&ended).await;

    house.clock.forward(HOUR);
    house.ready().await;
    let later = house.sign_in().await;
    house.sign_out(&later).await;
    let refreshed = Pair::of(&house.api.refresh(&kept.refresh).await.expect(200));

    house.clock.back(HOUR);
    house.never_passes(&ended.access).await.refuses(401, "token_revoked");
    house.ready().await;
    house.api.refresh(&ended.refresh).await.refuses(401, "session_revoked");
    house.api.me(&later.access).await.expect(401);
    house.api.refresh(&later.refresh).await.expect(401);
    // What was minted in the hour that has not been is not good yet, and nobody is taken for a thief.
    house.api.me(&refreshed.access).await.refuses(401, "invalid_token");
    house.api.refresh(&refreshed.refresh).await.refuses(401, "invalid_refresh_token");
    house.api.me(&kept.access).await.expect(200);
    house.api.me(&house.sign_in().await.access).await.expect(200);

    house.clock.forward(HOUR);
    house.ready().await;
    house.api.me(&refreshed.access).await.expect(200);
    house.api.me(&later.access).await.refuses(401, "token_revoked");
    house.api.refresh(&refreshed.refresh).await.expect(200);
}

/// Versions rise whatever the clock says: what a cut let live and what it killed is not decided by times.
#[tokio::test]
async fn an_hour_back_does_not_weaken_a_cut() {
    let house = House::new().await;
    let before = house.sign_in().await;
    house.sign_out_everywhere(&before).await;
    let between = house.sign_in().await;

    house.clock.back(HOUR);
    house.never_passes(&before.access).await;
    house.ready().await;
    let caller = house.sign_in().await;
    house.sign_out_everywhere(&caller).await;
    house.api.me(&caller.access).await.refuses(401, "token_revoked");
    let after = house.sign_in().await;
    house.api.me(&after.access).await.expect(200);

    house.clock.forward(HOUR);
    house.ready().await;
    for dead in [&before, &between, &caller] {
        house.api.refresh(&dead.refresh).await.refuses(401, "session_revoked");
        house.api.me(&dead.access).await.expect(401);
    }
    house.api.me(&between.access).await.refuses(401, "token_revoked");
    house.api.refresh(&after.refresh).await.expect(200);
}

/// The leeway may be raised at the next start: nothing that it could bring back is forgotten by then.
#[tokio::test]
async fn no_purge_forgets_what_a_larger_leeway_would_revive() {
    let house = House::new().await;
    let ended = house.sign_in().await;
    house.sign_out(&ended).await;
    let purge = async || {
        let operator = house.operator().await;
        let body = json!({"safety_margin_seconds": 0});
        let path = "/api/v1/admin/revocations/purge";
        let purged = house.api.post(path, Credentials::Bearer(&operator), body).await.expect(200);
        purged.json["purged"].as_u64().expect("a number")
    };

    house.clock.forward(Duration::from_secs(15 * 60 + 299));
    house.ready().await;
    assert_eq!(purge().await, 0, "it expired less than five minutes ago");
    house.clock.forward(Duration::from_secs(3));
    house.ready().await;
    assert_eq!(purge().await, 1);
}

/// Nobody purges again within the test, and it is told by how much that is late.
#[tokio::test]
async fn an_overdue_purge_is_told() {
    let house = House::with(&[("purge-interval", "7d")]).await;
    let overdue = async || {
        let operator = house.operator().await;
        let metrics = house.api.get("/metrics", Credentials::Bearer(&operator)).await.expect(200);
        support::metric_of(&metrics, "rescind_purge_overdue_seconds")
    };
    assert_eq!(overdue().await, 0.0);
    let ended = house.sign_in().await;
    house.sign_out(&ended).await;
    house.clock.forward(Duration::from_secs(60 * 60 + 15 * 60));
    house.ready().await;
    assert_eq!(overdue().await, 0.0, "it is kept for an hour after it has expired");

    house.clock.forward(10 * HOUR);
    house.ready().await;
    // An entry lives up to a minute and a second longer than the tokens that it kills.
    let late = overdue().await;
    assert!((10.0 * 3600.0 - 61.0..=10.0 * 3600.0).contains(&late), "{late}");
}

/// A used refresh token is good while its reply may have been lost, and no longer.
#[tokio::test]
async fn a_used_refresh_token_is_active_no_longer_than_it_may_be_repeated() {
    let house = House::new().await;
    let operator = house.operator().await;
    let scopes = ["introspect"];
    let client = house.api.create_client(Credentials::Bearer(&operator), "asks", &scopes, None).await;
    let is_active = async |token: &str| {
        let fields = [("token", token)];
        let asked =
            house.api.form("/oauth2/introspect", Credentials::Basic(&client), &fields).await.expect(200);
        asked.json["active"] == true
    };
    let used = house.sign_in().await;
    let newest = Pair::of(&house.api.refresh(&used.refresh).await.expect(200));
    assert!(is_active(&used.refresh).await && is_active(&newest.refresh).await);

    house.clock.forward(HOUR * 24);
    house.ready().await;
    assert!(is_active(&used.refresh).await);
    house.clock.forward(Duration::from_secs(1));
    house.ready().await;
    assert!(!is_active(&used.refresh).await);
    assert!(is_active(&newest.refresh).await);
}

/// The task is on by default, and takes what has long expired and nothing else.
#[tokio::test]
async fn a_running_server_purges_what_has_long_expired_and_nothing_else() {
    let house = House::with(&[("purge-interval", "1s")]).await;
    let operator = house.operator().await;
    let caller = Credentials::Bearer(&operator);
    house.api.post(REVOCATIONS, caller, json!({"jti": "short"})).await.expect(201);
    let tomorrow = house.clock.now().plus(24 * HOUR).to_string();
    house.api.post(REVOCATIONS, caller, json!({"jti": "long", "expires_at": tomorrow})).await.expect(201);
    for jti in ["short", "long"] {
        house.api.get(&format!("{REVOCATIONS}/{jti}"), caller).await.expect(200);
    }

    // The longest access lifetime and the safety margin, and some.
    house.clock.forward(3 * HOUR);
    house.ready().await;
    let operator = house.operator().await;
    let caller = Credentials::Bearer(&operator);
    let gone = async {
        while house.api.get(&format!("{REVOCATIONS}/short"), caller).await.status != 404 {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.expect("it is purged");
    house.api.get(&format!("{REVOCATIONS}/long"), caller).await.expect(200);
    let told = house.api.get("/api/v1/admin/audit?action=ledger_purged", caller).await.expect(200);
    assert_eq!(told.json["items"][0]["actor"]["kind"], "system");
}

/// It lives as long as the setting says that such tokens do, or as the cut has said if that is longer; and so long again as the safety
/// margin.
#[tokio::test]
async fn what_was_revoked_of_another_issuer_is_purged_when_the_last_of_its_tokens_has_long_expired() {
    let house = House::with(&[("purge-interval", "7d"), ("foreign-ttl", "6h")]).await;
    let [user, session, lasting] = [1, 2, 3].map(|id| format!("00000000-0000-4000-8000-{id:012}"));
    let operator = house.operator().await;
    let tenant = house.api.tenant_id(Credentials::Bearer(&operator), "default").await;
    let revoke = async |operator: &str, mut body: serde_json::Value| {
        body["tenant_id"] = tenant.as_str().into();
        body["user_id"] = user.as_str().into();
        house.api.post(REVOCATIONS, Credentials::Bearer(operator), body).await.expect(201)
    };
    let soon = house.clock.now().plus(HOUR).to_string();
    let tomorrow = house.clock.now().plus(24 * HOUR).to_string();
    revoke(&operator, json!({"jti": "short", "expires_at": soon})).await;
    revoke(&operator, json!({"jti": "usual"})).await;
    revoke(&operator, json!({"digest": "0f".repeat(32)})).await;
    revoke(&operator, json!({"session_id": session, "foreign": true})).await;
    let first = revoke(&operator, json!({"foreign": true})).await;
    revoke(&operator, json!({"session_id": lasting, "foreign": true, "expires_at": tomorrow})).await;

    // How many go, and the kinds of those that are left, newest first.
    let purge_after = async |passed: Duration| {
        house.clock.forward(passed);
        house.ready().await;
        let operator = house.operator().await;
        let caller = Credentials::Bearer(&operator);
        let purged = house.api.post(&format!("{REVOCATIONS}/purge"), caller, json!({})).await.expect(200);
        let left = house.api.get(&format!("{REVOCATIONS}?user_id={user}"), caller).await.expect(200);
        let items = left.json["items"].as_array().expect("a list");
        let kinds: Vec<_> =
            items.iter().map(|item| item["kind"].as_str().expect("a kind").to_owned()).collect();
        (purged.json["purged"].as_u64().expect("a number"), kinds.join(" "))
    };
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let all = "session user session digest token token".to_owned();
    assert_eq!(purge_after(2 * HOUR + minutes(3)).await, (0, all.clone()), "a cut says too little in vain");
    assert_eq!(purge_after(5 * HOUR - minutes(6)).await, (0, all), "the margin is not over");
    assert_eq!(purge_after(minutes(6)).await, (5, "session".to_owned()));

    // The entry has gone, and the version that it gave has not: nobody is handed a lower one, by whatever clock.
    house.clock.back(8 * HOUR);
    house.ready().await;
    let second = revoke(&house.operator().await, json!({"foreign": true})).await;
    assert!(second.json["min_version"].as_i64() > first.json["min_version"].as_i64(), "{second:?}");
}
