//! The servers that stores are tested on. The tests start their own; what a distribution runs is neither used nor
//! touched.

use std::process::Command;

use super::{command, debian};
use crate::shell::Outcome;

/// Distributions keep PostgreSQL's server off the `PATH`. The testkit looks in the same places, and at the version.
const SEARCH: &str = r#"
IFS=:
for directory in $PATH /usr/lib/postgresql/*/bin /usr/*/bin /usr/local/opt/*/bin /opt/homebrew/opt/*/bin; do
    if [ -x "$directory/initdb" ] && [ -x "$directory/postgres" ]; then exit 0; fi
done
exit 1
"#;

/// Finds or installs PostgreSQL's server and Redis; a sentinel is Redis, started differently.
pub(crate) fn ensure() -> Outcome {
    debian::ensure("PostgreSQL's server (13 or later)", &["postgresql"], search)?;
    debian::ensure("redis-server", &["redis-server"], || command("redis-server", &["--version"]))
}

fn search() -> Command {
    command("sh", &["-c", SEARCH])
}
