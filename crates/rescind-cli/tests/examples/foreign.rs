//! The services in Python and Node, which know of Rescind what `docs/feed.md` says and nothing else.

use std::path::{Path, PathBuf};

use reqwest::Method;
use rescind_testkit::process::{Api, Client, Credentials, Program, Reply};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::desk::{AUDIENCE, cuts, end, feed_client, open, session};
use super::support::{Desk, House, Pair, claims, jti, new_user, until};

/// Runs each promise in both languages.
macro_rules! in_python_and_node {
    ($($promise:ident)*) => {
        mod python {
            $(#[tokio::test] async fn $promise() { super::$promise(super::Language::Python).await })*
        }
        mod node {
            $(#[tokio::test] async fn $promise() { super::$promise(super::Language::Node).await })*
        }
    };
}

in_python_and_node! {
    what_is_revoked_is_refused_whatever_the_kind
    what_was_not_meant_for_it_is_refused
    a_token_is_taken_as_a_bearer_token_only
    what_is_revoked_for_another_tenant_passes
    the_authority_may_be_killed_and_nothing_is_forgotten
    what_a_restored_backup_does_not_know_stays_revoked
    however_long_it_has_paused_a_snapshot_is_taken_soon
    beyond_max_staleness_everything_is_refused
    before_the_first_snapshot_it_is_not_ready
    by_the_feed_of_one_tenant_it_is_not_ready
    it_has_less_than_sixty_lines
}

async fn what_is_revoked_is_refused_whatever_the_kind(language: Language) {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = Service::ready(language, &desk, &[]).await;
    let bystander = session(&desk).await;
    let cuts = cuts(&desk).await;
    for (pair, _) in &cuts {
        let answer = service.me(&pair.access).await.expect(200);
        assert_eq!(answer.json, claims(&pair.access), "it answers with the claims");
    }
    for (pair, cut) in &cuts {
        service.passes(pair).await;
        service.passes(&bystander).await;
        cut.make(&desk).await;
        service.refused(pair).await;
        // Whoever signs in again is not hit, even by what hit all that the same user or tenant had.
        let (user, tenant) = (&claims(&pair.access)["user_id"], &claims(&pair.access)["tenant_id"]);
        let again = open(&desk, &desk.operator, json!({"user_id": user, "tenant_id": tenant})).await;
        service.passes(&again).await;
    }
    // It was signed with the key that was cut.
    service.refused(&bystander).await;
}

async fn what_was_not_meant_for_it_is_refused(language: Language) {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = Service::ready(language, &desk, &[]).await;
    let good = session(&desk).await;
    service.passes(&good).await;
    let elsewhere = open(&desk, &desk.operator, json!({"audience": "https://another.example"})).await;
    let nowhere = desk.open(&new_user()).await;
    let (input, signature) = good.access.rsplit_once('.').expect("a compact JWS");
    let (_, others_signature) = elsewhere.access.rsplit_once('.').expect("a compact JWS");
    let forged = format!("{input}.{others_signature}");
    let unsigned =
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", input.split_once('.').expect("two parts").1);
    assert_ne!(signature, others_signature);
    let bad = [&good.refresh, &elsewhere.access, &nowhere.access, &forged, &unsigned, "a.b.c", "x"];
    for token in bad {
        let answer = service.me(token).await.expect(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
    service.api().get("/me", Credentials::Nobody).await.expect(401);
    service.passes(&good).await;
}

/// RFC 6750 §2.1; the name of a scheme may be written in any case (RFC 9110 §11.1).
async fn a_token_is_taken_as_a_bearer_token_only(language: Language) {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = Service::ready(language, &desk, &[]).await;
    let good = session(&desk).await;
    for (scheme, status) in
        [("Bearer", 200), ("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Token", 401), ("DPoP", 401)]
    {
        let request = service.api().request(Method::GET, "/me", Credentials::Nobody);
        let request = request.header("authorization", format!("{scheme} {}", good.access));
        service.api().finish(request).await.expect(status);
    }
}

async fn what_is_revoked_for_another_tenant_passes(language: Language) {
    let House { server: _server, desk } = House::open(&[]).await;
    let service = Service::ready(language, &desk, &[]).await;
    let (good, last) = (session(&desk).await, session(&desk).await);
    let body = json!({"jti": jti(&good.access), "tenant_id": desk.new_tenant().await});
    desk.api.post("/api/v1/admin/revocations", desk.caller(), body).await.expect(201);
    end(&desk, &last).await;
    // The feed is in order: it has heard of the other, too.
    service.refused(&last).await;
    service.passes(&good).await;
}

async fn the_authority_may_be_killed_and_nothing_is_forgotten(language: Language) {
    let House { mut server, desk } = House::open(&[]).await;
    let client = feed_client(&desk).await;
    let service = Service::start(language, desk.api.base(), &client, &[]).await;
    service.becomes_ready().await;
    let (dead, later, good) = (session(&desk).await, session(&desk).await, session(&desk).await);
    service.passes(&later).await;
    end(&desk, &dead).await;
    service.refused(&dead).await;
    server.kill9().await;
    service.passes(&good).await;
    service.refused(&dead).await;
    server.restart().await;
    end(&desk, &later).await;
    service.refused(&later).await;
    service.refused(&dead).await;
    service.passes(&good).await;
    drop(service);
    let anew = Service::start(language, desk.api.base(), &client, &[]).await;
    anew.becomes_ready().await;
    anew.me(&dead.access).await.expect(401);
    anew.me(&later.access).await.expect(401);
    anew.passes(&good).await;
}

/// The feed answers with 410 then.
async fn what_a_restored_backup_does_not_know_stays_revoked(language: Language) {
    let House { mut server, desk } = House::open(&[]).await;
    let service = Service::ready(language, &desk, &[]).await;
    let (dead, good) = (session(&desk).await, session(&desk).await);
    service.passes(&dead).await;
    let directory = tempfile::tempdir().expect("a directory");
    let backup = directory.path().join("backup.db");
    run(server.command().arg("backup").arg(&backup)).await;
    end(&desk, &dead).await;
    service.refused(&dead).await;
    server.kill9().await;
    run(server.command().args(["restore", "--replace", "--yes", "--keep-sessions"]).arg(&backup)).await;
    server.restart().await;
    end(&desk, &good).await;
    service.refused(&good).await;
    service.refused(&dead).await;
}

/// Its reader of the feed alone, by a script of answers and on a clock that does not run.
async fn however_long_it_has_paused_a_snapshot_is_taken_soon(language: Language) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = match language {
        Language::Python => {
            let mut command = Command::new(told("RESCIND_TEST_EXAMPLE_PYTHON"));
            command.arg("-B").arg(beside_this("pauses.py")).arg(language.source());
            command
        }
        Language::Node => {
            let script = node_script(directory.path());
            let mut command = Command::new(told("RESCIND_TEST_NODE"));
            command.arg("--import").arg(beside_this("pauses.mjs")).arg(script);
            command
        }
    };
    command.env("AUTHORITY", "http://127.0.0.1:9").env("AUDIENCE", AUDIENCE).env("PORT", "0");
    command.env("CLIENT_ID", "service").env("CLIENT_SECRET", "a secret");
    let output = command.output().await.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let did: Vec<_> =
        text.lines().filter(|line| line.starts_with("asks ") || line.starts_with("pauses ")).collect();
    let (snapshot, events) = ("asks /api/v1/feed/snapshot", "asks /api/v1/feed/events?after=1-a");
    let failing = [snapshot, events, "pauses 1.0", events, "pauses 2.0", events, "pauses 4.0"];
    // Then it is told 410.
    assert_eq!(did, [&failing[..], &[events, "pauses 1.0", snapshot]].concat(), "{output:?}");
}

async fn beyond_max_staleness_everything_is_refused(language: Language) {
    let House { mut server, desk } = House::open(&[]).await;
    // A heartbeat comes every five seconds.
    let service = Service::ready(language, &desk, &[("MAX_STALENESS", "15")]).await;
    let (dead, good) = (session(&desk).await, session(&desk).await);
    end(&desk, &dead).await;
    service.refused(&dead).await;
    service.passes(&good).await;
    server.kill9().await;
    until("it is stale", async || service.health().await == 503).await;
    service.me(&good.access).await.expect(503);
    assert_ne!(service.me(&dead.access).await.status, 200);
    server.restart().await;
    until("it is fresh again", async || service.me(&good.access).await.status == 200).await;
    service.me(&dead.access).await.expect(401);
}

async fn before_the_first_snapshot_it_is_not_ready(language: Language) {
    let House { mut server, desk } = House::open(&[]).await;
    let (client, good) = (feed_client(&desk).await, session(&desk).await);
    server.kill9().await;
    let service = Service::start(language, desk.api.base(), &client, &[]).await;
    assert_eq!(service.health().await, 503);
    service.me(&good.access).await.expect(503);
    server.restart().await;
    until("it is ready", async || service.me(&good.access).await.status == 200).await;
    assert_eq!(service.health().await, 200);
}

/// It would not hear of what other tenants revoke.
async fn by_the_feed_of_one_tenant_it_is_not_ready(language: Language) {
    let House { server: _server, desk } = House::open(&[]).await;
    let (tenant, good) = (desk.new_tenant().await, session(&desk).await);
    let bound = desk.api.create_client(desk.caller(), "bound", &["feed"], Some(&tenant)).await;
    let service = Service::start(language, desk.api.base(), &bound, &[]).await;
    // One that was started later has come to its first heartbeat.
    Service::ready(language, &desk, &[]).await.passes(&good).await;
    assert_eq!(service.health().await, 503);
    service.me(&good.access).await.expect(503);
}

/// Without blank lines, comments, and lines that are nothing but brackets.
async fn it_has_less_than_sixty_lines(language: Language) {
    let text = std::fs::read_to_string(language.source()).expect("the example");
    let says_something = |line: &&str| {
        let is_comment = ["#", "//", "/*", "\"\"\""].iter().any(|mark| line.starts_with(mark));
        !is_comment && line.contains(char::is_alphanumeric)
    };
    let lines = text.lines().map(str::trim).filter(says_something).count();
    assert!((30..60).contains(&lines), "{lines} lines");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python,
    Node,
}

impl Language {
    fn source(self) -> PathBuf {
        let path = match self {
            Self::Python => "python/service.py",
            Self::Node => "node/service.mjs",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(path)
    }
}

/// A service that runs.
struct Service {
    program: Program,
    /// Holds what was installed for it.
    _directory: TempDir,
}

impl Service {
    /// Starts one that knows the authority and may read its feed, and waits until it is ready.
    async fn ready(language: Language, desk: &Desk, settings: &[(&str, &str)]) -> Self {
        let service = Self::start(language, desk.api.base(), &feed_client(desk).await, settings).await;
        service.becomes_ready().await;
        service
    }

    async fn start(language: Language, authority: &str, client: &Client, settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut command, label) = match language {
            Language::Python => (python(), "Running on "),
            Language::Node => (node(directory.path()), "listening on "),
        };
        command.env("AUTHORITY", authority).env("AUDIENCE", AUDIENCE).env("PORT", "0");
        command
            .env("CLIENT_ID", &client.id)
            .env("CLIENT_SECRET", &client.secret)
            .envs(settings.iter().copied());
        Self { program: Program::start(command, label).await, _directory: directory }
    }

    fn api(&self) -> &Api {
        self.program.api()
    }

    async fn me(&self, token: &str) -> Reply {
        self.api().get("/me", Credentials::Bearer(token)).await
    }

    async fn health(&self) -> u16 {
        self.api().get("/healthz", Credentials::Nobody).await.status
    }

    async fn becomes_ready(&self) {
        until("it is ready", async || self.health().await == 200).await;
    }

    async fn passes(&self, pair: &Pair) {
        self.me(&pair.access).await.expect(200);
    }

    /// Waits until the token is refused: it has no way to tell when it has heard of something.
    async fn refused(&self, pair: &Pair) {
        until("it is refused", async || self.me(&pair.access).await.status == 401).await;
    }
}

/// As its README says: `flask --app service run`.
fn python() -> Command {
    let mut command = Command::new(told("RESCIND_TEST_EXAMPLE_PYTHON"));
    command.args(["-B", "-m", "flask", "--app"]).arg(Language::Python.source()).args(["run", "--port", "0"]);
    command
}

/// As its README says: `node service.mjs`, beside its `node_modules`.
fn node(directory: &Path) -> Command {
    let mut command = Command::new(told("RESCIND_TEST_NODE"));
    command.arg(node_script(directory));
    command
}

fn node_script(directory: &Path) -> PathBuf {
    let script = directory.join("service.mjs");
    std::fs::copy(Language::Node.source(), &script).expect("the example");
    let modules = told("RESCIND_TEST_EXAMPLE_NODE_MODULES");
    std::os::unix::fs::symlink(modules, directory.join("node_modules")).expect("a link");
    script
}

fn beside_this(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples").join(name)
}

async fn run(command: &mut Command) {
    let output = command.output().await.expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Where `cargo xtask test` has put something. Not set is a failure: a skipped test would look like a passed one.
fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `cargo xtask test`, or eval \"$(cargo xtask tools)\" first")
    })
}
