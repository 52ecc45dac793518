//! An example in Rust that runs.

use std::path::PathBuf;

use rescind_testkit::process::{Client, Program};
use tokio::process::Command;

use super::desk::{AUDIENCE, feed_client};
use super::support::Desk;

/// How a service is started that knows the authority and may read its feed. What it listens on is for the caller to add.
pub(crate) async fn command(name: &str, desk: &Desk) -> Command {
    command_of(name, desk.api.base(), &feed_client(desk).await)
}

/// The same with a client that is there already.
pub(crate) fn command_of(name: &str, authority: &str, client: &Client) -> Command {
    let mut command = Command::new(built(name));
    command.env("AUTHORITY", authority).env("AUDIENCE", AUDIENCE).env("LISTEN", "127.0.0.1:0");
    command.env("CLIENT_ID", &client.id).env("CLIENT_SECRET", &client.secret);
    command
}

pub(crate) async fn start(command: Command) -> Program {
    Program::start(command, "listening on ").await
}

/// The binary of an example, which cargo leaves beside the directory of the tests. Its package has a test of its own, so that a
/// test of the workspace builds it.
fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a running test");
    let profile = this.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps/TEST");
    let path = profile.join(name);
    assert!(
        path.exists(),
        "{} is not there: run `cargo xtask test`, or cargo build -p {name} first",
        path.display()
    );
    path
}
