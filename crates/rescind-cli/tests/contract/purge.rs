//! A running server purges its ledger by itself.
//!
//! Nothing goes before it has been expired for minutes, so the server runs in this process, on a clock that the
//! test sets.

use std::sync::Arc;
use std::time::Duration;

use rescind::authority::MasterKeySource;
use rescind::clock::{Clock as _, Timestamp};
use rescind::keys::MasterKey;
use rescind::system::SystemEntropy;
use rescind_server::config::{Settings, Sources};
use rescind_server::{Serve, run};
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::clock::ManualClock;
use rescind_testkit::process::{Api, Credentials};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::asking::{items, until};

const HOUR: Duration = Duration::from_secs(3_600);
const REVOCATIONS: &str = "/api/v1/admin/revocations";
const PASSWORD: &str = "a ledger of one's own 61";

#[tokio::test]
async fn a_running_server_purges_what_has_long_expired_and_nothing_else() {
    let data = TempDir::new().expect("a directory");
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_900_000_000)));
    let api = serve(&data, &clock).await;
    let token = sign_in(&api).await;
    let caller = Credentials::Bearer(&token);
    api.post(REVOCATIONS, caller, json!({"jti": "short"})).await.expect(201);
    let tomorrow = clock.now().plus(24 * HOUR).to_string();
    api.post(REVOCATIONS, caller, json!({"jti": "long", "expires_at": tomorrow})).await.expect(201);
    for jti in ["short", "long"] {
        api.get(&format!("{REVOCATIONS}/{jti}"), caller).await.expect(200);
    }

    // The longest access lifetime and the safety margin, and some.
    clock.forward(3 * HOUR);
    let token = sign_in(&api).await;
    let caller = Credentials::Bearer(&token);
    until(&api, caller, &format!("{REVOCATIONS}/short"), |reply| reply.status == 404).await;
    api.get(&format!("{REVOCATIONS}/long"), caller).await.expect(200);
    let told = items(&api, caller, "/api/v1/admin/audit?action=ledger_purged").await;
    assert_eq!(told[0]["actor"]["kind"], "system");
}

/// Starts the server, which ends with the test.
async fn serve(data: &TempDir, clock: &Arc<ManualClock>) -> Api {
    let store = SqliteStore::open(&data.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy)));
    let master_key: Arc<dyn MasterKeySource> = Arc::new(MasterKey::generate(&SystemEntropy));
    let (started, address) = oneshot::channel();
    tokio::spawn(run(Serve {
        settings: settings(),
        store: store.expect("a store"),
        master_keys: master_key,
        clock: clock.clone(),
        on_started: Box::new(move |info| started.send(info.issuer.clone()).expect("it is waited for")),
    }));
    Api::new(address.await.expect("it starts"))
}

/// An access token of the operator, once the replica is fresh by the clock as it now is.
async fn sign_in(api: &Api) -> String {
    until(api, Credentials::Nobody, "/readyz", |reply| reply.status == 200).await;
    let pair = api.login_as_admin("admin@localhost", PASSWORD).await.expect(200);
    pair.text("access_token").to_owned()
}

fn settings() -> Settings {
    let flag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sources = Sources {
        flags: vec![flag("listen", "127.0.0.1:0"), flag("log", "error"), flag("purge-interval", "1s")],
        environment: vec![("RESCIND_ADMIN_PASSWORD".into(), PASSWORD.into())],
        file: None,
        read_file: &|path| std::fs::read_to_string(path),
    };
    Settings::load(&sources).expect("settings")
}
