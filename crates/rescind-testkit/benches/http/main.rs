//! The built server under load, its start and its memory. `cargo xtask bench` runs this and puts it in the table.
//!
//! `RESCIND_BENCH_SERVER` is the path of the binary, `RESCIND_BENCH_SERVICE` that of a service which it protects, `RESCIND_BENCH_OUT` the file to write: JSON, from the id of a
//! measurement to its samples. `--quick` takes few and short samples,
//! `--full` takes what depends on how much a store holds, alone.

mod fleet;
mod full;
mod load;
mod protected;
mod start;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rescind_testkit::load::Plan;
use rescind_testkit::postgres::Postgres;
use rescind_testkit::process::{Options, Server};
use serde_json::json;

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
    let full_alone = std::env::args().any(|argument| argument == "--full");
    // One thread: the generator leaves the server the rest of the machine, and says the same thing each time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let measured = runtime.block_on(measure(binary, quick, full_alone));
    let out = std::env::var_os("RESCIND_BENCH_OUT").expect("RESCIND_BENCH_OUT is set beside the server");
    std::fs::write(out, json!(measured).to_string()).expect("the measurements can be written");
}

async fn measure(binary: PathBuf, quick: bool, full_alone: bool) -> Measured {
    let plan = if quick {
        Plan { warm_up: Duration::from_millis(300), samples: 3, sample: Duration::from_millis(500) }
    } else {
        Plan { warm_up: Duration::from_secs(2), samples: 10, sample: Duration::from_secs(2) }
    };
    let mut measured = Measured::new();
    full_stores(&binary, quick, &mut measured).await;
    if full_alone {
        return measured;
    }
    on_a_file(&binary, quick, plan, &mut measured).await;
    a_service(&binary, quick, plan, &mut measured).await;
    on_postgres(&binary, quick, plan, &mut measured).await;
    measured
}

async fn full_stores(binary: &Path, quick: bool, measured: &mut Measured) {
    full::on_a_file(binary, &service(), quick, measured).await;
    full::on_postgres(&Postgres::start().await, binary, quick, measured).await;
}

async fn on_a_file(binary: &Path, quick: bool, plan: Plan, measured: &mut Measured) {
    // The log of every request is what a server writes in production too; it goes to a pipe that is read.
    let mut server = Server::start(Options::new(binary)).await;
    start::idle(&mut server, if quick { 3 } else { 20 }, measured).await;
    for connections in CONNECTIONS {
        load::open(&server, connections, plan, measured).await;
        load::authority(&server, "http", connections, plan, measured).await;
    }
    end(server).await;
}

async fn a_service(binary: &Path, quick: bool, plan: Plan, measured: &mut Measured) {
    // Longer than all of this takes.
    let server = Server::start(Options::new(binary).env("RESCIND_ACCESS_TTL", "1h")).await;
    let (tokens, rounds) = if quick { (1_000, 3) } else { (10_000, 15) };
    let plan = Plan { warm_up: Duration::from_millis(300), samples: rounds, sample: plan.sample / 2 };
    protected::protected(&server, &service(), tokens, plan, measured).await;
    end(server).await;
}

async fn on_postgres(binary: &Path, quick: bool, plan: Plan, measured: &mut Measured) {
    let database = Postgres::start().await;
    let url = database.create_database().await;
    let node = Server::start(fleet::node(binary, &url)).await;
    for connections in CONNECTIONS {
        load::authority(&node, "http_postgres", connections, plan, measured).await;
    }
    let other = Server::start(fleet::node(binary, &url)).await;
    fleet::propagation(&node, &other, if quick { 50 } else { 1_000 }, measured).await;
    end(other).await;
    end(node).await;
    start::with_marks(&database, binary, if quick { 10_000 } else { 1_000_000 }, measured).await;
}

fn service() -> PathBuf {
    std::env::var_os("RESCIND_BENCH_SERVICE")
        .map(PathBuf::from)
        .expect("RESCIND_BENCH_SERVICE is set beside the server")
}

async fn end(mut server: Server) {
    let stopped = server.terminate().await;
    assert!(stopped.success(), "after the load the server drains and ends well: {stopped}");
}

fn note(measured: &mut Measured, id: &str, sample: f64) {
    measured.entry(id.to_owned()).or_default().push(sample);
}
