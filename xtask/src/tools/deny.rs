//! cargo-deny: licences, banned and doubled crates, where crates come from.

use std::process::Command;

use super::subcommand;
use crate::places::Places;
use crate::shell::{self, Outcome};

const VERSION: &str = "0.20.2";

/// Checks the dependency graph against deny.toml. Compiling cargo-deny takes minutes, hence only under `--full`.
pub(crate) fn check(places: &Places) -> Outcome {
    let program = subcommand::ensure(places, "cargo-deny", VERSION)?;
    shell::run(
        Command::new(program)
            .args(["--workspace", "--locked", "check", "licenses", "bans", "sources"])
            .current_dir(&places.root),
    )?;
    println!(
        "Not checked here: advisories. Their database is fetched from a git host, which this run must not depend on; \
         where it can be reached, run `cargo deny check advisories`."
    );
    Ok(())
}
