//! The services that a whole run of tests shares: `cargo xtask test` starts it before the tests, and `cargo xtask
//! services` for those who run tests by hand.
//!
//! Prints `NAME=value` for each variable that a test reads, then an empty line, and runs until its input ends.

use std::io::{Read as _, Write as _};

use rescind_testkit::postgres::{PostgresOptions, SHARED};

/// As many tests as run side by side, each with the pools of several nodes.
const CONNECTIONS: &str = "300";

#[tokio::main]
async fn main() {
    let postgres =
        PostgresOptions::default().without_fsync().set("max_connections", CONNECTIONS).start().await;
    println!("{SHARED}={}\n", postgres.url("postgres"));
    std::io::stdout().flush().expect("whoever starts this reads it");
    let mut ignored = Vec::new();
    drop(std::io::stdin().read_to_end(&mut ignored));
}
