//! What was acknowledged outlives `kill -9`; what was not can be asked for again. And two more ways in which a server is
//! not alone: the command line beside it, and the deployment that ends it.

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rescind_testkit::process::{Api, Reply};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use support::{Desk, House, Moments, Pair, jti, new_user};

/// How often the server is killed.
const KILLS: usize = 50;
/// The same in the long run (`RESCIND_TEST_FULL`).
const FULL_KILLS: usize = 200;
/// How many sessions are refreshed all the time.
const CHAINS: usize = 6;
/// How many clients revoke in each way.
const REVOKERS: usize = 3;
/// How many tasks look whether revocations still hold.
const CHECKERS: usize = 8;
/// More looks at the server than it takes to read the ledger once; each is a request.
const LOOKS: usize = 10_000;

/// A server killed at random moments, again and again on the same data, loses no revocation that it acknowledged, gives no
/// refresh token two successors, and answers whoever lost a reply when the same token is presented again.
///
/// `RESCIND_TEST_SEED` repeats the moments of a run that failed.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let mut moments = Moments::new();
    // Restarts on a slow machine may outlast the grace in generations running, which is no theft here.
    let settings = [("RESCIND_REPLAY_LIMIT", "0"), ("RESCIND_ACCESS_TTL", "2h"), ("RESCIND_LOG", "warn")];
    let mut house = House::open(&settings).await;
    let mut chains = Vec::new();
    for _ in 0..CHAINS {
        chains.push(Chain::new(house.desk.open(&new_user()).await.refresh));
    }
    let mut acknowledged = Vec::new();
    let kills = if std::env::var_os("RESCIND_TEST_FULL").is_some() { FULL_KILLS } else { KILLS };
    for round in 0..kills {
        // Connections to the server that was killed are no good.
        let desk = Desk { api: Api::new(house.server.base()), ..house.desk.clone() };
        let load = Load::start(&desk, chains);
        tokio::time::sleep(moments.next()).await;
        house.server.kill9().await;
        let (after, new) = load.end().await;
        chains = after;
        house.server.restart().await;
        let desk = Desk { api: Api::new(house.server.base()), ..house.desk.clone() };
        check_all(&desk, &new, &format!("round {round}")).await;
        acknowledged.extend(new);
    }
    let desk = Desk { api: Api::new(house.server.base()), ..house.desk.clone() };
    check_all(&desk, &acknowledged, "at the end").await;
    for chain in &mut chains {
        chain.step(&desk.api).await.expect("nobody kills the server now");
    }
    let steps: usize = chains.iter().map(|chain| chain.successors.len()).sum();
    for act in [Act::Jti, Act::Session, Act::User] {
        let count = acknowledged.iter().filter(|revoked| revoked.act == act).count();
        assert!(count > 0, "no revocation by {act:?} was ever acknowledged: nothing was tested");
    }
    assert!(steps > kills, "hardly any refresh was answered: nothing was tested");
    println!("{} revocations and {steps} refreshes were acknowledged", acknowledged.len());
}

/// Clients that go on until the server is gone.
struct Load {
    chains: JoinSet<Chain>,
    revokers: JoinSet<()>,
    acknowledged: Arc<Mutex<Vec<Revoked>>>,
}

impl Load {
    fn start(desk: &Desk, chains: Vec<Chain>) -> Self {
        let mut load =
            Self { chains: JoinSet::new(), revokers: JoinSet::new(), acknowledged: Arc::default() };
        for mut chain in chains {
            let api = desk.api.clone();
            load.chains.spawn(async move {
                while chain.step(&api).await.is_ok() {}
                chain
            });
        }
        for act in [Act::Jti, Act::Session, Act::User].repeat(REVOKERS) {
            let (desk, acknowledged) = (desk.clone(), Arc::clone(&load.acknowledged));
            load.revokers.spawn(async move {
                while let Ok(revoked) = revoke(&desk, act).await {
                    acknowledged.lock().expect("no revoker panicked").push(revoked);
                }
            });
        }
        load
    }

    /// What each client knows, once all have noticed that the server is gone.
    async fn end(self) -> (Vec<Chain>, Vec<Revoked>) {
        let chains = self.chains.join_all().await;
        self.revokers.join_all().await;
        let acknowledged = std::mem::take(&mut *self.acknowledged.lock().expect("no revoker panicked"));
        (chains, acknowledged)
    }
}

/// A client that keeps the newest refresh token that it was answered with.
struct Chain {
    newest: String,
    /// By presented token, over all restarts.
    successors: HashMap<String, String>,
}

impl Chain {
    fn new(first: String) -> Self {
        Self { newest: first, successors: HashMap::new() }
    }

    /// Presents the newest token, twice at once. An error: a reply was lost.
    async fn step(&mut self, api: &Api) -> Result<(), reqwest::Error> {
        let body = json!({"refresh_token": self.newest});
        let path = "/api/v1/auth/refresh";
        let (one, two) = tokio::join!(post(api, path, &body), post(api, path, &body));
        let mut next = self.newest.clone();
        for reply in [&one, &two].into_iter().flatten() {
            assert_eq!(reply.status, 200, "the newest token that was answered is good: {reply:?}");
            let successor = reply.text("refresh_token").to_owned();
            let known = self.successors.entry(self.newest.clone()).or_insert_with(|| successor.clone());
            assert_eq!(*known, successor, "a refresh token has two successors");
            next = successor;
        }
        self.newest = next;
        one.and(two).map(drop)
    }
}

async fn post(api: &Api, path: &str, body: &Value) -> Result<Reply, reqwest::Error> {
    let nobody = rescind_testkit::process::Credentials::Nobody;
    api.try_finish(api.request(reqwest::Method::POST, path, nobody).json(body)).await
}

/// How something is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Jti,
    Session,
    User,
}

/// A revocation that was acknowledged.
#[derive(Clone)]
struct Revoked {
    act: Act,
    pair: Pair,
}

/// Opens a session of a new user and revokes it. An error: a reply was lost, and nothing is known.
async fn revoke(desk: &Desk, act: Act) -> Result<Revoked, reqwest::Error> {
    let user = new_user();
    let body = json!({
        "user_id": user, "tenant_id": desk.tenant, "email": format!("{user}@example.com"), "role": "member",
    });
    let opened = order(desk, "/api/v1/sessions", &body).await?;
    let pair = Pair::from(&opened.expect(201));
    let (path, body) = match act {
        Act::Jti => (format!("/api/v1/auth/sessions/revoke/{}", jti(&pair.access)), json!({})),
        Act::Session => ("/api/v1/admin/revocations".to_owned(), json!({"session_id": pair.session})),
        Act::User => (format!("/api/v1/admin/users/{user}/revoke-all"), json!({})),
    };
    let done = order(desk, &path, &body).await?;
    assert!(matches!(done.status, 200 | 201), "{done:?}");
    Ok(Revoked { act, pair })
}

async fn order(desk: &Desk, path: &str, body: &Value) -> Result<Reply, reqwest::Error> {
    desk.api.try_finish(desk.api.request(reqwest::Method::POST, path, desk.caller()).json(body)).await
}

/// Every one of them still holds.
async fn check_all(desk: &Desk, all: &[Revoked], when: &str) {
    let mut checks = JoinSet::new();
    for some in all.chunks(all.len().div_ceil(CHECKERS).max(1)) {
        let (desk, some, when) = (desk.clone(), some.to_vec(), when.to_owned());
        checks.spawn(async move {
            for revoked in some {
                revoked.check(&desk, &when).await;
            }
        });
    }
    checks.join_all().await;
}

impl Revoked {
    /// It is still revoked, on every surface.
    async fn check(&self, desk: &Desk, when: &str) {
        let (act, pair) = (self.act, &self.pair);
        let called = desk.api.me(&pair.access).await;
        assert_eq!((called.status, called.code()), (401, "token_revoked"), "{when}, by {act:?}: {called:?}");
        if act == Act::Jti {
            let path = format!("/api/v1/admin/revocations/{}", jti(&pair.access));
            let entry = desk.api.get(&path, desk.caller()).await;
            assert_eq!(entry.status, 200, "{when}: {entry:?}");
        } else {
            let refreshed = desk.api.refresh(&pair.refresh).await;
            let seen = (refreshed.status, refreshed.code());
            assert_eq!(seen, (401, "session_revoked"), "{when}, by {act:?}: {refreshed:?}");
        }
    }
}

/// What the command line revokes while a server runs on the same data is refused by that server, with nothing restarted.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_revokes_holds_in_the_running_server() {
    let House { desk, server } = House::open(&[]).await;
    for by in ["--jti", "--session", "--user"] {
        let user = new_user();
        let pair = desk.open(&user).await;
        desk.api.me(&pair.access).await.expect(200);
        let named = match by {
            "--jti" => jti(&pair.access),
            "--session" => pair.session.clone(),
            _ => user,
        };
        let mut command = server.command();
        command.args(["revoke", by, &named, "--json", "--reason", "from the command line"]);
        if by == "--user" {
            command.arg("--yes");
        }
        let done = command.output().await.expect("the command starts");
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "rescind revoke {by} fails: {errors}");
        until_refused(&desk.api, &pair.access, by).await;
        let refreshed = desk.api.refresh(&pair.refresh).await;
        match by {
            "--jti" => drop(refreshed.expect(200)),
            _ => drop(refreshed.refuses(401, "session_revoked")),
        }
    }
}

async fn until_refused(api: &Api, access: &str, by: &str) {
    for _ in 0..LOOKS {
        let called = api.me(access).await;
        if called.status != 200 {
            called.refuses(401, "token_revoked");
            return;
        }
    }
    panic!("the server never noticed what the command line revoked ({by})");
}

/// SIGTERM ends a server only after the request under way is answered; the server is then gone with status 0, and what it
/// answered holds at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_server_answers_what_is_under_way() {
    let mut house = House::open(&[]).await;
    let pair = house.desk.open(&new_user()).await;
    let address = house.server.base().trim_start_matches("http://").to_owned();
    let body = json!({"refresh_token": pair.refresh}).to_string();

    let mut stream = BufReader::new(TcpStream::connect(&address).await.expect("the server listens"));
    let head = format!(
        "POST /api/v1/auth/refresh HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("the server answers");
    assert!(
        line.starts_with("HTTP/1.1 100 "),
        "the server asks for the body, so the request is under way: {line}"
    );

    house.server.signal_term();
    let mut listening = true;
    for _ in 0..LOOKS {
        listening = TcpStream::connect(&address).await.is_ok();
        if !listening {
            break;
        }
    }
    assert!(!listening, "a server that was told to end takes no more connections");

    stream.write_all(body.as_bytes()).await.expect("the server still reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server still answers");
    assert!(answer.contains("HTTP/1.1 200 "), "{answer}");
    let (_, answered) = answer.rsplit_once("\r\n\r\n").expect("a body");
    let answered: Value = serde_json::from_str(answered).expect("a token pair");
    assert!(house.server.wait().await.success(), "an orderly end has status 0");

    house.server.restart().await;
    let next = answered["refresh_token"].as_str().expect("a refresh token");
    Api::new(house.server.base()).refresh(next).await.expect(200);
}
