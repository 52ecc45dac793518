//! Rescind and what is used instead, under the same load, in turn. `cargo xtask bench --peers` installs the others, runs this
//! and writes docs/peers.md.
//!
//! `RESCIND_BENCH_SERVER` and `RESCIND_BENCH_SERVICE` are binaries of ours, `RESCIND_BENCH_NODE` and `RESCIND_BENCH_PYTHON` the directories
//! of the others' programs, each with what they need, and `RESCIND_BENCH_OUT` the file to write: JSON, from
//! `<work>/<connections>/<who>` to the rate of each round; a floor is `…/<who>/open`. `--quick` takes few and short samples.

mod ours;
mod theirs;
mod tokens;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use rescind_testkit::load::{Call, Calls, Load, Plan, Rotate, Work, in_turn, sessions};
use rescind_testkit::postgres::Postgres;
use rescind_testkit::redis::Redis;
use serde_json::json;

use self::ours::Ours;
use self::theirs::Theirs;
use self::tokens::Tokens;

/// One connection shows the latency of a call, 64 what a machine serves.
const CONNECTIONS: [usize; 2] = [64, 1];

/// What takes turns: who, and what is asked of it.
type Contest = Vec<(&'static str, Load)>;

fn main() {
    let Some(out) = std::env::var_os("RESCIND_BENCH_OUT") else {
        // `cargo test --benches` comes by without a server.
        println!("RESCIND_BENCH_OUT is not set: run `cargo xtask bench --peers`");
        return;
    };
    let quick = std::env::args().any(|argument| argument == "--quick");
    // One thread: the generator leaves the servers the rest of the machine, and says the same thing each time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let measured = runtime.block_on(measure(quick));
    std::fs::write(out, json!(measured).to_string()).expect("the measurements can be written");
}

async fn measure(quick: bool) -> BTreeMap<String, Vec<f64>> {
    let plan = if quick {
        Plan { warm_up: Duration::from_millis(200), samples: 1, sample: Duration::from_millis(300) }
    } else {
        Plan { warm_up: Duration::from_millis(300), samples: 7, sample: Duration::from_secs(1) }
    };
    let count = if quick { 500 } else { 10_000 };
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let ours = Ours::start(&postgres, count).await;
    let tokens = Tokens::new(count);
    let mut theirs = Theirs::start(&postgres, &redis, &tokens).await;

    let mut measured = BTreeMap::new();
    for connections in CONNECTIONS {
        let contests = [
            ("protected", protected(&ours, &theirs, &tokens, connections)),
            ("refresh", refresh(&ours, &mut theirs, connections).await),
            ("introspect", introspect(&ours, &theirs, connections)),
        ];
        for (work, contest) in contests {
            println!("{work}, {connections} connections");
            let (names, mut loads): (Vec<_>, Vec<_>) = contest.into_iter().unzip();
            for (name, rates) in names.into_iter().zip(in_turn(&mut loads, plan).await) {
                measured.insert(format!("{work}/{connections}/{name}"), rates);
            }
        }
    }
    drop(theirs);
    ours.end().await;
    measured
}

/// A route that a live token opens, and the same route open to all.
fn protected(ours: &Ours, theirs: &Theirs, tokens: &Tokens, connections: usize) -> Contest {
    let open = |address: &str| Load::new(address, Calls::workers([Call::get("/open")], connections));
    let with = |address: &str, path: &'static str, tokens: &[String]| {
        let calls = tokens.iter().map(|token| Call::get(path).by(format!("Bearer {token}")));
        Load::new(address, Calls::workers(calls, connections))
    };
    let service = ours.service.address();
    let mut contest = vec![
        ("rescind/open", open(service)),
        ("rescind", with(service, "/protected", &ours.tokens)),
        ("rescind, each signature", with(service, "/unremembered", &ours.tokens)),
    ];
    let others = [("express", &theirs.express), ("flask", &theirs.flask), ("django", &theirs.django)];
    let floors = ["express/open", "flask/open", "django/open"];
    for ((who, program), floor) in others.into_iter().zip(floors) {
        contest.push((floor, open(program.address())));
        contest.push((who, with(program.address(), "/protected", &tokens.all)));
    }
    contest
}

/// A refresh token for the next one, on PostgreSQL.
async fn refresh(ours: &Ours, theirs: &mut Theirs, connections: usize) -> Contest {
    let pairs = sessions(&ours.server, &ours.client, connections).await;
    let rescind = pairs
        .iter()
        .map(|pair| Rotate::worker("/api/v1/auth/refresh", "refresh_token", pair.text("refresh_token")));
    let django = theirs.refresh_tokens(connections).into_iter();
    let django: Vec<Box<dyn Work>> =
        django.map(|token| Rotate::worker("/refresh", "refresh", token)).collect();
    vec![
        ("rescind/open", ours.health(connections)),
        ("rescind", Load::new(ours.server.address(), rescind.collect())),
        (
            "django/open",
            Load::new(theirs.django.address(), Calls::workers([Call::get("/open")], connections)),
        ),
        ("django", Load::new(theirs.django.address(), django)),
    ]
}

/// Somebody else asks whether a token is good.
fn introspect(ours: &Ours, theirs: &Theirs, connections: usize) -> Contest {
    let django = theirs.django.address();
    vec![
        ("rescind/open", ours.health(connections)),
        ("rescind", Load::new(ours.server.address(), Calls::workers(ours.introspections(), connections))),
        (
            "oidc/open",
            Load::new(theirs.oidc.address(), Calls::workers([Call::get(theirs::OIDC_OPEN)], connections)),
        ),
        (
            "oidc",
            Load::new(theirs.oidc.address(), Calls::workers(theirs.introspections.clone(), connections)),
        ),
        ("django/open", Load::new(django, Calls::workers([Call::get("/open")], connections))),
        ("django", Load::new(django, Calls::workers(theirs.verifications.clone(), connections))),
    ]
}

/// A path that the environment names.
fn path(name: &str) -> PathBuf {
    std::env::var_os(name)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("`cargo xtask bench --peers` sets {name}"))
}
