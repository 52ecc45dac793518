//! Where a server keeps its data: in a file, or, in the test binary `postgres`, in PostgreSQL.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::process::Output;

use rescind_testkit::postgres::own_database;
use rescind_testkit::process::{Options, Server};
use tokio::process::Command;

/// Whether this is the binary that runs the suites of others once more.
const ON_POSTGRES: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"postgres");

/// How a server with nothing in it is started.
pub(crate) async fn options() -> Options {
    let options = Options::new(env!("CARGO_BIN_EXE_rescind"));
    if ON_POSTGRES { options.database(own_database().await) } else { options }
}

/// Changes the master key beside a running server by `command`, which is one of its own.
pub(crate) async fn rewrap(server: &Server, mut command: Command) -> Output {
    command.args(["keys", "rewrap"]);
    let (old, new) = (server.data_dir().join("master.key"), server.data_dir().join("master.key.new"));
    if ON_POSTGRES {
        command.arg("--new-master-key-file").arg(&new);
    }
    let output = command.output().await.expect("the command runs");
    if ON_POSTGRES && output.status.success() {
        // What nodes share, nobody but their operator replaces.
        std::fs::rename(new, old).expect("the new key takes the old one's place");
    }
    output
}

/// The password in a database's URL.
pub(crate) fn password(url: &str) -> &str {
    let credentials = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    credentials.and_then(|(credentials, _)| credentials.split_once(':')).expect("a URL with a password").1
}
