//! The proxy whose configuration is tested. The tests start their own; what a distribution runs is neither used nor touched.

use std::process::Command;

use super::{command, debian};
use crate::shell::Outcome;

/// An ordinary user's `PATH` knows nothing of daemons. The testkit looks in the same places.
const SEARCH: &str = "
PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin
nginx -V 2>&1 | grep -q -- --with-http_auth_request_module
";

/// Finds or installs nginx.
pub(crate) fn ensure() -> Outcome {
    debian::ensure("nginx (with auth_request)", &["nginx"], search)
}

fn search() -> Command {
    command("sh", &["-c", SEARCH])
}
