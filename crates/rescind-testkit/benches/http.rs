//! The built server under load, its start and its memory. `cargo xtask bench` runs this and puts it in the table.
//!
//! `RESCIND_BENCH_SERVER` is the path of the binary, `RESCIND_BENCH_OUT` the file to write: JSON, from the id of a
//! measurement to its samples. `--quick` takes few and short samples.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use rescind::clock::Clock;
use rescind::entropy::uuid_v7;
use rescind::system::{SystemClock, SystemEntropy};
use rescind_testkit::load::{Connection, Plan, Work, rates};
use rescind_testkit::process::{Client, Credentials, Options, Server};
use serde_json::{Value, json};
use uuid::Uuid;

/// One connection shows the latency of a call, 64 what batching gains.
const CONNECTIONS: [usize; 2] = [1, 64];

type Measured = BTreeMap<String, Vec<f64>>;

fn main() {
    let Some(binary) = std::env::var_os("RESCIND_BENCH_SERVER").map(PathBuf::from) else {
        // `cargo test --benches` comes by without a server.
        println!("RESCIND_BENCH_SERVER is not set: run `cargo xtask bench`");
        return;
    };
    let quick = std::env::args().any(|argument| argument == "--quick");
    // One thread: the generator leaves the server the rest of the machine, and says the same thing each time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let measured = runtime.block_on(measure(binary, quick));
    let out = std::env::var_os("RESCIND_BENCH_OUT").expect("RESCIND_BENCH_OUT is set beside the server");
    std::fs::write(out, json!(measured).to_string()).expect("the measurements can be written");
}

async fn measure(binary: PathBuf, quick: bool) -> Measured {
    let plan = if quick {
        Plan { warm_up: Duration::from_millis(300), samples: 3, sample: Duration::from_millis(500) }
    } else {
        Plan { warm_up: Duration::from_secs(2), samples: 10, sample: Duration::from_secs(2) }
    };
    // The log of every request is what a server writes in production too; it goes to a pipe that is read.
    let mut server = Server::start(Options::new(binary)).await;
    let mut measured = Measured::new();
    starts(&mut server, if quick { 3 } else { 20 }, &mut measured).await;
    for connections in CONNECTIONS {
        load(&server, connections, plan, &mut measured).await;
    }
    let stopped = server.terminate().await;
    assert!(stopped.success(), "after the load the server drains and ends well: {stopped}");
    measured
}

/// From the start of the process to the first 200 of `/readyz`, on a data directory that exists; and what an idle
/// server then holds in memory.
async fn starts(server: &mut Server, rounds: usize, measured: &mut Measured) {
    for _ in 0..rounds {
        server.terminate().await;
        let begun = Instant::now();
        server.restart().await;
        note(measured, "server/ready", begun.elapsed().as_secs_f64() * 1e3);
        note(measured, "server/resident", resident_mb(server.pid()));
    }
}

async fn load(server: &Server, connections: usize, plan: Plan, measured: &mut Measured) {
    let address = server.base().trim_start_matches("http://");
    let client = server.client("bench", &["sessions:write", "revocations:write"]).await;

    let open = (0..connections).map(|_| Box::new(Open) as Box<dyn Work>).collect();
    measured.insert(format!("http/open/{connections}"), rates(address, open, plan).await);

    let mut refresh: Vec<Box<dyn Work>> = Vec::new();
    for token in sessions(server, &client, connections).await {
        refresh.push(Box::new(Refresh { token }));
    }
    measured.insert(format!("http/refresh/{connections}"), rates(address, refresh, plan).await);

    let authorization = basic(&client);
    let revoke = (0..connections)
        .map(|_| Box::new(Revoke { authorization: authorization.clone() }) as Box<dyn Work>)
        .collect();
    measured.insert(format!("http/revoke/{connections}"), rates(address, revoke, plan).await);
}

/// The route that does nothing: what the HTTP stack alone allows.
struct Open;

impl Work for Open {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let (status, _) = connection.send(Method::GET, "/healthz", None, String::new()).await;
            assert_eq!(status, 200);
        })
    }
}

/// A session of its own, refreshed again and again: each answer's token is the next request's.
struct Refresh {
    token: String,
}

impl Work for Refresh {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let body = json!({"refresh_token": self.token}).to_string();
            let (status, body) = connection.send(Method::POST, "/api/v1/auth/refresh", None, body).await;
            let pair: Value = serde_json::from_slice(&body).unwrap_or_default();
            assert_eq!(status, 200, "{pair}");
            pair["refresh_token"].as_str().expect("a token pair").clone_into(&mut self.token);
        })
    }
}

/// Cuts of tokens, each another one.
struct Revoke {
    authorization: String,
}

impl Work for Revoke {
    fn once<'a>(
        &'a mut self,
        connection: &'a mut Connection,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            let path = format!("/api/v1/auth/sessions/revoke/{}", fresh_jti());
            let (status, body) =
                connection.send(Method::POST, &path, Some(&self.authorization), "{}".to_owned()).await;
            assert_eq!(status, 200, "{body:?}");
        })
    }
}

/// The refresh tokens of freshly opened sessions, each of a user of its own.
async fn sessions(server: &Server, client: &Client, count: usize) -> Vec<String> {
    let api = server.api();
    let tenant = api.tenant_id(Credentials::Bearer(&server.admin_token().await), "default").await;
    let mut tokens = Vec::with_capacity(count);
    for _ in 0..count {
        let user = fresh_jti();
        let body = json!({
            "user_id": user, "tenant_id": tenant, "email": format!("{user}@example.com"), "role": "member",
        });
        let pair = api.post("/api/v1/sessions", Credentials::Basic(client), body).await.expect(201);
        tokens.push(pair.text("refresh_token").to_owned());
    }
    tokens
}

fn fresh_jti() -> Uuid {
    uuid_v7(SystemClock.now(), &SystemEntropy)
}

fn basic(client: &Client) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)))
}

/// `VmRSS` of a process, in millions of bytes.
fn resident_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells VmRSS");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("VmRSS is a number of kB");
    kib * 1024.0 / 1e6
}

fn note(measured: &mut Measured, id: &str, sample: f64) {
    measured.entry(id.to_owned()).or_default().push(sample);
}
