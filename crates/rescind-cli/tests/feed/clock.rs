//! What only time shows: how fresh a node says that it is, what was purged, a clock that steps back. The server runs in this
//! process, on a clock that the test sets.

use std::sync::Arc;
use std::time::Duration;

use rescind::clock::{Clock as _, Timestamp};
use rescind::keys::MasterKey;
use rescind::system::SystemEntropy;
use rescind_server::config::{Settings, Sources};
use rescind_server::{Foundation, Serve, ServeError, run};
use rescind_sqlite::{Options, SqliteStore};
use rescind_testkit::clock::ManualClock;
use rescind_testkit::process::{Api, Client, Credentials};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::reader::{End, Event, Events, HEAD, soon};

const PASSWORD: &str = "the house has a clock 31c0";

struct House {
    clock: Arc<ManualClock>,
    api: Api,
    reader: Client,
    operator: Client,
    server: JoinHandle<Result<(), ServeError>>,
    data: TempDir,
}

impl House {
    async fn new() -> Self {
        let data = TempDir::new().expect("a directory");
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_900_000_000)));
        let store =
            SqliteStore::open(&data.path().join("rescind.db"), &Options::new(Arc::new(SystemEntropy)))
                .expect("a store");
        let master_keys = Arc::new(MasterKey::generate(&SystemEntropy));
        let (started, address) = oneshot::channel();
        let server = tokio::spawn(run(Serve {
            settings: settings(),
            open: Box::new(move || {
                let (store, master_keys) = (store.clone(), master_keys.clone());
                Box::pin(async move { Ok(Foundation { store, master_keys, remote: false }) })
            }),
            cache: None,
            clock: clock.clone(),
            on_started: Box::new(move |info| started.send(info.issuer.clone()).expect("it is waited for")),
        }));
        let api = Api::new(address.await.expect("it starts"));
        let token = api.login_as_admin("admin@localhost", PASSWORD).await.expect(200);
        let by = Credentials::Bearer(token.text("access_token"));
        let reader = api.create_client(by, "verifier", &["feed"], None).await;
        let operator = api.create_client(by, "operator", &["admin"], None).await;
        Self { clock, api, reader, operator, server, data }
    }

    async fn post(&self, path: &str, body: serde_json::Value) -> rescind_testkit::process::Reply {
        self.api.post(path, Credentials::Basic(&self.operator), body).await
    }

    fn database(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.data.path().join("rescind.db")).expect("a database");
        database.busy_timeout(super::reader::LIMIT).expect("patience");
        database
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn settings() -> Settings {
    let flags = [("listen", "127.0.0.1:0"), ("log", "error"), ("purge-interval", "7d")];
    let sources = Sources {
        flags: flags.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        environment: vec![("RESCIND_ADMIN_PASSWORD".into(), PASSWORD.into())],
        file: None,
        read_file: &|path| std::fs::read_to_string(path),
    };
    Settings::load(&sources).expect("settings")
}

fn as_of(event: &Event) -> Timestamp {
    event.data["as_of"].as_str().expect("as_of").parse().expect("a time")
}

/// It says when it last read the ledger, not when it speaks: whoever follows it may not feel fresher than it is.
#[tokio::test]
async fn a_node_that_cannot_read_the_ledger_says_since_when() {
    let house = House::new().await;
    let mut events = Events::from_now(&house.api, &house.reader).await;
    house.clock.forward(Duration::from_secs(7));
    let read = house.clock.now();
    events.first(|event| event.is_heartbeat() && as_of(event) == read).await;

    house.database().execute_batch("ALTER TABLE head RENAME TO hidden").expect("the head is hidden");
    // What is under way reads on; the head says that it cannot be read when nobody can.
    let unreadable =
        async { while house.api.get(HEAD, Credentials::Basic(&house.reader)).await.status == 200 {} };
    soon(unreadable).await;
    house.clock.forward(Duration::from_secs(60));
    for _ in 0..2 {
        let beat = events.heartbeat().await;
        assert_eq!(as_of(&beat), read, "a minute has passed since");
    }
    house.database().execute_batch("ALTER TABLE hidden RENAME TO head").expect("the head is back");
    let now = house.clock.now();
    events.first(|event| event.is_heartbeat() && as_of(event) == now).await;
}

#[tokio::test]
async fn a_cursor_that_was_purged_past_is_gone() {
    let house = House::new().await;
    let mut events = Events::from_now(&house.api, &house.reader).await;
    let revocations = "/api/v1/admin/revocations";
    for jti in ["first", "second"] {
        house.post(revocations, json!({"jti": jti})).await.expect(201);
    }
    let tomorrow = house.clock.now().plus(Duration::from_secs(24 * 3600)).to_string();
    house.post(revocations, json!({"jti": "lasting", "expires_at": tomorrow})).await.expect(201);
    let seen = events.revocations(3).await;

    house.clock.forward(Duration::from_secs(3 * 3600));
    let purge = house.post("/api/v1/admin/revocations/purge", json!({})).await.expect(200);
    assert_eq!(purge.json["purged"], 2);
    let after = async |cursor: &str| {
        let query = format!("?after={cursor}");
        Events::open(&house.api, Credentials::Basic(&house.reader), &query, None).await
    };
    let refused = after(&seen[0].id).await.err().expect("a refusal");
    refused.refuses(410, "cursor_gone");
    for known in &seen[1..] {
        let mut events = after(&known.id).await.expect("200");
        let left: Vec<_> = seen[2..].iter().filter(|event| event.seq() > known.seq()).cloned().collect();
        assert_eq!(events.until_caught_up(3).await, left);
    }
    // Whoever was connected all the time has missed nothing.
    house.post(revocations, json!({"jti": "third"})).await.expect(201);
    assert_eq!(events.revocation().await.seq(), 4);
    let snapshot =
        house.api.get(super::reader::SNAPSHOT, Credentials::Basic(&house.reader)).await.expect(200);
    assert_eq!(super::reader::seqs(snapshot.json["marks"].as_array().expect("marks")), [3, 4]);
}

/// The node has to load everything anew, and does not know how fresh it is meanwhile; its readers go on where they were.
#[tokio::test]
async fn after_a_clock_that_steps_back_readers_come_again_and_go_on() {
    let house = House::new().await;
    let mut events = Events::from_now(&house.api, &house.reader).await;
    let revocations = "/api/v1/admin/revocations";
    house.post(revocations, json!({"jti": "first"})).await.expect(201);
    let first = events.revocation().await;
    house.clock.back(Duration::from_secs(100));
    assert_eq!(events.ends().await, End::InOrder);

    house.post(revocations, json!({"jti": "second"})).await.expect(201);
    let again = async {
        loop {
            let mut events = Events::after(&house.api, &house.reader, &first.id).await;
            // While it is loaded anew, streams end as soon as they have begun.
            while let Ok(event) = events.next().await {
                if !event.is_heartbeat() {
                    return event;
                }
            }
        }
    };
    assert_eq!(soon(again).await.data["key"], "second");
}
