//! What is used instead of Rescind: the programs in benches/peers, each with two processes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rescind_testkit::load::{Body, Call};
use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::{Client, Credentials};
use rescind_testkit::program::Program;
use rescind_testkit::redis::Redis;

use crate::path;
use crate::tokens::{AUDIENCE, ISSUER, Tokens};

/// A route of oidc-provider's that asks nobody for anything.
pub(crate) const OIDC_OPEN: &str = "/jwks";

/// What both benchmarks of refresh take together.
const REFRESH_TOKENS: usize = 65;

/// How many tokens oidc-provider is asked about.
const OPAQUE_TOKENS: usize = 1_000;

/// The programs, with what is asked of them.
pub(crate) struct Theirs {
    pub(crate) express: Program,
    pub(crate) oidc: Program,
    pub(crate) flask: Program,
    pub(crate) django: Program,
    /// Asks oidc-provider about each of its tokens.
    pub(crate) introspections: Vec<Call>,
    /// Asks simplejwt about each token.
    pub(crate) verifications: Vec<Call>,
    refresh_tokens: Vec<String>,
}

impl Theirs {
    /// Starts all of them, and fills their stores.
    pub(crate) async fn start(postgres: &Postgres, redis: &Redis, tokens: &Tokens) -> Self {
        let database = postgres.create_database().await;
        let refresh_tokens = prepare_django(&database, tokens);
        let with_tokens = |mut command: Command| {
            command.env("SECRET", &tokens.secret).env("REDIS_URL", redis.url());
            command.env("DATABASE_URL", &database);
            command
        };
        let client = Client { id: "bench".to_owned(), secret: "of-this-benchmark-alone".to_owned() };
        let for_client = |mut command: Command| {
            command.env("CLIENT_ID", &client.id).env("CLIENT_SECRET", &client.secret);
            command.env("REDIS_URL", redis.url());
            command
        };
        let oidc = Program::start("oidc", OIDC_OPEN, |address| for_client(node("oidc.js", address))).await;
        Self {
            introspections: introspections(&oidc, &client).await,
            verifications: verifications(tokens),
            express: Program::start("express", "/open", |at| with_tokens(node("express.js", at))).await,
            flask: Program::start("flask", "/open", |at| with_tokens(gunicorn("with_flask:app", at))).await,
            django: Program::start("django", "/open", |at| {
                with_tokens(gunicorn("with_django:application", at))
            })
            .await,
            oidc,
            refresh_tokens,
        }
    }

    /// So many of simplejwt's refresh tokens that nobody was given before.
    pub(crate) fn refresh_tokens(&mut self, count: usize) -> Vec<String> {
        let kept = self.refresh_tokens.len().checked_sub(count).expect("as many as REFRESH_TOKENS");
        self.refresh_tokens.split_off(kept)
    }
}

fn node(script: &str, address: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(path("RESCIND_BENCH_NODE").join(script)).env("NODE_ENV", "production");
    command.env("LISTEN", address).env("ISSUER", ISSUER).env("AUDIENCE", AUDIENCE);
    command
}

fn python(program: &str) -> Command {
    let home = path("RESCIND_BENCH_PYTHON");
    let mut command = Command::new(home.join("bin").join(program));
    command.current_dir(&home).env("ISSUER", ISSUER).env("AUDIENCE", AUDIENCE);
    command
}

/// With the settings in `gunicorn.conf.py`, which it finds by itself.
fn gunicorn(application: &str, address: &str) -> Command {
    let mut command = python("gunicorn");
    command.arg(application).env("LISTEN", address);
    command
}

/// Tables, a user for each token, and refresh tokens of some of them.
fn prepare_django(database: &str, tokens: &Tokens) -> Vec<String> {
    let mut command = python("python");
    command.arg("with_django.py").env("COUNT", REFRESH_TOKENS.to_string());
    command.env("DATABASE_URL", database).env("SECRET", &tokens.secret);
    let mut running =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python can be started");
    let names: Vec<String> = tokens.users.iter().map(ToString::to_string).collect();
    let mut input = running.stdin.take().expect("piped above");
    input.write_all(names.join("\n").as_bytes()).expect("it reads the names");
    drop(input);
    let output = running.wait_with_output().expect("a child of ours");
    assert!(output.status.success(), "Django's tables can be made: {}", output.status);
    let printed = String::from_utf8(output.stdout).expect("tokens are ASCII");
    printed.lines().map(str::to_owned).collect()
}

/// A question about each of oidc-provider's tokens, by the client that they were given to.
async fn introspections(oidc: &Program, client: &Client) -> Vec<Call> {
    let api = oidc.api();
    let mut calls = Vec::with_capacity(OPAQUE_TOKENS);
    for _ in 0..OPAQUE_TOKENS {
        let fields = [("grant_type", "client_credentials")];
        let given = api.form("/token", Credentials::Basic(client), &fields).await.expect(200);
        let body = format!("token={}", given.text("access_token"));
        let call = Call::post("/token/introspection", Body::Form(body.into()));
        calls.push(call.by(client.basic()).says("\"active\":true"));
    }
    calls
}

fn verifications(tokens: &Tokens) -> Vec<Call> {
    let body = |token: &String| Body::Json(serde_json::json!({ "token": token }).to_string().into());
    tokens.all.iter().map(|token| Call::post("/verify", body(token))).collect()
}
